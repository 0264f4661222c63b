"""The shop whose API a world calls: its endpoints in several dialects, its catalogue and accounts, and its answers.

A *dialect* is one way to lay out the same shop: paths, identifiers, and what a refused login is answered with. Worlds
use several, so that nothing is learned from one layout. All figures of the answer model are invented, in the range of
a mid-sized shop: median time to answer and body size by endpoint, log-normal, slower while many requests come at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from vedette.simulate.calls import Call, Reply
from vedette.types import Purpose

__all__ = ["DIALECTS", "ENDPOINTS", "Endpoint", "Outage", "Shop", "dialect_of"]


class Endpoint(Struct, frozen=True):
    """What a call is for.

    Attributes:
        answer_ms: Median time to answer; its log-standard deviation is 0.45.
        size: Median bytes of the answer's body; its log-standard deviation is 0.5.
        ok: Status where the shop accepts, ``refused`` where it does not.
    """

    name: str
    purpose: Purpose
    method: str
    answer_ms: float
    size: int
    ok: int = 200
    refused: int = 404


ENDPOINTS: Mapping[str, Endpoint] = {
    e.name: e
    for e in (
        Endpoint("home", "other", "GET", 60, 18_000),
        Endpoint("article", "other", "GET", 45, 14_000),
        Endpoint("asset", "static", "GET", 6, 21_000),
        Endpoint("bootstrap", "other", "GET", 35, 3_500),
        Endpoint("login", "login", "POST", 180, 700, refused=401),
        Endpoint("refresh", "account", "POST", 40, 600, refused=401),
        Endpoint("logout", "account", "POST", 20, 40, ok=204),
        Endpoint("signup", "signup", "POST", 240, 500, ok=201, refused=422),
        Endpoint("reset", "password_reset", "POST", 120, 90, ok=202),
        Endpoint("reset_confirm", "password_reset", "POST", 150, 200, refused=400),
        Endpoint("search", "search", "GET", 110, 9_000),
        Endpoint("suggest", "search", "GET", 25, 900),
        Endpoint("listing", "listing", "GET", 80, 12_000),
        Endpoint("product", "product", "GET", 50, 5_500),
        Endpoint("price", "product", "GET", 22, 350),
        Endpoint("reviews", "product", "GET", 45, 6_000),
        Endpoint("cart", "cart", "GET", 30, 1_400),
        Endpoint("cart_add", "cart", "POST", 55, 1_200, ok=201, refused=409),
        Endpoint("cart_change", "cart", "PATCH", 45, 1_200, refused=409),
        Endpoint("coupon", "cart", "POST", 60, 250, refused=422),
        Endpoint("checkout", "checkout", "POST", 160, 1_800, refused=409),
        Endpoint("payment", "payment", "POST", 650, 500, refused=402),
        Endpoint("gift_card", "payment", "POST", 70, 180),
        Endpoint("orders", "account", "GET", 70, 4_000, refused=401),
        Endpoint("order", "account", "GET", 45, 2_200),
        Endpoint("profile", "account", "GET", 35, 900, refused=401),
        Endpoint("profile_change", "account", "PUT", 80, 900, refused=401),
        Endpoint("wishlist", "account", "POST", 50, 300, refused=401),
        Endpoint("waitlist", "other", "POST", 60, 120, ok=202),
        Endpoint("review", "other", "POST", 90, 300, ok=201, refused=422),
        Endpoint("contact", "other", "POST", 110, 120, ok=202, refused=422),
        Endpoint("graphql", "other", "POST", 75, 5_000),
        Endpoint("events", "other", "POST", 8, 0, ok=204),
        Endpoint("feed", "static", "GET", 90, 60_000),
        Endpoint("robots", "static", "GET", 4, 300),
        Endpoint("sitemap", "static", "GET", 70, 90_000),
        Endpoint("health", "other", "GET", 3, 20),
        Endpoint("export", "listing", "GET", 320, 160_000, refused=401),
    )
}

_REST = {
    "home": "/",
    "article": "/articles/{slug}",
    "asset": "/assets/{file}",
    "bootstrap": "/api/bootstrap",
    "login": "/api/login",
    "refresh": "/api/token",
    "logout": "/api/logout",
    "signup": "/api/accounts",
    "reset": "/api/password-reset",
    "reset_confirm": "/api/password-reset/confirm",
    "search": "/api/search?q={q}&page={page}",
    "suggest": "/api/suggest?q={q}",
    "listing": "/api/categories/{category}/products?page={page}",
    "product": "/api/products/{id}",
    "price": "/api/products/{id}/price",
    "reviews": "/api/products/{id}/reviews?page={page}",
    "cart": "/api/cart",
    "cart_add": "/api/cart/items",
    "cart_change": "/api/cart/items/{id}",
    "coupon": "/api/cart/coupon",
    "checkout": "/api/checkout",
    "payment": "/api/payments",
    "gift_card": "/api/gift-cards/balance",
    "orders": "/api/orders?page={page}",
    "order": "/api/orders/{order}",
    "profile": "/api/profile",
    "profile_change": "/api/profile",
    "wishlist": "/api/wishlist",
    "waitlist": "/api/products/{id}/waitlist",
    "review": "/api/products/{id}/reviews",
    "contact": "/api/contact",
    "graphql": "/graphql",
    "events": "/api/events",
    "feed": "/feeds/products.xml",
    "robots": "/robots.txt",
    "sitemap": "/sitemap.xml",
    "health": "/health",
    "export": "/api/partner/products?since={page}",
}
_VERSIONED = _REST | {
    "article": "/magazine/{slug}",
    "asset": "/static/build/{file}",
    "bootstrap": "/v2/app/config",
    "login": "/v2/auth/token",
    "refresh": "/v2/auth/refresh",
    "logout": "/v2/auth/revoke",
    "signup": "/v2/customers",
    "reset": "/v2/customers/recovery",
    "reset_confirm": "/v2/customers/recovery/complete",
    "search": "/v2/catalog/search?query={q}&offset={offset}&limit=24",
    "suggest": "/v2/catalog/typeahead?term={q}",
    "listing": "/v2/catalog/categories/{category}?offset={offset}&limit=24",
    "product": "/v2/catalog/items/{id}",
    "price": "/v2/pricing/items/{id}",
    "reviews": "/v2/reviews/items/{id}?offset={offset}",
    "cart": "/v2/baskets/current",
    "cart_add": "/v2/baskets/current/lines",
    "cart_change": "/v2/baskets/current/lines/{id}",
    "coupon": "/v2/baskets/current/vouchers",
    "checkout": "/v2/baskets/current/checkout",
    "payment": "/v2/payments/intents",
    "gift_card": "/v2/vouchers/balance",
    "orders": "/v2/customers/me/orders?offset={offset}",
    "order": "/v2/orders/{order}",
    "profile": "/v2/customers/me",
    "profile_change": "/v2/customers/me",
    "wishlist": "/v2/customers/me/wishlist",
    "waitlist": "/v2/catalog/items/{id}/notify",
    "review": "/v2/reviews/items/{id}",
    "contact": "/v2/support/messages",
    "graphql": "/v2/graphql",
    "events": "/v2/telemetry",
    "export": "/v2/partners/items?cursor={page}",
}
_STORE = _REST | {
    "article": "/blog/{slug}",
    "asset": "/cdn/{file}",
    "bootstrap": "/ajax/init",
    "login": "/account/login",
    "refresh": "/account/session/renew",
    "logout": "/account/logout",
    "signup": "/account/register",
    "reset": "/account/recover",
    "reset_confirm": "/account/recover/done",
    "search": "/ajax/search?s={q}&p={page}",
    "suggest": "/ajax/suggest?s={q}",
    "listing": "/ajax/c/{category}?p={page}",
    "product": "/ajax/p/{slug}-{id}",
    "price": "/ajax/price?sku={id}",
    "reviews": "/ajax/reviews?sku={id}&p={page}",
    "cart": "/ajax/cart",
    "cart_add": "/ajax/cart/add",
    "cart_change": "/ajax/cart/line/{id}",
    "coupon": "/ajax/cart/code",
    "checkout": "/ajax/checkout/start",
    "payment": "/ajax/checkout/pay",
    "gift_card": "/ajax/giftcard",
    "orders": "/account/orders?p={page}",
    "order": "/account/order/{order}",
    "profile": "/account/me",
    "profile_change": "/account/me",
    "wishlist": "/account/wishlist",
    "waitlist": "/ajax/notify/{id}",
    "review": "/ajax/review/{id}",
    "contact": "/ajax/contact",
    "graphql": "/ajax/graphql",
    "events": "/ajax/t",
    "export": "/export/items?after={page}",
}


class Dialect(Struct, frozen=True):
    """One layout of the shop: path templates, the refused status of a login, and how products and orders are named.

    Attributes:
        accept: What the shop's own pages ask for when they fetch; empty where they leave it to the browser.
    """

    name: str
    paths: Mapping[str, str]
    cookie: str
    login_refused: int
    product: str
    order: str
    accept: str = ""


DIALECTS: Mapping[str, Dialect] = {
    d.name: d
    for d in (
        Dialect("rest", _REST, "sid", 401, "{number}", "{number}", "application/json"),
        Dialect(
            "versioned", _VERSIONED, "session_id", 400, "SKU-{number:07d}", "{hex}", "application/json, text/plain, */*"
        ),
        Dialect("store", _STORE, "PHPSESSID", 422, "{number}", "{number}"),
    )
}


def dialect_of(seed: int) -> str:
    """The dialect of a seed, where the scenario leaves it open."""
    return tuple(DIALECTS)[seed % len(DIALECTS)]


class Outage(Struct, frozen=True):
    """A time in which a share of the calls fails with 500, 502, 503 or no answer at all."""

    start: float
    end: float
    share: float


_ANSWER_SD, _SIZE_SD = 0.45, 0.5
_CATEGORIES = (
    "tents sleeping-bags boots jackets stoves lamps packs climbing cycling running kids sale maps knives water "
    "ski swim fishing yoga travel"
).split()
_ADJECTIVES = (
    "light warm dry red blue compact family summer winter steel carbon down merino soft pro trail alpine".split()
)
_NOUNS = (
    "tent bag boot jacket stove lamp pack rope bike shoe bottle map knife sled goggle rod mat cover pole sock".split()
)
_FILES = ("js", "css", "webp", "webp", "webp", "jpg", "svg", "woff2")


class Shop:
    """Paths, identifiers and answers.

    Attributes:
        products: Size of the catalogue; products are numbers from 0. ``accounts`` likewise.
        cookie: Name of the session cookie.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        dialect: str = "rest",
        host: str = "shop.example",
        products: int = 20_000,
        accounts: int = 200_000,
        capacity: float = 400.0,
        names: Sequence[str] = ("anna", "ben", "carla", "dirk"),
        mail_domains: Sequence[str] = ("mail.example",),
        outages: Sequence[Outage] = (),
        paths: Mapping[str, str] = {},
        first_product: int = -1,
        product_id: str = "",
    ) -> None:
        self._rng = rng
        self.dialect = DIALECTS[dialect]
        self.host = host
        self.products, self.accounts = products, accounts
        self.cookie = self.dialect.cookie
        self._names, self._domains = names, mail_domains
        self._outages = outages
        self._capacity = capacity
        self._load, self._loaded_at = 0.0, 0.0
        by_chance = rng.randrange(10_000, 900_000)
        self._first_product = first_product if first_product >= 0 else by_chance
        self._product_id = product_id or self.dialect.product
        self._first_order = rng.randrange(1_000_000, 9_000_000)
        self._stride = next(s for s in (7919, 104_729, 15_485_863) if math.gcd(s, products) == 1)
        self._paths: dict[str, tuple[str, str]] = {}
        for name, template in {**self.dialect.paths, **paths}.items():
            path, _, query = template.partition("?")
            self._paths[name] = path, query
        self._log_ms = {name: math.log(e.answer_ms / 1000) for name, e in ENDPOINTS.items()}
        self._log_size = {name: math.log(e.size) if e.size else -1.0 for name, e in ENDPOINTS.items()}

    # -- what there is -------------------------------------------------------------------------------------------

    def popular_product(self, rng: random.Random) -> int:
        """A product as people choose it: popularity falls as one over rank (Zipf), and ids say nothing about it."""
        rank = int(math.exp(rng.random() * math.log(self.products + 1))) - 1
        return min(rank, self.products - 1) * self._stride % self.products

    def ranked_product(self, rank: int) -> int:
        """The product of a popularity rank from 0."""
        return rank % self.products * self._stride % self.products

    def product_id(self, number: int) -> str:
        """The id that paths show. Numbers beyond the catalogue give ids that do not exist."""
        return self._product_id.format(number=self._first_product + number)

    def order_id(self, number: int) -> str:
        """The id of an order: counted up, or random, by dialect."""
        if self.dialect.order == "{hex}":
            return f"{(number * 0x9E3779B97F4A7C15 ^ 0x5BD1E995) & 0xFFFFFFFFFFFFFFFF:016x}"
        return str(self._first_order + number)

    def account(self, number: int) -> str:
        """The login name of an account, an address of mail; numbers from ``accounts`` on are nobody's."""
        pairs = len(self._names) ** 2
        mixed = number * 982_451_653 % pairs  # a prime, so that no two accounts below ``pairs`` share a pair of names
        first, second = self._names[mixed % len(self._names)], self._names[mixed // len(self._names)]
        chance = number * 2654435761 >> 8 & 0xFFFF
        domain = self._domains[int(len(self._domains) * (chance / 65_536) ** 2)]
        between = (".", ".", "", "_")[chance & 3]
        tail = "" if chance & 4 else f"{chance >> 3 & 63:02d}" if chance & 8 else str(1950 + (chance >> 4) % 58)
        again = str(number // pairs) if number >= pairs else ""
        return f"{first}{between}{second}{tail}{again}@{domain}"

    def category(self, rng: random.Random) -> str:
        """A category as people choose it."""
        return _CATEGORIES[int(len(_CATEGORIES) * rng.random() ** 1.7)]

    @property
    def categories(self) -> tuple[str, ...]:
        """All categories."""
        return tuple(_CATEGORIES)

    def words(self, rng: random.Random) -> str:
        """Something to search for."""
        noun = rng.choice(_NOUNS)
        return f"{rng.choice(_ADJECTIVES)} {noun}" if rng.random() < 0.6 else noun

    def slug(self, number: int) -> str:
        """A readable name of a product or article."""
        return f"{_ADJECTIVES[number % len(_ADJECTIVES)]}-{_NOUNS[number // 7 % len(_NOUNS)]}"

    def file(self, number: int) -> str:
        """Name of an asset; the first dozen belong to every page, the others are pictures of products."""
        kind = _FILES[number % len(_FILES)] if number < 24 else "webp"
        return f"{(number + 1) * 2654435761 & 0xFFFFFFFF:08x}.{kind}"

    def template(self, endpoint: str) -> str:
        """Path and query of an endpoint with names in braces."""
        path, query = self._paths[endpoint]
        return f"{path}?{query}" if query else path

    def url(self, endpoint: str, ids: Mapping[str, Any]) -> tuple[str, str]:
        """Path and query of a call; text in ``ids`` is escaped, a ``number`` stands for a product with its slug."""
        path, query = self._paths[endpoint]
        if "{" not in path and "{" not in query:
            return path, query
        known = dict(ids)
        number = known.get("number")
        if number is not None:
            known["id"] = self.product_id(number)
            known.setdefault("slug", self.slug(number))
        page = known.setdefault("page", 1)
        if "{offset}" in query:
            known["offset"] = (page - 1) * 24
        if "q" in known:
            known["q"] = quote(str(known["q"]), safe="")
        return path.format_map(known), query.format_map(known) if query else ""

    # -- what it answers -----------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Reply:
        """Answer a call; calls come in order of time."""
        rng, at = self._rng, call.at
        self._load *= math.exp(min(0.0, (self._loaded_at - at) / 5.0))
        self._load += 0.2
        self._loaded_at = at
        slower = 1.0 + max(0.0, self._load / self._capacity - 0.7)
        endpoint = ENDPOINTS.get(call.endpoint)
        if endpoint is None:
            status = call.status or (200 if call.is_right else 404)
            return Reply(
                status, at + 0.004 * slower * math.exp(rng.gauss(0.0, 0.4)), int(150 * math.exp(rng.gauss(0, 0.3)))
            )
        took = slower * math.exp(self._log_ms[endpoint.name] + _ANSWER_SD * rng.gauss(0.0, 1.0))
        for outage in self._outages:
            if outage.start <= at < outage.end and endpoint.purpose != "static" and rng.random() < outage.share:
                which = rng.random()
                if which < 0.15:
                    return Reply(0, at + 30.0)
                return Reply(503 if which < 0.6 else 502 if which < 0.8 else 500, at + took * 4, 180)
        if call.status:
            status = call.status
        elif call.is_right:
            status = endpoint.ok
        else:
            status = self.dialect.login_refused if endpoint.name == "login" else endpoint.refused
        if status in (204, 304):
            size = 0
        elif status >= 400:
            size = int(120 * math.exp(rng.gauss(0.0, 0.2)))
        else:
            log_size = self._log_size[endpoint.name]
            size = int(math.exp(log_size + _SIZE_SD * rng.gauss(0.0, 1.0))) if log_size >= 0 else 0
        return Reply(status, at + took, size)
