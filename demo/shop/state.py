"""What changes while the shop runs: sessions, carts, orders, new accounts, redeemed gift cards. All of it bounded."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from typing import Generic, TypeVar

from msgspec import Struct, field

from demo.shop import catalogue

__all__ = ["Session", "Shop"]

SESSIONS = 50_000
SIGNUPS = 20_000

Value = TypeVar("Value")


class Bounded(Generic[Value]):
    """A mapping of at most ``limit`` entries; the one that was used longest ago goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[str, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Value | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: Value) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def drop(self, key: str) -> None:
        self._entries.pop(key, None)


class Session(Struct):
    """One visitor: ``email`` is empty until login, ``cart`` maps product id to quantity."""

    sid: str
    email: str = ""
    cart: dict[int, int] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)


def _digest(password: str) -> bytes:
    # A real shop uses a slow password hash; this one must survive load tests on a laptop.
    return hashlib.blake2b(password.encode(), digest_size=16, salt=b"demo shop").digest()


class Shop:
    """The whole shop: catalogue, customers and visitors."""

    def __init__(self) -> None:
        self.products = catalogue.products()
        self.by_id = {product.id: product for product in self.products}
        self.articles = {article.slug: article for article in catalogue.articles()}
        self.gift_cards = dict(catalogue.gift_card(index) for index in range(catalogue.GIFT_CARDS))
        self._known = {}
        self._index = {}
        for index in range(catalogue.ACCOUNTS):
            email, password = catalogue.account(index)
            self._known[email] = _digest(password)
            self._index[email] = index
        self._signups: Bounded[bytes] = Bounded(SIGNUPS)
        self._sessions: Bounded[Session] = Bounded(SESSIONS)
        self._orders = catalogue.FIRST_ORDER + catalogue.ACCOUNTS * catalogue.ORDERS_PER_ACCOUNT

    def session(self, sid: str) -> Session | None:
        return self._sessions.get(sid)

    def open_session(self, email: str = "", cart: dict[int, int] | None = None) -> Session:
        session = Session(secrets.token_urlsafe(24), email, cart or {})
        self._sessions.put(session.sid, session)
        return session

    def close_session(self, sid: str) -> None:
        self._sessions.drop(sid)

    def password_fits(self, email: str, password: str) -> bool:
        stored = self._known.get(email) or self._signups.get(email)
        return stored is not None and secrets.compare_digest(stored, _digest(password))

    def knows(self, email: str) -> bool:
        return email in self._known or self._signups.get(email) is not None

    def sign_up(self, email: str, password: str) -> None:
        self._signups.put(email, _digest(password))

    def find(self, words: str, limit: int = 20) -> list[catalogue.Product]:
        wanted = words.lower().split()[:5]
        found = []
        for product in self.products:
            if all(word in product.name or word in product.category for word in wanted):
                found.append(product)
                if len(found) == limit:
                    break
        return found

    def orders_of(self, session: Session) -> list[int]:
        index = self._index.get(session.email)
        first = [] if index is None else catalogue.orders_of(index)
        return first + session.orders

    def place_order(self, session: Session) -> int:
        self._orders += 1
        session.orders.append(self._orders)
        session.cart.clear()
        return self._orders
