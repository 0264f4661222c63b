"""A real ``vedette serve`` in front of a real API, and clients that put load on it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(check: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


class Api:
    """An API that remembers what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                if length:
                    self.rfile.read(length)
                api.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                if self.path.startswith("/slow"):
                    time.sleep(1.0)
                self.send_response(200)
                self.send_header("x-told", self.headers.get("vedette-decision", ""))
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_GET = do_POST = do_PUT = do_OPTIONS = answer

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Serve:
    """One ``vedette serve`` process."""

    def __init__(self, data: Path, *flags: str, config: str = "", wait: bool = True) -> None:
        self.data = data
        self.expected_status = 0
        self.port, self.console = free_port(), free_port()
        self.file = data.parent / f"{data.name}.yaml"
        self.log = data.parent / f"{data.name}.log"
        command = [sys.executable, "-m", "vedette.cli", "serve", "--data", str(data), *flags]
        if config:
            self.file.write_text(config)
            command += ["--config", str(self.file)]
        command += ["--listen", f"127.0.0.1:{self.port}", "--console", f"127.0.0.1:{self.console}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        if wait:
            self.wait_ready()

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.text()
            return "\nready after" in self.text() and self.call("GET", "/readyz", token=None)[0] == 200

        eventually(ready, "serve is ready", 120.0)

    def state(self) -> dict[str, Any]:
        return json.loads((self.data / "run" / "serve.json").read_bytes())

    def pid(self, name: str) -> int:
        return eventually(lambda: self.state()["processes"][name], f"{name} runs")

    def key(self, name: str) -> str:
        return (self.data / "keys" / name).read_text().strip()

    def call(
        self, method: str, path: str, body: bytes | None = None, *, token: str | None = "console", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Call the HTTP interface; ``token`` names a key file, ``None`` sends none."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            fields.setdefault("authorization", f"Bearer {self.key(token)}")
        request = urllib.request.Request(f"http://127.0.0.1:{self.console}{path}", body, fields, method=method)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
        except OSError:
            return 0, {}, b""

    def metric(self, name: str) -> float:
        """Return the sum of the samples whose line begins with ``name``."""
        lines = self.call("GET", "/metrics", token=None)[2].decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send one request through the protected listener."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise


class Load:
    """Clients on kept-alive connections; counts what is answered and remembers every failure."""

    def __init__(self, port: int, *, clients: int = 4, path: str = "/api/products/1", pause_s: float = 0.004) -> None:
        self.port, self.path, self.pause_s = port, path, pause_s
        self.answered = 0
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(clients)]

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        while not self._stop.is_set():
            try:
                connection.request("GET", self.path, headers={"user-agent": f"load/{number}"})
                answer = connection.getresponse()
                answer.read()
                failure = "" if answer.status == 200 else f"status {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
                connection.close()
            with self._lock:
                if failure:
                    self.failures.append(failure)
                else:
                    self.answered += 1
            self._stop.wait(self.pause_s)
        connection.close()

    def wait_answered(self, more: int) -> None:
        target = self.answered + more
        eventually(lambda: self.answered >= target or self.failures, f"{more} more requests are answered")

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"
    return False
