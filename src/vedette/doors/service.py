"""What the engine process answers: contract section 4, and what edge and supervisor say to it.

Each call is handed over complete and gets the bytes of its answer at once; only outcomes, which must be on disk first,
and long lists of records are answered later. Whatever fails inside, the edge is told to let the request pass, marked
``degraded``: a counter moves and at most one log line in ten seconds says why.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from vedette.collect.normalize import TrustedProxies, read_headers
from vedette.doors import drill
from vedette.doors.connection import Call, answer, problem
from vedette.doors.forwarded import PREFIX, read_question
from vedette.doors.records import BadRecord, decision_record, outcomes_of, requests_of
from vedette.errors import ConfigError
from vedette.mitigate.actions import COOKIE_HEADER, DELAY_HEADER, upstream_headers
from vedette.telemetry import Concentration, Limited, Metrics, logger, status_class
from vedette.types import Answer, Decision, Outcome, Request

if TYPE_CHECKING:
    from vedette.config.schema import Config
    from vedette.doors.gathering import Asking, Watch
    from vedette.engine import Engine
    from vedette.events.log import EventLog

__all__ = ["Service"]

RECORDS = 1000
"""Records that one call of ``/v1/score`` may carry."""
TURN = 20
"""Records that are decided before others get their turn."""
OUTCOMES = 10_000
DURABLE_S = 5.0
"""How long an outcome may wait for the disk before its sender is told to try again."""
EDGE_ONLY = (COOKIE_HEADER, DELAY_HEADER)
"""Only the embedded edge knows how to wait, and when a cookie may be set."""


def new_id() -> str:
    """Make a request id where the door has none."""
    return str(uuid.uuid4())


class Service:
    """The calls of one engine process.

    Args:
        reload: Reads the configuration (or the one in the body) and returns it with the keys that need a restart.
        asking: Sends the engine's questions to the gatherer; without it nobody is asked.
        watch: Looks for what was gathered.
    """

    def __init__(
        self,
        engine: Engine,
        events: EventLog,
        metrics: Metrics,
        *,
        reload: Callable[[bytes], tuple[Config, tuple[str, ...]]],
        asking: Asking | None = None,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.engine = engine
        self.events = events
        self.metrics = metrics
        self.limited = Limited(time.monotonic)
        self.peers = Concentration()
        self.fingerprints = Concentration()
        self.refuses_without_decision = False
        self._consent: drill.Consent | None = None
        self._drill_key = ""
        self._reload = reload
        self._asking = asking
        self._watch = watch
        self._clock = clock
        self._disk = ThreadPoolExecutor(4, thread_name_prefix="vedette-durable")
        self._decisions = metrics.children["vedette_decisions_total"]
        self._seconds = metrics.children["vedette_decision_seconds"][()]
        self._calls: dict[tuple[bytes, bytes], Callable[[Call], bytes | Awaitable[bytes]]] = {
            (b"POST", b"/v1/score"): self._score,
            (b"POST", b"/v1/outcomes"): self._outcomes,
            (b"GET", b"/healthz"): self._alive,
            (b"GET", b"/readyz"): self._alive,
            (b"GET", b"/metrics"): self._metrics,
            (b"POST", b"/-/reload"): self._reconfigure,
        }
        self._paths = {path for _, path in self._calls}

    def handle(self, call: Call) -> bytes | Awaitable[bytes]:
        """Answer one call. Never raises."""
        if call.target.startswith(PREFIX):
            return self.decide(call)
        path = call.target.partition(b"?")[0]
        method = b"GET" if call.method == b"HEAD" else call.method
        known = self._calls.get((method, path))
        try:
            if known is not None:
                return known(call)
            self.metrics.count("vedette_refused_total", "unknown")
            if path in self._paths:
                return problem(405, "this call takes another method")
            return problem(404, "there is no such call")
        except BadRecord as bad:
            return _bad(bad)
        except Exception as error:
            return self._failed("call.failed", error)

    # -- the hot path

    def decide(self, call: Call) -> bytes:
        """Answer whether a request may pass: 200 with headers to add, or the answer for the client."""
        request = None
        try:
            now = self._clock()
            request, from_edge = read_question(call, now, new_id)
            if self._consent is not None and (granted := self._granted(request, from_edge)):
                return granted
            started = time.perf_counter()
            decision = self.engine.decide(request, now)
            reply = self.engine.reply(decision, request, plausible=from_edge)
            self._seconds.observe(time.perf_counter() - started)
            if reply is None:
                lines = [
                    f"{name}: {value}\r\n"
                    for name, value in upstream_headers(decision)
                    if from_edge or name not in EDGE_ONLY
                ]
                answered = b"HTTP/1.1 200 OK\r\n%scontent-length: 0\r\n\r\n" % "".join(lines).encode(
                    "latin-1", "replace"
                )
            else:
                lines = [f"{name}: {value}\r\n" for name, value in reply.headers]
                answered = b"HTTP/1.1 %d -\r\n%scontent-length: %d\r\n\r\n%b" % (
                    reply.status,
                    "".join(lines).encode("latin-1", "replace"),
                    len(reply.body),
                    reply.body,
                )
        except Exception as error:
            return self._degraded("door" if request is None else "engine", request, error)
        self._record(decision, request)
        return answered

    def _granted(self, request: Request, from_edge: bool) -> bytes:
        """Return the answer to a proof that a drill is wanted here, or nothing: then it is a request like any other.

        The edge takes 200 for "let it pass"; any other status it hands to the client, and 202 says what is meant.
        """
        if self._consent is None or request.path != drill.PATH or request.method != "POST" or not from_edge:
            return b""
        try:
            body = self._consent.grant(request.body, request.host, request.timestamp)
        except drill.Refused as refused:
            if (kept_back := self.limited.allow("drill.refused")) is not None:
                logger().warning("drill.refused", reason=str(refused), kept_back=kept_back)
            return b""
        logger().info("drill.granted", host=request.host[:255])
        return answer(202, b"cache-control: no-store\r\n", body)

    def _record(self, decision: Decision, request: Request) -> None:
        """Count and log a decision that has been answered; what fails here costs the record, not the request."""
        try:
            mode = "enforce" if decision.enforced else "monitor"
            self._decisions[(decision.action, mode, decision.purpose)].inc()
            if decision.directive.degraded:
                self.metrics.count("vedette_degraded_total", "engine")
                self._say("decision.degraded", self.engine.last_error or RuntimeError("unknown"), part="engine")
            self.peers.add(request.client_address)
            if request.ja4:
                self.fingerprints.add(request.ja4)
            if self.engine.inquiries and self._asking is not None:
                self._asking.send(self.engine.inquiries)
            self.events.append_decision(decision, request)
        except Exception as error:
            self._say("decision.unrecorded", error)

    def _degraded(self, part: str, request: Request | None, error: Exception) -> bytes:
        """Let a request pass without a decision, or leave it to the edge where an endpoint refuses such requests."""
        self.metrics.count("vedette_degraded_total", part)
        self._say("decision.degraded", error, part=part)
        if self.refuses_without_decision:
            return problem(500, "no decision could be had")
        known = request.id if request is not None and request.id.isascii() and request.id.isprintable() else new_id()
        identifier = known.replace("\\", "\\\\").replace('"', '\\"')
        line = f'vedette-decision: id="{identifier}", verdict=unknown, action=allow, degraded\r\n'
        return answer(200, line.encode("ascii"))

    # -- what comes back

    def receive_answers(self, answers: Iterable[Answer]) -> None:
        """Take answers of the API that the edge reports: the engine learns from them, the event log keeps them."""
        now = self._clock()
        for reported in answers:
            try:
                self.engine.observe(reported, now)
                self.events.append_answer(reported)
                self.metrics.count("vedette_answers_total", status_class(reported.status))
            except Exception as error:
                self._say("answer.lost", error)

    async def _outcomes(self, call: Call) -> bytes:
        try:
            outcomes = outcomes_of(call.body, self._clock())
            if len(outcomes) > OUTCOMES:
                return problem(413, f"at most {OUTCOMES} outcomes in one call; found {len(outcomes)}")
            return await self._keep(outcomes)
        except BadRecord as bad:
            return _bad(bad)
        except Exception as error:
            return self._failed("outcome.failed", error)

    async def _keep(self, outcomes: list[Outcome]) -> bytes:
        """Store outcomes durably, then tell the engine; a repeated ``event.id`` is acknowledged and nothing more."""
        fresh: list[Outcome] = []
        last = dropped = 0
        for outcome in outcomes:
            sequence = self.events.append_outcome(outcome)
            dropped += sequence < 0
            if sequence > 0:
                fresh.append(outcome)
                last = max(last, sequence)
            result = "repeated" if sequence == 0 else "stored"
            if sequence >= 0:
                self.metrics.count("vedette_outcomes_total", outcome.outcome, result)
        # A repeated report is acknowledged only once the first one is on disk, too.
        last = last or (self.events.accepted if len(outcomes) > dropped else 0)
        loop = asyncio.get_running_loop()
        durable = await loop.run_in_executor(self._disk, self.events.wait, last, DURABLE_S) if last else True
        now = self._clock()
        for number, outcome in enumerate(fresh):
            try:
                self.engine.observe(outcome, now)
            except Exception as error:
                self._say("outcome.unlearned", error)
            if number % 100 == 99:
                await asyncio.sleep(0)
        if dropped or not durable:
            detail = "the event log cannot be written now; send this again, with event.id so that none counts twice"
            return problem(503, detail, headers=b"retry-after: 5\r\n")
        body = {"stored": len(fresh), "repeated": len(outcomes) - len(fresh)}
        return answer(202, body=msgspec.json.encode(body))

    async def _score(self, call: Call) -> bytes:
        try:
            requests, many = requests_of(call.body, new_id)
            if len(requests) > RECORDS:
                return problem(413, f"at most {RECORDS} records in one call; found {len(requests)}")
            decisions = []
            for number, request in enumerate(requests):
                decision = self.engine.decide(request, self._clock())
                self._record(decision, request)
                decisions.append(decision_record(decision))
                if number % TURN == TURN - 1:
                    await asyncio.sleep(0)
            return answer(200, body=msgspec.json.encode(decisions if many else decisions[0]))
        except BadRecord as bad:
            return _bad(bad)
        except Exception as error:
            return self._failed("score.failed", error)

    # -- what was gathered

    async def gather(self) -> None:
        """Take over what has been gathered since the last look. Never raises."""
        if self._watch is None:
            return
        try:
            gathered, warnings = await asyncio.to_thread(self._watch.look, self._clock())
            for warning in warnings:
                self.metrics.count("vedette_gathered_total", "damaged")
                logger().warning("gathered.unused", reason=warning)
            if gathered is not None:
                self.engine.take(gathered)
                self.metrics.count("vedette_gathered_total", "taken")
        except Exception as error:
            self._say("gathered.unread", error)

    # -- about the process

    def _alive(self, _call: Call) -> bytes:
        return answer(200, b"cache-control: no-store\r\n", b"ok\n", b"text/plain; charset=utf-8")

    def _metrics(self, _call: Call) -> bytes:
        for kind, counter in (("peer", self.peers), ("fingerprint", self.fingerprints)):
            for top in (1, 8):
                self.metrics.set("vedette_concentration_ratio", counter.share(top), kind, str(top))
        if self._asking is not None:
            for result, count in (("sent", self._asking.sent), ("lost", self._asking.lost)):
                self.metrics.advance("vedette_inquiries_sent_total", count, result)
        for reason, dropped in self.events.dropped.items():
            self.metrics.advance("vedette_events_dropped_total", dropped, reason)
        return answer(200, body=self.metrics.render(), kind=b"text/plain; version=0.0.4; charset=utf-8")

    def _reconfigure(self, call: Call) -> bytes:
        try:
            config, restart_needed = self._reload(call.body)
            self.take(config)
        except ConfigError as error:
            self.metrics.count("vedette_reloads_total", "refused")
            body = {"title": "Unprocessable Entity", "status": 422, "detail": str(error), "problems": error.problems}
            return answer(422, body=msgspec.json.encode(body), kind=b"application/problem+json")
        self.metrics.count("vedette_reloads_total", "applied")
        return answer(200, body=msgspec.json.encode({"restart_needed": restart_needed}))

    def take(self, config: Config) -> None:
        """Put a configuration into force."""
        self.engine.reload(config)
        if self._watch is not None:
            self._watch.take(config)
        self.refuses_without_decision = any(endpoint.on_failure == "block" for endpoint in config.endpoints)
        key = config.drill.key.value if config.drill is not None else ""
        if key != self._drill_key:  # the same key goes on remembering which proofs were used
            self._drill_key = key
            self._consent = drill.Consent(key) if key else None
        self.events.retain_s = config.events.retain_s
        proxies = TrustedProxies(config.trusted_proxies, config.forwarded.address)
        self.events.show_addresses(
            config.privacy.address, lambda request: proxies.client_of(request, read_headers(request.headers)[1])
        )

    def refused(self, reason: str) -> None:
        """Count a call that a connection refused."""
        self.metrics.count("vedette_refused_total", reason)

    def _failed(self, event: str, error: Exception) -> bytes:
        self._say(event, error)
        return problem(500, "the call failed inside; the log says why")

    def _say(self, event: str, error: Exception, **known: Any) -> None:
        kept_back = self.limited.allow(event)
        if kept_back is not None:
            logger().error(event, error=f"{type(error).__name__}: {error}"[:500], kept_back=kept_back, **known)


def _bad(bad: BadRecord) -> bytes:
    return problem(bad.status, str(bad), field=bad.field)
