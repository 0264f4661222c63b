from __future__ import annotations

import random
import re

import pytest

from vedette.simulate.people.cookies import session_cookie, take_cookie
from vedette.simulate.shop import Shop


@pytest.mark.parametrize(
    ("dialect", "pattern"),
    [("rest", r"sid=[0-9a-f]{32}"), ("versioned", r"session_id=[0-9a-f]{32}"), ("store", r"PHPSESSID=[0-9a-v]{26}")],
)
def test_each_dialect_writes_its_own_cookie(dialect, pattern):
    shop = Shop(random.Random(1), dialect=dialect)
    made = {session_cookie(shop, random.Random(seed)) for seed in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(pattern, cookie) for cookie in made)


def test_a_cookie_is_taken_once_and_only_by_who_keeps_cookies(visit):
    browser, app = visit("browser", "chrome"), visit("app", "okhttp")
    take_cookie(browser, "sid=1")
    take_cookie(browser, "sid=2")
    take_cookie(app, "sid=1")
    assert browser.client.cookie == "sid=1"
    assert app.client.cookie == ""
    browser.client.cookie = ""
    take_cookie(browser)
    assert browser.client.cookie.startswith("sid=")
