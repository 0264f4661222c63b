"""Ask with httpx."""

import contextlib
import sys

import httpx

url = sys.argv[1]
with httpx.Client(verify=False) as client, contextlib.suppress(httpx.HTTPError):
    client.get(f"{url}/api/get", timeout=5)
    client.post(f"{url}/api/post", json={"a": 1}, timeout=5)
    client.cookies.set("sid", "0123456789abcdef")
    client.post(
        f"{url}/api/authorized", json={"a": 1}, headers={"Authorization": "Bearer abc", "X-App": "1"}, timeout=5
    )
