"""Somebody in between: browsers inside other apps, relays, and proxies that save data."""

from __future__ import annotations

import random
import re
from functools import lru_cache

from msgspec.structs import replace

from vedette.simulate.calls import Arrivals, Script
from vedette.simulate.cases.shoppers import arrive, browser, shop, visit
from vedette.simulate.clients import Client, Stack, Stacks
from vedette.simulate.languages import draw_language
from vedette.simulate.networks import Address
from vedette.simulate.people.journey import pause
from vedette.simulate.scenario import Part
from vedette.simulate.visit import Visit
from vedette.simulate.world import World
from vedette.types import Headers

__all__ = ["saver_proxy", "webview_inside_app"]

_APPS = (
    (
        "https://l.facebook.com/",
        " [FB_IAB/FB4A;FBAV/535.0.0.49.72;IABMV/1;]",
        " [FBAN/FBIOS;FBAV/535.0.0.38.72;FBBV/812342311;FBDV/{model};FBMD/iPhone;FBSN/iOS;FBSV/{version};FBSS/3;FBCR/;"
        "FBID/phone;FBLC/{locale};FBOP/80]",
    ),
    (
        "https://l.instagram.com/",
        " Instagram 405.0.0.54.82 Android (34/14; 420dpi; 1080x2205; samsung; SM-A546B; a54x; s5e8835; {locale};"
        " 804012345)",
        " Instagram 405.0.0.30.90 ({model}; iOS {underscored}; {locale}; {language}; scale=3.00; 1179x2556;"
        " IABMV/1; 803912345)",
    ),
)
"""Referrer, and what is added to the User-Agent on Android and on iOS, in the form of such apps."""
_MODELS = ("iPhone15,2", "iPhone14,5", "iPhone16,1", "iPhone13,2", "iPhone17,3")
_SYSTEMS = ("chrome", "safari_ios")
"""Whose engine the browser inside an app is."""
_TURBO = "Opera/9.80 (Android; Opera Mini/87.0.2254/191.331; U; {language}) Presto/2.12.423 Version/12.16"
_PHONES = ("Mozilla/5.0 (Linux; Android 13; SM-A145R)", "Mozilla/5.0 (Linux; Android 12; moto e22)")


def webview_inside_app(world: World, part: Part) -> Arrivals:
    """Shop in the browser inside Facebook's or Instagram's app: other agent, other fields, no cookie from last time."""
    rng = world.rng(part.name)
    return arrive(world, part, world.times(rng, world.count(part), *world.span(part)), _inside)


def _inside(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
    which = 0 if rng.random() < 0.45 else 1
    stack = world.stacks.draw(rng, "browser", is_mobile=True, families=_SYSTEMS, without=world.without)
    where = _mobile_line(world, rng)
    language = draw_language(rng, where.country, stack.family, stack.major)
    first = language.split(",")[0].replace("-", "_")
    locale = first if "_" in first else f"{first}_{first.upper()}"
    client = browser(world, rng, _webview(world.stacks, stack.name, which, locale), where, known=0.1)
    client.language = language
    return shop(world, visit(world, part, rng, client, number, at), most=30, logs_in=0.1, referer=_APPS[which][0])


def _mobile_line(world: World, rng: random.Random) -> Address:
    return world.address(rng, "mobile" if rng.random() < 0.55 else "home")


@lru_cache(maxsize=1024)
def _webview(stacks: Stacks, name: str, which: int, locale: str) -> Stack:
    """Give a phone's browser as it is inside an app: marks in its User-Agent and brands."""
    old = stacks.named(name)
    referer, android, ios = _APPS[which]
    is_android = "Android" in old.user_agent
    agent = old.user_agent
    found = re.search(r"OS (\d+(?:_\d+)+)", agent)
    underscored = found[1] if found else "18_6"
    own = (android if is_android else ios).format(
        model=_MODELS[sum(name.encode()) % len(_MODELS)],
        version=underscored.replace("_", "."),
        underscored=underscored,
        locale=locale,
        language=locale[:2],
    )
    if is_android:
        agent = agent.replace(") AppleWebKit", "; wv) AppleWebKit").replace(") Chrome/", ") Version/4.0 Chrome/") + own
    else:
        agent = agent.split(" Version/")[0] + " Mobile/15E148" + own
    headers: dict[str, Headers] = {
        kind: tuple(
            (field, agent if value == old.user_agent else value.replace("Google Chrome", "Android WebView"))
            for field, value in fields
        )
        for kind, fields in old.headers.items()
    }
    return replace(old.dressed(headers, user_agent=agent), name=f"{name} from {referer}")


def saver_proxy(world: World, part: Part) -> Arrivals:
    """Come through somebody's proxy: relays whose address changes, data savers in a datacentre, browser VPNs."""
    rng = world.rng(part.name)
    savers = [world.networks.draw(rng, "datacentre", "NL") for _ in range(3)]

    def script(world: World, part: Part, rng: random.Random, number: int, at: float) -> Script:
        chance = rng.random()
        if chance < 0.45:
            return _through_relay(world, part, rng, number, at, "relay")
        if chance < 0.7:
            return _through_relay(world, part, rng, number, at, "vpn")
        return _through_saver(world, part, rng, number, at, savers)

    return arrive(world, part, world.times(rng, world.count(part), *world.span(part)), script)


def _through_relay(world: World, part: Part, rng: random.Random, number: int, at: float, kind: str) -> Script:
    safari = tuple(family for family in world.stacks.families if family.startswith("safari"))
    families = safari if kind == "relay" and safari else None
    stack = world.stacks.draw(rng, "browser", families=families, without=world.without)
    where = _exit(world, rng, kind)
    client = browser(world, rng, stack, where)
    client.language = draw_language(
        rng, world.scenario.country, stack.family, stack.major
    )  # of the person, not of the exit

    def move() -> None:
        if rng.random() < (0.6 if kind == "relay" else 0.1):
            client.move(_exit(world, rng, kind))
            client.reconnect(rng)

    return shop(world, visit(world, part, rng, client, number, at), move=move)


def _exit(world: World, rng: random.Random, kind: str) -> Address:
    """Give an exit: a relay's in the person's own country, where it has any; a VPN's anywhere."""
    home = world.scenario.country
    return world.networks.draw(rng, kind, home if kind == "relay" and home in world.networks.countries(kind) else "")


def _through_saver(
    world: World, part: Part, rng: random.Random, number: int, at: float, savers: list[Address]
) -> Script:
    where = rng.choice(savers)
    language = draw_language(rng, world.scenario.country, "")[:2]
    client = Client.make(_opera_mini(world.stacks, rng.randrange(len(_PHONES)), language), where, rng, language)
    client.extra = (("X-Forwarded-For", world.address(rng, "mobile").address),)
    return _pages_only(world, visit(world, part, rng, client, number, at))


@lru_cache(maxsize=64)
def _opera_mini(stacks: Stacks, phone: int, language: str) -> Stack:
    """Compose Opera Mini, whose servers render pages and name the phone in a field, over wget's handshake."""
    agent = _TURBO.format(language=language)
    fields: Headers = (
        ("User-Agent", agent),
        ("Host", "{host}"),
        (
            "Accept",
            "text/html, application/xml;q=0.9, application/xhtml+xml, image/png, image/webp, image/jpeg, */*;q=0.1",
        ),
        ("Accept-Language", "{language}"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Cookie", "{cookie}"),
        ("Referer", "{referer}"),
        ("X-OperaMini-Features", "advanced, camera, file_system, folding, httpping, viewport"),
        ("X-OperaMini-Phone-UA", _PHONES[phone]),
        ("{extra}", ""),
        ("Content-Type", "{type}"),
        ("Content-Length", "{length}"),
        ("Connection", "Keep-Alive"),
    )
    kinds = dict.fromkeys(("navigate", "fetch", "asset", "api"), fields)
    return stacks.family("wget")[0].dressed(kinds, user_agent=agent)


def _pages_only(world: World, visit: Visit) -> Script:
    """Shop with pages that a server renders: everything in one burst for each page, then a long look at it."""
    rng = visit.rng
    yield from visit.do("home", kind="navigate")
    for _ in range(2 + int(rng.expovariate(0.25))):
        pause(visit)
        number = world.shop.popular_product(rng)
        if rng.random() < 0.3:
            yield from visit.do("listing", kind="navigate", category=world.shop.category(rng), page=1)
        else:
            yield from visit.do("product", kind="navigate", number=number)
            yield from visit.do("price", kind="fetch", number=number, after=0.004, waits=False)
        for picture in range(int(rng.random() * 5)):
            file = world.shop.file(24 + number * 6 + picture)
            yield from visit.do("asset", kind="asset", file=file, after=0.003 * picture, waits=False)
