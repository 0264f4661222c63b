"""Headless Chromium clicks through the shop, and reads a refusal from a page of another origin.

Run as a process of its own: ``python -m bench.drill.browser click|refusal …``. ``click`` goes on for ``--seconds``
with a person's pauses. ``refusal`` opens a page of ``partner.localhost`` that calls the shop's API with a header of its
own (so the browser sends a preflight first), a moment later touches a honeypot, and must be able to read the problem
that it gets.
"""

from __future__ import annotations

import argparse
import functools
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
from playwright.sync_api import Page, Response, sync_playwright
from playwright.sync_api import TimeoutError as Late

from demo.bots.field import SentLog
from demo.bots.people import think
from demo.shop import catalogue

__all__ = ["click", "refusal"]

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors"]
READY = "body[data-ready=yes]"

_PARTNER_PAGE = """<!doctype html><title>Partner</title><script>
async function ask(path) {
  const response = await fetch('%(shop)s' + path, {credentials: 'include', headers: {'x-app-version': '7'}});
  const text = await response.text();
  return {status: response.status, type: response.headers.get('content-type'), text};
}
async function all() {
  const before = await ask('/api/products/%(product)d');
  await new Promise(done => setTimeout(done, 1500));  // what the API allows this origin is known within a second
  await ask('/api/internal/export');  // a decoy: no certainty where a page has led the browser, but limited
  const refused = await ask('/api/internal/export');
  const after = await ask('/api/products/%(product)d');
  return {before, refused, after};
}
</script>"""


def click(url: str, seconds: float, seed: int, address: str, log: SentLog | None = None) -> None:
    """Click through the shop as a person would: listing, products, cart, search, sign-in.

    ``log`` notes what the browser sends, where no relay can read it; ``address`` is that of its relay.
    """
    rng, over = random.Random(seed), time.monotonic() + seconds
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(15_000)
        if log is not None:
            page.on("response", lambda response: _note(log, address, response))
        while time.monotonic() < over:
            try:
                if page.url == "about:blank":
                    page.goto(f"{url}/")
                else:
                    _one_step(page, rng)
            except Late:  # a link that is not on this page, or a page that was refused: start anew
                page.goto("about:blank")
            page.wait_for_timeout(1000 * min(think(rng, 20.0), max(0.0, over - time.monotonic())))
        browser.close()


def _note(log: SentLog, address: str, response: Response) -> None:
    kind = response.headers.get("content-type", "")
    sent = response.request.timing["startTime"] / 1000
    log.note(sent, address, response.url.split("/", 3)[3], response.status, kind)


def _one_step(page: Page, rng: random.Random) -> None:
    step = rng.choices(("listing", "product", "next", "add", "cart", "search", "sign in"), (15, 45, 10, 10, 8, 8, 4))[0]
    products = page.locator("ul.products a")
    if step in ("product", "add"):
        if products.count() == 0:
            page.click("text=All products")
            page.wait_for_selector(READY)
        products.nth(rng.randrange(products.count())).click()
        page.wait_for_selector(READY)
        if step == "add":
            page.click("#buy")
    elif step == "next":
        page.click("text=All products")
        page.wait_for_selector(READY)
        page.click("#next")
    elif step == "cart":
        page.click("text=Cart")
    elif step == "search":
        page.fill("input[name=q]", rng.choice(catalogue.CATEGORIES)[:-1])
        page.press("input[name=q]", "Enter")
    elif step == "sign in":
        email, password = catalogue.account(901)
        page.click("nav >> text=Sign in")
        page.locator("#login input[name=email]").press_sequentially(email, delay=60)
        page.locator("#login input[name=password]").press_sequentially(password, delay=80)
        page.click("#login button")
    else:
        page.click("text=All products")


class _Partner(BaseHTTPRequestHandler):
    """Serves the partner's page, whatever the path."""

    def __init__(self, html: bytes, *arguments: object) -> None:
        self._html = html
        super().__init__(*arguments)  # type: ignore[arg-type]  # socketserver passes its own three

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(self._html)))
        self.end_headers()
        self.wfile.write(self._html)

    def log_message(self, format: str, *args: object) -> None:
        pass


def refusal(url: str, out: Path) -> None:
    """Write what a page of another origin saw before, at and after a refusal."""
    html = _PARTNER_PAGE % {"shop": url, "product": catalogue.products()[0].id}
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Partner, html.encode()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(f"http://partner.localhost:{server.server_port}/")
        try:
            seen = page.evaluate("all().catch(error => ({error: String(error)}))")
        finally:
            browser.close()
            server.shutdown()
    out.write_bytes(msgspec.json.encode(seen))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.drill.browser")
    parser.add_argument("act", choices=("click", "refusal"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--address", default="127.0.0.1", help="what to call the browser in the log")
    parser.add_argument("--log", type=Path, help="note what is sent in this file (a relay does it otherwise)")
    parser.add_argument("--out", type=Path, default=Path("refusal.json"))
    given = parser.parse_args()
    if given.act == "click":
        click(
            given.url, given.seconds, given.seed, given.address, SentLog(given.log, "chromium") if given.log else None
        )
    else:
        refusal(given.url, given.out)
    sys.exit(0)


if __name__ == "__main__":
    main()
