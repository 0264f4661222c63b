"""Whether headers agree with the client that the User-Agent names.

What is expected of which browser since which version is taken from data (:mod:`vedette.collect.expectations`) and from
specifications: Fetch Metadata and User-Agent Client Hints of the W3C, the Fetch standard of the WHATWG. Chromium sends
``Sec-Fetch-*`` since 80 and ``Sec-CH-UA`` since 89, Firefox ``Sec-Fetch-*`` since 90, Safari since 16.4; all of these
only to secure origins. Where an expectation does not apply it is unknown, not false.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from vedette.collect.agents import Agent, read
from vedette.collect.expectations import (
    context_of,
    engine_of,
    greased,
    handshake_of,
    is_known_handshake,
    known_values,
    libraries_of,
    major_of,
    order_conflict,
    released,
    unspelled,
)
from vedette.collect.fingerprint import order_of, stable_ja4

__all__ = ["HeaderFacts", "Shape", "examine", "language_form"]

NAN = float("nan")
_BRAND = re.compile(r'"([^"]{1,64})";\s*v="(\d{1,4})')
_CLASS = {
    "browser": 0.0,
    "app": 0.2,
    "crawler": 0.5,
    "unknown": 0.5,
    "library": 1.0,
    "headless": 1.0,
    "tool": 1.0,
    "absent": 0.5,
}
_H2_SINCE = {"chrome": 70, "edge": 79, "firefox": 65, "safari": 13, "opera": 60, "samsung": 10, "webview": 70}
"""Major versions from which a browser offers TLS 1.3 and HTTP/2 in every page's handshake."""
_FRAMES = ("document", "iframe", "frame", "fencedframe")
_NAVIGATED = (*_FRAMES, "embed", "object", "empty")
"""Destinations of a navigation; ``empty`` is that of one which a service worker passes on (seen of Chromium 156)."""
_SITES = frozenset(["none", "same-origin", "same-site", "cross-site"])
_MODES = frozenset(["navigate", "cors", "no-cors", "same-origin", "websocket"])
_MARKS = frozenset(["postman-token", "http2-settings", "accept-charset", "keep-alive", "expect", "trailer", "cookie2"])
"""Fields of libraries and of long gone browsers; a page's script may not set any but the first (Fetch, forbidden)."""
_HINTED = ("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform")
_OWN_BRAND = {"edge": "Microsoft Edge", "opera": "Opera", "samsung": "Samsung Internet"}
_QUALITY = re.compile(r";q=(?!(?:0\.[1-9]\d?)(?:,|$))")
_REGION = re.compile(r"([a-z]{2,3})-[A-Z]{2}")


class Shape(Struct, frozen=True, gc=False):
    """The part of a request's headers that says which client it is; hashable, so that its facts are computed once.

    ``names`` are lower case, in the client's order. ``is_secure``: the page's origin counts as secure (https, or a
    loopback host). ``is_direct``: the client itself speaks to the door, so that order, encodings, spelling and protocol
    are its own. ``language`` is a :func:`language_form`; ``spelled`` are the names as received, where case was kept.
    """

    names: tuple[str, ...] | None
    agent: str
    brands: str
    mobile: str
    platform: str
    is_secure: bool
    is_page: bool
    protocol: str
    ja4: str
    accept: str = ""
    encoding: str = ""
    language: str = ""
    site: str = ""
    mode: str = ""
    user: str = ""
    dest: str = ""
    full_versions: str = ""
    spelled: tuple[str, ...] = ()
    is_direct: bool = True


class HeaderFacts(Struct, frozen=True, gc=False):
    """What follows from a :class:`Shape`; NaN where unknown. Values are those of ``detect.features``.

    Attributes:
        headers_missing: Sum of weights of fields that the claimed browser always sends and this request has not.
        headers_extra: The same of fields that it never sends. Fields of applications and proxies never count.
        order_conflict: Share of pairs of fields in an order that the browser never uses.
        values_conflict: Sum of weights of values that it never sends; 1 is one that a specification rules out.
        hints_conflict: 1 where client hints contradict the agent or their own rules.
        case_conflict: 1 where HTTP/1.1 names are spelled otherwise than the browser does.
        tls_unlike: 1 where the handshake is none of those known of the browser's version.
        tls_library: 1 where it is that of a known library or tool.
        released: Unix time at which the claimed version became stable.
        agent_impossible: 1 where no such client exists, 0.5 where hardly one does.
        context: What the request is for (:func:`vedette.collect.expectations.context_of`), or empty.
    """

    agent: Agent
    order: str
    tls: str
    client_class: float
    attack_tool: float
    agent_absent: float
    headers_missing: float
    hints_conflict: float
    tls_conflict: float
    protocol_downgrade: float
    browser_whole: float
    headers_extra: float = NAN
    order_conflict: float = NAN
    values_conflict: float = NAN
    case_conflict: float = NAN
    tls_unlike: float = NAN
    tls_library: float = NAN
    released: float = NAN
    agent_impossible: float = NAN
    context: str = ""


def examine(shape: Shape) -> HeaderFacts:
    """Compare the claim with the headers and the handshake."""
    agent = read(shape.agent)
    names = shape.names
    tls = stable_ja4(shape.ja4)
    if names is None and not shape.agent:
        return HeaderFacts(agent, "", tls, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)
    present = frozenset(names or ())
    context = context_of(present, shape.mode, shape.dest)
    is_browser = agent.kind == "browser"
    engine = engine_of(agent)
    major = major_of(agent, engine)
    judged = names is not None and is_browser and shape.is_page
    missing = _missing(shape, agent, present, context) if judged else NAN
    hints = _hints_conflict(shape, agent) if judged and shape.is_secure and shape.brands else NAN
    extra = values = order = case = NAN
    if names is not None and engine:
        extra = _extra(present, engine, shape.mode, is_seen=bool(known_values("accept-encoding", agent)))
        values = _values_conflict(shape, agent, engine, present, context)
        if shape.is_direct and not (engine == "safari" and shape.protocol.startswith(("1", "HTTP/1"))):
            asked = context or ("page" if shape.accept.startswith("text/html,") else "")
            order = order_conflict(names, engine, major, asked)
        if shape.is_direct:
            case = unspelled(shape.spelled, engine)
    tls_conflict, downgrade = _protocol(shape, agent, tls, context)
    unlike, library = _handshake(shape, engine, major)
    whole = NAN
    if judged:
        against = (missing, hints, tls_conflict, downgrade, extra, values, order, case, library)
        whole = float(not any(fact > 0.0 for fact in against) and agent.impossible < 1.0)
    kind = agent.kind
    if kind == "browser" and "headless" in shape.brands.lower():
        kind = "headless"
    return HeaderFacts(
        agent,
        order_of(names) if names is not None else "",
        tls,
        _CLASS[kind],
        1.0 if kind == "tool" else 0.0,
        NAN if names is None else float(kind == "absent"),
        missing,
        hints,
        tls_conflict,
        downgrade,
        whole,
        extra,
        order,
        values,
        case,
        unlike,
        library,
        released(agent),
        agent.impossible if kind in ("browser", "headless") else NAN,
        context,
    )


def _protocol(shape: Shape, agent: Agent, tls: str, context: str) -> tuple[float, float]:
    """Judge what the handshake offers: TLS 1.3 and HTTP/2, as every page's of a browser of today does."""
    modern = agent.kind == "browser" and agent.major >= _H2_SINCE.get(agent.family, 10_000)
    if not tls or not modern or not shape.is_page or context == "socket":
        return NAN, NAN
    offers_h2 = tls[4:6] == "h2"
    conflict = 0.0 if tls[1:3] == "13" and offers_h2 else 1.0
    if not offers_h2 or not shape.protocol or not shape.is_direct:
        return conflict, NAN
    return conflict, 1.0 if shape.protocol.startswith(("1", "HTTP/1")) else 0.0


def _handshake(shape: Shape, engine: str, major: int) -> tuple[float, float]:
    """Judge whose handshake it is: not the claimed browser's; a library's."""
    if not engine or not stable_ja4(shape.ja4):
        return NAN, NAN
    key = handshake_of(shape.ja4)
    known = is_known_handshake(key, engine, major)
    return NAN if known is None else float(not known), float(bool(libraries_of(key)))


def _sends_hints(agent: Agent) -> bool:
    return agent.chromium >= 89 and agent.platform != "iOS"


def _sends_metadata(agent: Agent) -> bool:
    return (
        (agent.chromium >= 80 and agent.platform != "iOS")
        or (agent.family == "firefox" and agent.major >= 90 and agent.platform != "iOS")
        or (agent.family == "safari" and agent.major >= 17)
    )


def _missing(shape: Shape, agent: Agent, names: frozenset[str], context: str) -> float:
    weight = 0.0
    for name, cost in (("accept", 0.7), ("accept-encoding", 0.7), ("accept-language", 1.0)):
        if name not in names:
            weight += cost
    if not shape.is_secure or context in ("preflight", "socket"):
        return weight
    if _sends_hints(agent) and not (context == "asset" and shape.dest.endswith("worker")):
        costs = (1.0, 0.3, 0.3)
        if context == "call" and names.isdisjoint(_HINTED):  # Chromium leaves them out of the calls of workers
            costs = (0.2, 0.1, 0.1)
        for name, cost in zip(_HINTED, costs, strict=True):
            if name not in names:
                weight += cost
    if _sends_metadata(agent):
        for name, cost in (("sec-fetch-site", 0.8), ("sec-fetch-mode", 0.4), ("sec-fetch-dest", 0.4)):
            if name not in names:
                weight += cost
    if shape.dest == "document" and engine_of(agent) in ("chromium", "firefox"):
        weight += 0.3 * ("upgrade-insecure-requests" not in names)
    return weight


def _extra(names: frozenset[str], engine: str, mode: str, *, is_seen: bool) -> float:
    """Weigh fields that no script can set, or none does, and the claimed browser never sends."""
    weight = float(len(names & _MARKS))
    if "te" in names and engine != "firefox":
        weight += 1.0
    if mode in ("cors", "no-cors") and "upgrade-insecure-requests" in names:
        weight += 0.5
    if engine != "chromium" and is_seen:  # what Chromium alone has, much of it opt-in or on trial
        weight += 0.5 * sum(name.startswith(("sec-ch-", "sec-browsing", "sec-shared")) for name in names)
    return weight


def _values_conflict(shape: Shape, agent: Agent, engine: str, names: frozenset[str], context: str) -> float:
    """Weigh values that the claimed browser never sends; NaN where there was none to judge."""
    weight, is_judged = 0.0, False
    if shape.mode or shape.site or shape.dest or shape.user:
        weight, is_judged = _metadata_conflict(shape, names), True
    if context == "page" and shape.dest in _FRAMES and shape.accept:
        is_judged = True
        # browsers built from Chromium under its agent (Brave, Vivaldi) leave parts out: only the maker's own is known
        is_own = engine != "chromium" or "Google Chrome" in shape.brands or "Microsoft Edge" in shape.brands
        known = known_values("accept", agent) if is_own else frozenset()
        if not shape.accept.startswith("text/html"):
            weight += 1.0
        elif known and shape.accept not in known:
            weight += 0.5
    elif context == "asset" and shape.accept:
        is_judged = True
        wanted = {"style": "text/css,*/*;q=0.1", "script": "*/*", "image": "image/"}.get(shape.dest, "")
        weight += not shape.accept.startswith(wanted)
    elif shape.mode == "cors" and context == "call":
        is_judged = True
        weight += 0.5 * shape.accept.startswith("text/html,application/xhtml+xml,application/xml;q=0.9,")
    if shape.is_secure and shape.is_direct and shape.encoding:
        known = known_values("accept-encoding", agent)
        if known:
            is_judged = True
            identity = shape.encoding.startswith("identity") and ("range" in names or shape.dest in ("audio", "video"))
            weight += 0.7 * (shape.encoding not in known and not identity)
    if shape.language and context in ("page", "asset"):  # in calls, scripts may set it
        is_judged = True
        alone = shape.language == "alone" and engine == "chromium" and agent.family != "webview"
        weight += 0.5 * (alone or shape.language == "foreign")
    return weight if is_judged else NAN


def _metadata_conflict(shape: Shape, names: frozenset[str]) -> float:
    """Weigh combinations that Fetch Metadata rules out."""
    site, mode, user, dest = shape.site, shape.mode, shape.user, shape.dest
    weight = float(bool(site) and site not in _SITES) + float(bool(mode) and mode not in _MODES)
    if user and (user != "?1" or mode != "navigate"):
        weight += 1.0
    if mode == "navigate" and dest and dest not in _NAVIGATED:
        weight += 1.0
    if dest in _FRAMES and mode and mode != "navigate":
        weight += 1.0
    if mode == "same-origin" and site and site != "same-origin":
        weight += 1.0
    if mode == "cors" and site in ("cross-site", "same-site") and "origin" not in names:
        weight += 1.0
    if site == "none" and mode == "cors":  # of browsers' extensions it is true
        weight += 0.5
    if mode == "websocket" and "sec-websocket-key" not in names and shape.protocol.startswith(("1", "HTTP/1")):
        weight += 1.0
    return weight


def _hints_conflict(shape: Shape, agent: Agent) -> float:
    pairs = _BRAND.findall(shape.brands[:512])
    versions = dict(pairs)
    engine = versions.get("Chromium")
    if agent.chromium == 0 or agent.platform == "iOS":  # a browser without Chromium inside sends no brands at all
        return 1.0
    if engine is not None and engine != str(agent.chromium):
        return 1.0
    own = _OWN_BRAND.get(agent.family)
    if own is not None and engine is not None and own not in versions:
        return 1.0
    mark = greased(agent.chromium)
    if mark is not None and engine is not None and len(pairs) <= 3 and not _is_greased(pairs, mark, agent.chromium):
        return 1.0
    if shape.mobile not in ("", "?0", "?1"):
        return 1.0
    if shape.mobile == "?1" and not agent.is_mobile:  # ?0 on a phone is "request desktop site", or a tablet
        return 1.0
    whole = dict(_BRAND.findall(shape.full_versions[:512]))
    if whole and engine is not None and whole.get("Chromium", engine) != engine:
        return 1.0
    platform = shape.platform.strip('"').replace("Chromium OS", "Chrome OS")
    if platform in ("", "Unknown") or not agent.platform or platform == agent.platform:
        return 0.0
    return float((platform, agent.platform) != ("Android", "Linux"))  # "request desktop site" of some browsers


def _is_greased(pairs: list[tuple[str, str]], mark: tuple[str, str], major: int) -> bool:
    """Say whether the meaningless brand is the version's own, in the version's own place.

    With three brands their order is the permutation number ``major % 6`` of (meaningless, Chromium, own); with two,
    the meaningless one comes first for even versions.
    """
    if mark not in pairs:
        return False
    if len(pairs) == 3:
        place = (0, 0, 1, 1, 2, 2)[major % 6]
        chromium = (1, 2, 0, 2, 0, 1)[major % 6]
        return pairs[place] == mark and pairs[chromium][0] == "Chromium"
    return len(pairs) != 2 or pairs[major % 2] == mark


@lru_cache(maxsize=4096)
def language_form(value: str) -> str:
    """Say what is odd about an ``Accept-Language``: ``foreign``, ``alone``, ``plain``, or nothing where there is none.

    No browser writes a space, a star, or a weight other than 0.1 to 0.9. Chromium puts the bare language behind each
    that has a region, so one with a region ``alone`` was set by a program that drives it.

    >>> language_form("en-US,en;q=0.9"), language_form("de-DE"), language_form("*")
    ('plain', 'alone', 'foreign')
    """
    if not value:
        return ""
    if " " in value or "*" in value or _QUALITY.search(value):
        return "foreign"
    return "alone" if _REGION.fullmatch(value) else "plain"
