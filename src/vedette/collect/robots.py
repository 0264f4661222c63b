"""Who a crawler or agent says it is, and whether that is so: verified, forged, or not to be told.

A name is a claim; published ranges, forward-confirmed DNS, a signature or a partner's key are proofs. The catalogue of
names is ``data/robots`` (with its provenance). A library (``okhttp``, ``curl``) is no robot: anybody's application,
the shop's own above all, may carry its name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Literal

import msgspec
from msgspec import Struct

from vedette.config.schema import Config
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.networks import NetworkFacts, Source

__all__ = ["NOBODY", "PURPOSES", "Claim", "Robot", "Robots", "Standing", "known", "suffixes_of"]

Standing = Literal["none", "verified", "forged", "unlisted", "unverifiable"]
"""``forged``: the claimant publishes a check, it was made now, and it failed: a certainty. ``unlisted``: the address is
not in ranges that shipped or were fetched some time ago: evidence only. ``unverifiable``: no check is published, its
result is not there yet, or it would prove nothing."""
Purpose = Literal[
    "search", "ai_training", "ai_search", "ai_user", "monitor", "preview", "seo", "archive", "feed", "security",
    "advertising", "academic", "other",
]  # fmt: skip
PURPOSES: dict[Purpose, str] = {
    "search": "lets people find pages",
    "ai_training": "gathers what models are trained on",
    "ai_search": "gathers what assistants look up",
    "ai_user": "fetches what somebody has just asked an assistant for",
    "monitor": "checks that something is reachable",
    "preview": "shows links in messages and posts",
    "seo": "measures pages and links for their owners and competitors",
    "archive": "keeps copies",
    "feed": "reads feeds for subscribers",
    "security": "scans for weaknesses or fraud",
    "advertising": "judges where advertisements stand",
    "academic": "research",
    "other": "anything else, or not told",
}
LONGEST = 512
REMEMBERED = 8192
_WORD = re.compile(r"[a-z0-9][a-z0-9._!-]*")


class Robot(Struct, frozen=True, forbid_unknown_fields=True):
    """One robot of the catalogue.

    Attributes:
        name: Lower case.
        operator: Who runs it, or empty where that is not told.
        words: What a User-Agent holds that claims to be it, in lower case; ``a + b`` is the word ``a`` and the text
            ``b``. Empty: its name.
        family: Name of the list of ranges that it shares with others of its operator; empty: it has its own.
        ranges: Names of further lists that hold its ranges among others': who is in them is proven, who is not may be
            in its own.
        suffixes: Domains below which forward-confirmed DNS must find it.
        feed: Where its operator publishes ranges.
        directory: What its ``Signature-Agent`` names, where it signs.
        is_complete: Its own or its family's ranges are published as all that it has.
        is_shared: It fetches what somebody asked for, or anybody may run it: its name tells nothing of who that is.
    """

    name: str
    purpose: Purpose
    operator: str = ""
    words: tuple[str, ...] = ()
    family: str = ""
    ranges: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    feed: str = ""
    directory: str = ""
    is_complete: bool = False
    is_shared: bool = False


class Claim(Struct, frozen=True, gc=False):
    """What a request says about being a robot, and what became of it.

    Attributes:
        name: Lower-case name of the robot (``googlebot``), or empty.
        purpose: ``search``, ``ai_training``, ``ai_search``, ``ai_user``, ``monitor``, ``preview``, ``archive`` … or
            empty.
        by: ``ranges``, ``dns``, ``signature``, or empty: what the standing comes from.
        ask: DNS has not been asked yet and should be.
        is_shared: It does what somebody else asks for: known for what it is, never trusted for it. Its standing is at
            best ``unverifiable``, with ``by`` telling that the address is its operator's.
    """

    name: str = ""
    purpose: str = ""
    standing: Standing = "none"
    by: str = ""
    ask: bool = False
    is_shared: bool = False


NOBODY = Claim()


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Robot]:
    data = (files("vedette") / "data" / "robots" / "robots.json").read_bytes()
    return {robot.name: robot for robot in msgspec.json.decode(data, type=list[Robot])}


def known() -> tuple[Robot, ...]:
    """Give the robots that are known: first those whose operators say how to tell them."""
    return tuple(_catalogue().values())


def suffixes_of(name: str) -> tuple[str, ...]:
    """Give the domains below which a robot's hosts are, or nothing where DNS proves nothing.

    >>> suffixes_of("googlebot")
    ('googlebot.com',)
    """
    robot = _catalogue().get(name)
    return robot.suffixes if robot is not None else ()


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[tuple[tuple[str, ...], Robot], ...]]:
    """Give, by word, what else has to stand in the text and who that is; whoever needs most comes first."""
    found: dict[str, list[tuple[tuple[str, ...], Robot]]] = {}
    for robot in known():
        for words in robot.words or (robot.name,):
            word, *rest = words.split(" + ")
            found.setdefault(word, []).append((tuple(rest), robot))
    return {word: tuple(sorted(ways, key=lambda way: -len(way[0]))) for word, ways in found.items()}


@lru_cache(maxsize=REMEMBERED)
def _claimed(agent: str) -> Robot | None:
    """Name the robot that a User-Agent says it is: the first word that names one, unless it is only *like* it."""
    index, text, previous = _index(), agent[:LONGEST].lower(), ""
    for word in _WORD.findall(text):
        ways = index.get(word) or index.get(word.rstrip(".-!"))
        if ways is not None and previous != "like":
            for rest, robot in ways:
                if all(other in text for other in rest):
                    return robot
        previous = word
    return None


class Robots:
    """The catalogue of known robots, ready to be asked."""

    def __init__(self, config: Config, gathered: Gathered) -> None:
        self._verifies = config.good_bots.builtin
        self._asks = config.good_bots.dns is not False
        self._findings = gathered.findings
        self._sources: dict[str, list[Source]] = {}
        for source in gathered.networks.sources:
            if source.kind == "robot":
                self._sources.setdefault(source.robot, []).append(source)
        _index()  # read now, not with the first request

    def claim(self, agent: str, address: str, facts: NetworkFacts, now: float) -> Claim:
        """Judge the claim of a User-Agent from an address (an IP address as text)."""
        robot = _claimed(agent)
        return NOBODY if robot is None else self._judge(robot, address, facts, now)

    def _judge(self, robot: Robot, address: str, facts: NetworkFacts, now: float) -> Claim:
        reach = _reach(address)
        if not self._verifies or facts.is_own or not reach:
            return _of(robot, "unverifiable")
        own = (robot.name, robot.family)
        lists = (*own, *robot.ranges)
        if any(name in facts.robots for name in lists):
            return _of(robot, "verified", "ranges")
        finding = self._findings.get(address, robot.name, now) if robot.suffixes else None
        if finding is not None and finding.standing == "verified":
            return _of(robot, "verified", "dns")
        is_listed = facts.is_known and reach == "public"
        if is_listed and robot.is_complete and any(name in facts.robots_fresh for name in own):
            return _of(robot, "forged", "ranges")
        if finding is not None and finding.standing == "forged":
            return _of(robot, "forged", "dns")
        ask = self._asks and bool(robot.suffixes) and finding is None
        if is_listed and any(source.is_alive(now) for name in lists for source in self._sources.get(name, ())):
            return _of(robot, "unlisted", "ranges", ask=ask)
        return _of(robot, "unverifiable", "dns" if finding is not None else "", ask=ask)


def _of(robot: Robot, standing: Standing, by: str = "", *, ask: bool = False) -> Claim:
    if robot.is_shared and standing == "verified":
        standing = "unverifiable"
    return Claim(robot.name, robot.purpose, standing, by, ask, robot.is_shared)


@lru_cache(maxsize=4096)
def _reach(address: str) -> Literal["", "loopback", "public"]:
    """Say whether somebody else can know whose an address is; of loopback a name server of the operator's own can."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if parsed.is_loopback:
        return "loopback"
    return "public" if parsed.is_global and not parsed.is_multicast else ""
