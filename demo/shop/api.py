"""The JSON endpoints. A login sets the cookie ``sid``; a wrong one is 401, an unknown thing 404, bad input 422."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo.shop import catalogue
from demo.shop.catalogue import Product
from demo.shop.state import Session, Shop

__all__ = ["ROUTES", "answer", "session_of", "set_sid"]

BODY_LIMIT = 64 * 1024
_encode = msgspec.json.Encoder().encode
Handler = Callable[[Request], Awaitable[Response]]


def answer(value: object, status: int = 200) -> Response:
    """A JSON answer that no cache may share."""
    return Response(_encode(value), status, {"cache-control": "no-store"}, "application/json")


def refuse(status: int, error: str) -> Response:
    return answer({"error": error}, status)


def shop_of(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


def session_of(request: Request) -> Session | None:
    sid = request.cookies.get("sid", "")
    return shop_of(request).session(sid) if sid else None


def set_sid(response: Response, session: Session) -> Response:
    response.set_cookie("sid", session.sid, httponly=True, samesite="lax", path="/")
    return response


async def fields(request: Request) -> dict[str, Any]:
    """The body as a mapping, from JSON or a form; empty where it is neither or too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _form(body)
    try:
        value = msgspec.json.decode(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _form(body: bytes) -> dict[str, Any]:
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=64))
    except ValueError:
        return {}


def product_of(request: Request) -> Product | None:
    text = str(request.path_params["id"])
    return shop_of(request).by_id.get(int(text)) if text.isdecimal() and len(text) < 10 else None


def short(product: Product) -> dict[str, object]:
    return {"id": product.id, "name": product.name, "category": product.category, "price": product.price_cents / 100}


# Starting, searching, looking


async def bootstrap(request: Request) -> Response:
    """What the app loads first; opens an anonymous session where there is none."""
    session = session_of(request)
    known = {"categories": catalogue.CATEGORIES, "currency": "EUR", "signed_in": bool(session and session.email)}
    return answer(known) if session else set_sid(answer(known), shop_of(request).open_session())


async def categories(request: Request) -> Response:
    return answer({"categories": catalogue.CATEGORIES})


async def search(request: Request) -> Response:
    found = shop_of(request).find(request.query_params.get("q", "")[:100])
    return answer({"items": [short(product) for product in found], "count": len(found)})


async def listing(request: Request) -> Response:
    wanted, page = request.query_params.get("category", ""), request.query_params.get("page", "1")
    if not page.isdecimal() or not 1 <= int(page[:6]) <= 10_000:
        return refuse(422, "page is not a positive number")
    chosen = [product for product in shop_of(request).products if not wanted or product.category == wanted]
    start = (int(page) - 1) * catalogue.PER_PAGE
    shown = chosen[start : start + catalogue.PER_PAGE]
    return answer({"items": [short(product) for product in shown], "page": int(page), "count": len(chosen)})


async def product(request: Request) -> Response:
    found = product_of(request)
    if found is None:
        return refuse(404, "no such product")
    return answer({**short(found), "stock": found.stock, "description": found.description})


async def price(request: Request) -> Response:
    found = product_of(request)
    if found is None:
        return refuse(404, "no such product")
    return answer({"id": found.id, "price": found.price_cents / 100, "currency": "EUR", "stock": found.stock})


async def reviews(request: Request) -> Response:
    found = product_of(request)
    if found is None:
        return refuse(404, "no such product")
    return answer({"items": [{"stars": found.id % 3 + 3, "text": f"A good {found.category[:-1]}."}] * (found.id % 4)})


async def article_list(request: Request) -> Response:
    return answer({"items": [{"slug": one.slug, "title": one.title} for one in shop_of(request).articles.values()]})


async def article(request: Request) -> Response:
    found = shop_of(request).articles.get(request.path_params["slug"])
    return answer(found) if found else refuse(404, "no such article")


# Customers


async def login(request: Request) -> Response:
    given = await fields(request)
    email, password = given.get("email"), given.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        return refuse(422, "email and password are needed")
    shop = shop_of(request)
    if not shop.password_fits(email.lower(), password):
        return refuse(401, "wrong e-mail address or password")
    old = session_of(request)
    if old:
        shop.close_session(old.sid)
    session = shop.open_session(email.lower(), old.cart if old else None)
    return set_sid(answer({"email": session.email, "token_type": "cookie"}), session)


async def logout(request: Request) -> Response:
    session = session_of(request)
    if session:
        shop_of(request).close_session(session.sid)
    response = answer({"signed_in": False})
    response.delete_cookie("sid", path="/")
    return response


async def signup(request: Request) -> Response:
    given = await fields(request)
    email, password = given.get("email"), given.get("password")
    if not isinstance(email, str) or "@" not in email or len(email) > 200:
        return refuse(422, "email is not an address")
    if not isinstance(password, str) or not 8 <= len(password) <= 200:
        return refuse(422, "password needs 8 to 200 characters")
    shop = shop_of(request)
    if shop.knows(email.lower()):
        return refuse(409, "this address has an account")
    shop.sign_up(email.lower(), password)
    return set_sid(answer({"email": email.lower()}, 201), shop.open_session(email.lower()))


async def password_reset(request: Request) -> Response:
    await fields(request)
    return answer({"sent": True}, 202)


async def profile(request: Request) -> Response:
    session = session_of(request)
    if session is None or not session.email:
        return refuse(401, "sign in first")
    if request.method == "PUT":
        await fields(request)
    return answer({"email": session.email, "name": session.email.split("@")[0], "country": "DE"})


async def orders(request: Request) -> Response:
    session = session_of(request)
    if session is None or not session.email:
        return refuse(401, "sign in first")
    return answer({"items": shop_of(request).orders_of(session)})


async def order(request: Request) -> Response:
    session = session_of(request)
    if session is None or not session.email:
        return refuse(401, "sign in first")
    text = request.path_params["id"]
    if not text.isdecimal() or int(text[:12]) not in shop_of(request).orders_of(session):
        return refuse(404, "no such order")
    return answer({"id": int(text), "state": "delivered", "total": int(text) % 400 + 20})


# Buying


async def cart(request: Request) -> Response:
    session = session_of(request)
    items = session.cart if session else {}
    shop = shop_of(request)
    total = sum(shop.by_id[number].price_cents * count for number, count in items.items())
    return answer({"items": [{**short(shop.by_id[n]), "quantity": c} for n, c in items.items()], "total": total / 100})


async def cart_add(request: Request) -> Response:
    given = await fields(request)
    wanted, shop = given.get("id"), shop_of(request)
    if not isinstance(wanted, int) or wanted not in shop.by_id:
        return refuse(404, "no such product")
    session = session_of(request) or shop.open_session()
    if len(session.cart) >= 50:
        return refuse(409, "the cart is full")
    session.cart[wanted] = min(session.cart.get(wanted, 0) + 1, 20)
    return set_sid(answer({"items": len(session.cart)}, 201), session)


async def cart_remove(request: Request) -> Response:
    session = session_of(request)
    if session and request.path_params["id"].isdecimal():
        session.cart.pop(int(request.path_params["id"][:9]), None)
    return answer({"items": len(session.cart) if session else 0})


async def checkout(request: Request) -> Response:
    session = session_of(request)
    if session is None or not session.cart:
        return refuse(409, "the cart is empty")
    await fields(request)
    return answer({"state": "address_taken", "shipping": 4.9})


async def payment(request: Request) -> Response:
    given = await fields(request)
    session = session_of(request)
    if session is None or not session.cart:
        return refuse(409, "the cart is empty")
    card = str(given.get("card", ""))
    if not re.fullmatch(r"\d{16}", card):
        return refuse(422, "card needs 16 digits")
    if not _luhn(card) or card[-4:-1] != "424":
        return refuse(402, "the card was declined")
    return answer({"order": shop_of(request).place_order(session)}, 201)


def _luhn(card: str) -> bool:
    digits = [int(digit) for digit in reversed(card)]
    return sum(d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for n, d in enumerate(digits)) % 10 == 0


async def gift_card(request: Request) -> Response:
    value = shop_of(request).gift_cards.get(request.path_params["code"].upper())
    return answer({"balance": value / 100}) if value is not None else refuse(404, "no such gift card")


async def gift_card_redeem(request: Request) -> Response:
    given = await fields(request)
    value = shop_of(request).gift_cards.get(str(given.get("code", "")).upper())
    return answer({"redeemed": value / 100}) if value is not None else refuse(404, "no such gift card")


# The rest

_ROOT_FIELD = re.compile(
    r"\b(product|search|cart)\b\s*(?:\(\s*\w+\s*:\s*\"?([\w ]{0,60})\"?\s*\))?\s*\{([\w\s]{0,200})\}"
)


async def graphql(request: Request) -> Response:
    """A small part of GraphQL: one root field (``product``, ``search``, ``cart``) with plain fields below it."""
    given = await fields(request)
    query = given.get("query")
    found = _ROOT_FIELD.search(query[:2000]) if isinstance(query, str) else None
    if found is None:
        return answer({"errors": [{"message": "query needs one of product, search, cart"}]}, 400)
    name, argument, selection = found[1], found[2] or "", found[3].split()
    shop = shop_of(request)
    value: object = None
    if name == "product" and argument.isdecimal() and int(argument[:9]) in shop.by_id:
        value = _select(short(shop.by_id[int(argument[:9])]), selection)
    elif name == "search":
        value = [_select(short(one), selection) for one in shop.find(argument)]
    elif name == "cart":
        session = session_of(request)
        value = [_select(short(shop.by_id[number]), selection) for number in (session.cart if session else {})]
    return answer({"data": {name: value}})


def _select(known: dict[str, object], selection: list[str]) -> dict[str, object]:
    return {field: known.get(field) for field in selection[:20]}


async def export(request: Request) -> Response:
    """Named in ``robots.txt`` only: whoever comes here followed no link. A honeypot of the demo configuration."""
    return answer({"items": []})


async def healthz(request: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


def _route(path: str, handler: Handler, *methods: str) -> Route:
    return Route(path, handler, methods=list(methods or ("GET",)))


ROUTES = [
    _route("/api/search", search),
    _route("/api/login", login, "POST"),
    _route("/api/products", listing),
    _route("/api/products/{id}", product),
    _route("/api/products/{id}/price", price),
    _route("/api/products/{id}/reviews", reviews),
    _route("/api/bootstrap", bootstrap),
    _route("/api/categories", categories),
    _route("/api/cart", cart),
    _route("/api/cart/items", cart_add, "POST"),
    _route("/api/cart/items/{id}", cart_remove, "DELETE"),
    _route("/api/checkout", checkout, "POST"),
    _route("/api/payment", payment, "POST"),
    _route("/api/gift-cards/redeem", gift_card_redeem, "POST"),
    _route("/api/gift-cards/{code}", gift_card),
    _route("/api/logout", logout, "POST"),
    _route("/api/signup", signup, "POST"),
    _route("/api/password-reset", password_reset, "POST"),
    _route("/api/profile", profile, "GET", "PUT"),
    _route("/api/orders", orders),
    _route("/api/orders/{id}", order),
    _route("/api/articles", article_list),
    _route("/api/articles/{slug}", article),
    _route("/graphql", graphql, "POST"),
    _route("/api/internal/export", export),
    _route("/healthz", healthz),
]
