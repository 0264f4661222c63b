"""Where clients ask: an API, Vedette in front of it, and a relay that gives each run of a client its own address."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import struct
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.drill.certificate import make_certificate
from demo.processes import VEDETTE_READY_S, Programs, free_port

__all__ = ["Place", "Relay", "protected"]

CONFIG = """\
mode: monitor
trusted_proxies: [127.0.0.1/32]
forwarded: {address: proxy_protocol}
endpoints:
  - {name: login, match: POST /api/login, purpose: login, account: body.email, success: status == 200}
  - {name: listing, match: GET /api/products, purpose: listing}
  - {name: product, match: "GET /api/products/{id}", purpose: product, object: path.id}
identity: {session: [cookie.sid]}
"""
PAGE = b"""<!doctype html><html lang=en><title>Shop</title><link rel=icon href="data:,">
<link rel=stylesheet href=/a.css>
<script>addEventListener('load', async () => {
  await fetch('/api/products');
  await fetch('/api/login', {method: 'POST', headers: {'content-type': 'application/json'},
    body: '{"email": "anna@example.com", "password": "x"}'});
  document.title = 'done';
});</script>"""
_ID = re.compile(r'id="([^"]+)"')


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        decision = self.headers.get("vedette-decision", "")
        if found := _ID.search(decision):
            self.server.ids.append("" if decision.endswith("degraded") else found[1])
        status, kind, text = 200, "application/json", b'{"items": []}'
        if self.path == "/" or self.path.startswith("/page"):
            kind, text = "text/html", PAGE
        elif self.path == "/a.css":
            kind, text = "text/css", b"body{}"
        elif self.path == "/api/login":
            is_form = "form" in self.headers.get("content-type", "")  # hydra takes a 401 for HTTP's own login, for ever
            status, text = 403 if is_form else 401, b'{"error": "wrong password"}'
        elif not self.path.startswith("/api/products"):
            status, text = 404, b'{"error": "not found"}'
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_HEAD = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        pass


class Api(ThreadingHTTPServer):
    """The API; ``ids`` are those of the decisions on what reached it, in its order, empty where one was degraded."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.ids: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: Vedette closes connections when it ends."""


class Relay:
    """Passes bytes on to the edge after a PROXY protocol header, so that the client comes from ``address``."""

    def __init__(self, target: int, address: str) -> None:
        here = ipaddress.ip_address(address).packed + ipaddress.ip_address("192.0.2.99").packed
        self._head = (
            b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", 0x21, 0x11, 12) + here + struct.pack("!HH", 4711, 443)
        )
        self._target = target
        self._held: set[asyncio.Task[object] | None] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._relay, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _relay(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._held.add(task)  # the loop itself holds tasks weakly
        ends = [back]
        try:
            edge, forth = await asyncio.open_connection("127.0.0.1", self._target)
            ends.append(forth)
            forth.write(self._head)
            await asyncio.gather(_pump(client, forth), _pump(edge, back))
        except (OSError, asyncio.CancelledError):
            pass  # an end went away, or the relay ends
        finally:
            for end in ends:
                end.transport.abort()
            self._held.discard(task)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await asyncio.sleep(0.01)  # what was aborted is closed in the loop's next round


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


class Place:
    """A protected API: where its edge listens, what reached it, and the data directory of its decisions."""

    def __init__(self, programs: Programs, api: Api, port: int, data: Path, *, tls: bool) -> None:
        self.programs = programs
        self.api = api
        self.data = data
        self.tls = tls
        self._port = port

    def warm_up(self) -> None:
        """Ask from elsewhere until decisions are in time: the first after a start may not be."""
        context = ssl._create_unverified_context() if self.tls else None  # noqa: S323 - signed by itself, here
        with self.from_address("198.18.0.7") as url:
            for _ in range(50):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/a.css", timeout=10, context=context):
                    if all(self.api.ids[-3:]) and len(self.api.ids) >= 3:
                        return

    @contextmanager
    def from_address(self, address: str) -> Iterator[str]:
        """Give the URL to ask while the client is to come from ``address``."""
        relay = Relay(self._port, address)
        try:
            yield f"{'https' if self.tls else 'http'}://localhost:{relay.port}"
        finally:
            relay.close()


@contextmanager
def protected(directory: Path, *, tls: bool) -> Iterator[Place]:
    """Start API and Vedette with empty tables; stop both afterwards."""
    directory.mkdir(parents=True)
    config, data = directory / "vedette.yaml", directory / "data"
    config.write_text(CONFIG)
    api = Api()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    port, console = free_port(), free_port()
    command = [sys.executable, "-m", "vedette.cli", "serve", "--config", str(config), "--data", str(data)]
    command += ["--upstream", f"http://127.0.0.1:{api.server_port}", "--listen", f"127.0.0.1:{port}"]
    command += ["--console", f"127.0.0.1:{console}"]
    if tls:
        certificate, key = make_certificate(directory / "tls")
        command += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    try:
        with Programs(directory / "logs") as programs:
            programs.start("vedette", command)
            programs.wait_ready("vedette", f"http://127.0.0.1:{console}/readyz", VEDETTE_READY_S)
            programs.wait_listening("vedette", port)
            place = Place(programs, api, port, data, tls=tls)
            place.warm_up()
            yield place
    finally:
        api.shutdown()
        api.server_close()
