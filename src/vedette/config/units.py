"""Small notations of ``vedette.yaml``: rates, durations, shares, sizes, request matches, selectors, addresses.

Each ``parse_*`` takes the text as written and returns a value, or raises :class:`ValueError` whose text says what is
wrong and, after a semicolon, what to write instead; the caller knows the place. Each ``format_*`` writes a value
back so that parsing it again gives the same value.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from vedette.config.schema import Match, Rate, Selector

__all__ = [
    "format_duration",
    "format_rate",
    "format_selector",
    "format_share",
    "parse_address",
    "parse_cookie_name",
    "parse_duration",
    "parse_header_name",
    "parse_match",
    "parse_network",
    "parse_rate",
    "parse_selector",
    "parse_share",
    "parse_size",
    "parse_url",
]

RATE_UNITS: dict[str, float] = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
DURATION_UNITS: dict[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZE_UNITS: dict[str, int] = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
SELECTOR_SOURCES: tuple[str, ...] = ("body", "header", "cookie", "query", "path", "jwt")

LIMIT_MAX = 1_000_000_000
DURATION_MAX_S = 100 * 365 * 86400.0

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def parse_rate(text: str) -> Rate:
    """Read ``N/unit``.

    >>> parse_rate("600/minute")
    Rate(count=600, per_s=60.0)
    """
    found = re.fullmatch(r"\s*([0-9]+)\s*/\s*([A-Za-z]+)\s*", text, re.ASCII)
    if not found:
        raise ValueError("not a rate; write a number and a unit, such as 60/minute")
    unit = found[2]
    if unit not in RATE_UNITS:
        raise ValueError(f'unknown unit "{unit}"; use one of {", ".join(RATE_UNITS)}')
    digits = found[1]
    if len(digits) > 12 or not 1 <= int(digits) <= LIMIT_MAX:
        raise ValueError(f"not a usable number; use 1 to {LIMIT_MAX}")
    return Rate(int(digits), RATE_UNITS[unit])


def format_rate(rate: Rate) -> str:
    """Write a rate as ``parse_rate`` reads it."""
    for unit, seconds in RATE_UNITS.items():
        if seconds == rate.per_s:
            return f"{rate.count}/{unit}"
    raise ValueError(f"no unit of {rate.per_s} seconds")


def parse_duration(text: str) -> float:
    """Read a duration in seconds.

    >>> parse_duration("500ms"), parse_duration("30d")
    (0.5, 2592000.0)
    """
    found = re.fullmatch(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)\s*", text, re.ASCII)
    if not found:
        raise ValueError("not a duration; write a number and one of ms, s, m, h, d, such as 30s")
    number, unit = found.groups()
    if not unit:
        raise ValueError(f"has no unit; write {number}s, or use one of ms, s, m, h, d")
    if unit not in DURATION_UNITS:
        raise ValueError(f'unknown unit "{unit}"; use one of {", ".join(DURATION_UNITS)}')
    seconds = float(number) / 1000.0 if unit == "ms" else float(number) * DURATION_UNITS[unit]
    if seconds > DURATION_MAX_S:
        raise ValueError("too long; at most 100 years")
    return seconds


def format_duration(seconds: float) -> str:
    """Write a duration in the largest unit that keeps it a whole number."""
    if seconds == 0:
        return "0s"
    for unit in ("d", "h", "m", "s"):
        count = seconds / DURATION_UNITS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds * 1000.0:.6f}".rstrip("0").rstrip(".") + "ms"


def parse_share(text: str) -> float:
    """Read a percentage as a number from 0 to 1.

    >>> parse_share("5%")
    0.05
    """
    found = re.fullmatch(r"\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%\s*", text, re.ASCII)
    if not found:
        raise ValueError("not a share; write a percentage such as 100%")
    share = float(found[1]) / 100.0
    if share > 1.0:
        raise ValueError("more than everything; at most 100%")
    return share


def format_share(share: float) -> str:
    """Write a share as a percentage."""
    return f"{share * 100.0:.6f}".rstrip("0").rstrip(".") + "%"


def parse_size(text: str) -> int:
    """Read a size in bytes.

    >>> parse_size("16KiB")
    16384
    """
    found = re.fullmatch(r"\s*([0-9]{1,12})\s*([A-Za-z]*)\s*", text, re.ASCII)
    if not found or found[2] not in SIZE_UNITS:
        raise ValueError(f"not a size; write a whole number and one of {', '.join(SIZE_UNITS)}, such as 16KiB")
    return int(found[1]) * SIZE_UNITS[found[2]]


def parse_match(text: str) -> Match:
    """Read ``METHOD [host]/path``.

    ``{name}`` is one segment and ``**``, only at the end, the rest. A trailing slash is dropped because requests are
    matched on their normalised path.

    >>> parse_match("GET api.example.com/v1/{id}").segments
    ('v1', '{id}')
    """
    words = text.split()
    if len(words) != 2:
        raise ValueError(
            'not a match; write a method and a path, such as "GET /api/products/{id}" (any method: "* /api/**")'
        )
    method, target = words
    if method != "*" and not re.fullmatch(r"[A-Z]{1,20}", method):
        fix = f"; write {method.upper()}" if re.fullmatch(r"[A-Za-z]{1,20}", method) else ""
        raise ValueError(f'"{method}" is not a method{fix}')
    host, slash, path = target.partition("/")
    if not slash:
        raise ValueError(f'"{target}" has no path; a path begins with /')
    if host:
        host = _parse_host(host)
    if "?" in path or "#" in path:
        raise ValueError("more than a path; leave out everything from ? or #")
    path = path.removesuffix("/")
    segments = tuple(path.split("/")) if path else ()
    _check_segments(segments)
    return Match(text, method, host, segments)


def _check_segments(segments: tuple[str, ...]) -> None:
    names: set[str] = set()
    for place, segment in enumerate(segments):
        if segment in ("", ".", ".."):
            raise ValueError(f'"{segment}" is not a path segment; requests are matched on the normalised path')
        if segment == "**":
            if place != len(segments) - 1:
                raise ValueError("** stands for the rest; it comes last")
        elif "*" in segment:
            raise ValueError(
                f'"{segment}": * stands for nothing here; write {{name}} for one segment or ** for the rest'
            )
        elif segment[0] == "{" and segment[-1] == "}":
            name = segment[1:-1]
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", name, re.ASCII):
                raise ValueError(f'"{segment}": not a name; letters, digits, - and _ go between the braces')
            if name in names:
                raise ValueError(f'"{segment}" appears twice')
            names.add(name)
        elif "{" in segment or "}" in segment:
            raise ValueError(f'"{segment}": braces stand for a whole segment; write /products/{{id}}')


def _parse_host(text: str) -> str:
    if ":" in text:
        raise ValueError(f'"{text}": a host is written without its port')
    host = text.lower()
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(f'"{text}" is not a host name')
    return host


def parse_selector(text: str) -> Selector:
    """Read ``source.name``.

    >>> parse_selector("body.user.email")
    Selector(source='body', name='user.email')
    """
    source, _, name = text.partition(".")
    if source not in SELECTOR_SOURCES or not name:
        raise ValueError(
            f"not a selector; write one of {', '.join(SELECTOR_SOURCES)}, a dot and a name, such as header.x-api-key"
        )
    if len(name) > 256 or any(ord(letter) < 33 or ord(letter) == 127 for letter in name):
        raise ValueError("a selector's name has no blanks and at most 256 characters")
    if source == "header":
        name = parse_header_name(name)
    if source == "body" and "" in name.split("."):
        raise ValueError("an empty step between two dots")
    return Selector(source, name)  # type: ignore[arg-type]  # membership is checked above


def format_selector(selector: Selector) -> str:
    """Write a selector as ``parse_selector`` reads it."""
    return f"{selector.source}.{selector.name}"


def parse_header_name(text: str) -> str:
    """Read the name of a header field; names compare in lower case."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f'"{text}" is not the name of a header')
    return text.lower()


def parse_cookie_name(text: str) -> str:
    """Read the name of a cookie (RFC 6265); the prefixes by which browsers ask more of a cookie are refused."""
    if not _TOKEN.fullmatch(text) or len(text) > 64:
        raise ValueError(f'"{text[:60]}" is not the name of a cookie')
    if text.lower().startswith(("__host-", "__secure-", "__http-", "__host-http-")):
        raise ValueError(f'"{text[:60]}": browsers take this prefix only over TLS; choose another name')
    return text


def parse_address(text: str) -> str:
    """Check ``host:port``; an IPv6 host is written in brackets, ``[::1]:8080``."""
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError("not an address; write a host and a port, such as 127.0.0.1:8080")
    if not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or int(port) > 65535:
        raise ValueError(f'"{port}" is not a port; use 0 to 65535')
    if host[0] == "[" and host[-1] == "]":
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ValueError(f'"{host}" is not an IPv6 address') from None
    elif ":" in host:
        raise ValueError(f"an IPv6 address without brackets; write [{host}]:{port}")
    elif host != "localhost":
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f'"{host}" is not an IP address; write one such as 0.0.0.0 or 127.0.0.1') from None
    return text


def parse_network(text: str) -> str:
    """Check an IP network or address, and write it as a network: ``10.0.0.1`` becomes ``10.0.0.1/32``."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("not an IP network; write one such as 10.0.0.0/8 or 2001:db8::/32") from None
    raise ValueError(f"has bits set beyond its length; write {network}")


def parse_url(text: str, *, base: bool = False) -> str:
    """Check an ``http`` or ``https`` address; ``base`` refuses a path because requests keep their own."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL; write one such as http://127.0.0.1:8000") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL; write http:// or https://, a host and a port, such as http://127.0.0.1:8000")
    if port == 0 or any(ord(letter) < 33 for letter in text):
        raise ValueError("not a URL; write one such as http://127.0.0.1:8000")
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a user name or password in it; leave it out")
    allowed = r"[A-Za-z0-9_.:-]+" if base else r"[A-Za-z0-9_.:\u0080-\U0010ffff-]+"
    if not re.fullmatch(allowed, parts.hostname):
        raise ValueError("the host of the URL has a character that hosts do not have")
    if base and (parts.path not in ("", "/") or parts.query or parts.fragment):
        raise ValueError(f"has a path, but requests keep their own; write {parts.scheme}://{parts.netloc}")
    return text.removesuffix("/") if base else text
