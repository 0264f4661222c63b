"""Where requests go: several APIs, TLS to them, IPv6, names, and when a request is tried again."""

from __future__ import annotations

import json
import ssl

import pytest
import stage


def url(api, scheme="http", host=None):
    host = host or (f"[{api.address}]" if ":" in api.address else api.address)
    return f"{scheme}://{host}:{api.port}"


def ask(running, host):
    return running.send(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())


def test_requests_go_by_host(tmp_path):
    with stage.Api() as shop, stage.Api(address="::1") as blog, stage.Api() as rest:
        upstreams = {"shop.example": url(shop), "blog.example": url(blog), "default": url(rest, host="localhost")}
        with stage.edge(tmp_path, upstreams=upstreams) as running:
            for host in ("shop.example", "SHOP.example:8443", "shop.example.", "blog.example", "other.example"):
                assert ask(running, host).status == 200
            assert [seen["host"] for seen in shop.seen] == ["shop.example", "SHOP.example:8443", "shop.example."]
            assert [seen["host"] for seen in blog.seen] == ["blog.example"]
            assert [seen["host"] for seen in rest.seen] == ["other.example"]


def test_an_unknown_host_without_a_default_is_not_found(tmp_path):
    with stage.Api() as shop, stage.edge(tmp_path, upstreams={"shop.example": url(shop)}) as running:
        got = ask(running, "other.example")
        assert (got.status, got["content-type"]) == (404, "application/problem+json")
        assert ask(running, "shop.example").status == 200


@pytest.fixture
def trusted(authority, monkeypatch):
    """The test's authority in place of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))


@pytest.mark.parametrize(
    ("key", "host", "names", "status"),
    [
        ("default", "localhost", ("localhost",), 200),
        ("default", "localhost", ("elsewhere.example",), 503),
        ("shop.example", "127.0.0.1", ("shop.example",), 200),
        ("shop.example", "127.0.0.1", ("elsewhere.example",), 503),
        ("default", "127.0.0.1", ("127.0.0.1",), 200),
        ("default", "127.0.0.1", ("127.0.0.2",), 503),
    ],
)
@pytest.mark.usefixtures("trusted")
def test_an_https_upstream_must_prove_its_name(tmp_path, authority, key, host, names, status):
    context = authority.server(tmp_path / "tls", *names)
    asked_for = []
    context.sni_callback = lambda connection, name, context: asked_for.append(name)
    with stage.Api(tls=context) as api, stage.edge(tmp_path, upstreams={key: url(api, "https", host)}) as running:
        got = ask(running, "shop.example")
        assert got.status == status
        assert len(api.seen) == (status == 200)
        if status == 200:
            assert api.seen[0]["host"] == "shop.example"
            expected = {"default": host, "shop.example": "shop.example"}[key]
            assert asked_for == [None if expected == "127.0.0.1" else expected]


def test_an_https_upstream_of_an_unknown_authority_is_refused(tmp_path, monkeypatch):
    stranger = stage.Authority(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with stage.Api(tls=stranger.server(tmp_path / "tls", "localhost")) as api:
        with stage.edge(tmp_path, upstreams={"default": url(api, "https", "localhost")}) as running:
            assert ask(running, "a").status == 503
            assert api.seen == []


class Closing(stage.Api):
    """Reads the whole request, then closes without an answer."""

    async def handle(self, seen, reader, writer):
        self.seen.append(seen)
        writer.transport.abort()


def test_a_request_that_the_api_has_seen_is_not_sent_twice(tmp_path):
    with Closing() as api, stage.edge(tmp_path, upstreams={"default": url(api)}) as running:
        got = running.ask("/pay", method="POST", body=b"once")
        assert got.status == 503
        assert json.loads(got.body)["status"] == 503
        assert len(api.seen) == 1


def test_a_refused_connection_is_tried_again(tmp_path):
    """The API restarts: nobody listens for a moment."""
    with stage.Api() as api, stage.edge(tmp_path, upstreams={"default": url(api)}) as running:
        assert running.ask("/").status == 200
        api.call(api.close())
        assert running.ask("/").status == 503
        retries = "cluster.api.default.upstream_rq_retry"
        assert running.envoy.stats(retries)[retries] == 2
        api.call(api.open())
        assert running.ask("/").status == 200


def test_kept_connections_are_closed_before_the_api_closes_them(tmp_path):
    """Two requests with a pause longer than an impatient server's: the second must not meet a dying connection."""
    with stage.Api() as api, stage.edge(tmp_path, upstreams={"default": url(api)}) as running:
        assert running.ask("/").status == 200
        stage.eventually(lambda: not api.connections, "the edge closed its idle connection")
        assert running.ask("/").status == 200


def test_system_authorities_are_found():
    from vedette.edge.clusters import system_authorities

    ssl.create_default_context(cafile=system_authorities())
