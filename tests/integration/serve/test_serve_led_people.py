"""Decoys turned on people: a real Chromium, led to a decoy in every way that a page or a mail knows, stays a person.

The page that leads it lies on ``localhost``, the API on ``127.0.0.1``: two sites to a browser, both of them secure.
"""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import threading
import urllib.request

import pytest
from serving import eventually

DECOY = "/api/internal/export"
CHROMIUM = "/usr/bin/chromium"
CONFIG = """
upstream: {url}
mode: enforce
identity: {{session: [cookie.sid]}}
honeypots: {{paths: [{decoy}, /api/old/**], advertise: [robots, link], answer: decoy}}
"""
TRAPS = """<!doctype html><title>A page of anybody's</title>
<link rel="prefetch" href="{api}/api/old/prefetched">
<link rel="preload" as="image" href="{api}/api/old/preloaded">
<link rel="stylesheet" href="{api}/api/old/style.css">
<img src="{api}{decoy}?image"><img src="{api}{decoy}?quiet" referrerpolicy="no-referrer">
<script src="{api}/api/old/script.js"></script>
<iframe src="{api}{decoy}?frame"></iframe>
<object data="{api}/api/old/object"></object><video src="{api}/api/old/video"></video>
<div style="background: url({api}/api/old/background)">x</div>
<iframe name="into"></iframe>
<form id="sent" method="post" target="into" action="{api}{decoy}"><input name="a" value="b"></form>
<script type="speculationrules">{{"prefetch": [{{"source": "list", "urls": ["{api}/api/old/ahead"]}}]}}</script>
<script>
document.getElementById('sent').submit();
for (let n = 0; n < 20; n++) new Image().src = '{api}{decoy}?n=' + n;
navigator.sendBeacon('{api}/api/old/beacon', 'x');
Promise.allSettled([
  fetch('{api}{decoy}', {{mode: 'no-cors', credentials: 'include'}}),
  fetch('{api}{decoy}', {{credentials: 'include'}}),
  fetch('{api}{decoy}', {{headers: {{'x-own': '1'}}}}),
  fetch('{api}{decoy}', {{method: 'DELETE'}}),
]).then(() => document.title = 'done');
</script>
<a href="{api}{decoy}?link" ping="{api}/api/old/ping">a present</a>"""


@pytest.fixture
def elsewhere():
    """Another site, whose page can be set."""

    class Handler(http.server.BaseHTTPRequestHandler):
        page = b""

        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(Handler.page)))
            self.end_headers()
            self.wfile.write(Handler.page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=functools.partial(server.serve_forever, 0.05), daemon=True)
    thread.start()
    Handler.url = f"http://localhost:{server.server_address[1]}/"
    yield Handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def browser():
    if shutil.which(CHROMIUM) is None:
        pytest.skip("there is no Chromium: apt install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{opened.version.split('.')[0]}.0.0.0 Safari/537.36"
        yield opened.new_context(user_agent=agent)
        opened.close()


def stopped(one):
    return {
        action: one.metric(f'vedette_decisions_total{{action="{action}"')
        for action in ("block", "decoy", "challenge", "redirect", "rate_limit")
    }


def test_a_person_who_is_led_to_decoys_is_not_stopped_and_a_program_is(serve, api, elsewhere, browser):
    one = serve(config=CONFIG.format(url=api.url, decoy=DECOY))
    url = f"http://127.0.0.1:{one.port}"
    browser.add_cookies([{"name": "sid", "value": "person", "url": url, "sameSite": "None", "secure": True}])
    page = browser.new_page()

    for _ in range(3):  # an ordinary visit; the Link header of each answer is nothing to a browser
        assert page.goto(f"{url}/shop").status == 200
        assert page.evaluate("fetch('/api/products/1').then(answer => answer.status)") == 200
    assert not [path for _, path, _ in api.seen if path.startswith((DECOY, "/api/old"))]

    elsewhere.page = TRAPS.format(api=url, decoy=DECOY).encode()
    for _ in range(2):
        page.goto(elsewhere.url)
        page.wait_for_function("document.title === 'done'")
    page.click("a")
    page.wait_for_url(f"{url}{DECOY}?link")
    touched = [(path, headers) for _, path, headers in api.seen if path.startswith((DECOY, "/api/old"))]
    assert len(touched) >= 30, "the traps have worked, and the API has answered"
    assert {"cross-site"} <= {headers.get("sec-fetch-site") for _, headers in touched}
    assert page.goto(f"{url}{DECOY}?mail").status == 200  # as a click in a mail program: no page to name
    (mail,) = (headers for _, path, headers in api.seen if path.endswith("?mail"))
    assert mail["sec-fetch-site"] == "none"
    page.goto(f"{url}/shop")  # an image that somebody has put into a review of the shop's own page
    page.evaluate(
        f"new Promise(done => {{const i = new Image(); i.onerror = i.onload = done; i.src = '{DECOY}?review'}})"
    )

    for number in range(5):  # and the person shops on, in this session and without it
        assert page.evaluate(f"fetch('/api/products/{number}').then(answer => answer.status)") == 200
    browser.clear_cookies()
    assert page.goto(f"{url}/shop").status == 200
    assert stopped(one) == dict.fromkeys(stopped(one), 0.0)

    def program(path):  # at the same address, without anything that a browser says
        request = urllib.request.Request(url + path, headers={"user-agent": "python-requests/2.34"})
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()

    def told():  # on a busy machine a question may take too long, and then the request passes undecided
        status, kind, body = program(DECOY)
        return body if (status, kind) == (200, "application/json") else b""

    before = len(api.seen)
    body = eventually(told, "the decoy answers")
    assert json.loads(body)["status"] == "ready"
    assert eventually(told, "the decoy answers again") == body, "asked twice, told the same"
    reached = [headers["vedette-decision"] for _, path, headers in api.seen[before:] if path == DECOY]
    assert [decision for decision in reached if "degraded" not in decision] == []
    eventually(lambda: stopped(one)["decoy"] >= 2, "both decoys are counted")
    assert b"Disallow: /api/old/" in program("/robots.txt")[2]
    assert page.evaluate("fetch('/api/products/1').then(answer => answer.status)") == 200, (
        "nobody else is stopped for it"
    )
