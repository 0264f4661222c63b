"""The values that name Vedette's world: what comes in, what goes out, nothing else.

A *request* arrives, a *decision* is made about it, the API gives an *answer*, and later the application reports an
*outcome*. All four are immutable values without behaviour. Field names on the wire follow the OpenTelemetry
semantic conventions where those have one (``docs/reference/contract.md``, sections 2 and 3).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = [
    "Action",
    "Actor",
    "Answer",
    "Decision",
    "Directive",
    "Mode",
    "Outcome",
    "OutcomeName",
    "Purpose",
    "Reason",
    "Request",
    "Verdict",
]

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order, and where known in the case, in which they were received."""

Actor = Literal["human", "good_bot", "bad_bot"]
"""Who really sent a request, where labels say it; no decision ever sees it."""
Verdict = Literal["human", "good_bot", "bad_bot", "unknown"]
Action = Literal["allow", "monitor", "rate_limit", "delay", "redirect", "challenge", "decoy", "block"]
Mode = Literal["monitor", "enforce"]
Purpose = Literal[
    "login",
    "signup",
    "password_reset",
    "search",
    "listing",
    "product",
    "cart",
    "checkout",
    "payment",
    "account",
    "static",
    "other",
]
OutcomeName = Literal[
    "login_succeeded",
    "login_failed",
    "signup_completed",
    "conversion",
    "payment_declined",
    "chargeback",
    "challenge_passed",
    "challenge_failed",
    "abuse_report",
    "false_positive",
    "label_good",
    "label_bad",
]

STOPPING: frozenset[str] = frozenset({"block", "rate_limit", "redirect", "challenge", "decoy"})
"""Actions after which the request does not reach the API (contract, section 3)."""


class Request(Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP call as a door saw it, before anything has been believed or refused.

    Attributes:
        timestamp: Arrival, Unix seconds.
        id: Unique request id.
        client_address: The peer, or the client behind trusted proxies; an IP address or any opaque string.
        path: As received, without the query.
        query: As received, without the ``?``.
        headers: Ordered fields, or ``None`` where the door does not know them (an access log).
        user_agent: Used where ``headers`` is ``None``.
        peer_is_client: False where ``client_address`` is the transport peer and forwarding headers may still name
            the client; True where the door (a log) already holds the client.
        body: At most 16 KiB, and only on endpoints whose account is read from it.
        request_body_size: Bytes, or -1 where unknown.
        tcp_rtt: Seconds, or -1 where the edge does not know it. ``tls_rtt`` likewise.
    """

    timestamp: float
    id: str
    method: str
    path: str
    client_address: str
    query: str = ""
    scheme: str = ""
    host: str = ""
    protocol: str = ""
    headers: Headers | None = None
    user_agent: str = ""
    peer_is_client: bool = True
    body: bytes = b""
    request_body_size: int = -1
    ja3: str = ""
    ja4: str = ""
    tls_version: str = ""
    tcp_rtt: float = -1.0
    tls_rtt: float = -1.0
    session_id: str = ""
    device_id: str = ""
    user_name: str = ""


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """What the API answered to a request that reached it.

    Attributes:
        timestamp: When the answer ended, Unix seconds.
        id: The id of the request.
        status: HTTP status code.
        duration: Seconds from request to answer, or -1 where unknown.
        body_size: Bytes of the answer's body, or -1 where unknown.
        headers: Those fields of the API's answer that the door reports (names in lower case).
    """

    timestamp: float
    id: str
    status: int
    duration: float = -1.0
    body_size: int = -1
    headers: Headers = ()


class Outcome(Struct, frozen=True, kw_only=True, gc=False):
    """What the application, or an analyst, learned afterwards. Exactly one of the four references is set.

    Attributes:
        event_id: Makes a repeated report of the same outcome harmless; empty where the sender gave none.
    """

    timestamp: float
    outcome: OutcomeName
    request_id: str = ""
    session_id: str = ""
    user_name: str = ""
    client_address: str = ""
    event_id: str = ""


class Reason(Struct, frozen=True, gc=False):
    """One piece of evidence: a stable signal name, its signed log-odds, and what was seen."""

    signal: str
    weight: float
    detail: str


class Directive(Struct, frozen=True, kw_only=True, gc=False):
    """What carrying out an action needs beyond its name. Doors read it; it is not part of a decision record.

    Attributes:
        advice: For the application (``step-up``, ``hide-price`` …), or empty.
        retry_after_s: Seconds until a limited client may come back.
        limit: Name of the limit, its quota and window in seconds, and what is left: for the ``RateLimit`` fields.
        delay_s: How long the edge holds the request.
        redirect: Target and status of a redirect.
        device_cookie: ``Set-Cookie`` value for a client that brought no valid device cookie, or empty; the edge sets
            it where no shared cache may store it.
        end_session: True where the session is refused from now on and its cookies are expired.
        decoy: True where a decoy path is answered with something that looks like an API's answer.
        degraded: True where no decision could be had.
    """

    advice: str = ""
    retry_after_s: float = 0.0
    limit: tuple[str, int, float, int] | None = None
    delay_s: float = 0.0
    redirect: tuple[str, int] | None = None
    device_cookie: str = ""
    end_session: bool = False
    decoy: bool = False
    degraded: bool = False


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """What Vedette says about one request (contract, section 3).

    Attributes:
        score: Calibrated probability that the request is malicious automation; ``low`` and ``high`` bound it (90 %).
        threat: OWASP Automated Threat code, or ``None``.
        enforced: False in monitor mode.
        policy: Name of the rule that chose the action.
        reasons: At most five, strongest first.
        features: The feature vector as little-endian float32, NaN where unknown, in the order of
            ``vedette.detect.features.FEATURES``; it is logged so that training never recomputes it.
        endpoint: Name of the endpoint; ``purpose`` is what it is for.
        client, address, session, account, fingerprint: Keyed 64-bit hashes, 0 where absent; for the event log.
    """

    id: str
    timestamp: float
    verdict: Verdict
    score: float
    low: float
    high: float
    threat: str | None
    action: Action
    enforced: bool
    policy: str
    reasons: tuple[Reason, ...]
    campaign: str | None
    model: str
    directive: Directive
    features: bytes = b""
    endpoint: str = ""
    purpose: Purpose = "other"
    client: int = 0
    address: int = 0
    session: int = 0
    account: int = 0
    fingerprint: int = 0
