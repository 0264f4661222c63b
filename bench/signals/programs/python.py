"""Ask with a Python client: ``python.py CLIENT URL VERSION AGENT`` (``VERSION`` 1 or 2, ``AGENT`` or ``-``)."""

import asyncio
import json
import ssl
import sys
import urllib.request

client, url, version, agent = sys.argv[1:]
headers = {} if agent == "-" else {"User-Agent": agent}
BODY = {"email": "anna@example.com", "password": "wrong"}
LIST, LOGIN = f"{url}/api/products", f"{url}/api/login"

if client == "requests":
    import requests
    import urllib3

    urllib3.disable_warnings()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        session.get(LIST, headers=headers, timeout=10)
        session.post(LOGIN, json=BODY, headers=headers, timeout=10)
elif client == "httpx":
    import httpx

    with httpx.Client(verify=False, http2=version == "2", trust_env=False, headers=headers) as asking:
        asking.get(LIST, timeout=10)
        asking.post(LOGIN, json=BODY, timeout=10)
elif client == "aiohttp":
    import aiohttp

    async def ask() -> None:
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            async with session.get(LIST) as answer:
                await answer.read()
            async with session.post(LOGIN, json=BODY) as answer:
                await answer.read()

    asyncio.run(ask())
elif client == "urllib":
    context = ssl._create_unverified_context()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(urllib.request.Request(LIST, headers=headers), timeout=10) as answer:
        answer.read()
    posted = urllib.request.Request(
        LOGIN, data=json.dumps(BODY).encode(), headers={"Content-Type": "application/json", **headers}
    )
    try:
        opener.open(posted, timeout=10)
    except urllib.error.HTTPError:
        pass
else:
    from curl_cffi import requests as curl

    with curl.Session(impersonate=client, verify=False, http_version="v1" if version == "1" else None) as session:
        session.get(LIST, headers=headers, timeout=10)
        session.post(LOGIN, json=BODY, headers=headers, timeout=10)
