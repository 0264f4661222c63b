"""The calls of an engine process, with a part that fails wherever one can."""

from __future__ import annotations

import asyncio
import inspect
import json

import msgspec
import pytest
from msgspec.structs import replace

from vedette.config import defaults
from vedette.config.schema import Drill, Endpoint, Secret
from vedette.config.units import parse_match
from vedette.doors import drill
from vedette.doors.connection import Call
from vedette.doors.gathering import Asking, Watch
from vedette.doors.service import OUTCOMES, RECORDS, Service
from vedette.engine import Engine
from vedette.errors import ConfigError
from vedette.gather.inquiries import bind
from vedette.mitigate.actions import Reply
from vedette.snapshot.files import write
from vedette.snapshot.findings import Finding, Findings, Inquiry
from vedette.snapshot.gathered import FOLDER
from vedette.telemetry import Metrics
from vedette.types import Answer, Directive

CONFIG = defaults("http://127.0.0.1:9")


class Events:
    """An event log in memory."""

    def __init__(self):
        self.kept, self.dropped, self.retain_s = [], {"disk_full": 0}, 0.0
        self.known, self.durable, self.full = set(), True, False

    @property
    def accepted(self):
        return len(self.kept)

    def append_decision(self, decision, request):
        if self.full:
            raise OSError("full")
        self.kept.append(decision)
        return len(self.kept)

    def show_addresses(self, address, client_of):
        self.shown = address, client_of

    def append_answer(self, answer):
        self.kept.append(answer)
        return len(self.kept)

    def append_outcome(self, outcome):
        if self.full:
            return -1
        if outcome.event_id and outcome.event_id in self.known:
            return 0
        self.known.add(outcome.event_id)
        self.kept.append(outcome)
        return len(self.kept)

    def wait(self, sequence, timeout_s):
        assert sequence <= len(self.kept)
        return self.durable


class Broken:
    """An engine of which nothing works."""

    def decide(self, request, now):
        raise RuntimeError("secret of the engine")

    observe = decide


@pytest.fixture
def service():
    engine = Engine.open(CONFIG, key=b"k", shrink=12)

    def reload(body):
        if body == b"bad":
            raise ConfigError(["a:1: mode: wrong", "a:2: policy: wrong"])
        return msgspec.msgpack.decode(body, type=type(CONFIG)), ("listen",)

    return Service(engine, Events(), Metrics("engine"), reload=reload, clock=lambda: 1e9)


def call(service, method, target, body=b"", headers=()):
    async def answered():
        result = service.handle(Call(method, target, list(headers), body, len(body)))
        return await result if inspect.isawaitable(result) else result

    head, _, content = asyncio.run(answered()).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    assert int(fields["content-length"]) == len(content)
    return int(lines[0].split()[1]), fields, content


def count(service, line):
    text = call(service, b"GET", b"/metrics")[2].decode()
    return next(float(found.rsplit(" ", 1)[1]) for found in text.splitlines() if found.startswith(line))


EDGE = [(b"host", b"h"), (b"x-vedette-id", b'i"1'), (b"x-vedette-peer", b"192.0.2.1"), (b"x-vedette-ja4", b"t13")]


def test_a_decision_is_answered_counted_and_kept(service):
    status, fields, body = call(service, b"GET", b"/v1/decide/a", headers=EDGE)
    assert (status, body) == (200, b"")
    assert fields["vedette-decision"].startswith('id="i\\"1", verdict=')
    assert [decision.id for decision in service.events.kept] == ['i"1']
    assert count(service, 'vedette_decisions_total{action="allow",mode="monitor",purpose="other"}') == 1
    assert count(service, "vedette_decision_seconds_count") == 1


CLAIM = (b"user-agent", b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")


def test_what_only_the_network_can_tell_is_asked_after_the_decision(service, tmp_path):
    service._asking = Asking(str(tmp_path / "gather.sock"), lambda: 0.0)
    try:
        claimed = [EDGE[0], CLAIM, EDGE[1], (b"x-vedette-peer", b"127.0.0.1")]
        service.events.full = True  # a full disk keeps nobody from being asked
        assert call(service, b"GET", b"/v1/decide/a", headers=claimed)[0] == 200
        assert count(service, 'vedette_inquiries_sent_total{result="lost"}') == 1, "nobody listens"
        with bind(tmp_path / "gather.sock") as listening:
            call(service, b"GET", b"/v1/decide/a", headers=claimed)
            asked = msgspec.msgpack.decode(listening.recv(4096), type=list[Inquiry])
        assert asked == [Inquiry("dns", "127.0.0.1", "googlebot")]
        assert count(service, 'vedette_inquiries_sent_total{result="sent"}') == 1
    finally:
        service._asking.close()


def test_what_was_gathered_is_taken_over(service, tmp_path, capfd):
    service._watch = Watch(tmp_path, b"k")
    claimed = [EDGE[0], CLAIM, EDGE[1], (b"x-vedette-peer", b"127.0.0.1")]

    def reasons():
        call(service, b"GET", b"/v1/decide/a", headers=claimed)
        return [reason.signal for reason in service.events.kept[-1].reasons]

    assert not {"forged_agent", "verified_agent"} & set(reasons())
    asyncio.run(service.gather())
    for standing, reason in (("forged", "forged_agent"), ("verified", "verified_agent")):
        said = Findings({("127.0.0.1", "googlebot"): Finding(standing, 2e9)}, key=b"k")
        write(tmp_path / FOLDER / "findings.msgpack", said.encode())
        asyncio.run(service.gather())
        assert reason in reasons()
    (tmp_path / FOLDER / "findings.msgpack").write_bytes(b"damaged")
    for _ in range(2):
        asyncio.run(service.gather())
    assert "verified_agent" in reasons()
    assert count(service, 'vedette_gathered_total{result="taken"}') >= 2
    assert count(service, 'vedette_gathered_total{result="damaged"}') == 1

    service._watch = None
    asyncio.run(service.gather())
    service._watch = Broken()
    asyncio.run(service.gather())
    text = capfd.readouterr()
    assert (text.out + text.err).count("gathered.unread") == 1


def test_a_reply_is_given_to_the_client_and_a_delay_only_to_the_edge(service):
    engine = service.engine
    decide = engine.decide
    engine.reply = lambda decision, request, **_: Reply(429, (("retry-after", "7"), ("x", "é")), b"body")
    status, fields, body = call(service, b"GET", b"/v1/decide/a", headers=EDGE)
    assert (status, fields["retry-after"], body) == (429, "7", b"body")
    engine.reply = lambda decision, request, **_: None
    engine.decide = lambda request, now: replace(
        decide(request, now), action="delay", enforced=True, directive=Directive(delay_s=0.25)
    )
    assert call(service, b"GET", b"/v1/decide/a", headers=EDGE)[1]["x-envoy-fault-delay-request"] == "250"
    assert "x-envoy-fault-delay-request" not in call(service, b"GET", b"/v1/decide/a")[1]


def test_a_device_cookie_is_named_only_to_the_edge(service):
    decide = service.engine.decide
    service.engine.decide = lambda request, now: replace(
        decide(request, now), directive=Directive(device_cookie="vdt=1")
    )
    assert call(service, b"GET", b"/v1/decide/a", headers=EDGE)[1]["x-vedette-cookie"] == "vdt=1"
    assert "x-vedette-cookie" not in call(service, b"GET", b"/v1/decide/a")[1]


def test_whatever_fails_the_request_passes_degraded(service, capfd):
    service.engine = Broken()
    for _ in range(3):
        status, fields, _ = call(service, b"GET", b"/v1/decide/a", headers=EDGE)
        assert status == 200
        assert fields["vedette-decision"] == 'id="i\\"1", verdict=unknown, action=allow, degraded'
    assert count(service, 'vedette_degraded_total{part="engine"}') == 3
    text = capfd.readouterr()
    assert (text.out + text.err).count("decision.degraded") == 1, "one line in ten seconds"


DRILL = b"/v1/decide/.well-known/vedette-drill"


def test_a_proof_is_answered_and_anything_else_there_is_a_request_like_any_other(service, capfd):
    key = "a key of the operator's"
    asked = drill.ask(key, "h", 1e9, "n" * 22)
    body = msgspec.json.encode(asked)
    before = call(service, b"POST", DRILL, body, EDGE)[:2]
    service.take(replace(CONFIG, drill=Drill(key=Secret("env:KEY", key))))
    decided = len(service.events.kept)
    for method, target, headers in (
        (b"GET", DRILL, EDGE),
        (b"POST", DRILL + b"/", EDGE),
        (b"POST", DRILL, EDGE[:1]),
        (b"POST", DRILL, [(b"host", b"other"), *EDGE[1:]]),
    ):
        assert call(service, method, target, body, headers)[0] == 200
    status, fields, content = call(service, b"POST", DRILL, body, EDGE)
    assert (status, fields["cache-control"]) == (202, "no-store")
    assert drill.bounds_of(key, asked, content) == drill.Bounds()
    assert len(service.events.kept) == decided + 4, "a drill's proof is no request of the API"
    assert before[0] == 200
    assert "asked under other" in "".join(capfd.readouterr())


def test_a_reload_forgets_no_proof_unless_the_key_changes(service):
    key = "a key of the operator's"
    config = replace(CONFIG, drill=Drill(key=Secret("env:KEY", key)))
    body = msgspec.json.encode(drill.ask(key, "h", 1e9, "n" * 22))
    service.take(config)
    assert call(service, b"POST", DRILL, body, EDGE)[0] == 202
    service.take(replace(config, mode="enforce"))
    assert call(service, b"POST", DRILL, body, EDGE)[0] == 200
    service.take(CONFIG)
    assert call(service, b"POST", DRILL, msgspec.json.encode(drill.ask(key, "h", 1e9, "m" * 22)), EDGE)[0] == 200


def test_an_endpoint_that_refuses_without_a_decision_is_left_to_the_edge(service):
    endpoint = Endpoint(name="login", match=parse_match("POST /login"), on_failure="block")
    service.take(replace(CONFIG, endpoints=(endpoint,)))
    service.engine = Broken()
    assert call(service, b"GET", b"/v1/decide/a", headers=EDGE)[0] == 500


def test_an_unwritable_log_costs_no_decision(service):
    service.events.full = True
    status, fields, _ = call(service, b"GET", b"/v1/decide/a", headers=EDGE)
    assert status == 200
    assert "degraded" not in fields["vedette-decision"]


def test_a_degraded_decision_of_the_engine_is_counted(service):
    decide = service.engine.decide
    service.engine.decide = lambda request, now: replace(decide(request, now), directive=Directive(degraded=True))
    assert "degraded" in call(service, b"GET", b"/v1/decide/a", headers=EDGE)[1]["vedette-decision"]
    assert count(service, 'vedette_degraded_total{part="engine"}') == 1


def test_answers_reach_engine_and_log_and_never_raise(service):
    answers = [Answer(timestamp=1.0, id="a", status=200), Answer(timestamp=1.0, id="b", status=503)]
    service.receive_answers(answers)
    assert service.events.kept == answers
    assert count(service, 'vedette_answers_total{status="5xx"}') == 1
    service.engine = Broken()
    service.receive_answers(answers)
    assert len(service.events.kept) == 2


OUTCOME = {"outcome": "conversion", "session.id": "s", "event.id": "e1"}


def report(service, value):
    status, fields, body = call(service, b"POST", b"/v1/outcomes", json.dumps(value).encode())
    return status, fields, json.loads(body)


def test_an_outcome_is_acknowledged_once_it_is_written(service):
    assert report(service, OUTCOME)[::2] == (202, {"stored": 1, "repeated": 0})
    assert report(service, OUTCOME)[::2] == (202, {"stored": 0, "repeated": 1})
    service.events.durable = False
    status, fields, problem = report(service, OUTCOME | {"event.id": "e2"})
    assert (status, fields["retry-after"]) == (503, "5")
    assert "event.id" in problem["detail"]
    assert report(service, OUTCOME)[0] == 503, "a repeated one, too, waits for the first"
    service.events.full = True
    assert report(service, OUTCOME | {"event.id": "e3"})[0] == 503
    assert count(service, 'vedette_outcomes_total{outcome="conversion",result="stored"}') == 2


def test_lists_have_a_largest_length(service):
    assert report(service, [OUTCOME] * (OUTCOMES + 1))[0] == 413
    record = {"timestamp": 1, "http.request.method": "GET", "url.path": "/", "client.address": "a"}
    body = json.dumps([record] * (RECORDS + 1)).encode()
    assert call(service, b"POST", b"/v1/score", body)[0] == 413
    assert service.events.kept == []


def test_a_list_of_records_lets_others_have_their_turn(service):
    record = {"timestamp": 1, "http.request.method": "GET", "url.path": "/", "client.address": "a"}
    body = json.dumps([record] * 100).encode()

    async def both():
        many = asyncio.ensure_future(service.handle(Call(b"POST", b"/v1/score", [], body, len(body))))
        turns = 0
        while not many.done():
            turns += 1
            await asyncio.sleep(0)
        return turns, await many

    turns, answered = asyncio.run(both())
    assert turns >= 5
    assert len(json.loads(answered.partition(b"\r\n\r\n")[2])) == 100


def test_a_configuration_is_taken_or_refused(service):
    body = msgspec.msgpack.encode(replace(CONFIG, mode="enforce"))
    status, _, said = call(service, b"POST", b"/-/reload", body)
    assert (status, json.loads(said)) == (200, {"restart_needed": ["listen"]})
    assert service.engine.config.mode == "enforce"
    assert service.events.retain_s == CONFIG.events.retain_s
    assert service.events.shown[0] == CONFIG.privacy.address
    status, _, said = call(service, b"POST", b"/-/reload", b"bad")
    assert status == 422
    assert json.loads(said)["problems"] == ["a:1: mode: wrong", "a:2: policy: wrong"]
    assert service.engine.config.mode == "enforce"
    assert count(service, 'vedette_reloads_total{result="refused"}') == 1


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        (b"GET", b"/healthz", 200),
        (b"HEAD", b"/readyz?x", 200),
        (b"GET", b"/nothing", 404),
        (b"GET", b"/v1/score", 405),
        (b"POST", b"/v1/score", 400),
        (b"POST", b"/-/reload", 500),
    ],
)
def test_other_calls(service, method, target, status):
    assert call(service, method, target)[0] == status


def test_concentration_is_reported(service):
    for _ in range(120):
        call(service, b"GET", b"/v1/decide/a", headers=EDGE)
    assert count(service, 'vedette_concentration_ratio{of="peer",top="1"}') == 1.0
    assert count(service, 'vedette_concentration_ratio{of="fingerprint",top="8"}') == 1.0
