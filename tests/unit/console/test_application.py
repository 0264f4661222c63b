"""The HTTP interface against an engine that is there, away, or slow to log; over ASGI, without a network."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import unquote

import pytest

from vedette.config import defaults
from vedette.config.keys import ensure_key
from vedette.console.access import Access
from vedette.console.application import BODY_BYTES, Console, Counted, application
from vedette.doors.connection import Crowd, answer


class Stage:
    def __init__(self, tmp_path, *, engine=None, find=lambda data, sought: None):
        self.calls = []
        self.engine = engine
        self.socket = tmp_path / "engine"
        self.keys = {name: ensure_key(tmp_path, name).value for name in ("console", "feedback")}
        access = Access(defaults("http://127.0.0.1:9"), tmp_path)
        self.console = Console(access, tmp_path, self.socket, tmp_path / "absent", find, lambda: 0.0)
        self.app = Counted(application(self.console), self.console)

    def call(self, method, path, body=b"", *, key="console", headers=(), parts=None):
        return asyncio.run(self._call(method, path, body, key, headers, parts))

    async def _call(self, method, path, body, key, headers, parts):
        server = None
        if self.engine is not None:
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(Crowd(self._answer, self.calls.append), str(self.socket))
        fields = [(b"host", b"c"), *headers]
        if key:
            fields.append((b"authorization", b"Bearer " + self.keys[key].encode()))
        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": fields,
            "scheme": "http",
            "server": ("c", 1),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        chunks = list(parts or [body])
        sent = []

        async def receive():
            if chunks and chunks[0] is not None:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        finally:
            if server is not None:
                server.close()
                self.socket.unlink(missing_ok=True)
                await asyncio.sleep(0)
        head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:])

    def _answer(self, call):
        self.calls.append(call)
        return self.engine(call)


def accepting(_call):
    return answer(202, b"x-internal: 1\r\nretry-after: 3\r\n", b'{"ok":1}')


def test_a_call_is_handed_on_with_its_body_and_type_alone(tmp_path):
    stage = Stage(tmp_path, engine=accepting)
    headers = [(b"content-type", b"application/json"), (b"cookie", b"c"), (b"x-vedette-id", b"forged")]
    status, fields, body = stage.call("POST", "/v1/outcomes", b"{}", key="feedback", headers=headers)
    assert (status, body, fields["retry-after"]) == (202, b'{"ok":1}', "3")
    assert "x-internal" not in fields
    (call,) = stage.calls
    assert (call.method, call.target, call.body) == (b"POST", b"/v1/outcomes", b"{}")
    assert {name for name, _ in call.headers} == {b"connection", b"content-length", b"content-type"}


def test_forward_auth_hands_on_what_the_proxy_says(tmp_path):
    stage = Stage(tmp_path, engine=lambda call: answer(200, b"vedette-decision: d\r\n"))
    headers = [(b"x-forwarded-uri", b"/a"), (b"x-vedette-id", b"forged"), (b"cookie", b"sid=1")]
    for method in ("GET", "POST", "PURGE"):
        status, fields, _ = stage.call(method, "/v1/decide/x?y=1", headers=headers)
        assert (status, fields["vedette-decision"]) == (200, "d")
    call = stage.calls[-1]
    assert (call.method, call.target) == (b"PURGE", b"/v1/decide/x?y=1")
    names = {name for name, _ in call.headers}
    assert {b"x-forwarded-uri", b"cookie", b"host"} <= names
    assert not names & {b"x-vedette-id", b"authorization"}


@pytest.mark.parametrize("engine", [None, lambda call: answer(500)], ids=["away", "failing"])
def test_without_an_engine_requests_pass_degraded_and_the_rest_waits(tmp_path, engine):
    stage = Stage(tmp_path, engine=engine)
    status, fields, _ = stage.call("GET", "/v1/decide", headers=[(b"x-forwarded-uri", b"/a")])
    assert status == 200
    assert fields["vedette-decision"].endswith("verdict=unknown, action=allow, degraded")
    if engine is None:
        status, fields, body = stage.call("POST", "/v1/score", b"{}")
        assert (status, fields["retry-after"], json.loads(body)["status"]) == (503, "1", 503)
        assert stage.call("GET", "/readyz", key=None)[0] == 503
        assert stage.call("GET", "/healthz", key=None)[0] == 200
        assert b"vedette_console_calls_total" in stage.call("GET", "/metrics", key=None)[2]


def test_metrics_of_all_processes_come_together(tmp_path):
    stage = Stage(tmp_path, engine=lambda call: answer(200, body=b"engine_metric 1\n"))
    body = stage.call("GET", "/metrics", key=None)[2]
    assert b"engine_metric 1" in body
    assert b'vedette_console_calls_total{call="other",status="2xx"}' in body


@pytest.mark.parametrize(
    ("headers", "parts"), [([(b"content-length", b"9999999")], [b""]), ([], [b"x" * BODY_BYTES, b"y"])]
)
def test_a_large_body_is_413_before_it_is_handed_on(tmp_path, headers, parts):
    stage = Stage(tmp_path, engine=accepting)
    status, fields, _ = stage.call("POST", "/v1/score", headers=headers, parts=parts)
    assert (status, fields["content-type"]) == (413, "application/problem+json")
    assert stage.calls == []


def test_a_body_that_ends_early_is_400(tmp_path):
    stage = Stage(tmp_path, engine=accepting)
    assert stage.call("POST", "/v1/score", parts=[b"a", None])[0] == 400
    assert stage.calls == []


def test_decisions_are_found_by_id_or_instance_even_if_they_are_just_being_written(tmp_path):
    looks = []

    def find(data, sought):
        assert data == tmp_path
        looks.append(sought)
        return {"http.request.id": sought} if len(looks) > 1 else None

    stage = Stage(tmp_path, find=find)
    status, fields, body = stage.call("GET", "/v1/decisions/urn:vedette:a%252Fb")
    assert status == 200
    assert json.loads(body) == {"http.request.id": "a/b"}
    assert looks == ["a/b", "a/b"]
    assert fields["cache-control"] == "no-store"
    assert json.loads(stage.call("GET", "/v1/decisions/urn:uuid:12-3")[2]) == {"http.request.id": "12-3"}


def test_unknown_ids_and_calls_are_404(tmp_path):
    stage = Stage(tmp_path)
    for path in ("/v1/decisions/x", "/v1/decisions/" + "x" * 300, "/v1/decisions/", "/nothing", "/-/reload"):
        status, fields, body = stage.call("GET", path)
        assert (status, fields["content-type"]) == (404, "application/problem+json"), path
        assert json.loads(body)["title"] == "Not Found"
    assert stage.call("GET", "/v1/score")[0] == 405


def test_a_failure_inside_says_nothing_about_it(tmp_path):
    def broken(data, sought):
        raise RuntimeError("secret")

    stage = Stage(tmp_path, find=broken)
    with pytest.raises(RuntimeError):  # Starlette answers, then hands the failure to the server's log
        stage.call("GET", "/v1/decisions/x")
