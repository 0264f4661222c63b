"""Whether headers agree with the client that the User-Agent names.

What is expected of which browser since which version is taken from the Fetch Metadata and User-Agent Client Hints
specifications of the W3C and the release notes that introduced them: Chromium sends ``Sec-Fetch-*`` since 80 and
``Sec-CH-UA`` since 89, Firefox ``Sec-Fetch-*`` since 90, Safari since 16.4; all of these only to secure origins, and
none of them in a WebSocket handshake. Where an expectation does not apply it is unknown, not false.
"""

from __future__ import annotations

import re

from msgspec import Struct

from vedette.collect.agents import Agent, read
from vedette.collect.fingerprint import order_of, stable_ja4

__all__ = ["HeaderFacts", "Shape", "examine"]

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


class Shape(Struct, frozen=True, gc=False):
    """The part of a request's headers that says which client it is; hashable, so that its facts are computed once.

    ``names`` are lower case, in the client's order. ``is_secure``: the page's origin counts as secure (https, or a
    loopback host). ``offers``: ALPN and version were seen, so that the handshake can be judged.
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


class HeaderFacts(Struct, frozen=True, gc=False):
    """What follows from a :class:`Shape`; NaN where unknown. Values are those of ``detect.features``."""

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
    agent_impossible: float = NAN
    released: float = NAN


def examine(shape: Shape) -> HeaderFacts:
    """Compare the claim with the headers and the handshake."""
    agent = read(shape.agent)
    names = shape.names
    tls = stable_ja4(shape.ja4)
    if names is None and not shape.agent:
        return HeaderFacts(agent, "", tls, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN)
    is_browser = agent.kind == "browser"
    judged = names is not None and is_browser and shape.is_page
    missing = _missing(shape, agent) if judged else NAN
    conflict = _hints_conflict(shape, agent) if judged and shape.is_secure and shape.brands else NAN
    modern = is_browser and agent.major >= _H2_SINCE.get(agent.family, 10_000)
    tls_conflict = downgrade = NAN
    if tls and modern and shape.is_page:
        offers_h2 = tls[4:6] == "h2"
        tls_conflict = 0.0 if tls[1:3] == "13" and offers_h2 else 1.0
        if offers_h2 and shape.protocol:
            downgrade = 1.0 if shape.protocol.startswith(("1", "HTTP/1")) else 0.0
    whole = NAN
    if judged:
        agrees = missing == 0.0 and conflict != 1.0 and tls_conflict != 1.0 and downgrade != 1.0
        whole = 1.0 if agrees else 0.0
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
        conflict,
        tls_conflict,
        downgrade,
        whole,
    )


def _missing(shape: Shape, agent: Agent) -> float:
    names = frozenset(shape.names or ())
    weight = 0.0
    for name, cost in (("accept", 0.7), ("accept-encoding", 0.7), ("accept-language", 1.0)):
        if name not in names:
            weight += cost
    if not shape.is_secure:
        return weight
    apple = agent.family in ("chrome_ios", "firefox_ios") or (agent.family == "edge" and agent.platform == "iOS")
    if agent.chromium >= 89 and not apple:
        for name, cost in (("sec-ch-ua", 1.0), ("sec-ch-ua-mobile", 0.3), ("sec-ch-ua-platform", 0.3)):
            if name not in names:
                weight += cost
    sends_metadata = (
        (agent.chromium >= 80 and not apple)
        or (agent.family == "firefox" and agent.major >= 90)
        or (agent.family == "safari" and agent.major >= 17)
    )
    if sends_metadata:
        for name, cost in (("sec-fetch-site", 0.8), ("sec-fetch-mode", 0.4), ("sec-fetch-dest", 0.4)):
            if name not in names:
                weight += cost
    return weight


def _hints_conflict(shape: Shape, agent: Agent) -> float:
    versions = dict(_BRAND.findall(shape.brands[:512]))
    engine = versions.get("Chromium")
    if agent.chromium == 0:  # a browser without Chromium inside sends no brands at all
        return 1.0
    if engine is not None and engine != str(agent.chromium):
        return 1.0
    if shape.mobile == "?1" and not agent.is_mobile:  # ?0 on a phone is "request desktop site", or a tablet
        return 1.0
    platform = shape.platform.strip('"')
    return float(bool(platform) and bool(agent.platform) and platform != agent.platform)
