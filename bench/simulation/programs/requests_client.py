"""Ask with requests."""

import contextlib
import sys

import requests
import urllib3

urllib3.disable_warnings()
url = sys.argv[1]
session = requests.Session()
session.verify = False
with contextlib.suppress(requests.RequestException):
    session.get(f"{url}/api/get", timeout=5)
    session.post(f"{url}/api/post", json={"a": 1}, timeout=5)
    session.cookies.set("sid", "0123456789abcdef")
    session.post(
        f"{url}/api/authorized", json={"a": 1}, headers={"Authorization": "Bearer abc", "X-App": "1"}, timeout=5
    )
