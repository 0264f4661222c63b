"""Which action a request gets, under which name, and whether it is carried out.

The order is fixed (contract, section 3): an operator's ``good``, a refused session, a bad certainty, a hold, the limits
of partners, verified agents and ``rate_limits``, then the rules. The first rule that matches chooses, also where its
own mode is ``monitor``. A rule whose action is ``rate_limit`` takes one request from its bucket: only a request that
finds it empty gets ``rate_limit``; one within the limit gets ``allow`` under that rule's name, with its advice. Buckets
are drawn from in monitor mode too, so that what is recorded is what enforcing would have done.

No rule stops a preflight: a browser would not even tell the page why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from vedette.collect.endpoints import match_pattern
from vedette.config.expressions import Expression, Facts, compile_when
from vedette.config.schema import Config, LimitKey, Rate, Rule
from vedette.detect.tables import Table
from vedette.mitigate.limits import limit_key, salt, take
from vedette.mitigate.sessions import Status
from vedette.types import STOPPING, Action, Directive, Mode

__all__ = ["Choice", "Keys", "Policy", "is_preflight"]

_SPREAD = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
POLICY_LIMIT = "requests"
"""How a rule's limit is called towards clients: a rule's own name would tell them what gave them away."""


class Keys(NamedTuple):
    """Keyed 64-bit hashes of a request's entities, 0 where absent. The field names are those of ``LimitKey``."""

    address: int
    session: int = 0
    account: int = 0
    api_key: int = 0
    fingerprint: int = 0
    agent: int = 0


class Choice(Struct, frozen=True, gc=False):
    """What the policy says about one request; the parts of a :class:`~vedette.types.Decision` that are its own."""

    rule: str
    action: Action
    enforced: bool
    directive: Directive

    @property
    def is_stopped(self) -> bool:
        """True where the request does not reach the API."""
        return self.enforced and self.action in STOPPING


Pair = tuple[Choice, Choice]
"""The same choice in monitor mode and enforced."""


class _Bucket(NamedTuple):
    """A limit: the name clients see, and which of :class:`Keys` it counts (-1: everybody together)."""

    rule: str
    public: str
    salted: int
    key: int
    rate: Rate
    burst: int
    advice: str


class _Compiled(NamedTuple):
    holds: Callable[[Facts], bool] | None
    may_enforce: bool
    choices: Pair
    passing: Pair
    bucket: _Bucket | None


class Policy:
    """A configuration's limits and rules, ready to choose.

    Attributes:
        names: What the rules ask for (names of the rule language); nobody needs to compute the rest.
        expressions: The compiled conditions, which count their own errors.
    """

    def __init__(self, config: Config, *, live: bool = True) -> None:
        self._enforces = live
        self._mode: Mode = config.mode
        self._threshold = min(int(max(config.enforce.share, 0.0) * 2.0**64), _MASK + 1)
        self.expressions: list[Expression] = []
        self._rules = tuple(self._compile_rule(rule) for rule in config.policy)
        self.names: frozenset[str] = frozenset().union(*(expression.names for expression in self.expressions))
        self._partners = {
            partner.name: _bucket(f"partner {partner.name}", partner.name, None, partner.limit, 0)
            for partner in config.partners
            if partner.limit is not None
        }
        self._agents = {
            agent.name: _bucket(f"agent {agent.name}", agent.name, None, agent.limit, 0)
            for agent in config.good_bots.agents
            if agent.limit is not None
        }
        self._good_bots = _bucket("good bots", "requests", "agent", config.good_bots.limit, 0)
        self._limits = tuple(
            (
                re.compile(match_pattern(limit.match)[0], re.IGNORECASE).fullmatch,
                _bucket(limit.name, limit.name, limit.key, limit.limit, limit.burst),
            )
            for limit in config.rate_limits
        )
        self._operator = _pair("operator", "allow", Directive())
        self._refused = _pair("refused session", "block", Directive(end_session=True))
        self._held = _pair("held", "block", Directive())
        self._plays_along = config.honeypots.answer == "decoy"
        self._decoy = _pair("honeypot", "decoy", Directive(decoy=True))
        self._none = _pair("no rule", "allow", Directive())

    @classmethod
    def compile(cls, config: Config, *, live: bool = True) -> Policy:
        """Prepare a validated configuration.

        Args:
            live: False for recorded traffic: everything is chosen, nothing is enforced.

        Raises:
            ValueError: A condition does not compile; ``vedette.config.load`` has reported it with its place before.
        """
        return cls(config, live=live)

    def choose(
        self,
        facts: Facts,
        keys: Keys,
        table: Table,
        now: float,
        *,
        endpoint_mode: Mode | None = None,
        status: Status = "free",
        is_certain: bool = False,
        trap: str = "",
    ) -> Choice:
        """Choose what happens to one request, and take it out of the buckets it counts in.

        Args:
            facts: Path normalised, host in lower case without port. For ``OPTIONS`` the headers must be there even if
                no rule asks for them: without, any ``OPTIONS`` is taken for a preflight.
            table: The table ``limit``.
            endpoint_mode: The endpoint's own mode, which outranks the configuration's.
            status: What is in force for the session, else for address with fingerprint (``mitigate.sessions``). ``bad``
                is no action by itself: the score says it.
            is_certain: The score comes from a bad certainty; limits and holds then do not come before the rules.
            trap: The kind of honeypot that was touched. A decoy path is answered by a decoy where the configuration
                says so and the client is known as a bot.
        """
        enforced = self.enforces(keys, endpoint_mode)
        if status == "good":
            return self._operator[enforced]
        preflight = facts.method == "OPTIONS" and is_preflight(facts)
        if not preflight:
            if status == "refused":
                return self._refused[enforced]
            if trap == "path" and self._plays_along and facts.verdict == "bad_bot":
                return self._decoy[enforced]
            if status == "held" and not is_certain:
                return self._held[enforced]
        if not is_certain and status != "bad":
            limited = self._limited(facts, keys, table, now, enforced)
            if limited is not None:
                return limited
        for holds, may_enforce, choices, passing, bucket in self._rules:
            if holds is not None and not holds(facts):
                continue
            acts = enforced and may_enforce
            if preflight:
                return passing[acts]
            if bucket is not None:
                return _draw(bucket, keys, table, now, acts) or passing[acts]
            return choices[acts]
        return self._none[enforced]

    def enforces(self, keys: Keys, endpoint_mode: Mode | None) -> bool:
        """Say whether actions are carried out for this client here.

        The endpoint's mode, else the configuration's; and the client is not in the hold-out of ``enforce.share``.
        """
        if (endpoint_mode or self._mode) != "enforce" or not self._enforces:
            return False
        return ((keys.session or keys.address) * _SPREAD) & _MASK < self._threshold

    def _limited(self, facts: Facts, keys: Keys, table: Table, now: float, enforced: bool) -> Choice | None:
        """Draw from every configured limit that means this request, until one is empty."""
        if facts.partner:
            bucket = self._partners.get(facts.partner)
            if bucket is not None and (choice := _draw(bucket, keys, table, now, enforced)):
                return choice
        if facts.verdict == "good_bot" and facts.agent:
            bucket = self._agents.get(facts.agent, self._good_bots)
            if choice := _draw(bucket, keys, table, now, enforced):
                return choice
        if self._limits:
            line = f"{facts.method} {facts.host}{facts.path}"
            for means, bucket in self._limits:
                if means(line) and (choice := _draw(bucket, keys, table, now, enforced)):
                    return choice
        return None

    def _compile_rule(self, rule: Rule) -> _Compiled:
        then = rule.then
        holds = None
        if rule.when:
            expression = compile_when(rule.when)
            self.expressions.append(expression)
            holds = expression.evaluate
        directive = Directive(
            advice=rule.advice,
            delay_s=then.delay_s if then.action == "delay" else 0.0,
            redirect=(then.redirect, then.status) if then.action == "redirect" else None,
            end_session=then.action == "block",
        )
        bucket = None
        if then.action == "rate_limit" and then.rate is not None:
            bucket = _bucket(rule.name, POLICY_LIMIT, then.key, then.rate, then.burst, rule.advice)
        passes: Action = "allow" if then.action in ("allow", "rate_limit") else "monitor"
        return _Compiled(
            holds,
            rule.mode != "monitor",
            _pair(rule.name, then.action, directive),
            _pair(rule.name, passes, Directive(advice=rule.advice)),
            bucket,
        )


def is_preflight(facts: Facts) -> bool:
    """Say whether an ``OPTIONS`` request is a browser's question before a cross-origin request.

    Where the door does not know the headers it is taken for one.
    """
    if facts.method != "OPTIONS":
        return False
    if facts.headers is None:
        return True
    names = {name.lower() for name, _ in facts.headers}
    return "origin" in names and "access-control-request-method" in names


def _pair(rule: str, action: Action, directive: Directive) -> Pair:
    return Choice(rule, action, False, directive), Choice(rule, action, True, directive)


def _bucket(rule: str, public: str, key: LimitKey | None, rate: Rate, burst: int, advice: str = "") -> _Bucket:
    size = burst if burst > 0 else rate.count
    return _Bucket(rule, public, salt(rule), Keys._fields.index(key) if key else -1, rate, size, advice)


def _draw(bucket: _Bucket, keys: Keys, table: Table, now: float, enforced: bool) -> Choice | None:
    """Take one request from a bucket; a choice where it is empty."""
    entity = (keys[bucket.key] or keys.address) if bucket.key >= 0 else 0
    grant = take(table, limit_key(bucket.salted, entity), now, bucket.rate, bucket.burst)
    if grant.allowed:
        return None
    directive = Directive(
        advice=bucket.advice,
        retry_after_s=grant.retry_after_s,
        limit=(bucket.public, bucket.rate.count, bucket.rate.per_s, grant.remaining),
    )
    return Choice(bucket.rule, "rate_limit", enforced, directive)
