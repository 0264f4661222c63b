"""The demo shop answers as a shop does, and its access log names who reached it."""

from __future__ import annotations

import importlib
import json

import httpx
import pytest

catalogue = importlib.import_module("demo.shop.catalogue")
application = importlib.import_module("demo.shop.application").application
AccessLog = importlib.import_module("demo.shop.accesslog").AccessLog

PRODUCT = catalogue.products()[3]
EMAIL, PASSWORD = catalogue.account(5)


def visit(talk, access_log=None):
    """Run ``talk(client)`` against a fresh shop."""
    import asyncio

    async def run():
        transport = httpx.ASGITransport(app=application(access_log), client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.localhost") as client:
            return await talk(client)

    return asyncio.run(run())


def test_a_login_opens_a_session_and_a_wrong_one_does_not():
    async def talk(client):
        wrong = await client.post("/api/login", json={"email": EMAIL, "password": "no"})
        before = await client.get("/api/profile")
        right = await client.post("/api/login", data={"email": EMAIL.upper(), "password": PASSWORD})
        after = await client.get("/api/profile")
        return wrong, before, right, after

    wrong, before, right, after = visit(talk)
    assert [wrong.status_code, before.status_code, right.status_code, after.status_code] == [401, 401, 200, 200]
    assert after.json()["email"] == EMAIL
    assert "sid" in right.cookies
    assert "httponly" in right.headers["set-cookie"].lower()


def test_buying_goes_from_cart_to_order():
    async def talk(client):
        await client.post("/api/login", json={"email": EMAIL, "password": PASSWORD})
        await client.post("/api/cart/items", json={"id": PRODUCT.id})
        cart = (await client.get("/api/cart")).json()
        await client.post("/api/checkout", json={})
        declined = await client.post("/api/payment", json={"card": "4000000000000002"})
        paid = await client.post("/api/payment", json={"card": "4242424242424242"})
        orders = (await client.get("/api/orders")).json()["items"]
        return cart, declined.status_code, paid, orders, (await client.get(f"/api/orders/{orders[-1]}")).status_code

    cart, declined, paid, orders, seen = visit(talk)
    assert cart["items"][0]["id"] == PRODUCT.id
    assert declined == 402
    assert paid.status_code == 201
    assert orders[-1] == paid.json()["order"]
    assert seen == 200


def test_nobody_sees_the_orders_of_others():
    async def talk(client):
        await client.post("/api/login", json={"email": EMAIL, "password": PASSWORD})
        other, own = catalogue.orders_of(6)[0], catalogue.orders_of(5)[0]
        return (await client.get(f"/api/orders/{other}")).status_code, (
            await client.get(f"/api/orders/{own}")
        ).status_code

    assert visit(talk) == (404, 200)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 200),
        ("GET", f"/p/{PRODUCT.id}", None, 200),
        ("GET", "/static/shop.js", None, 200),
        ("GET", "/api/search?q=tent", None, 200),
        ("GET", f"/api/products/{PRODUCT.id}/price", None, 200),
        ("GET", "/api/products/1", None, 404),
        ("GET", "/api/products/x" + "9" * 400, None, 404),
        ("GET", "/api/products?page=0", None, 422),
        ("GET", "/api/products?page=²", None, 422),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/api/gift-cards/0000000000000000", None, 404),
        ("GET", f"/api/gift-cards/{catalogue.gift_card(3)[0]}", None, 200),
        ("GET", "/api/orders/100000", None, 401),
        ("POST", "/api/login", {"email": ["x"]}, 422),
        ("POST", "/api/login", b"\xff{", 422),
        ("POST", "/api/login", b"x" * 100_000, 422),
        ("POST", "/api/signup", {"email": "new@example.com", "password": "long enough"}, 201),
        ("POST", "/api/signup", {"email": EMAIL, "password": "long enough"}, 409),
        ("POST", "/api/cart/items", {"id": "1"}, 404),
        ("POST", "/api/payment", {"card": "1"}, 409),
        ("POST", "/graphql", {"query": f"{{ product(id: {PRODUCT.id}) {{ name price }} }}"}, 200),
        ("POST", "/graphql", {"query": "{ secrets }"}, 400),
    ],
)
def test_answers(method, path, body, status):
    async def talk(client):
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        return await client.request(method, path, content=content, headers={"content-type": "application/json"})

    assert visit(talk).status_code == status


def test_graphql_gives_the_fields_that_were_asked_for():
    async def talk(client):
        query = f"query Look {{ product(id: {PRODUCT.id}) {{ name }} }}"
        return await client.post("/graphql", json={"operationName": "Look", "query": query})

    assert visit(talk).json() == {"data": {"product": {"name": PRODUCT.name}}}


def test_a_partner_page_may_call_across_origins_and_others_may_not():
    async def talk(client):
        path, partner = f"/api/products/{PRODUCT.id}", {"origin": "http://partner.localhost:8000"}
        asked = {**partner, "access-control-request-method": "GET", "access-control-request-headers": "x-app-version"}
        preflight = await client.options(path, headers=asked)
        return (
            preflight,
            await client.get(path, headers=partner),
            await client.get(path, headers={"origin": "http://evil"}),
        )

    preflight, own, other = visit(talk)
    assert preflight.status_code == 200
    assert own.headers["access-control-allow-origin"] == "http://partner.localhost:8000"
    assert own.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in other.headers


def test_the_access_log_names_the_client_that_the_edge_appended(tmp_path):
    log = tmp_path / "reached.jsonl"
    flush = importlib.import_module("demo.shop.accesslog").FLUSH_S

    async def talk(client):
        import asyncio

        await client.get("/api/cart", headers={"x-forwarded-for": "203.0.113.1, 127.21.0.1"})
        await client.get("/api/nothing")
        while len(log.read_bytes().splitlines() if log.exists() else ()) < 2:
            await asyncio.sleep(flush / 4)

    visit(talk, log)
    first, second = map(json.loads, log.read_text().splitlines())
    assert (first["client"], first["path"], first["status"], first["endpoint"]) == (
        "127.21.0.1",
        "/api/cart",
        200,
        "cart",
    )
    assert (second["client"], second["status"]) == ("192.0.2.9", 404)


def test_sessions_are_bounded():
    state = importlib.import_module("demo.shop.state")
    shop = state.Shop()
    first = shop.open_session()
    for _ in range(state.SESSIONS):
        shop.open_session()
    assert shop.session(first.sid) is None
    assert len(shop._sessions) == state.SESSIONS


def test_the_shop_has_at_least_twenty_five_endpoints():
    assert len(importlib.import_module("demo.shop.api").ROUTES) >= 25
