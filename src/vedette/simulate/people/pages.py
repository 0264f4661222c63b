"""Pages of the shop as calls: open it, look at products and lists, search, browse.

They suit a browser (documents, pictures, several fetches at once), an app and a library (``api`` calls) and a widget on
another site (``cross`` calls) alike. How a page is made of calls is invented; how long people look at one comes from
``think_s`` of the shapes.
"""

from __future__ import annotations

import random
from collections.abc import Generator

from vedette.simulate.calls import Call, Reply
from vedette.simulate.people.cookies import take_cookie
from vedette.simulate.shapes import load_shapes
from vedette.simulate.visit import Visit

__all__ = [
    "Steps",
    "add_to_cart",
    "browse",
    "choose",
    "go_to",
    "leave_after",
    "load_file",
    "look_at_article",
    "look_at_listing",
    "look_at_product",
    "open_shop",
    "open_tabs",
    "pause",
    "report",
    "search",
]

Steps = Generator[Call, Reply, None]

_LIKE_BEFORE = 0.5
"""Share of pauses near the visit's own tempo; the rest are drawn anew, so that all together follow the shape."""
_REMEMBERED = 12
_PICTURES = 24
"""Files from this number on are pictures of products; those before belong to the site."""
_SITE_FILES = 7
_DEST = {"js": "script", "css": "style", "woff2": "font"}


def pause(visit: Visit, times: float = 1.0) -> None:
    """Let a person read and think before the next page."""
    rng = visit.rng
    chance = rng.random()
    if rng.random() < _LIKE_BEFORE:
        near = abs(visit.tempo + 0.2 * (chance - 0.5))
        chance = near if near < 1.0 else 2.0 - near
    visit.now += times * load_shapes()["think_s"].at(chance)


def choose(visit: Visit) -> int:
    """Choose a product: one of those seen before (OTTO: 39 % of clicks return), else by popularity."""
    rng = visit.rng
    if len(visit.seen) > 1 and rng.random() < 0.38:
        return visit.seen[int(rng.random() * (len(visit.seen) - 1))]
    return visit.shop.popular_product(rng)


def open_shop(
    visit: Visit,
    *,
    cookie: str = "",
    files: int = 12,
    number: int | None = None,
    category: str = "",
    q: str = "",
    slug: str = "",
    referer: str = "",
    is_warm: bool = False,
) -> Steps:
    """Arrive: at a product, a category, a search, an article, or else at the home page.

    Args:
        cookie: What the shop sets, for somebody who has none; made up where it is left out.
        files: At most as many of the site's files are loaded: few where somebody leaves at once.
        referer: Where the link was, such as a search engine; empty for a typed address or a bookmark.
        is_warm: The browser's cache holds the site's files.
    """
    if visit.kind == "fetch":
        if slug:
            yield from look_at_article(visit, slug, referer=referer)
        else:
            path, query = _page(visit, number, category, q)
            yield from visit.do("home", kind="navigate", path=path, query=query, referer=referer)
        take_cookie(visit, cookie)
        yield from _load_site(visit, is_warm, files)
        yield from visit.do("bootstrap", after=0.02 + 0.1 * visit.rng.random())
    elif visit.kind == "api":
        yield from visit.do("bootstrap")
        take_cookie(visit, cookie)
        if slug:
            yield from look_at_article(visit, slug)
    if number is not None:
        yield from look_at_product(visit, number, is_open=True)
    elif category:
        yield from look_at_listing(visit, category, is_open=True)
    elif q:
        yield from search(visit, q, is_open=True)


def _page(visit: Visit, number: int | None = None, category: str = "", q: str = "") -> tuple[str, str]:
    """Address of a page of the shop, as it stands in the browser's address bar."""
    if number is not None:
        return f"/p/{visit.shop.slug(number)}-{visit.shop.product_id(number)}", ""
    if category:
        return f"/c/{category}", ""
    if q:
        return "/search", "q=" + q.replace(" ", "+")
    return "/", ""


def go_to(visit: Visit, path: str) -> None:
    """Show another page without loading it, as single-page shops do."""
    if visit.kind == "fetch":
        visit.page = visit.origin + path


def _load_site(visit: Visit, is_warm: bool, most: int) -> Steps:
    """Load the site's files; a warm cache asks for one that changed, now and then."""
    rng = visit.rng
    if is_warm:
        if rng.random() < 0.3:
            yield from load_file(visit, int(rng.random() * _SITE_FILES))
        return
    for file in range(min(most, 3 + int(rng.random() * 5))):
        yield from load_file(visit, file)


def load_file(visit: Visit, file: int) -> Steps:
    """Load a file, beside whatever else is under way; an app's loader of pictures knows neither token nor device."""
    client, name, rng = visit.client, visit.shop.file(file), visit.rng
    own = client.authorization, client.extra
    if visit.kind == "api":
        client.authorization, client.extra = "", ()
    kind = "asset" if visit.kind == "fetch" else visit.kind
    dest = _DEST.get(name.rpartition(".")[2], "image")
    after = rng.expovariate(14.0) if rng.random() < 0.7 else 0.15 + 0.8 * rng.random()  # lazily, as it comes into view
    yield from visit.do("asset", kind=kind, file=name, dest=dest, waits=False, after=after)
    client.authorization, client.extra = own


def _pictures(visit: Visit, number: int, most: int) -> Steps:
    for at in range(int(visit.rng.random() * (most + 1))):
        yield from load_file(visit, _PICTURES + number * 6 + at)


def report(visit: Visit, share: float) -> Steps:
    """Report what was seen to the shop's statistics, in batches."""
    if visit.rng.random() < share:
        events = [{"t": "view", "n": at} for at in range(1 + int(visit.rng.random() * 4))]
        yield from visit.do("events", waits=False, after=0.01 + 0.2 * visit.rng.random(), body={"events": events})


def look_at_product(visit: Visit, number: int, *, is_open: bool = False) -> Steps:
    """Look at a product: its data, price, reviews, what else there is, and pictures that are new to the browser."""
    rng = visit.rng
    is_new = number not in visit.seen
    if is_new:
        visit.seen.append(number)
        if len(visit.seen) > _REMEMBERED:
            del visit.seen[0]
    if not is_open:
        go_to(visit, _page(visit, number)[0])
    yield from visit.do("product", number=number, waits=False)
    if rng.random() < 0.8:
        yield from visit.do("price", number=number, after=0.002 + 0.02 * rng.random(), waits=visit.kind != "fetch")
    if visit.kind == "cross":
        return
    if rng.random() < 0.35:
        body = {"operationName": "Similar", "variables": {"id": visit.shop.product_id(number)}}
        yield from visit.do("graphql", after=0.01 + 0.08 * rng.random(), body=body, waits=False)
    yield from report(visit, 0.5)
    if rng.random() < 0.45:
        visit.now += 0.1 + 0.6 * rng.random()  # scrolled down
        yield from visit.do("reviews", number=number, page=1, waits=False)
    if is_new:
        yield from _pictures(visit, number, 5)


def look_at_listing(visit: Visit, category: str = "", page: int = 1, *, is_open: bool = False) -> Steps:
    """Look at one page of a category."""
    category = category or visit.shop.category(visit.rng)
    if not is_open:
        go_to(visit, f"/c/{category}")
    yield from visit.do("listing", category=category, page=page)
    if visit.kind != "cross":
        yield from report(visit, 0.5)
        yield from _pictures(visit, visit.shop.popular_product(visit.rng), 9)


def look_at_article(visit: Visit, slug: str = "", *, referer: str = "") -> Steps:
    """Read an article: a document in a browser."""
    slug = slug or visit.shop.slug(int(visit.rng.random() * 300))
    yield from visit.do("article", slug=slug, kind="navigate" if visit.kind == "fetch" else "", referer=referer)


def search(visit: Visit, q: str = "", *, is_open: bool = False) -> Steps:
    """Search, with suggestions while typing."""
    rng = visit.rng
    q = q or visit.shop.words(rng)
    if not is_open and rng.random() < 0.7:
        letters = 3
        while letters < len(q) and rng.random() < 0.75:
            yield from visit.do("suggest", q=q[:letters], after=0.15 + 0.5 * rng.random(), waits=False)
            letters += 1 + int(rng.random() * 4)
    if not is_open:
        visit.now += 0.2 + 0.7 * rng.random()
        go_to(visit, "/search?q=" + q.replace(" ", "+"))
    yield from visit.do("search", q=q, page=1)
    if visit.kind != "cross":
        yield from report(visit, 0.5)
        yield from _pictures(visit, visit.shop.popular_product(rng), 7)


def leave_after(visit: Visit, steps: Steps, requests: int) -> Steps:
    """Go on until as many calls were made in this visit, then leave in the middle of whatever it is."""
    try:
        call = next(steps)
        while True:
            reply = yield call
            if visit.made >= requests:
                steps.close()
                return
            call = steps.send(reply)
    except StopIteration:
        return


def open_tabs(visit: Visit, count: int) -> Steps:
    """Open products in tabs of their own, one after the other, before any of them is read."""
    rng, page = visit.rng, visit.page
    for _ in range(count):
        visit.now += 0.25 + rng.expovariate(1.2)
        number = visit.shop.popular_product(rng)
        visit.page = page
        if visit.kind == "fetch":
            yield from visit.do("home", kind="navigate", path=_page(visit, number)[0], waits=False)
            visit.now += 0.08 + 0.1 * rng.random()
        yield from look_at_product(visit, number)


def add_to_cart(visit: Visit, number: int) -> Generator[Call, Reply, bool]:
    """Put a product into the cart; sometimes it is sold out."""
    reply = yield from visit.do("cart_add", number=number, is_right=visit.rng.random() > 0.02)
    if 200 <= reply.status < 300:
        visit.cart.append(number)
        return True
    return False


def browse(visit: Visit, *, pages: int = 0, requests: int = 0, carts: float = 0.065, pace: float = 1.0) -> Steps:
    """Look around, page after page, until as many pages were seen or calls made.

    Args:
        requests: Calls of the whole visit, those made before included.
        carts: Share of product pages whose product goes into the cart (OTTO: 52 of 800).
        pace: Factor on the pauses.
    """
    rng, seen, listed = visit.rng, 0, 1
    while (seen < pages) if pages else (visit.made < requests):
        if visit.kind == "api":
            yield from _poll(visit, pace)
        pause(visit, pace)
        seen += 1
        chance = rng.random()
        if chance < 0.78:
            number = choose(visit)
            yield from look_at_product(visit, number)
            if rng.random() < carts:
                pause(visit, pace)
                yield from add_to_cart(visit, number)
        elif chance < 0.87:
            listed = listed + 1 if rng.random() < 0.4 else 1
            yield from look_at_listing(visit, page=listed)
        elif chance < 0.95:
            yield from search(visit)
        elif chance < 0.975:
            yield from visit.do("cart")
        elif chance < 0.985:
            yield from look_at_article(visit)
        else:
            yield from _reload(visit, rng)


def _poll(visit: Visit, pace: float) -> Steps:
    """Let an app in the foreground ask whether the cart has changed, while its user is busy elsewhere."""
    if visit.rng.random() < 0.03:
        for _ in range(1 + int(visit.rng.random() * 3)):
            yield from visit.do("cart", after=(45.0 + visit.rng.random()) * pace)


def _reload(visit: Visit, rng: random.Random) -> Steps:
    """Press the reload button, or open the last page in another tab."""
    if visit.kind != "fetch":
        yield from visit.do("bootstrap")
        return
    number = visit.seen[-1] if visit.seen and rng.random() < 0.8 else None
    yield from open_shop(visit, number=number, referer=visit.page if rng.random() < 0.5 else "", is_warm=True)
