"""Invented traffic of a shop, seeded: what the engine benchmarks decide about.

Three quarters of the calls come from people's browsers with a session, the rest from libraries, forged browsers and
clients seen once. Methods, paths and shares follow the demo shop.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from vedette.types import Request

__all__ = ["LOGIN_BODY_EVERY", "START", "invented_clients", "mixed"]

START = 1_790_000_000.0
RATE = 2_000.0  # requests a second of virtual time
LOGIN_BODY_EVERY = 10
BRANDS = {
    138: '"Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"',
    139: '"Not;A=Brand";v="99", "Google Chrome";v="139", "Chromium";v="139"',
    140: '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
    141: '"Google Chrome";v="141", "Not?A_Brand";v="8", "Chromium";v="141"',
    142: '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    143: '"Google Chrome";v="143", "Chromium";v="143", "Not A(Brand";v="24"',
    144: '"Not(A:Brand";v="8", "Chromium";v="144", "Google Chrome";v="144"',
    145: '"Not:A-Brand";v="99", "Google Chrome";v="145", "Chromium";v="145"',
    146: '"Chromium";v="146", "Not-A.Brand";v="24", "Google Chrome";v="146"',
    147: '"Google Chrome";v="147", "Not.A/Brand";v="8", "Chromium";v="147"',
}
"""Sec-CH-UA of Chrome by version: invented brand and order follow from it (Chromium's GREASE rule)."""
PLATFORMS = {"Windows NT 10.0; Win64; x64": "Windows", "Macintosh; Intel Mac OS X 10_15_7": "macOS",
             "X11; Linux x86_64": "Linux"}  # fmt: skip
BROWSERS = {
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36": (
        brand,
        platform,
    )
    for system, platform in PLATFORMS.items()
    for version, brand in BRANDS.items()
}
"""User-Agent to the brands and the platform that its client hints give: as real browsers do."""
AGENTS = tuple(BROWSERS)
LIBRARIES = ("python-requests/2.34.2", "Go-http-client/1.1", "curl/8.14.1", "okhttp/4.12.0", "axios/1.12.2")
JA4 = tuple(f"t13d15{n:02d}h2_8daaf6152771_{n:012x}" for n in range(24))
WORDS = ("tent", "lamp", "boots", "jacket", "stove", "rope", "compass", "mug", "knife", "map")


def _address(number: int) -> str:
    """An IPv4 address for every number below 2**31, none of them private or loopback."""
    first = 16 + (number >> 24) % 80
    return f"{first}.{(number >> 16) & 255}.{(number >> 8) & 255}.{number & 255}"


def _browser(agent: str, session: str, dice: random.Random) -> tuple[tuple[str, str], ...]:
    brand, platform = BROWSERS[agent]
    return (
        ("host", "shop.example"),
        ("sec-ch-ua-platform", f'"{platform}"'),
        ("user-agent", agent),
        ("sec-ch-ua", brand),
        ("sec-ch-ua-mobile", "?0"),
        ("accept", "*/*"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-dest", "empty"),
        ("referer", f"https://shop.example/products?page={dice.randrange(40)}"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "en-GB,en;q=0.9"),
        ("cookie", f"theme=dark; sid={session}"),
    )


def _library(agent: str) -> tuple[tuple[str, str], ...]:
    return (("host", "shop.example"), ("user-agent", agent), ("accept-encoding", "gzip"), ("accept", "*/*"))


def mixed(count: int, *, clients: int, seed: int = 1, first: int = 0) -> Iterator[Request]:
    """Yield ``count`` requests of ``clients`` clients, in time order. ``first`` continues an earlier series."""
    dice = random.Random(seed + first)
    for place in range(first, first + count):
        client = dice.randrange(clients)
        kind = dice.random()
        known = random.Random(client)
        agent = known.choice(AGENTS) if kind < 0.85 else known.choice(LIBRARIES)
        headers = _browser(agent, f"s{client:x}", dice) if kind < 0.75 else _library(agent)
        what = dice.random()
        method, path, query, body = "GET", "/", "", b""
        if what < 1 / LOGIN_BODY_EVERY:
            method, path = "POST", "/api/login"
            body = b'{"email":"user%d@example.com","password":"correct horse"}' % dice.randrange(clients)
        elif what < 0.45:
            path = f"/api/products/{dice.randrange(5_000)}"
        elif what < 0.65:
            path, query = "/api/search", f"q={dice.choice(WORDS)}&page={dice.randrange(9)}"
        elif what < 0.8:
            path, query = "/api/products", f"page={dice.randrange(200)}"
        elif what < 0.9:
            path = f"/static/app.{dice.randrange(6)}.js"
        else:
            path = "/api/profile"
        yield Request(
            timestamp=START + place / RATE,
            id=f"b{place:x}",
            method=method,
            path=path,
            query=query,
            scheme="https",
            host="shop.example",
            protocol="HTTP/2",
            client_address=_address(client),
            headers=headers,
            user_agent=agent,
            ja4=JA4[client % len(JA4)],
            tls_version="TLSv1.3",
            body=body,
        )


def invented_clients(count: int, *, first: int = 0, seed: int = 7) -> Iterator[Request]:
    """Yield requests each of which comes from an address, session and account never seen before: a flood of keys."""
    dice = random.Random(seed)
    agent = LIBRARIES[0]
    for place in range(first, first + count):
        yield Request(
            timestamp=START + 1e6 + place / RATE,
            id=f"i{place:x}",
            method="POST",
            path="/api/login",
            scheme="https",
            host="shop.example",
            protocol="HTTP/1.1",
            client_address=_address((place * 2_654_435_761) % 2**31),
            headers=(*_library(agent), ("cookie", f"sid=z{place:x}{dice.getrandbits(32):x}")),
            user_agent=agent,
            body=b'{"email":"n%d@example.com","password":"x"}' % place,
        )
