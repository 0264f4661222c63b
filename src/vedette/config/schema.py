"""The shape of ``vedette.yaml`` once it has been read: typed, complete, every default in place.

Nothing here parses; ``vedette.config.load`` does. Each Struct is one mapping of the file and each attribute one key
(contract, section 5). Durations are seconds, rates are :class:`Rate`, expressions are CEL source.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from vedette.types import Action, Mode, Purpose

MODES: tuple[str, ...] = ("monitor", "enforce")
LimitKey = Literal["session", "address", "account", "api_key", "fingerprint", "agent"]


class Secret(Struct, frozen=True):
    """A secret's origin (``env:NAME``, ``file:PATH`` or ``generated:PATH``) and its value, which is never shown."""

    origin: str
    value: str

    def __repr__(self) -> str:
        return f"Secret({self.origin!r})"

    __str__ = __repr__


class Rate(Struct, frozen=True):
    """``count`` requests in each ``per_s`` seconds: ``600/minute`` is ``Rate(600, 60.0)``."""

    count: int
    per_s: float


class Match(Struct, frozen=True):
    """Which requests an endpoint or limit means: ``METHOD [host]/path``.

    Attributes:
        text: As written.
        method: Upper case, or ``*``.
        host: Lower case without port, or empty for any.
        segments: Of the path; ``{name}`` stands for one segment, ``**`` for the rest.
    """

    text: str
    method: str
    host: str
    segments: tuple[str, ...]


class Selector(Struct, frozen=True):
    """Where in a request a value is found: ``body.user.email`` is ``Selector("body", "user.email")``."""

    source: Literal["body", "header", "cookie", "query", "path", "jwt"]
    name: str


class Listen(Struct, frozen=True):
    """A listening address ``host:port``, with certificate and key files for TLS."""

    address: str = "0.0.0.0:8080"
    certificate: str = ""
    key: str = ""


class Forwarded(Struct, frozen=True):
    """Which headers of a trusted proxy are believed. Names in lower case; ``address`` may be ``proxy_protocol``."""

    address: str = ""
    ja3: str = ""
    ja4: str = ""


class Enforce(Struct, frozen=True):
    """``share`` (0 to 1) of sessions on which ``enforce`` acts; the rest is a hold-out in monitor."""

    share: float = 1.0


class Endpoint(Struct, frozen=True, kw_only=True):
    """A route of the API with a purpose."""

    name: str
    match: Match
    purpose: Purpose = "other"
    account: Selector | None = None
    object: Selector | None = None
    operation: Selector | None = None
    success: str = ""
    unknown: str = ""
    mode: Mode | None = None
    on_failure: Literal["allow", "block"] = "allow"


class Operation(Struct, frozen=True):
    """An endpoint that an OpenAPI document describes.

    Attributes:
        parameters: ``name:type`` of what it takes, names in lower case.
        fields: Names of the fields of its body, as they are written.
    """

    name: str
    match: Match
    parameters: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class OpenApi(Struct, frozen=True):
    """An OpenAPI document: where it is, and its operations in the order in which they are tried."""

    file: str
    operations: tuple[Operation, ...] = ()


class AppToken(Struct, frozen=True, kw_only=True):
    """A token that an app sends.

    Attributes:
        scheme: ``hmac``, ``jwt``, ``play_integrity`` or ``app_attest``.
        jwks, issuer, audience: How a JWT is verified; ``file:PATH`` or URL of the key set.
        claims: CEL over ``claims`` and ``request.*`` that must hold of a verified token.
        attested: CEL over the same that says which of them are backed by hardware; empty: none.
        once: Each may be used once, by its ``jti``.
    """

    name: str
    header: str
    scheme: str = "hmac"
    key: Secret | None = None
    expected_when: str = ""
    jwks: str = ""
    issuer: str = ""
    audience: str = ""
    claims: str = ""
    attested: str = ""
    once: bool | None = None


class Jwt(Struct, frozen=True, kw_only=True):
    """How JSON Web Tokens are verified before a claim of theirs is believed."""

    jwks: str
    issuer: str = ""
    audience: str = ""


class DeviceCookie(Struct, frozen=True, kw_only=True):
    """The first-party device cookie. Without a key of its own, one is derived from the privacy key."""

    name: str = "vdt"
    max_age_s: float = 365 * 86400.0
    key: Secret | None = None


class Dpop(Struct, frozen=True, kw_only=True):
    """Where DPoP proofs (RFC 9449) are, and how far their ``iat`` may be from our clock."""

    header: str = "dpop"
    max_age_s: float = 60.0


class Identity(Struct, frozen=True, kw_only=True):
    """Where identifiers are found. The first selector that gives a value wins."""

    session: tuple[Selector, ...] = (
        Selector("cookie", "sid"),
        Selector("cookie", "session"),
        Selector("cookie", "sessionid"),
        Selector("cookie", "connect.sid"),
        Selector("cookie", "PHPSESSID"),
        Selector("cookie", "JSESSIONID"),
        Selector("header", "authorization"),
    )
    device: Selector | None = None
    api_key: Selector | None = None
    app_tokens: tuple[AppToken, ...] = ()
    jwt: Jwt | None = None
    device_cookie: DeviceCookie | None = None
    dpop: Dpop | None = None


class Partner(Struct, frozen=True, kw_only=True):
    """A known integrator: its key is evidence, not certainty. No feed speaks against its ``networks``."""

    name: str
    api_key: Secret
    limit: Rate | None = None
    networks: tuple[str, ...] = ()


class Agent(Struct, frozen=True, kw_only=True):
    """A signed agent (Web Bot Auth)."""

    name: str
    signature_agent: str
    keys: str = ""
    limit: Rate | None = None


class Dns(Struct, frozen=True, kw_only=True):
    """Forward-confirmed DNS: whose name servers (``IP:port``; none: those of the system), and how many questions."""

    servers: tuple[str, ...] = ()
    budget: Rate = Rate(10, 1.0)


class GoodBots(Struct, frozen=True, kw_only=True):
    """Search engines and other verified bots: how fast, and where.

    Attributes:
        dns: False where nobody is to be asked.
        discover: Also fetch the key directories of agents that are not configured: it tells who they are, no more.
    """

    builtin: bool = True
    limit: Rate = Rate(120, 60.0)
    purposes: tuple[Purpose, ...] = ("search", "listing", "product", "static", "other")
    agents: tuple[Agent, ...] = ()
    dns: Dns | bool = Dns()
    discover: bool = False


class Honeypots(Struct, frozen=True, kw_only=True):
    """Paths, accounts and objects (``kind:id``) that nobody honest ever touches.

    Attributes:
        paths: ``{name}`` stands for one segment, ``**`` at the end for the rest.
        advertise: Where bots are told of the paths: ``robots`` (robots.txt), ``link`` (a Link header on the API's
            answers).
        robots: ``file:PATH`` of the API's own robots.txt, or empty where it has none.
        answer: Who answers a touched path in enforce mode: the policy, or a decoy that looks like an API's answer.
    """

    paths: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    advertise: tuple[Literal["robots", "link"], ...] = ()
    robots: str = ""
    answer: Literal["policy", "decoy"] = "policy"


class RateLimit(Struct, frozen=True, kw_only=True):
    """A configured limit, in force whatever the score says."""

    name: str
    key: LimitKey
    match: Match
    limit: Rate
    burst: int


class Then(Struct, frozen=True, kw_only=True):
    """What a rule does. Only the attributes of its action are set."""

    action: Action
    delay_s: float = 0.0
    redirect: str = ""
    status: int = 302
    rate: Rate | None = None
    key: LimitKey = "address"
    burst: int = 0


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of the policy; an empty ``when`` always matches. ``line`` is where it stands in the file."""

    name: str
    then: Then
    when: str = ""
    advice: str = ""
    mode: Mode | None = None
    line: int = 0


FeedFormat = Literal["lines", "netset", "json", "csv", "mmdb"]
FeedKind = Literal["hosting", "vpn", "relay", "tor", "proxy", "anonymizer", "blocklist", "robot", "asn", "country"]


class Feed(Struct, frozen=True, kw_only=True):
    """A list of addresses that somebody keeps.

    Attributes:
        url: ``http(s)://…``, or ``file:`` with an absolute path.
        kind: What its members are.
        robot: The crawler whose published ranges these are, for kind ``robot``.
        column: Where the members stand: a column of CSV (name, or number from 1), a key of JSON, a field of MMDB.
        weight: What a blocklist's word is worth while it is new, 0 to 1; ``None``: 0.5.
        half_life_s: After which it is worth half; ``None``: by kind.
    """

    name: str
    url: str
    format: FeedFormat = "lines"
    kind: FeedKind = "blocklist"
    refresh_s: float = 3600.0
    robot: str = ""
    column: str = ""
    weight: float | None = None
    half_life_s: float | None = None


class Networks(Struct, frozen=True, kw_only=True):
    """``own``: networks of the operator's, against which no feed ever speaks."""

    own: tuple[str, ...] = ()


class Events(Struct, frozen=True, kw_only=True):
    """Where events are kept, and for how long (seconds)."""

    directory: str = "vedette-data"
    retain_s: float = 30 * 86400.0


class Privacy(Struct, frozen=True, kw_only=True):
    """Key of the identifier hashes (``None``: made once under ``<data>/keys``) and how addresses are logged."""

    key: Secret | None = None
    address: Literal["hash", "truncate", "raw"] = "hash"


class ConsoleToken(Struct, frozen=True, kw_only=True):
    """One person's way into the console."""

    name: str
    role: Literal["viewer", "analyst", "operator"]
    token: Secret


class Console(Struct, frozen=True, kw_only=True):
    """Address of the console and of the HTTP interface. No tokens: one is made under ``<data>/keys``."""

    listen: str = "127.0.0.1:9100"
    tokens: tuple[ConsoleToken, ...] = ()


class Feedback(Struct, frozen=True, kw_only=True):
    """Keys that may report outcomes. None: one is made under ``<data>/keys``."""

    keys: tuple[Secret, ...] = ()


class Drill(Struct, frozen=True, kw_only=True):
    """The key that ``vedette simulate --target`` must hold to be answered that a drill is wanted here."""

    key: Secret


class Config(Struct, frozen=True, kw_only=True):
    """A whole configuration.

    Attributes:
        file: Where it was read, or empty for built-in defaults.
        upstreams: Host (or ``default``) to base URL.
        policy: The rules in force, whatever the file called them.
        policy_name: ``observe``, ``balanced``, ``strict``, ``api-partners`` or ``custom``.
    """

    file: str = ""
    mode: Mode = "monitor"
    upstreams: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    listen: Listen = Listen()
    trusted_proxies: tuple[str, ...] = ()
    forwarded: Forwarded = Forwarded()
    enforce: Enforce = Enforce()
    endpoints: tuple[Endpoint, ...] = ()
    identity: Identity = Identity()
    partners: tuple[Partner, ...] = ()
    good_bots: GoodBots = GoodBots()
    honeypots: Honeypots = Honeypots()
    rate_limits: tuple[RateLimit, ...] = ()
    policy: tuple[Rule, ...] = ()
    policy_name: str = "balanced"
    feeds: tuple[Feed, ...] = ()
    state: str = "memory"
    events: Events = Events()
    privacy: Privacy = Privacy()
    console: Console = Console()
    feedback: Feedback = Feedback()
    drill: Drill | None = None
    openapi: OpenApi | None = None
    networks: Networks = Networks()
    alerts: Any = None
    learning: Any = None
    breaker: Any = None
