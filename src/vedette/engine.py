"""The engine: the table of contents of the system.

``decide`` runs collect → detect → mitigate for one request, ``observe`` learns from what came of it. Both are functions
of their arguments and the tables: no clock, no socket, no thread, no randomness. Neither raises and neither waits.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from vedette.collect.endpoints import PURPOSES
from vedette.collect.observation import Collector, Observation
from vedette.config.expressions import Facts, compile_success
from vedette.config.schema import Config
from vedette.detect import feedback
from vedette.detect.features import COUNT, FEATURES, index, show
from vedette.detect.places import KEYS, SIGNALS
from vedette.detect.scorers import MODEL, REASONS, RESULT, judge, prior
from vedette.detect.tables import Tables
from vedette.detect.threats import name_threat
from vedette.mitigate import actions, sessions
from vedette.mitigate.actions import Reply
from vedette.mitigate.cors import CorsMemory
from vedette.mitigate.policy import Keys, Policy, is_preflight
from vedette.types import STOPPING, Answer, Decision, Directive, Outcome, Reason, Request, Verdict

__all__ = ["Engine"]

HUMAN_HIGH = 0.1
BAD_LOW = 0.9
GOOD_CERTAINTY = (0.01, 0.0, 0.02)
BAD_CERTAINTY = (0.99, 0.95, 1.0)
_KEYS = struct.Struct(f"<{len(KEYS)}Q")
_SIGNALS = struct.Struct(f"<{len(SIGNALS)}d")
_ACCOUNTS = index("accounts_per_address")
_WELCOME = index("welcome")
_PURPOSES = {purpose: float(place) for place, purpose in enumerate(PURPOSES)}


class Engine:
    """Decides about requests and learns from answers and outcomes.

    Attributes:
        degraded: How often a part failed and the request was allowed undecided.
        last_error: The exception of the last such failure.
        tables: All state.
    """

    def __init__(self, config: Config, tables: Tables, *, key: bytes, live: bool = True) -> None:
        self.tables = tables
        self.degraded = 0
        self.last_error: Exception | None = None
        self._key = key
        self._live = live
        self._model, self._families = prior()
        self._keys = bytearray(_KEYS.size)
        self._signals = bytearray(_SIGNALS.size)
        self._keys_array = np.frombuffer(self._keys, np.uint64)
        self._signals_array = np.frombuffer(self._signals, np.float64)
        self._features = np.zeros(COUNT, np.float32)
        self._pieces = np.zeros(COUNT, np.float32)
        self._result = np.zeros(RESULT, np.float64)
        self._waiting = np.zeros(8, np.uint64)
        self._cors = CorsMemory()
        self._has_holds = bool(tables.hold.keys.any())
        self.reload(config)

    @classmethod
    def open(
        cls, config: Config, *, key: bytes, directory: Path | None = None, live: bool = True, shrink: int = 0
    ) -> Engine:
        """Open an engine.

        Args:
            config: A validated configuration.
            key: Of the identifier hashes.
            directory: Where the tables are kept so that they outlive the process; ``None``: in memory.
            live: False for recorded traffic: nothing is enforced, held or revoked.
            shrink: As in :meth:`vedette.detect.tables.Tables.open`.
        """
        return cls(config, Tables.open(directory, key=key, shrink=shrink), key=key, live=live)

    def reload(self, config: Config) -> None:
        """Take another configuration into force; the tables stay."""
        policy = Policy.compile(config, live=self._live)
        success = {e.name: compile_success(e.success) for e in config.endpoints if e.success}
        self._collector = Collector(config, self._key)
        self._policy = policy
        self._success = success
        self._wants_headers = "request.header" in policy.names
        self._cookies = tuple(where.name for where in config.identity.session if where.source == "cookie")
        self._routes: list[Any] = [None] * 256
        self.config = config

    def wants_body(self, method: str, host: str, path: str) -> bool:
        """Say whether an account or an operation of this endpoint is read from the body."""
        from vedette.collect.normalize import normal_path

        return self._collector.router.find(method, host, normal_path(path))[0].reads_body

    def decide(self, request: Request, now: float) -> Decision:
        """Decide what to do with one request.

        Never raises and never waits: if a part fails the answer is ``allow``, marked degraded.
        """
        try:
            return self._decide(request, now)
        except Exception as error:
            self.degraded += 1
            self.last_error = error
            return Decision(
                id=request.id,
                timestamp=now,
                verdict="unknown",
                score=0.5,
                low=0.0,
                high=1.0,
                threat=None,
                action="allow",
                enforced=False,
                policy="degraded",
                reasons=(),
                campaign=None,
                model=MODEL,
                directive=Directive(degraded=True),
            )

    def observe(self, event: Answer | Outcome, now: float) -> None:
        """Learn from an answer or outcome. Never raises; what refers to nothing known is ignored."""
        try:
            if isinstance(event, Answer):
                self._answer(event)
            else:
                self._outcome(event, now)
        except Exception as error:
            self.degraded += 1
            self.last_error = error

    def reply(self, decision: Decision, request: Request, *, plausible: bool = False) -> Reply | None:
        """Give the answer for a client whose request is stopped, or ``None`` where it passes.

        ``plausible``: the door can hand out made-up answers (:data:`vedette.mitigate.actions.PLAUSIBLE`).
        """
        return actions.reply(decision, request, cors=self._cors, cookies=self._cookies, plausible=plausible)

    def _decide(self, request: Request, now: float) -> Decision:
        seen = self._collector.observe(request)
        route = seen.route
        self._routes[route.index] = route
        self._collector.router.ask(seen.request, route, seen.item)
        self._pack(seen)
        features, result = self._features, self._result
        judge(
            self.tables.arena,
            self.tables.offsets,
            self._keys_array,
            self._signals_array,
            now,
            self._model,
            self._families,
            features,
            self._pieces,
            result,
        )
        score, low, high, _z, _sd, _strong, *pieces = result.tolist()
        reasons = []
        for rank in range(REASONS):
            place = int(pieces[rank])
            if place < 0:
                break
            feature = FEATURES[place]
            weight, value = pieces[REASONS + rank], pieces[2 * REASONS + rank]
            reasons.append(Reason(feature.name, round(weight, 3), show(feature, value)))
        status = sessions.status(self.tables.hold, seen.client, now) if self._has_holds else "free"
        is_certain = False
        verdict: Verdict
        if status == "good":
            (score, low, high), verdict = GOOD_CERTAINTY, "human"
            reasons.insert(0, Reason("override", -6.0, "an operator's word"))
        elif status in ("bad", "refused") or (seen.trap.is_certain and not features[_WELCOME] > 0.0):
            (score, low, high), verdict, is_certain = BAD_CERTAINTY, "bad_bot", True
            what = {"bad": ("override", "an operator's word"), "refused": ("revoked_session", "session was ended")}
            signal, detail = what.get(status, ("honeypot", f"touched a honeypot {seen.trap.kind}"))
            reasons.insert(0, Reason(signal, 6.0, detail))
        elif seen.partner:
            (score, low, high), verdict = GOOD_CERTAINTY, "good_bot"
            reasons.insert(0, Reason("partner", -6.0, f"key of partner {seen.partner}"))
        elif low >= BAD_LOW:
            verdict = "bad_bot"
        elif high <= HUMAN_HIGH:
            verdict = "human"
        else:
            verdict = "unknown"
        signals = [reason.signal for reason in reasons]
        threat = name_threat(score, route.purpose, seen.path, signals, float(features[_ACCOUNTS]))
        keys = Keys(seen.address_hash, seen.session, seen.account, seen.api_key, seen.known.fingerprint, 0)
        needs_headers = self._wants_headers or request.method == "OPTIONS"
        facts = Facts(
            score=score,
            low=low,
            high=high,
            reasons=tuple(signals),
            verdict=verdict,
            threat=threat or "",
            endpoint_name=route.name,
            endpoint_purpose=route.purpose,
            method=request.method,
            path=seen.path,
            host=seen.host,
            headers=_lower(request) if needs_headers else None,
            session=seen.session_text,
            device=seen.device_text,
            api_key=seen.api_key_text,
            partner=seen.partner,
            address_kind=seen.address.kind,
        )
        choice = self._policy.choose(
            facts,
            keys,
            self.tables.limit,
            now,
            endpoint_mode=route.mode,
            status=status,
            is_certain=is_certain,
            trap=seen.trap.kind,
        )
        if request.method == "OPTIONS" and is_preflight(facts):
            self._cors.ask(seen.host, dict(facts.headers or ()).get("origin", ""), now)
        if choice.enforced and choice.action in STOPPING:
            self._stop(seen, choice.action, choice.directive, now)
        elif seen.session and (high <= HUMAN_HIGH or features[_WELCOME] > 0.0) and score < 0.5:
            feedback.humanise(self.tables.arena, self.tables.offsets, np.uint64(seen.address_hash), now)
        return Decision(
            id=request.id,
            timestamp=request.timestamp,
            verdict=verdict,
            score=score,
            low=low,
            high=high,
            threat=threat,
            action=choice.action,
            enforced=choice.enforced,
            policy=choice.rule,
            reasons=tuple(reasons[:5]),
            campaign=None,
            model=MODEL,
            directive=choice.directive,
            features=features.tobytes(),
            endpoint=route.name,
            purpose=route.purpose,
            client=seen.client,
            address=seen.address_hash,
            session=seen.session,
            account=seen.account,
            fingerprint=seen.known.fingerprint,
        )

    def _pack(self, seen: Observation) -> None:
        known, route = seen.known, seen.route
        facts = known.facts
        _KEYS.pack_into(
            self._keys,
            0,
            seen.client,
            seen.address_hash,
            seen.network,
            seen.account,
            known.fingerprint,
            known.agent,
            known.order,
            known.tls,
            seen.item,
            seen.request,
        )
        _SIGNALS.pack_into(
            self._signals,
            0,
            route.index,
            _PURPOSES[route.purpose],
            known.family,
            1.0 if seen.session or seen.api_key else 0.0,
            1.0 if route.purpose == "login" else 0.0,
            1.0 if route.purpose == "static" else 0.0,
            seen.item_number,
            seen.trap.weight,
            facts.client_class,
            facts.attack_tool,
            facts.agent_absent,
            facts.headers_missing,
            facts.hints_conflict,
            facts.tls_conflict,
            facts.protocol_downgrade,
            facts.browser_whole,
            seen.probe,
        )

    def _stop(self, seen: Observation, action: str, directive: Directive, now: float) -> None:
        """Remember a stop: its answer is Vedette's own; a block is held, or ends the session."""
        tables = self.tables
        feedback.stopped(tables.arena, tables.offsets, np.uint64(seen.request))
        if action == "rate_limit":
            feedback.retry(tables.arena, tables.offsets, np.uint64(seen.client), now + directive.retry_after_s)
        elif action == "block":
            self._has_holds = True
            if seen.session and directive.end_session:
                sessions.refuse(tables.hold, seen.session, now)
            elif seen.session or not feedback.is_shared(
                tables.arena, tables.offsets, np.uint64(seen.address_hash), now
            ):
                sessions.hold(tables.hold, seen.client, now)

    def _answer(self, event: Answer) -> None:
        if event.headers:
            self._cors.learn(event)
        tables, status = self.tables, event.status
        request = np.uint64(self._collector.hash("request", event.id))
        is_good = 200 <= status < 300
        if self._success and feedback.waiting(tables.arena, tables.offsets, request, self._waiting):
            asked = self._routes[int(self._waiting[0])]
            endpoint = asked.endpoint if asked is not None else None
            success = self._success.get(endpoint.name) if endpoint is not None else None
            is_good = success.evaluate(event) if success is not None else is_good
        login = feedback.LOGIN_SUCCEEDED if is_good else feedback.LOGIN_FAILED
        if not is_good and (status >= 500 or status == 429):
            login = feedback.LOGIN_NONE
        retry_at = 0.0
        if status == 429:
            wait = next((value for name, value in event.headers if name == "retry-after"), "")
            retry_at = event.timestamp + min(float(wait), 86_400.0) if wait.isdecimal() else 0.0
        ended = event.timestamp if event.duration >= 0.0 else 0.0
        index = feedback.answer(tables.arena, tables.offsets, request, status, login, ended, retry_at)
        if index >= 0:
            self._collector.router.answer(int(request), status)

    def _outcome(self, event: Outcome, now: float) -> None:
        tables, out, hash_of = self.tables, self._waiting, self._collector.hash
        client = request = np.uint64(0)
        if event.session_id:
            client = np.uint64(hash_of("session", event.session_id))
        elif event.request_id:
            request = np.uint64(hash_of("request", event.request_id))
            if feedback.waiting(tables.arena, tables.offsets, request, out):
                client = out[4]
        if client == 0:
            return
        name = event.outcome
        self._has_holds = True
        if name in ("label_good", "false_positive"):
            sessions.release(tables.hold, int(client))
            feedback.taint(tables.arena, tables.offsets, client, -1e6)
            if name == "label_good":
                sessions.override(tables.hold, int(client), "good", now)
        elif name == "label_bad":
            sessions.override(tables.hold, int(client), "bad", now)
        elif name in ("conversion", "signup_completed", "challenge_passed"):
            feedback.welcome(tables.arena, tables.offsets, client, 1)
        elif name in ("chargeback", "abuse_report"):
            feedback.welcome(tables.arena, tables.offsets, client, 0)
            feedback.taint(tables.arena, tables.offsets, client, 0.5)
        elif name == "payment_declined":
            feedback.decline(tables.arena, tables.offsets, client)
        elif name in ("login_succeeded", "login_failed") and request and not out[2]:
            feedback.login(tables.arena, tables.offsets, request, name == "login_failed")


def _lower(request: Request) -> tuple[tuple[str, str], ...] | None:
    if request.headers is None:
        return None
    return tuple((name.lower(), value) for name, value in request.headers[:128])
