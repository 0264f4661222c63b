"""Ask with curl_cffi as one of its targets."""

import contextlib
import sys

from curl_cffi import requests

url, _, target = sys.argv[1:]
for path in ("/page", "/page"):
    with contextlib.suppress(requests.RequestsError):
        requests.get(f"{url}{path}", impersonate=target, verify=False, timeout=5)
