"""Real programs around a real Envoy: an engine's stand-in on its Unix socket, an API, and raw clients."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vedette.config.schema import Config, Listen
from vedette.edge import answers, envoy
from vedette.edge.process import Envoy
from vedette.types import Answer


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def eventually(check: Callable[[], Any], what: str, timeout_s: float = 15.0) -> Any:
    """Poll until ``check`` is true and return what it gave; fail with ``what`` at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


@dataclass
class Seen:
    """One request as a server read it from its socket."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def __getitem__(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    @property
    def order(self) -> list[str]:
        """Names of the client's headers in its order: before what the edge says; ``host`` and length are out of place."""
        names = [name for name, _ in self.headers]
        return [name for name in names[: names.index("x-vedette-id")] if name not in ("host", "content-length")]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


async def read_request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1")[:-4].split("\r\n")
    method, target, version = first.split(" ")
    fields = [line.partition(":") for line in lines]
    seen = Seen(method, target, version, [(name, value.strip()) for name, _, value in fields])
    if length := seen["content-length"]:
        seen.body = await reader.readexactly(int(length))
    elif (seen["transfer-encoding"] or "") == "chunked":
        while size := int(await reader.readline(), 16):
            seen.body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return seen


class Server:
    """An asyncio server in a thread of its own. ``handle`` answers one request on one connection."""

    def __init__(
        self, *, path: Path | None = None, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.path, self.address, self.tls = path, address, tls
        self.port = 0
        self.seen: list[Seen] = []
        self.connections: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.server: asyncio.Server | None = None

    def __enter__(self) -> Any:
        self.thread.start()
        self.call(self.open())
        return self

    def __exit__(self, *exc: object) -> None:
        self.call(self.close())
        self.call(self.finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def open(self) -> None:
        if self.path:
            self.path.unlink(missing_ok=True)
            self.server = await asyncio.start_unix_server(self.serve, self.path)
        else:
            self.server = await asyncio.start_server(self.serve, self.address, self.port, ssl=self.tls)
            self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self.server:
            self.server.close()
            for writer in list(self.connections):
                writer.transport.abort()
            self.server = None
            if self.path:
                self.path.unlink(missing_ok=True)

    async def finish(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            while (seen := await read_request(reader)) is not None:
                await self.handle(seen, reader, writer)
                await writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass  # the other side left, or the test is over
        finally:
            self.connections.discard(writer)
            writer.close()

    async def handle(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


Reply = tuple[int, list[tuple[str, str]], bytes]


def allowed(seen: Seen) -> Reply:
    return 200, [("vedette-decision", f'id="{seen["x-vedette-id"]}", verdict=human, action=allow')], b""


class Engine(Server):
    """Stands in for the engine: records what it is asked and answers what ``decide`` says."""

    def __init__(self, path: Path) -> None:
        super().__init__(path=path)
        self.decide: Callable[[Seen], Reply] = allowed
        self.hung = False
        self.asked_while_hung = 0

    async def handle(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.hung:
            self.asked_while_hung += seen.target.startswith("/v1/decide")
            await asyncio.Event().wait()
        if seen.target == "/readyz":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            return
        self.seen.append(seen)
        status, headers, body = self.decide(seen)
        head = [
            f"HTTP/1.1 {status} X",
            *(f"{name}: {value}" for name, value in headers),
            f"content-length: {len(body)}",
        ]
        writer.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)


class Api(Server):
    """The API behind the edge: tells what it got, and some paths misbehave as real ones do."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.gate = asyncio.Event()
        self.arrived = threading.Event()

    def open_gate(self) -> None:
        self.loop.call_soon_threadsafe(self.gate.set)

    async def handle(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(seen)
        path = seen.target.partition("?")[0]
        extra = b""
        if path == "/wait":
            self.arrived.set()
            await self.gate.wait()
        if path == "/events":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for number in range(3):
                event = f"data: {number}\n\n".encode()
                writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                await writer.drain()
                self.arrived.set()
                await self.gate.wait()
                self.gate.clear()
            writer.write(b"0\r\n\r\n")
            return
        if path == "/headers":
            extra = (
                b"server: shop/1\r\nx-request-id: theirs\r\nvary: Origin\r\nset-cookie: sid=secret; Path=/\r\n"
                b"set-cookie: other=1\r\naccess-control-allow-origin: https://shop.example\r\nretry-after: 7\r\n"
            )
        status = int(path.rpartition("/")[2]) if path.startswith("/status/") else 200
        body = b"" if status == 204 else json.dumps({"got": len(seen.body), "path": seen.target}).encode()
        size = b"" if status == 204 else b"content-length: %d\r\n" % len(body)
        head = b"HTTP/1.1 %d X\r\n%scontent-type: application/json\r\n%s\r\n" % (status, extra, size)
        writer.write(head + (b"" if seen.method == "HEAD" else body))


@dataclass
class Got:
    """An answer as a client read it from its socket."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


def read_answer(stream: Any, *, head: bool = False) -> Got:
    line = stream.readline()
    assert line, "the connection was closed without an answer"
    status = int(line.split(b" ")[1])
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    if status == 100:
        return read_answer(stream, head=head)
    got = Got(status, headers, b"")
    if head or status in (101, 204, 304):
        return got
    if (got["transfer-encoding"] or "") == "chunked":
        while size := int(stream.readline(), 16):
            got.body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        got.body = stream.read(int(got["content-length"])) if got["content-length"] else stream.read()
    return got


@dataclass
class Edge:
    """A running Envoy with what stands around it."""

    config: Config
    run: Path
    engine: Engine
    api: Api
    envoy: Envoy
    log: Path
    authority: Authority | None = None
    reader: answers.AnswerReader = field(default_factory=answers.AnswerReader)
    reported: list[Answer] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.envoy.files.port

    def connect(self, source: str = "127.0.0.1", *, alpn: tuple[str, ...] = ("http/1.1",)) -> socket.socket:
        address = self.envoy.files.address
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        raw = socket.socket(family)
        raw.settimeout(20)
        if family == socket.AF_INET:
            raw.bind((source, 0))
        raw.connect(("::1" if address == "::" else address, self.port))
        if self.authority is None:
            return raw
        context = self.authority.client()
        context.set_alpn_protocols(list(alpn))
        return context.wrap_socket(raw, server_hostname="localhost")

    def send(self, data: bytes, source: str = "127.0.0.1", before: bytes = b"") -> Got:
        """Send raw bytes, prefixed by ``before`` (a PROXY header), and read one answer."""
        with self.connect(source) as link, link.makefile("rb") as stream:
            link.sendall(before + data)
            return read_answer(stream, head=data.startswith(b"HEAD"))

    def ask(
        self, target: str = "/", *headers: str, method: str = "GET", body: bytes = b"", source: str = "127.0.0.1"
    ) -> Got:
        lines = [f"{method} {target} HTTP/1.1", "Host: shop.example", *headers, "Connection: close"]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, source)

    def answers_to(self, count: int) -> list[Answer]:
        """Wait until ``count`` answers have been reported in all and return them."""

        def enough() -> bool:
            self.reported += self.reader.read(self.envoy._pipe)
            return len(self.reported) >= count

        eventually(enough, f"{count} answers (have {len(self.reported)})")
        return self.reported

    def reload(self, **changes: Any) -> tuple[str, ...]:
        fields = {name: getattr(self.config, name) for name in self.config.__struct_fields__}
        self.config = Config(**{**fields, **changes})
        return envoy.write(self.config, self.run, self.engine.path, self.envoy.files.answers).changed

    def warnings(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def edge(
    directory: Path, *, authority: Authority | None = None, address: str = "127.0.0.1", **config: Any
) -> Iterator[Edge]:
    """Run Envoy over ``config`` with an engine and an API of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    where = f"[{address}]" if ":" in address else address
    listen = Listen(address=f"{where}:{free_port(address)}")
    if authority:
        certificate, key = authority.issue(directory, "localhost", "127.0.0.1")
        listen = Listen(address=listen.address, certificate=str(certificate), key=str(key))
    with Engine(directory / "engine.sock") as engine, Api() as api:
        config.setdefault("upstreams", {"default": f"http://127.0.0.1:{api.port}"})
        settings = Config(listen=listen, **config)
        files = envoy.write(settings, directory / "run", engine.path, directory / "run" / "answers.pipe")
        log = directory / "envoy.log"
        with log.open("wb") as sink:
            child = Envoy.start(files, concurrency=1, log=sink)
            stage = Edge(settings, directory / "run", engine, api, child, log, authority)
            try:
                child.wait_ready()
                eventually(
                    lambda: child.stats("cluster.engine.membership_healthy").get("cluster.engine.membership_healthy"),
                    "engine seen",
                )
                yield stage
            finally:
                api.open_gate()
                child.stop(3.0)
        assert "Deprecated" not in stage.warnings(), stage.warnings()


class Authority:
    """A certificate authority made for one test run."""

    def __init__(self, directory: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._sign(
            self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=None)
        )
        self.file = directory / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject: x509.Name, key: Any, *extensions: Any) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=2))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, directory: Path, *names: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives: list[x509.GeneralName] = []
        for name in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternatives.append(x509.DNSName(name))
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(subject, key.public_key(), x509.SubjectAlternativeName(alternatives))
        chain, private = directory / "certificate.pem", directory / "key.pem"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, private

    def server(self, directory: Path, *names: str) -> ssl.SSLContext:
        directory.mkdir(parents=True, exist_ok=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(directory, *names))
        return context

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))
