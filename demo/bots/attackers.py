"""The four attackers of the demo, written as such programs usually are: ``requests``, threads, and no restraint."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from demo.bots.field import Field
from demo.shop import catalogue

__all__ = ["BROWSER_AGENT", "credentials", "flood", "scanner", "scraper", "stuffer"]

BROWSER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
COMMON_WORDS = ("admin", "backup", "config", "test", "old", "api", "v1", "internal", "private", "data", "dump", "db")
SUFFIXES = ("", ".php", ".bak", ".zip", ".json", ".env", ".git", ".sql", ".txt", "/")


def credentials(field: Field) -> Iterator[tuple[str, str]]:
    """A leaked list: one address in five is a customer's, one password in a hundred is still right."""
    rng = field.rng(1)
    while True:
        index = rng.randrange(catalogue.ACCOUNTS)
        email, password = catalogue.account(index)
        if rng.random() > 0.2:
            email = f"{email.split('@')[0]}{rng.randrange(1000)}@mail.example"
        yield email, password if rng.random() < 0.05 else f"summer{rng.randrange(10_000)}"


class _Bound(HTTPAdapter):
    """Connections that leave from one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(pool_connections=1, pool_maxsize=64)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, source_address=(self._address, 0), **more)


def session(address: str, headers: Mapping[str, str] | None = None) -> requests.Session:
    """A ``requests`` session that leaves from ``address`` and trusts any certificate."""
    urllib3.disable_warnings()
    made = requests.Session()
    made.trust_env = False  # neither a proxy nor a list of authorities from the environment
    made.verify = False
    made.headers.update(headers or {})
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Bound(address))
    return made


def send(field: Field, web: requests.Session, address: str, method: str, path: str, **more: Any) -> int:
    """Send one request, note it, and return its status (0 where no answer came)."""
    sent, status, kind = time.time(), 0, ""
    try:
        answer = web.request(method, field.url + path, timeout=10, allow_redirects=False, **more)
        status, kind = answer.status_code, answer.headers.get("content-type", "")
    except requests.RequestException:
        pass
    field.log.note(sent, address, path, status, kind)
    return status


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run ``work(0)`` … ``work(count - 1)`` at the same time and wait for all."""
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def each(
    field: Field,
    things: Iterable[Any],
    pause_s: float,
    threads: int,
    act: Callable[[requests.Session, Any], None],
    headers: Mapping[str, str] | None = None,
) -> None:
    """Let ``threads`` workers share ``things``, each with a connection of its own and a pause after each."""
    source, lock = iter(things), threading.Lock()

    def work(_: int) -> None:
        web = session(field.address, headers)
        while not field.is_over():
            with lock:
                thing = next(source, None)
            if thing is None:
                return
            act(web, thing)
            time.sleep(pause_s)

    in_threads(threads, work)


def stuffer(field: Field) -> None:
    """Try leaked credentials from one address, some thirty a second (OAT-008)."""

    def act(web: requests.Session, pair: tuple[str, str]) -> None:
        body = {"email": pair[0], "password": pair[1]}
        send(field, web, field.address, "POST", "/api/login", json=body)

    each(field, credentials(field), 0.12, 4, act)


def scraper(field: Field) -> None:
    """Read the catalogue page by page and then each product with its price, eight a second (OAT-011)."""
    pages = [f"/api/products?page={page}" for page in range(1, catalogue.PRODUCTS // catalogue.PER_PAGE + 1)]
    numbers = [product.id for product in catalogue.products()]
    items = itertools.cycle([path for n in numbers for path in (f"/api/products/{n}", f"/api/products/{n}/price")])

    def act(web: requests.Session, path: str) -> None:
        send(field, web, field.address, "GET", path)

    each(field, itertools.chain(pages, items), 0.22, 2, act, {"user-agent": BROWSER_AGENT})


def scanner(field: Field) -> None:
    """Look for forgotten files and panels, twenty a second (OAT-014)."""
    rng = field.rng(2)

    def guesses() -> Iterator[str]:
        while True:
            words = rng.sample(COMMON_WORDS, rng.choice((1, 2)))
            yield "/" + rng.choice(("/", "-", "_")).join(words) + rng.choice(SUFFIXES)

    def act(web: requests.Session, path: str) -> None:
        send(field, web, field.address, "GET", path)

    each(field, guesses(), 0.08, 2, act)


def flood(field: Field) -> None:
    """Search as fast as eight connections go, held to some 300 a second so that the laptop lives (OAT-015)."""

    def act(web: requests.Session, number: int) -> None:
        send(field, web, field.address, "GET", f"/api/search?q=tent+{number % 97}")

    each(field, itertools.count(), 0.02, 8, act)
