"""Ask with urllib of the standard library."""

import contextlib
import ssl
import sys
from urllib.request import Request, urlopen

url, context = sys.argv[1], ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
own = {
    "Authorization": "Bearer abc",
    "X-App": "1",
    "Cookie": "sid=0123456789abcdef",
    "Content-Type": "application/json",
}
with contextlib.suppress(OSError):
    urlopen(f"{url}/api/get", context=context, timeout=5)
    urlopen(Request(f"{url}/api/post", b'{"a":1}', {"Content-Type": "application/json"}), context=context, timeout=5)
    urlopen(Request(f"{url}/api/authorized", b'{"a":1}', own), context=context, timeout=5)
