"""Contract section 4 over real sockets: one real serve, asked for everything that the page promises."""

from __future__ import annotations

import json
import signal
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "serve"))

from serving import Api, Serve, eventually

RECORD = {
    "timestamp": "2026-01-01T00:00:00.5Z",
    "http.request.method": "POST",
    "url.path": "/api/login",
    "client.address": "192.0.2.7",
    "http.request.headers": [["User-Agent", "curl/8"], ["Accept", "*/*"]],
}
DECISION_KEYS = [
    "http.request.id",
    "timestamp",
    "verdict",
    "score",
    "score.low",
    "score.high",
    "threat",
    "action",
    "enforced",
    "policy",
    "reasons",
    "campaign",
    "model",
]


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    api = Api()
    running = Serve(
        tmp_path_factory.mktemp("http") / "data",
        config=f"""
upstream: {api.url}
mode: enforce
policy: observe
honeypots: {{paths: [/api/internal/export]}}
rate_limits:
  - {{name: few, key: address, match: GET /limited, limit: 2/hour, burst: 2}}
""",
    )
    running.api = api
    yield running
    assert running.stop(signal.SIGTERM) == 0, running.text()
    api.close()


def post(one, path, value, token="console"):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    status, headers, answered = one.call("POST", path, body, token=token, content_type="application/json")
    return status, headers, json.loads(answered) if answered else None


def test_health_and_metrics_are_open(one):
    assert one.call("GET", "/healthz", token=None)[0] == 200
    assert one.call("GET", "/readyz", token=None)[0] == 200
    status, headers, body = one.call("GET", "/metrics", token=None)
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    for name in (b"vedette_decisions_total", b"vedette_process_up", b"vedette_console_calls_total"):
        assert b"# TYPE " + name in body


@pytest.mark.parametrize(
    ("method", "path", "right", "wrong"),
    [
        ("POST", "/v1/score", "console", "feedback"),
        ("POST", "/v1/outcomes", "feedback", "console"),
        ("GET", "/v1/decide", "console", "feedback"),
        ("GET", "/v1/decisions/x", "console", "feedback"),
        ("GET", "/openapi.json", "console", "feedback"),
    ],
)
def test_no_key_is_401_a_wrong_one_403(one, method, path, right, wrong):
    body = b"" if method == "POST" else None
    status, headers, _ = one.call(method, path, body, token=None)
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer")
    assert one.call(method, path, body, token=None, authorization="Basic YTpi")[0] == 401
    assert one.call(method, path, body, token=None, authorization="Bearer nonsense")[0] == 403
    assert one.call(method, path, body, token=wrong)[0] == 403
    status, headers, answered = one.call(method, path, body, token=right)
    assert status not in (401, 403)
    if status >= 400:
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(answered)["status"] == status


def test_score_one_and_many(one):
    status, _, decision = post(one, "/v1/score", RECORD)
    assert status == 200
    assert list(decision) == DECISION_KEYS
    assert decision["score.low"] <= decision["score"] <= decision["score.high"]
    status, _, decisions = post(one, "/v1/score", [RECORD | {"http.request.id": name} for name in ("s1", "s2")])
    assert status == 200
    assert [decision["http.request.id"] for decision in decisions] == ["s1", "s2"]
    assert post(one, "/v1/score", [])[2] == []


@pytest.mark.parametrize(
    ("path", "token", "value", "status", "field"),
    [
        ("/v1/score", "console", b"{", 400, None),
        ("/v1/score", "console", b"", 400, None),
        ("/v1/score", "console", {"timestamp": 1}, 422, "http.request.method"),
        ("/v1/score", "console", RECORD | {"url.path": 7}, 422, "url.path"),
        ("/v1/score", "console", RECORD | {"timestamp": "yesterday"}, 422, "timestamp"),
        ("/v1/score", "console", [RECORD, RECORD | {"client.address": ""}], 422, "client.address"),
        ("/v1/score", "console", RECORD | {"event.name": "outcome"}, 422, "event.name"),
        ("/v1/score", "console", 7, 422, None),
        ("/v1/score", "console", [RECORD] * 1001, 413, None),
        ("/v1/outcomes", "feedback", b"not json", 400, None),
        ("/v1/outcomes", "feedback", {"outcome": "won", "session.id": "s"}, 422, "outcome"),
        ("/v1/outcomes", "feedback", {"outcome": "conversion"}, 422, "http.request.id"),
        ("/v1/outcomes", "feedback", {"outcome": "conversion", "session.id": "s", "user.name": "u"}, 422, "user.name"),
        ("/v1/outcomes", "feedback", b'{"outcome": "conversion", "session.id": "s"}\nnope', 400, None),
        ("/v1/outcomes", "feedback", b" " * 1_100_000, 413, None),
    ],
)
def test_bad_input_names_the_field(one, path, token, value, status, field):
    found, headers, problem = post(one, path, value, token)
    assert found == status, problem
    assert headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"]
    if field:
        assert problem["field"] == field


def test_outcomes_are_idempotent_and_taken_in_every_form(one):
    mine = str(uuid.uuid4())
    outcome = {"event.name": "outcome", "event.id": mine, "outcome": "conversion", "session.id": "s1"}
    assert post(one, "/v1/outcomes", outcome, "feedback")[::2] == (202, {"stored": 1, "repeated": 0})
    assert post(one, "/v1/outcomes", outcome, "feedback")[::2] == (202, {"stored": 0, "repeated": 1})
    other = [outcome, outcome | {"event.id": str(uuid.uuid4()), "timestamp": 1.5}]
    assert post(one, "/v1/outcomes", other, "feedback")[::2] == (202, {"stored": 1, "repeated": 1})
    lines = "\n".join(json.dumps(outcome | {"event.id": str(uuid.uuid4())}) for _ in range(3)).encode() + b"\n"
    assert post(one, "/v1/outcomes", lines, "feedback")[::2] == (202, {"stored": 3, "repeated": 0})


def decide(one, **headers):
    return one.call("GET", "/v1/decide", **headers)


def test_forward_auth(one):
    status, headers, body = decide(
        one,
        x_forwarded_method="POST",
        x_forwarded_uri="/api/login?next=1",
        x_forwarded_host="shop.example",
        x_forwarded_for="198.51.100.9",
    )
    assert (status, body) == (200, b"")
    assert headers["vedette-decision"].startswith('id="')
    answers = [decide(one, x_original_uri="/limited", x_forwarded_for="198.51.100.10")[0] for _ in range(4)]
    assert answers[:2] == [200, 200]
    assert answers[-1] == 429
    assert decide(one, x_original_uri="/limited", x_forwarded_for="198.51.100.11")[0] == 200


def test_internal_headers_are_not_believed_from_this_side(one):
    forged = {"x_vedette_id": "forged", "x_vedette_peer": "203.0.113.1"}
    _, headers, _ = decide(one, x_forwarded_uri="/x", x_forwarded_for="198.51.100.12", **forged)
    assert "forged" not in headers["vedette-decision"]


def test_a_decision_is_found_with_reasons_and_features(one):
    pytest.importorskip("vedette.events.views")
    mine = str(uuid.uuid4())
    assert post(one, "/v1/score", RECORD | {"http.request.id": mine, "url.path": "/api/internal/export"})[0] == 200

    def found():
        status, _, body = one.call("GET", f"/v1/decisions/{mine}")
        return json.loads(body) if status == 200 else None

    decision = eventually(found, "the decision is in the event log")
    assert decision["http.request.id"] == mine
    assert decision["verdict"] == "bad_bot"
    assert decision["reasons"][0]["signal"] == "honeypot"
    assert decision["features"]
    status, _, body = one.call("GET", f"/v1/decisions/urn:uuid:{mine}")
    assert status == 200
    assert json.loads(body)["http.request.id"] == mine
    assert one.call("GET", f"/v1/decisions/{uuid.uuid4()}")[0] == 404


def test_unknown_calls_and_methods(one):
    for method, path, status in (
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/score", 405),
        ("DELETE", "/v1/outcomes", 405),
    ):
        found, headers, _ = one.call(method, path)
        assert (found, headers["content-type"]) == (status, "application/problem+json")
    assert one.call("POST", "/-/reload", b"")[0] == 404, "what supervisor and engine tell each other stays inside"


def test_it_is_not_on_the_protected_listener(one):
    assert one.get("/v1/score", "POST", b"{}")[1] == b"ok"
    assert one.get("/metrics")[1] == b"ok"


def test_forged_signal_headers_change_nothing(one):
    forged = {
        "vedette_decision": 'id="f", verdict=human',
        "x_vedette_id": "f",
        "x_vedette_peer": "203.0.113.1",
        "x_vedette_ja4": "t13d",
        "x_vedette_order": "a",
    }
    before = one.metric("vedette_decisions_total")
    assert one.get("/seen", **forged)[0] == 200
    seen = one.api.seen[-1][2]
    assert seen["vedette-decision"].startswith('id="')
    assert 'id="f"' not in seen["vedette-decision"]
    assert not [name for name in seen if name.startswith("x-vedette-")]
    eventually(lambda: one.metric("vedette_decisions_total") > before, "it was decided")


def test_the_openapi_document_is_the_one_in_the_documentation(one):
    from vedette.console.openapi import document

    status, _, body = one.call("GET", "/openapi.json")
    assert status == 200
    assert json.loads(body) == document()
    page = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
    assert json.loads(page.read_text("utf-8")) == document()
