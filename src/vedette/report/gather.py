"""Adds up decisions for a page, in fixed memory however long the log is."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, field

from vedette.types import STOPPING, Decision, Request

__all__ = ["VERDICTS", "Client", "EndpointSum", "Gathered"]

VERDICTS = ("human", "good_bot", "unknown", "bad_bot")
MOST_BUCKETS = 1440
MOST_CLIENTS = 8192
MOST_ENDPOINTS = 1024
SCORE_BINS = 20
OTHERS = "(others)"


class Bucket(Struct):
    """One span of time: requests by verdict (in the order of :data:`VERDICTS`), and how many would be stopped."""

    verdicts: list[int] = field(default_factory=lambda: [0] * len(VERDICTS))
    stopped: int = 0


class EndpointSum(Struct):
    """One endpoint: its purpose, requests, and how many would be stopped or look malicious."""

    purpose: str
    requests: int = 0
    stopped: int = 0
    bad: int = 0
    threats: Counter[str] = field(default_factory=Counter)


class Client(Struct):
    """One client: where it first appeared, what it did, and the strongest evidence seen."""

    first_id: str
    requests: int = 0
    stopped: int = 0
    score: float = 0.0
    low: float = 0.0
    threat: str = ""
    reasons: tuple[str, ...] = ()
    agent: str = ""


class ScoreBin(Struct):
    """Requests whose score fell into one twentieth, with the sum of their bounds."""

    requests: int = 0
    low: float = 0.0
    high: float = 0.0


class Gathered:
    """What a page needs to know. ``step_s`` is the width of a bucket, doubled whenever there are too many."""

    def __init__(self) -> None:
        self.step_s = 1.0
        self.buckets: dict[int, Bucket] = {}
        self.endpoints: dict[str, EndpointSum] = {}
        self.clients: dict[int, Client] = {}
        self.rules: Counter[tuple[str, str]] = Counter()
        self.threats: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.scores = [ScoreBin() for _ in range(SCORE_BINS)]
        self.requests = self.stopped = 0
        self.model = ""

    def add(self, request: Request, decision: Decision) -> None:
        """Take in one decision."""
        is_stopped = decision.action in STOPPING
        self.requests += 1
        self.stopped += is_stopped
        self.model = decision.model
        self.verdicts[decision.verdict] += 1
        self.rules[decision.policy, decision.action] += 1
        if decision.threat:
            self.threats[decision.threat] += 1
        self._time(request.timestamp, decision.verdict, is_stopped)
        self._endpoint(decision, is_stopped)
        self._client(request, decision, is_stopped)
        scored = self.scores[min(SCORE_BINS - 1, int(decision.score * SCORE_BINS))]
        scored.requests += 1
        scored.low += decision.low
        scored.high += decision.high

    def _time(self, timestamp: float, verdict: str, is_stopped: bool) -> None:
        number = int(timestamp // self.step_s)
        bucket = self.buckets.get(number)
        if bucket is None:
            bucket = self.buckets[number] = Bucket()
            if len(self.buckets) > MOST_BUCKETS:
                self._coarsen()
                bucket = self.buckets.setdefault(int(timestamp // self.step_s), Bucket())
        bucket.verdicts[VERDICTS.index(verdict)] += 1
        bucket.stopped += is_stopped

    def _coarsen(self) -> None:
        while len(self.buckets) > MOST_BUCKETS // 2:
            self.step_s *= 2
            merged: dict[int, Bucket] = {}
            for number, bucket in self.buckets.items():
                into = merged.setdefault(number // 2, Bucket())
                into.verdicts = [a + b for a, b in zip(into.verdicts, bucket.verdicts, strict=True)]
                into.stopped += bucket.stopped
            self.buckets = merged

    def _endpoint(self, decision: Decision, is_stopped: bool) -> None:
        name = decision.endpoint
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            if len(self.endpoints) >= MOST_ENDPOINTS:
                name = OTHERS
            endpoint = self.endpoints.setdefault(name, EndpointSum(decision.purpose if name != OTHERS else ""))
        endpoint.requests += 1
        endpoint.stopped += is_stopped
        endpoint.bad += decision.verdict == "bad_bot"
        if decision.threat:
            endpoint.threats[decision.threat] += 1

    def _client(self, request: Request, decision: Decision, is_stopped: bool) -> None:
        client = self.clients.get(decision.client)
        if client is None:
            if len(self.clients) >= MOST_CLIENTS:
                self._forget()
            agent = request.user_agent or next(
                (value for name, value in request.headers or () if name.lower() == "user-agent"), ""
            )
            client = self.clients[decision.client] = Client(request.id[:64], agent=agent[:120])
        client.requests += 1
        client.stopped += is_stopped
        if decision.score >= client.score:
            client.score, client.low = decision.score, decision.low
            client.threat = decision.threat or client.threat
            client.reasons = tuple(reason.detail for reason in decision.reasons if reason.weight > 0)[:3]

    def _forget(self) -> None:
        """Keep the half of the clients that matters more: stopped ones, then suspicious ones, then busy ones."""
        ranked = sorted(self.clients.items(), key=lambda pair: (pair[1].stopped, pair[1].score, pair[1].requests))
        self.clients = dict(ranked[len(ranked) // 2 :])
