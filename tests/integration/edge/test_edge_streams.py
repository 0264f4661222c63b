"""Long, large and two-way exchanges pass as they are."""

from __future__ import annotations

import hashlib
from concurrent import futures

import grpc
import h2.config
import h2.connection
import h2.settings
import pytest
import stage
import websockets.sync.client
import websockets.sync.server

from vedette.config.schema import Endpoint, Match, Selector


def test_server_sent_events_arrive_one_by_one(plain):
    with plain.connect() as link, link.makefile("rb") as stream:
        link.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in stream.readline()
        while stream.readline() != b"\r\n":
            pass
        for number in range(3):
            size = int(stream.readline(), 16)
            assert stream.read(size) == f"data: {number}\n\n".encode()
            stream.readline()
            plain.api.open_gate()  # only now may the API send the next one
        assert stream.readline() == b"0\r\n"


class Digest(stage.Api):
    """Reads a body as it comes, and can wait in the middle of it."""

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        digest = hashlib.sha256()
        while length:
            data = await reader.read(min(length, 65536))
            length -= len(data)
            digest.update(data)
            self.arrived.set()
        body = digest.hexdigest().encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()


@pytest.mark.parametrize("path", ["/upload", "/api/login"])
def test_a_large_upload_streams(tmp_path, path):
    """The API sees the beginning before the client has sent the end, and the edge does not grow with the body."""
    login = Endpoint(name="login", match=Match("", "POST", "", ("api", "login")), account=Selector("body", "email"))
    with (
        Digest() as api,
        stage.edge(tmp_path, upstreams={"default": f"http://127.0.0.1:{api.port}"}, endpoints=(login,)) as running,
    ):
        total, block = 64 * 1024 * 1024, b"0123456789abcdef" * 4096
        digest = hashlib.sha256()
        before = rss(running)
        with running.connect() as link, link.makefile("rb") as stream:
            link.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {total}\r\n\r\n".encode())
            for number in range(total // len(block)):
                link.sendall(block)
                digest.update(block)
                if number == 2:
                    assert api.arrived.wait(20)
            assert stage.read_answer(stream).body.decode() == digest.hexdigest()
        assert rss(running) - before < 16 * 1024
        assert len(running.engine.seen[0].body) == (16 * 1024 if path == "/api/login" else 0)


def rss(running):
    with open(f"/proc/{running.envoy.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_websocket(tmp_path, authority):
    def echo(connection):
        for message in connection:
            connection.send(message[::-1])

    with websockets.sync.server.serve(echo, "127.0.0.1", 0) as server, futures.ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever)
        port = server.socket.getsockname()[1]
        with stage.edge(tmp_path, authority=authority, upstreams={"default": f"http://127.0.0.1:{port}"}) as running:
            url = f"wss://localhost:{running.port}/chat"
            with websockets.sync.client.connect(url, ssl=authority.client()) as socket:
                for text in ("abc", "x" * 200_000):
                    socket.send(text)
                    assert socket.recv(20) == text[::-1]
            assert running.engine.seen[0].target == "/v1/decide/chat"
            assert running.answers_to(1)[0].status == 101
            running.engine.decide = lambda seen: (403, [], b"no")
            with pytest.raises(websockets.exceptions.InvalidStatus, match="403"):
                websockets.sync.client.connect(url, ssl=authority.client())
        server.shutdown()


def test_websocket_within_http_2_is_not_offered(secure):
    """Browsers then use HTTP/1.1 for it, which works; offered, it would fail at APIs that speak HTTP/1.1."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    connection.initiate_connection()
    with secure.connect(alpn=("h2",)) as link:
        assert link.selected_alpn_protocol() == "h2"
        link.sendall(connection.data_to_send())
        settings = {}
        while not settings:
            for event in connection.receive_data(link.recv(65535)):
                settings |= getattr(event, "changed_settings", {})
    assert settings
    assert h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL not in settings or (
        settings[h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL].new_value == 0
    )


class Echo(grpc.GenericRpcHandler):
    def __init__(self):
        self.metadata = []

    def service(self, details):
        self.metadata.append(dict(details.invocation_metadata))
        if details.method == "/shop.Cart/Add":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request + b"!")
        return grpc.stream_stream_rpc_method_handler(self.chat)

    @staticmethod
    def chat(requests, context):
        context.set_trailing_metadata((("total", "3"),))
        for request in requests:
            yield request.upper()


def test_grpc(tmp_path, authority):
    handler = Echo()
    server = grpc.server(futures.ThreadPoolExecutor(4), (handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with stage.edge(tmp_path, authority=authority, upstreams={"default": f"http://127.0.0.1:{port}"}) as running:
            credentials = grpc.ssl_channel_credentials(authority.file.read_bytes())
            with grpc.secure_channel(f"localhost:{running.port}", credentials) as channel:
                add = channel.unary_unary("/shop.Cart/Add")
                assert add(b"milk", timeout=20, metadata=(("vedette-decision", "forged"),)) == b"milk!"
                call = channel.stream_stream("/shop.Cart/Chat")(iter([b"a", b"b", b"c"]), timeout=20)
                assert list(call) == [b"A", b"B", b"C"]
                assert ("total", "3") in call.trailing_metadata()
                assert handler.metadata[0]["vedette-decision"].endswith("action=allow")
                running.engine.decide = lambda seen: (403, [], b"no")
                with pytest.raises(grpc.RpcError) as refused:
                    add(b"milk", timeout=20)
                assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
            assert len(running.answers_to(2)) == 2
    finally:
        server.stop(0).wait()
