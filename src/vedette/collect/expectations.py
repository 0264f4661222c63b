"""What a claimed browser would send, taken from data: order, values and case of its headers, its handshakes, its age.

The data ships in ``data/clients`` (its README says from where) and is made by ``bench/client_data.py`` from recordings
and descriptions of real browsers. It knows the versions that were seen. Between two of them either's way is right; of
older versions, and of those so new that nobody could have recorded them, it says nothing.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import msgspec

from vedette.collect.agents import Agent

__all__ = [
    "UNPLACED",
    "context_of",
    "engine_of",
    "greased",
    "handshake_of",
    "is_known_handshake",
    "known_values",
    "libraries_of",
    "major_of",
    "order_conflict",
    "released",
    "unspelled",
]

NAN = float("nan")
FOLDER = Path(__file__).parents[1] / "data" / "clients"
UNPLACED = frozenset(
    "host connection content-length transfer-encoding te cookie upgrade keep-alive pragma cache-control via"
    " authorization content-type range if-none-match x-own x-requested-with".split()
)
"""Fields whose place an edge, a cache, or the script that sets them decides."""
_AHEAD = {"chromium": 26, "firefox": 13, "safari": 1}
"""Versions after the newest one seen for which expectations still hold: those of about a year."""
_AHEAD_HANDSHAKE = {"chromium": 8, "firefox": 1, "safari": 0}
"""The same for handshakes, which change without notice."""
_LATELY = 6
_APPLE = ("chrome_ios", "firefox_ios", "google_ios", "webview_ios", "safari")
_SPELLED = re.compile(r"(?:sec-.*|host|connection|user-agent|accept-encoding|upgrade-insecure-requests|referer|origin)")
"""Fields that scripts cannot set, so that their spelling is the browser's own."""
_FEWEST_PAIRS = 6
_RHYTHM_S = {"chrome": 14 * 86_400.0, "firefox": 28 * 86_400.0, "safari": 364 * 86_400.0}
"""How far apart major versions come after the last one in the table (Chrome: every two weeks since 153)."""
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_OPENERS = (" ", "(", ":", "-", ".", "/", ")", ";", "=", "?", "_")
_VERSIONS = ("8", "99", "24")
_GREASED_SINCE = 110

Row = tuple[int, int, str]


class _Data(msgspec.Struct, frozen=True):
    orders: dict[str, list[Row]]
    accepts: dict[str, list[Row]]
    encodings: dict[str, list[Row]]
    spelled: dict[str, list[str]]
    handshakes: dict[str, list[Row]]
    libraries: dict[str, list[str]]


@cache
def _data() -> _Data:
    return msgspec.json.decode((FOLDER / "expectations.json").read_bytes(), type=_Data)


@cache
def _releases() -> dict[str, list[tuple[int, float]]]:
    told: dict[str, dict[str, str]] = msgspec.json.decode((FOLDER / "releases.json").read_bytes())
    return {name: sorted((int(major), _seconds(date)) for major, date in dates.items()) for name, dates in told.items()}


def _seconds(date: str) -> float:
    """Give the Unix time of a day's beginning (days from the civil calendar, counted from March)."""
    found = _DATE.fullmatch(date)
    year, month, day = (int(part) for part in found.groups()) if found else (1970, 1, 1)
    years = year - (month < 3)
    days = 365 * years + years // 4 - years // 100 + years // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return (days - 719_468) * 86_400.0


def engine_of(agent: Agent) -> str:
    """Name the engine inside a claimed browser: ``chromium``, ``firefox``, ``safari`` (all of iOS), or nothing.

    >>> engine_of(Agent("browser", "edge", 142, 142, "Windows"))
    'chromium'
    """
    if agent.kind not in ("browser", "headless"):
        return ""
    if agent.family in _APPLE or agent.platform == "iOS":
        return "safari"
    if agent.chromium:
        return "chromium"
    return "firefox" if agent.family == "firefox" else ""


def major_of(agent: Agent, engine: str) -> int:
    """Give the version of the engine, or 0 where the agent does not tell it."""
    if engine == "safari":
        return agent.major if agent.family == "safari" else 0
    return agent.chromium if engine == "chromium" else agent.major


def context_of(names: frozenset[str], mode: str, dest: str) -> str:
    """Name what a browser makes a request for: ``page``, ``call``, ``asset``, ``preflight``, ``socket``, or nothing.

    ``mode`` and ``dest`` are those of Fetch Metadata (W3C), which come over secure origins alone.
    """
    if "access-control-request-method" in names:
        return "preflight"
    if "sec-websocket-key" in names or mode == "websocket":
        return "socket"
    if not mode or not dest:
        return ""
    if mode == "navigate":
        return "page"
    return "call" if dest == "empty" else "asset"


def _near(rows: list[Row], major: int, ahead: int) -> tuple[str, ...]:
    """Give the values of the versions nearest to ``major`` on both sides; none where it is outside what is known."""
    newest = max((last for _, last, _ in rows), default=0)
    if not rows or major > newest + ahead or major < min(first for first, _, _ in rows):
        return ()
    below = max(min(last, major) for first, last, _ in rows if first <= major)
    above = min((max(first, major) for first, last, _ in rows if last >= major), default=newest)
    return tuple(
        value
        for first, last, value in rows
        if first <= below <= last or first <= above <= last or first <= major <= last
    )


@lru_cache(maxsize=1024)
def _pairs(engine: str, major: int, context: str) -> frozenset[tuple[str, str]]:
    """Give all pairs of names in the order in which a browser sends them."""
    contexts = [context] if context else ["page", "call", "asset"]
    found: set[tuple[str, str]] = set()
    for one in contexts:
        orders = _near(_data().orders.get(f"{engine} {one}", []), major, _AHEAD.get(engine, 0))
        if not orders:
            return frozenset()
        for names in orders:
            order = names.split()
            found.update((order[i], order[j]) for i in range(len(order)) for j in range(i + 1, len(order)))
    return frozenset(found)


def order_conflict(names: tuple[str, ...], engine: str, major: int, context: str) -> float:
    """Give the share of pairs of names that the claimed browser sends the other way round; NaN where not known.

    A sorted list says nothing: some proxies and recorders sort what they pass on.
    """
    pairs = _pairs(engine, major, context) if major else frozenset()
    if not pairs:
        return NAN
    placed = [name for name in dict.fromkeys(names) if name not in UNPLACED]
    rest = [name for name in placed if name != "user-agent"]
    if rest == sorted(rest):
        return NAN
    right = wrong = 0
    for at, first in enumerate(placed):
        for second in placed[at + 1 :]:
            if (first, second) in pairs:
                right += 1
            elif (second, first) in pairs:
                wrong += 1
    return wrong / (right + wrong) if right + wrong >= _FEWEST_PAIRS else NAN


@lru_cache(maxsize=1024)
def known_values(header: str, agent: Agent) -> frozenset[str]:
    """Give the values of ``accept`` (of a page) or ``accept-encoding`` (over TLS) that the claimed browser sends."""
    engine = engine_of(agent)
    major = major_of(agent, engine)
    if not major:
        return frozenset()
    ahead = _AHEAD.get(engine, 0)
    if header == "accept-encoding":
        return _lately(_data().encodings.get(engine, []), major, ahead)
    found = _lately(_data().accepts.get(agent.family, []), agent.major, ahead)
    if agent.family == "edge":  # newer ones than were seen send what Chromium does
        found |= _lately(_data().accepts.get("chrome", []), agent.chromium, ahead)
    return found if agent.family in ("chrome", "edge", "firefox", "safari") else frozenset()


def _lately(rows: list[Row], major: int, ahead: int) -> frozenset[str]:
    """Give the values of a version and of a while before: what is new comes to a part of the browsers first."""
    return frozenset((*_near(rows, major, ahead), *_near(rows, major - _LATELY, ahead)))


@cache
def _spelling(engine: str) -> dict[str, frozenset[str]]:
    ways: dict[str, set[str]] = {}
    for name in _data().spelled.get(engine, []):
        if _SPELLED.fullmatch(name.lower()):
            ways.setdefault(name.lower(), set()).add(name)
    return {name: frozenset(found) for name, found in ways.items()}


def unspelled(names: tuple[str, ...], engine: str) -> float:
    """Say whether names are spelled otherwise than the browser does in HTTP/1.1 (1), are not (0), or NaN.

    Names without a capital letter say nothing: HTTP/2 and many proxies write them so.
    """
    ways = _spelling(engine)
    if not ways or not any(name != name.lower() for name in names):
        return NAN
    return float(any(name not in ways[name.lower()] for name in names if name.lower() in ways))


def handshake_of(ja4: str) -> str:
    """Give what of a JA4 depends on the program alone: version and ciphers, whatever name and protocol it asks for.

    >>> handshake_of("t13d1516h2_8daaf6152771_e5627efa2ab1")
    't13_8daaf6152771'
    """
    head, _, rest = ja4.partition("_")
    return f"{head[:3]}_{rest[:12]}"


def is_known_handshake(key: str, engine: str, major: int) -> bool | None:
    """Say whether a handshake is one of a browser's; ``None`` where its version's are not known."""
    if not key.startswith("t"):
        return None
    rows = _data().handshakes.get(engine, [])
    if major == 0:
        return any(key == value for _, _, value in rows) or None
    near = _near(rows, major, _AHEAD_HANDSHAKE.get(engine, 0))
    return key in near if near else None


def libraries_of(key: str) -> tuple[str, ...]:
    """Name the programs without a browser whose handshake this is.

    >>> "curl" in libraries_of("t13_e8f1e7e78f70")
    True
    """
    return tuple(_data().libraries.get(key, ()))


def greased(major: int) -> tuple[str, str] | None:
    """Give the meaningless brand and its version that a Chromium puts into ``Sec-CH-UA``; ``None`` before it was so.

    By the rule of Chromium's ``components/embedder_support/user_agent_utils.cc`` ("GREASE" of the UA-CH draft).

    >>> greased(142)
    ('Not_A Brand', '99')
    """
    if major < _GREASED_SINCE:
        return None
    first, second = _OPENERS[major % len(_OPENERS)], _OPENERS[(major + 1) % len(_OPENERS)]
    return f"Not{first}A{second}Brand", _VERSIONS[major % len(_VERSIONS)]


@lru_cache(maxsize=1024)
def released(agent: Agent) -> float:
    """Give the Unix time at which the claimed browser's version became the stable one; NaN where unknown.

    Versions between two known ones are put on the straight line between them, later ones in the browser's rhythm.
    """
    if agent.kind not in ("browser", "headless"):
        return NAN
    family, major = agent.family, agent.major
    if agent.chromium or family in ("chrome_ios", "edge"):
        name, major = "chrome", agent.chromium or agent.major
    else:
        name = {"firefox_ios": "firefox"}.get(family, family)
    dates = _releases().get(name)
    if not dates or major < dates[0][0]:
        return NAN
    last, at = dates[-1]
    if major > last:
        return at + (major - last) * _RHYTHM_S[name] if name in _RHYTHM_S else NAN
    for (below, low), (above, high) in pairwise(dates):
        if below <= major <= above:
            return low + (high - low) * (major - below) / (above - below)
    return at
