"""The engine: the table of contents of the system.

``decide`` runs collect → detect → mitigate for one request, ``observe`` learns from what came of it. Both are functions
of their arguments and the tables: no clock, no socket, no thread, no randomness. Neither raises and neither waits.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from vedette.collect.observation import Collector, Observation, together
from vedette.config.expressions import Facts, compile_success
from vedette.config.schema import Config
from vedette.detect import feedback
from vedette.detect.certainties import HUMAN_HIGH, settle
from vedette.detect.features import COUNT, FEATURES, index, show
from vedette.detect.packing import Packing
from vedette.detect.scorers import MODEL, REASONS, RESULT, judge, prior
from vedette.detect.tables import Tables
from vedette.detect.threats import name_threat
from vedette.mitigate import actions, sessions
from vedette.mitigate.actions import Reply
from vedette.mitigate.cors import CorsMemory
from vedette.mitigate.policy import Keys, Policy, is_preflight
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.gathered import Gathered
from vedette.types import STOPPING, Answer, Decision, Directive, Outcome, Reason, Request

__all__ = ["Engine"]

_ACCOUNTS = index("accounts_per_address")
_WELCOME = index("welcome")
INQUIRIES = 64
BLAME_CERTAIN = 1.0
BLAME_LIKELY = 0.5
"""What a client adds to the history of its network when it is certain, or nearly certain, to be a bot."""


class Engine:
    """Decides about requests and learns from answers and outcomes.

    Attributes:
        degraded: How often a part failed and the request was allowed undecided.
        last_error: The exception of the last such failure.
        tables: All state.
        inquiries: Questions that only ``vedette.gather`` can answer; whoever runs the engine takes them out.
    """

    def __init__(
        self, config: Config, tables: Tables, *, key: bytes, live: bool = True, gathered: Gathered | None = None
    ) -> None:
        self.tables = tables
        self.inquiries: deque[Inquiry] = deque(maxlen=INQUIRIES)
        self._gathered = gathered or Gathered.shipped()
        self.degraded = 0
        self.last_error: Exception | None = None
        self._key = key
        self._live = live
        self._model, self._families = prior()
        self._packing = Packing()
        self._features = np.zeros(COUNT, np.float32)
        self._pieces = np.zeros(COUNT, np.float32)
        self._result = np.zeros(RESULT, np.float64)
        self._waiting = np.zeros(8, np.uint64)
        self._cors = CorsMemory()
        self._has_holds = bool(tables.hold.keys.any())
        self.reload(config)

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        key: bytes,
        directory: Path | None = None,
        live: bool = True,
        shrink: int = 0,
        gathered: Gathered | None = None,
    ) -> Engine:
        """Open an engine.

        Args:
            config: A validated configuration.
            key: Of the identifier hashes.
            directory: Where the tables are kept so that they outlive the process; ``None``: in memory.
            live: False for recorded traffic: nothing is enforced, held or revoked.
            shrink: As in :meth:`vedette.detect.tables.Tables.open`.
            gathered: Networks, answers of DNS and keys; ``None``: what ships.
        """
        tables = Tables.open(directory, key=key, shrink=shrink)
        return cls(config, tables, key=key, live=live, gathered=gathered)

    def reload(self, config: Config) -> None:
        """Take another configuration into force; the tables stay."""
        policy = Policy.compile(config, live=self._live)
        success = {e.name: compile_success(e.success) for e in config.endpoints if e.success}
        collector = Collector(config, self._key, self._gathered)
        earlier: Collector | None = getattr(self, "_collector", None)
        if earlier is not None:
            with suppress(ValueError):  # an operator's word is in force, whatever clients had it learn
                collector.router.restore(earlier.router.state())
        self._collector = collector
        self._policy = policy
        self._success = success
        self._wants_headers = "request.header" in policy.names
        self._purposes: frozenset[str] = frozenset(config.good_bots.purposes)
        self._unknown = {e.name: compile_success(e.unknown) for e in config.endpoints if e.unknown}
        self._cookies = tuple(where.name for where in config.identity.session if where.source == "cookie")
        self._routes: list[Any] = [None] * 256
        self.config = config

    def state(self) -> bytes:
        """Give what was learned of endpoints, which is not in the tables; :meth:`restore` takes it."""
        return self._collector.router.state()

    def restore(self, state: bytes) -> None:
        """Take over what another engine had learned of endpoints. Raises ``ValueError`` where it cannot be used."""
        self._collector.router.restore(state)

    def take(self, gathered: Gathered) -> None:
        """Take over what has been gathered anew: networks, answers of DNS, keys."""
        self._gathered = gathered
        self._collector.take(gathered)

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

    def spend_once(self, text: str, now: float, until: float) -> bool:
        """Use up what may be used once; False where it was used before and is to be remembered still."""
        key = np.uint64(self._collector.hash("once", text))
        return bool(feedback.spend(self.tables.arena, self.tables.offsets, key, float(now), float(until)))

    def reply(self, decision: Decision, request: Request, *, plausible: bool = False) -> Reply | None:
        """Give the answer for a client whose request is stopped, or ``None`` where it passes.

        ``plausible``: the door can hand out made-up answers (:data:`vedette.mitigate.actions.PLAUSIBLE`).
        """
        return actions.reply(decision, request, cors=self._cors, cookies=self._cookies, plausible=plausible)

    def _decide(self, request: Request, now: float) -> Decision:
        seen = self._collector.observe(request, now)
        route, place = seen.route, seen.place
        self._routes[route.index] = route
        self._collector.router.ask(seen.request, route, seen.item)
        self._packing.pack(seen, now)
        features, result = self._features, self._result
        judge(
            self.tables.arena,
            self.tables.offsets,
            self._packing.keys,
            self._packing.signals,
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
            position = int(pieces[rank])
            if position < 0:
                break
            feature = FEATURES[position]
            weight, value = pieces[REASONS + rank], pieces[2 * REASONS + rank]
            reasons.append(Reason(feature.name, round(weight, 3), show(feature, value)))
        status = self._status(seen, now) if self._has_holds else "free"
        is_replayed = bool(seen.token.once or seen.signed.once) and self._is_replayed(seen, now)
        settled = settle(seen, features, status, low, high, is_replayed=is_replayed, purposes=self._purposes)
        verdict = settled.verdict
        if settled.certainty is not None:
            score, low, high = settled.certainty
        if settled.reason is not None:
            reasons.insert(0, settled.reason)
        signals = [reason.signal for reason in reasons]
        threat = name_threat(score, route.purpose, seen.path, signals, float(features[_ACCOUNTS]))
        agent = self._collector.hash("agent", settled.agent) if settled.agent else 0
        keys = Keys(place.hash, seen.session, seen.account, seen.api_key, seen.known.fingerprint, agent)
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
            agent=settled.agent,
            country=place.facts.country,
            asn=place.facts.asn,
            address_kind=place.kind,
        )
        choice = self._policy.choose(
            facts,
            keys,
            self.tables.limit,
            now,
            endpoint_mode=route.mode,
            status=status,
            is_certain=settled.is_bad,
            trap=seen.trap.kind,
        )
        if request.method == "OPTIONS" and is_preflight(facts):
            self._cors.ask(seen.host, dict(facts.headers or ()).get("origin", ""), now)
        if verdict == "bad_bot" and seen.place.network and status in ("free", "bad"):
            amount = BLAME_CERTAIN if settled.is_bad else BLAME_LIKELY
            feedback.blame(
                self.tables.arena, self.tables.offsets, np.uint64(seen.client), np.uint64(seen.place.network), amount
            )
        if self._live and (seen.claim.ask or seen.signed.ask or seen.token.ask):
            self._ask(seen)
        directive = choice.directive
        if choice.enforced and choice.action in STOPPING:
            self._stop(seen, choice.action, directive, now)
        elif seen.session and (high <= HUMAN_HIGH or features[_WELCOME] > 0.0) and score < 0.5:
            feedback.humanise(self.tables.arena, self.tables.offsets, np.uint64(place.hash), now)
        devices = self._collector.devices
        if devices is not None and self._live and devices.wants(seen.device, request.method, route.purpose):
            cookie = devices.issue(request.id, now, client=seen.client, is_secure=request.scheme == "https")
            directive = structs.replace(directive, device_cookie=cookie) if cookie else directive
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
            directive=directive,
            features=features.tobytes(),
            endpoint=route.name,
            purpose=route.purpose,
            client=seen.client,
            address=place.hash,
            session=seen.session,
            account=seen.account,
            fingerprint=seen.known.fingerprint,
        )

    def _status(self, seen: Observation, now: float) -> sessions.Status:
        """Tell what is in force for the client; of an API key, too, for the address and program that use it now."""
        status = sessions.status(self.tables.hold, seen.client, now)
        if status == "free" and seen.holder != seen.client:
            is_held = sessions.status(self.tables.hold, seen.holder, now) == "held"
            return "held" if is_held else status
        return status

    def _is_replayed(self, seen: Observation, now: float) -> bool:
        """Use up what may be used once: the nonce of a valid token, and that of a verified signature."""
        is_replayed = False
        for proof in (seen.token, seen.signed):
            if proof.once and not self.spend_once(proof.once, now, proof.until):
                is_replayed = True
        return is_replayed

    def _ask(self, seen: Observation) -> None:
        """Leave questions that only the network can answer to whoever may wait for them."""
        if seen.claim.ask:
            self.inquiries.append(Inquiry("dns", seen.place.text, seen.claim.name))
        if seen.signed.ask:
            self.inquiries.append(Inquiry("directory", seen.signed.ask, seen.signed.name))
        if seen.token.ask:
            self.inquiries.append(Inquiry("jwks", seen.token.ask, seen.token.name))

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
            elif seen.session or not feedback.is_shared(tables.arena, tables.offsets, np.uint64(seen.place.hash), now):
                sessions.hold(tables.hold, seen.holder, now)

    def _answer(self, event: Answer) -> None:
        if event.headers:
            self._cors.learn(event)
        tables, status = self.tables, event.status
        request = np.uint64(self._collector.hash("request", event.id))
        is_good, is_unknown = 200 <= status < 300, status in (404, 410)
        has_rules = self._success or self._unknown
        if has_rules and feedback.waiting(tables.arena, tables.offsets, request, self._waiting):
            asked = self._routes[int(self._waiting[0])]
            name = asked.endpoint.name if asked is not None and asked.endpoint is not None else ""
            if (success := self._success.get(name)) is not None:
                is_good = success.evaluate(event)
            if (unknown := self._unknown.get(name)) is not None:
                is_unknown = unknown.evaluate(event)
        login = feedback.LOGIN_SUCCEEDED if is_good else feedback.LOGIN_FAILED
        if is_unknown and not is_good:
            login = feedback.LOGIN_UNKNOWN
        if not is_good and (status >= 500 or status == 429):
            login = feedback.LOGIN_NONE
        retry_at = 0.0
        if status == 429:
            wait = next((value for name, value in event.headers if name == "retry-after"), "")
            retry_at = event.timestamp + min(float(wait), 86_400.0) if wait.isdecimal() else 0.0
        ended = event.timestamp if event.duration >= 0.0 else 0.0
        index = feedback.answer(
            tables.arena,
            tables.offsets,
            request,
            status,
            login,
            ended,
            retry_at,
            float(event.duration),
            int(event.body_size),
        )
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
            holder = together(int(out[6]), int(out[7])) if request else 0
            if sessions.status(tables.hold, holder, now) == "held":
                sessions.release(tables.hold, holder)
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
