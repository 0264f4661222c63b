"""People: a browser's headers and handshake (curl_cffi), its cookies, its page loads, and pauses to read.

The pause between two pages is log-normal with the figures of a large public proxy log (log-mean 2.37, log-sd 2.08
seconds; median 11 s). A page loads its shell, on the first visit its assets, and then what its script calls.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping

from curl_cffi import CurlError
from curl_cffi.requests import AsyncSession, Response

from demo.bots.field import Field
from demo.shop import catalogue

__all__ = ["BROWSERS", "Person", "crowd"]

BROWSERS = ("chrome", "chrome131", "chrome131_android", "safari", "safari_ios", "firefox", "firefox133", "edge101")
THINK_LOG_MEAN, THINK_LOG_SD = 2.37, 2.08
SHORTEST_PAUSE = 0.7
COUNT = 20


def think(rng: random.Random, longest: float) -> float:
    """Seconds until the next page."""
    return min(longest, max(SHORTEST_PAUSE, rng.lognormvariate(THINK_LOG_MEAN, THINK_LOG_SD)))


class Person:
    """One visitor with one browser and one cookie jar, who wanders through the shop until the time is over."""

    def __init__(self, field: Field, number: int, *, browser: str = "", address: str = "") -> None:
        self._field = field
        self._rng = field.rng(number)
        self._products = [product.id for product in catalogue.products()]
        self._address = address or field.source(number)
        self._number = number
        self._base = field.url
        self._page = ""
        self._has_assets = False
        self._web = AsyncSession[Response](
            impersonate=browser or BROWSERS[number % len(BROWSERS)],
            interface=self._address,
            timeout=30,
            verify=False,
            allow_redirects=False,
            http_version=None if field.url.startswith("https") else "v1",  # no browser asks for h2c
        )

    async def live(self) -> None:
        """Arrive a little after the others, then look around until the field is over."""
        await asyncio.sleep(self._rng.uniform(0, min(20.0, self._field.seconds / 4)))
        step = self.home
        while not self._field.is_over():
            await step()
            await asyncio.sleep(min(think(self._rng, self._field.longest_pause), self._field.left_s()))
            step = self._rng.choices(
                (self.home, self.listing, self.product, self.search, self.cart, self.sign_in, self.buy),
                (4, 18, 55, 10, 5, 4, 4),
            )[0]
        await self._web.close()

    async def home(self) -> None:
        await self._open("/")
        await self._call("GET", "/api/bootstrap")
        await self._call("GET", "/api/products?page=1")

    async def listing(self) -> None:
        category, page = self._rng.choice(catalogue.CATEGORIES), self._rng.choice((1, 1, 1, 2, 2, 3))
        await self._open(f"/products?category={category}&page={page}")
        await self._call("GET", f"/api/products?category={category}&page={page}")

    async def product(self) -> None:
        number = self._rng.choice(self._products)
        await self._open(f"/p/{number}")
        await self._call("GET", f"/api/products/{number}")
        await self._call("GET", f"/api/products/{number}/price")
        if self._rng.random() < 0.12:
            await self._read(3.0)
            await self._call("POST", "/api/cart/items", {"id": number})

    async def search(self) -> None:
        if not self._page:
            await self._open("/")
        word = self._rng.choice(catalogue.CATEGORIES)[:-1]
        await self._call("GET", f"/api/search?q={word}")

    async def cart(self) -> None:
        await self._open("/cart")
        await self._call("GET", "/api/cart")

    async def sign_in(self) -> None:
        """Sign in with one's own account; one time in six the first try has a typing mistake."""
        email, password = catalogue.account(300 + self._number)
        await self._open("/login")
        await self._read(4.0)
        if self._rng.random() < 1 / 6:
            await self._call("POST", "/api/login", {"email": email, "password": password[:-1]})
            await self._read(4.0)
        await self._call("POST", "/api/login", {"email": email, "password": password})

    async def buy(self) -> None:
        await self.product()
        await self._read(3.0)
        await self._call("POST", "/api/cart/items", {"id": self._rng.choice(self._products)})
        await self.cart()
        await self._read(5.0)
        await self._call("POST", "/api/checkout", {"street": "Long Lane 1", "city": "Mainz"})
        await self._read(8.0)
        await self._call("POST", "/api/payment", {"card": "4242424242424242"})

    async def _read(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._rng.uniform(0.6, 1.8))

    async def _open(self, path: str) -> None:
        headers = {"sec-fetch-site": "same-origin", "referer": self._base + self._page} if self._page else {}
        await self._send("GET", path, headers)
        self._page = path
        if not self._has_assets:
            self._has_assets = True
            for asset, kind in (("shop.css", "style"), ("shop.js", "script"), ("logo.svg", "image")):
                await self._send("GET", f"/static/{asset}", self._sub_headers(kind, "no-cors"))

    async def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> None:
        headers = {**self._sub_headers("empty", "cors"), "accept": "application/json"}
        if method != "GET":
            headers["origin"] = self._base
        await self._send(method, path, headers, body)

    def _sub_headers(self, kind: str, mode: str) -> dict[str, str | None]:
        """What a browser changes for a request that a page makes, as against a navigation."""
        return {
            "accept": "*/*",
            "referer": self._base + self._page,
            "sec-fetch-site": "same-origin",
            "sec-fetch-mode": mode,
            "sec-fetch-dest": kind,
            "sec-fetch-user": None,
            "upgrade-insecure-requests": None,
        }

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str | None], body: Mapping[str, object] | None = None
    ) -> None:
        sent, status, content_type = time.time(), 0, ""
        try:
            response = await self._web.request(
                method,  # type: ignore[arg-type]  # always a plain HTTP method
                self._base + path,
                headers=dict(headers),
                json=dict(body) if body is not None else None,
            )
            status, content_type = response.status_code, response.headers.get("content-type") or ""
        except CurlError:
            pass
        self._field.log.note(sent, self._address, path, status, content_type)


async def _live(people: list[Person]) -> None:
    await asyncio.gather(*(person.live() for person in people))


def crowd(field: Field) -> None:
    """Twenty people, each at home: an address, a browser and an account of one's own."""
    asyncio.run(_live([Person(field, number) for number in range(COUNT)]))
