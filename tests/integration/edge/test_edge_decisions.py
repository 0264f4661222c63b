"""What the edge does with the engine's answer, and without one."""

from __future__ import annotations

import json
import re

import pytest
import stage

from vedette.config.schema import Endpoint, Match, Selector

DEGRADED = r'id="{}", verdict=unknown, action=allow, degraded'


def match(method, path, host=""):
    return Match(f"{method} {host}{path}", method, host, tuple(part for part in path.split("/") if part))


ENDPOINTS = (
    Endpoint(name="status", match=match("GET", "/api/pay/status"), on_failure="allow"),
    Endpoint(name="login", match=match("POST", "/api/login"), account=Selector("body", "email"), purpose="login"),
    Endpoint(name="graph", match=match("POST", "/graphql"), operation=Selector("body", "operationName")),
    Endpoint(name="card", match=match("POST", "/api/pay/card"), account=Selector("body", "user"), on_failure="block"),
    Endpoint(name="pay", match=match("*", "/api/pay/**"), on_failure="block"),
    Endpoint(name="rest", match=match("*", "/**"), on_failure="allow"),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with stage.edge(tmp_path_factory.mktemp("shop"), endpoints=ENDPOINTS) as running:
        yield running


@pytest.fixture(scope="module")
def deserted(tmp_path_factory):
    """The same shop whose engine has gone."""
    with stage.edge(tmp_path_factory.mktemp("deserted"), endpoints=ENDPOINTS) as running:
        running.engine.call(running.engine.close())
        yield running


@pytest.fixture(autouse=True)
def _fresh(shop, deserted):
    yield
    deserted.api.seen.clear()
    shop.engine.decide = stage.allowed
    shop.engine.seen.clear()
    shop.api.seen.clear()


def problem(status, *headers):
    body = json.dumps({"type": "about:blank", "status": status, "instance": "abc"}).encode()
    return lambda seen: (status, [("content-type", "application/problem+json"), *headers], body)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, [("cache-control", "no-store"), ("set-cookie", "sid=; Max-Age=0"), ("set-cookie", "b=; Max-Age=0")]),
        (429, [("retry-after", "9"), ("ratelimit", '"search";r=0;t=9'), ("ratelimit-policy", '"search";q=60;w=60')]),
        (302, [("location", "https://elsewhere.example/?a=b")]),
        (307, [("location", "/slow-lane")]),
        (401, [("www-authenticate", "Vedette challenge"), ("access-control-allow-origin", "https://shop.example")]),
    ],
)
def test_a_refusal_reaches_the_client_whole_and_the_api_never(shop, status, headers):
    shop.engine.decide = problem(status, *headers)
    got = shop.ask("/a")
    assert got.status == status
    assert json.loads(got.body)["instance"] == "abc"
    assert got["content-type"] == "application/problem+json"
    for header in headers:
        assert header in got.headers
    assert not [name for name, _ in got.headers if name.lower().startswith(("x-envoy", "x-vedette", "server"))]
    assert shop.api.seen == []


def test_a_refused_head_has_no_body(shop):
    shop.engine.decide = problem(403)
    got = shop.ask("/a", method="HEAD")
    assert (got.status, got.body) == (403, b"")


def test_delay_is_waited_by_the_edge_and_not_shown_to_the_api(shop):
    shop.engine.decide = lambda seen: (200, [*stage.allowed(seen)[1], ("x-envoy-fault-delay-request", "300")], b"")
    assert shop.ask("/a").status == 200
    assert shop.envoy.stats("http.edge.fault.delays_injected")["http.edge.fault.delays_injected"] == 1
    assert shop.api.seen[0]["x-envoy-fault-delay-request"] is None


def test_a_failing_engine_lets_requests_pass_degraded(shop):
    shop.engine.decide = lambda seen: (500, [], b"broken")
    assert shop.ask("/a").status == 200
    assert shop.api.seen[0]["vedette-decision"] == DEGRADED.format(shop.engine.seen[0]["x-vedette-id"])


JSON = b'{"email": "ann@example.com"}'


@pytest.mark.parametrize(
    "target",
    [
        "/api/login",
        "/api/login?next=/",
        "/API/Login",
        "//api///login",
        "/api/login/",
        "/api/login;x=1",
        "/api;v=2/login",
        "/api/log%69n",
        "/api/log%2569n",
        "/api%2Flogin",
        "/api%2flogin%2f",
        "/x/../api/login",
        "/api/./login",
        "/api\\login",
        "/x/..;/api/login",
        "/x/..%2Fapi/login",
        "/x/%2e%2e/api/login",
        "/graphql",
        "/GraphQL/",
    ],
)
def test_the_body_is_read_however_the_path_is_spelt(shop, target):
    assert shop.ask(target, "Content-Type: application/json", method="POST", body=JSON).status == 200
    assert shop.engine.seen[0].body == JSON
    assert shop.engine.seen[0]["x-envoy-auth-partial-body"] == "false"
    assert shop.api.seen[0].body == JSON
    assert shop.api.seen[0]["x-envoy-auth-partial-body"] is None


@pytest.mark.parametrize(("method", "target"), [("POST", "/api/logins"), ("PUT", "/api/login"), ("POST", "/api/other")])
def test_other_bodies_are_not_read(shop, method, target):
    shop.ask(target, "Content-Type: application/json", method=method, body=JSON)
    assert shop.engine.seen[0].body == b""
    assert shop.api.seen[0].body == JSON


def test_a_large_body_is_shown_in_part_and_forwarded_whole(shop):
    body = b"email=ann%40example.com&pad=" + b"x" * 300_000
    shop.ask("/api/login", "Content-Type: application/x-www-form-urlencoded", method="POST", body=body)
    assert shop.engine.seen[0].body == body[: 16 * 1024]
    assert shop.engine.seen[0]["x-envoy-auth-partial-body"] == "true"
    assert shop.api.seen[0].body == body


def test_a_chunked_body_is_read(shop):
    chunks = b"b\r\n" + JSON[:11] + b"\r\n11\r\n" + JSON[11:] + b"\r\n0\r\n\r\n"
    head = b"POST /api/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert shop.send(head + chunks).status == 200
    assert shop.engine.seen[0].body == JSON
    assert shop.api.seen[0].body == JSON


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/api/pay/card", 503),
        ("GET", "/api/pay/anything/else", 503),
        ("GET", "/API//pay;x=1/other", 503),
        ("GET", "/api%2Fpay/other", 503),
        ("GET", "/api/pay/status", 200),
        ("GET", "/api/pay/status;x", 503),
        ("POST", "/api/login", 200),
        ("GET", "/", 200),
    ],
)
def test_on_failure_follows_the_endpoints_in_order(deserted, method, target, status):
    got = deserted.ask(target, method=method, body=JSON if method == "POST" else b"")
    assert got.status == status
    assert len(deserted.api.seen) == (status == 200)
    if status == 503:
        assert got["content-type"] == "application/problem+json"
        assert got["retry-after"] == "5"
        assert got["cache-control"] == "no-store"
        assert re.fullmatch("[0-9a-f-]{36}", json.loads(got.body)["instance"])


def test_on_failure_block_lets_decided_requests_pass(shop):
    assert shop.ask("/api/pay/card", method="POST", body=JSON).status == 200
    assert shop.engine.seen[0].body == JSON


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Big: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % i for i in range(150)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad\x01Name: 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
        (b"GET /a HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", 400),
    ],
)
def test_malformed_and_oversized_requests_end_at_the_edge(shop, request_, status):
    got = shop.send(request_)
    assert got.status == status
    assert shop.api.seen == []
    assert shop.engine.seen == []
    assert shop.ask("/still").status == 200


def test_an_unreachable_api_is_a_problem_document(tmp_path):
    with stage.edge(tmp_path, upstreams={"default": f"http://127.0.0.1:{stage.free_port()}"}) as running:
        got = running.ask("/")
        assert got.status == 503
        assert got["content-type"] == "application/problem+json"
        assert got["cache-control"] == "no-store"
        assert json.loads(got.body)["status"] == 503
        eventually = stage.eventually
        eventually(lambda: running.reader.read(running.envoy._pipe) == [] and running.reader.unanswered, "the line")
