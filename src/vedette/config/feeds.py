"""``feeds`` and ``networks.own``: where lists of addresses come from, what they say, and what they may not speak of."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

from vedette.config.document import Node
from vedette.config.key_files import FILE
from vedette.config.reading import MISSING, Key, Reader, choice, decimal, notation, several, text
from vedette.config.schema import Feed, FeedFormat, FeedKind
from vedette.config.units import parse_duration, parse_network, parse_url

__all__ = ["describe", "feed", "own"]

REFRESH_LEAST_S, REFRESH_MOST_S = 60.0, 30 * 86400.0
HALF_LIFE_LEAST_S = 3600.0
FEEDS_MOST = 100
VALUED = ("asn", "country")
SAID = {
    "hosting": "are machines of a hosting company or cloud",
    "vpn": "are exits of a VPN",
    "relay": "are exits of a privacy relay, behind which people are",
    "tor": "are exits of Tor",
    "proxy": "are open or rented proxies",
    "anonymizer": "hide who uses them",
    "blocklist": "have misbehaved elsewhere",
    "robot": "are the published ranges of {robot}",
    "asn": "belong to these networks (ASN)",
    "country": "are in these countries",
}


def _url(reader: Reader, node: Node, path: str) -> Any:
    """An http(s) URL, or ``file:PATH`` beside the configuration; what is kept of a path is absolute."""
    value = text(2048)(reader, node, path)
    if value is MISSING or not value.startswith(FILE):
        if value is MISSING:
            return MISSING
        if not value.startswith(("http://", "https://")):
            return reader.problem(node, path, f'not a source, "{value[:60]}", write an https URL or file:PATH')
        return notation(parse_url)(reader, node, path)
    name = value.removeprefix(FILE)
    name = name.removeprefix("//") if name.startswith("///") else name
    if not name or name.startswith("//"):
        return reader.problem(node, path, f'not a file, "{value[:60]}", write file:PATH')
    return f"{FILE}{reader.base.absolute() / name}"


_KEYS = {
    "name": Key(text(100), is_required=True),
    "url": Key(_url, is_required=True),
    "format": Key(choice(*get_args(FeedFormat))),
    "kind": Key(choice(*get_args(FeedKind))),
    "refresh": Key(notation(parse_duration)),
    "robot": Key(text(64)),
    "column": Key(text(100)),
    "weight": Key(decimal(0.0, 1.0)),
    "half_life": Key(notation(parse_duration)),
}


def feed(reader: Reader, node: Node, path: str) -> Any:
    """One feed."""
    found = reader.mapping(node, path, _KEYS)
    if not reader.is_whole(node, found, _KEYS):
        return MISSING
    if "robot" in found:
        found["robot"] = found["robot"].lower()
        found.setdefault("kind", "robot")
    made = Feed(**{f"{name}_s" if name in ("refresh", "half_life") else name: value for name, value in found.items()})
    _check(reader, node, path, made)
    return made


def _check(reader: Reader, node: Node, path: str, made: Feed) -> None:
    """Find what does not go together."""

    def problem(key: str, what: str) -> None:
        line = node.entries.get(key, (node.line, None))[0]
        reader.problem(line, f"{path}.{key}" if key in node.entries else path, what)

    if not REFRESH_LEAST_S <= made.refresh_s <= REFRESH_MOST_S:
        problem("refresh", "not usable, the time, use 1m to 30d")
    if made.half_life_s is not None and made.half_life_s < HALF_LIFE_LEAST_S:
        problem("half_life", "too short, the time, use at least 1h")
    if made.kind == "robot" and not made.robot:
        problem("kind", 'a key is missing, "robot", name whose ranges these are, such as googlebot')
    if made.robot and made.kind != "robot":
        problem("kind", f'not for a robot, "{made.kind}", leave kind out or write robot')
    if made.kind in VALUED and made.format not in ("csv", "mmdb"):
        problem("kind", f"not in this format, {made.kind} of {made.format}, use format mmdb or csv")
    if made.kind not in VALUED and made.format == "mmdb" and not made.column:
        problem(
            "format", 'a key is missing, "column", name the field that is true for a member, such as is_anonymous_vpn'
        )
    if made.column and made.format not in ("csv", "json", "mmdb"):
        problem("column", f"not in this format, {made.format} has no columns, leave it out")
    if made.column and made.kind in VALUED and made.format == "mmdb":
        problem("column", f"not needed, the field of {made.kind} is known, leave it out")


def own(reader: Reader, node: Node, path: str) -> Any:
    """``networks.own`` and ``partners[].networks``."""
    return several(notation(parse_network), lone=True)(reader, node, path)


def describe(made: Feed) -> tuple[str, str]:
    """Say what a feed is in a sentence, and what is to be feared of it, if anything."""
    said = SAID[made.kind].format(robot=made.robot)
    parts = urlsplit(made.url)
    place = made.url.removeprefix(FILE) if made.url.startswith(FILE) else parts.netloc
    warning = ""
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        warning = f"feeds.{made.name}: fetched over http, anybody on the way can change it; use https"
    return f"{made.name}: addresses in {place} {said}", warning


def _is_local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
