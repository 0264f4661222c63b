"""The shop's session cookie, as each dialect writes it."""

from __future__ import annotations

import random

from vedette.simulate.shop import Shop
from vedette.simulate.visit import Visit

__all__ = ["session_cookie", "take_cookie"]

_LETTERS = "0123456789abcdefghijklmnopqrstuv"


def session_cookie(shop: Shop, rng: random.Random) -> str:
    """Make a session cookie, name and value."""
    bits = rng.getrandbits(130)
    if shop.cookie == "PHPSESSID":
        return "PHPSESSID=" + "".join(_LETTERS[bits >> 5 * place & 31] for place in range(26))
    return f"{shop.cookie}={bits & (1 << 128) - 1:032x}"


def take_cookie(visit: Visit, cookie: str = "") -> None:
    """Keep the session cookie that the shop sets, this one or a new one, if the client keeps cookies and has none."""
    if visit.keeps_cookies and not visit.client.cookie:
        visit.client.cookie = cookie or session_cookie(visit.shop, visit.rng)
