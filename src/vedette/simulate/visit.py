"""A client at work in the shop: turns "look at product 17" into a call with path, headers, body and truth."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from vedette.simulate.calls import Call, Reply, Truth, Word
from vedette.simulate.clients import Client
from vedette.simulate.shop import ENDPOINTS, Shop

__all__ = ["Visit"]

_BODIES = frozenset({"POST", "PUT", "PATCH"})
_NO_BODY = frozenset({"logout", "refresh"})
_RTT_LOG, _RTT_SD = -3.4, 0.5
"""Of the logarithm of a visit's round trip: a median of 33 ms; invented."""
_encode = msgspec.json.Encoder().encode


class Visit:
    """One client, its clock, its cookie and where it has been.

    A script asks for calls and yields them::

        reply = yield from visit.do("product", number=17)
        yield from visit.do("cart_add", after=4.2, number=17)

    Attributes:
        now: The client's clock: when the answer that it last waited for had arrived.
        page: URL of the page that is open, the referrer of what follows; kept by :meth:`do` on ``kind="navigate"``.
        kind: The kind of call of a stack that is made where none is named: ``fetch`` of a browser, else ``api``.
        sends_referer: Says which page a call comes from.
        keeps_cookies: Cookies that the shop sets are sent back; browsers do, most apps and libraries do not.
        tempo: From 0, quick, to 1: journeys draw some of their pauses near this quantile.
        account: Whose account is signed in, or empty.
        cart, seen: Numbers of products in the cart, and of those looked at last.
        rtt_s: A round trip to the shop: what waits for an answer is called so much after the answer was sent.
        made: Calls so far.
    """

    def __init__(self, shop: Shop, client: Client, truth: Truth, rng: random.Random, now: float) -> None:
        self.shop = shop
        self.client = client
        self.truth = truth
        self.rng = rng
        self.now = now
        self.page = ""
        self.origin = f"https://{shop.host}"
        self.kind = "fetch" if "fetch" in client.stack.headers else "api"
        self.sends_referer = True
        self.keeps_cookies = self.kind == "fetch"
        self.tempo = rng.random()
        self.rtt_s = rng.lognormvariate(_RTT_LOG, _RTT_SD)
        self.account = ""
        self.cart: list[int] = []
        self.seen: list[int] = []
        self.made = 0

    def call(
        self,
        endpoint: str,
        *,
        after: float = 0.0,
        kind: str = "",
        method: str = "",
        path: str = "",
        query: str = "",
        body: dict[str, Any] | None = None,
        account: str = "",
        is_right: bool = True,
        status: int = 0,
        prize: str = "",
        words: Sequence[Word] = (),
        referer: str = "",
        dest: str = "",
        accept: str = "",
        **ids: Any,
    ) -> Call:
        """Make a call ``after`` seconds from now.

        Args:
            endpoint: A name of :data:`~vedette.simulate.shop.ENDPOINTS`, or empty where ``path`` names what the shop
                does not have.
            ids: What the path needs: ``number`` of a product, ``page``, ``q``, ``category``, ``order``, ``slug``,
                ``file``.
        """
        known = ENDPOINTS.get(endpoint)
        if not path:
            path, query = self.shop.url(endpoint, ids)
        method = method or (known.method if known else "GET")
        size, type = 0, ""
        if method in _BODIES and endpoint not in _NO_BODY:
            if body is None:
                body = {"id": self.shop.product_id(ids["number"])} if "number" in ids else {"v": 1}
            size, type = len(_encode(body)), "application/json"
        client = self.client
        kind = kind or self.kind
        referer = referer or self.page
        if kind == "navigate":
            site = "same-origin" if referer.startswith(self.origin) else "cross-site" if referer else "none"
        elif kind == "cross":
            site = "cross-site"
        else:
            site = "same-origin"
        origin = ""
        if kind == "cross":
            origin = referer.rstrip("/") if referer.count("/") <= 3 else "/".join(referer.split("/", 3)[:3])
        elif kind == "fetch":
            accept = accept or self.shop.dialect.accept
            if size:
                origin = self.origin
        headers = client.headers(
            kind,
            self.shop.host,
            referer=referer if self.sends_referer else "",
            origin=origin,
            type=type,
            length=size,
            site=site,
            dest=dest,
            accept=accept,
        )
        return Call(
            at=self.now + after,
            client=client,
            truth=self.truth,
            endpoint=endpoint,
            method=method,
            path=path,
            headers=headers,
            query=query,
            body=body,
            body_size=size,
            account=account,
            is_right=is_right,
            status=status,
            prize=prize,
            words=tuple(words),
        )

    def do(self, endpoint: str, *, waits: bool = True, **how: Any) -> Generator[Call, Reply, Reply]:
        """Make a call, and unless ``waits`` is false (one of several at once) wait for its answer."""
        call = self.call(endpoint, **how)
        self.made += 1
        reply = yield call
        if waits:
            self.now = max(self.now, reply.ended + self.travel())
        elif call.at > self.now:
            self.now = call.at
        if how.get("kind") == "navigate" and 200 <= reply.status < 400:
            self.page = self.origin + call.path
        return reply

    def travel(self) -> float:
        """Draw the time that an answer and the next call take on their way, never twice quite the same."""
        return self.rtt_s * (0.9 + 0.3 * self.rng.random())

    def wait(self, seconds: float) -> None:
        """Let time pass: reading, thinking, sleeping."""
        self.now += seconds
