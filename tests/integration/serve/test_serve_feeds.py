"""Feeds under a real ``vedette serve``: a list from a web server changes what rules see, by schedule and by hand."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from serving import Serve, eventually

ADDRESS, OTHER, OWN = "203.0.113.9", "203.0.113.10", "203.0.113.11"


class Lists:
    """A web server of one list, which it may refuse to give."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        lists = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(lists.status)
                self.send_header("content-length", str(len(lists.body)))
                self.end_headers()
                self.wfile.write(lists.body)

            def log_message(self, *_) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/list.txt"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def lists():
    made = Lists()
    yield made
    made.server.shutdown()
    made.server.server_close()


def is_listed(serve: Serve, address: str) -> bool:
    """Say whether the API is told that an address is a proxy's."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{serve.port}/api/products/1", headers={"x-forwarded-for": address}
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return 'advice="x-proxy"' in answer.headers["x-told"]


def feeds(serve: Serve, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vedette.cli", "feeds", *words]
    return subprocess.run(
        [*command, "--config", str(serve.file), "--data", str(serve.data)], capture_output=True, text=True, check=False
    )


def test_a_feed_reaches_the_rules(serve, api, lists):
    lists.body = f"{ADDRESS}\n{OWN}\n".encode()
    one = serve(
        config=f"""
upstream: {api.url}
mode: enforce
trusted_proxies: [127.0.0.0/8]
forwarded: {{address: x-forwarded-for}}
networks: {{own: [{OWN}]}}
policy:
  - {{name: proxies, when: "client.address_kind == 'proxy'", then: monitor, advice: x-proxy}}
  - {{name: rest, then: allow}}
feeds:
  - {{name: proxies, url: "{lists.url}", kind: proxy}}
"""
    )
    eventually(lambda: is_listed(one, ADDRESS), "the list is fetched and in force")
    assert not is_listed(one, OTHER) and not is_listed(one, OWN)
    eventually(lambda: one.metric('vedette_feed_refreshes_total{result="ok"}') >= 1, "it is counted")

    # by hand, beside the running process
    lists.body = f"{OTHER}\n".encode()
    done = feeds(one, "update")
    assert (done.returncode, done.stdout) == (0, "proxies: 1 entries\n")
    eventually(lambda: is_listed(one, OTHER) and not is_listed(one, ADDRESS), "the new list is in force")

    # a source that fails, and one that lists everybody, change nothing
    for lists.status, lists.body in ((500, b""), (200, b"0.0.0.0/0\n")):
        done = feeds(one, "update", "proxies")
        assert done.returncode == 1 and "proxies: failed: " in done.stdout
    assert is_listed(one, OTHER) and not is_listed(one, ADDRESS)
    listed = feeds(one).stdout
    assert "failed" in listed and "proxies: it holds 0.0.0.0/0, wider than /8" in listed

    # a feed that is configured no longer is out of force
    one.file.write_text(one.file.read_text().partition("feeds:")[0])
    eventually(lambda: not is_listed(one, OTHER), "the feed is gone")
