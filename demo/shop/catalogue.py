"""What the shop sells and who its customers are: the same for everyone who names the same number.

Everything is a function of an index, so that a bot or a person in another process can know an account or a gift card
without asking the shop.
"""

from __future__ import annotations

import hashlib
import random

from msgspec import Struct

__all__ = [
    "ACCOUNTS",
    "CATEGORIES",
    "GIFT_CARDS",
    "ORDERS_PER_ACCOUNT",
    "PRODUCTS",
    "Article",
    "Product",
    "account",
    "articles",
    "gift_card",
    "orders_of",
    "products",
]

PRODUCTS = 500
ACCOUNTS = 2000
GIFT_CARDS = 200
ORDERS_PER_ACCOUNT = 3
FIRST_ORDER = 100_000
CATEGORIES = ("tents", "boots", "stoves", "maps", "lamps", "ropes", "packs", "jackets")
PER_PAGE = 20

_ADJECTIVES = ("alpine", "light", "sturdy", "northern", "quiet", "wide", "dry", "silver", "long", "warm", "swift")
_FIRST = ("anna", "ben", "carla", "david", "elena", "felix", "greta", "hugo", "iris", "jonas", "klara", "leon")
_LAST = ("adler", "brandt", "costa", "duval", "ek", "ferrari", "gruber", "horvat", "ivanov", "jansen", "keller", "lund")


class Product(Struct, frozen=True):
    """One article of the catalogue; ``price_cents`` is before any offer."""

    id: int
    name: str
    category: str
    price_cents: int
    stock: int
    description: str


class Article(Struct, frozen=True):
    """A page of the shop's magazine."""

    slug: str
    title: str
    text: str


def products(count: int = PRODUCTS, seed: int = 7) -> tuple[Product, ...]:
    """Make the catalogue; ids run from 1001 with gaps, as ids do in a shop that has existed for a while.

    >>> products(2) == products(2)
    True
    """
    rng = random.Random(seed)
    made, number = [], 1000
    for _ in range(count):
        number += rng.choice((1, 1, 1, 2, 3))
        category = rng.choice(CATEGORIES)
        name = f"{rng.choice(_ADJECTIVES)} {category[:-1]} {rng.randrange(10, 99)}"
        text = f"A {name} for long days outside. " * rng.randrange(2, 6)
        made.append(Product(number, name, category, rng.randrange(990, 49990), rng.randrange(0, 80), text.strip()))
    return tuple(made)


def articles(count: int = 24) -> tuple[Article, ...]:
    """Make the magazine."""
    made = []
    for number in range(1, count + 1):
        topic = CATEGORIES[number % len(CATEGORIES)]
        made.append(
            Article(f"{topic}-{number}", f"Choosing {topic}, part {number}", f"What to know about {topic}. " * 20)
        )
    return tuple(made)


def account(index: int) -> tuple[str, str]:
    """E-mail address and password of customer ``index``.

    >>> account(0)[0]
    'anna.adler0@example.com'
    """
    first, last = _FIRST[index % 12], _LAST[index // 12 % 12]
    password = hashlib.blake2b(f"customer {index}".encode(), digest_size=6).hexdigest()
    return f"{first}.{last}{index}@example.com", f"{first.title()}-{password}"


def gift_card(index: int) -> tuple[str, int]:
    """Code and value in cents of gift card ``index``: 16 characters, not to be guessed."""
    digest = hashlib.blake2b(f"gift card {index}".encode(), digest_size=8).hexdigest().upper()
    return digest, (index % 9 + 1) * 1000


def orders_of(index: int) -> list[int]:
    """Numbers of the orders that customer ``index`` had placed before the shop was started.

    >>> orders_of(1)
    [100003, 100004, 100005]
    """
    first = FIRST_ORDER + index * ORDERS_PER_ACCOUNT
    return list(range(first, first + ORDERS_PER_ACCOUNT))
