"""Endpoints proposed from recorded traffic."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from vedette.collect.normalize import normal_path
from vedette.config import load
from vedette.config.schema import Config, Endpoint
from vedette.config.units import parse_match
from vedette.doors.logs import Recorded
from vedette.replay.survey import MOST, Survey, lines, proposals
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.shop import DIALECTS, ENDPOINTS
from vedette.simulate.world import World
from vedette.types import Answer, Request


def call(method: str, path: str, status: int = 200, query: str = "", body: bytes = b"") -> Recorded:
    request = Request(
        timestamp=0.0, id="r", method=method, path=path, client_address="192.0.2.1", query=query, body=body
    )
    return Recorded(request, Answer(timestamp=0.0, id="r", status=status) if status else None)


def slug(number: int) -> str:
    return f"pair-of-{chr(97 + number % 26)}{chr(97 + number // 26)}-shoes"


def survey(calls: list[Recorded], config: Config | None = None) -> Survey:
    made = Survey(config or Config())
    for one in calls:
        made.add(one)
    return made


SHOP = [
    *(call("GET", f"/products/{slug(n)}") for n in range(200)),
    *(call("HEAD", f"/products/{slug(n)}") for n in range(10)),
    *(call("GET", f"/orders/{n}") for n in range(50)),
    *(call("POST", "/login", 401 if n % 3 == 0 else 200, "email=a%40example.com") for n in range(60)),
    *(call("GET", "/api/find", query=f"q=boots{n}") for n in range(30)),
    *(call("GET", f"/static/app{n}.js") for n in range(30)),
    *(call("GET", f"/wp-admin/{slug(n)}", 404) for n in range(200)),
    *(call("GET", "/never-answered", 0) for n in range(5)),
    *(call("POST", "/graphql", body=b'{"operationName": "ProductList", "query": "query ProductList { a }"}') for n in range(12)),
]  # fmt: skip


def test_a_shop_is_proposed_as_a_configuration(tmp_path: Path) -> None:
    found = proposals(survey(SHOP).tallies().items())
    text = "\n".join(lines(found, "Endpoints of a test"))
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    endpoints = {endpoint.match.text: endpoint for endpoint in load(file).endpoints}
    assert {match: endpoint.purpose for match, endpoint in endpoints.items()} == {
        "GET /products/{slug}": "product",
        "GET /orders/{id}": "account",
        "POST /login": "login",
        "GET /api/find": "search",
        "GET /static/**": "static",
        "POST /graphql": "other",
    }
    shown = yaml.safe_load(text)["endpoints"]
    product = next(one for one in shown if one["purpose"] == "product")
    assert product["object"] == "path.slug"
    login = next(one for one in shown if one["purpose"] == "login")
    assert login["account"] == "query.email"
    about = next(
        int(line.split("about ")[1].split()[0]) for line in text.split("\n") if line.startswith("  # 210 requests")
    )
    assert about == pytest.approx(200, rel=0.06)
    assert "67 % answered well" in text
    assert "# ProductList: 12 requests, listing" in text
    assert "wp-admin" not in text
    assert "never-answered" not in text


def test_configured_endpoints_are_left_out() -> None:
    config = Config(endpoints=(Endpoint(name="mine", match=parse_match("GET /products/{id}")),))
    made = survey(SHOP, config)
    assert made.configured == 210
    assert not any("/products" in name for name in made.tallies())


def test_the_same_log_gives_the_same_proposal() -> None:
    one, other = (list(lines(proposals(survey(SHOP).tallies().items()), "x")) for _ in range(2))
    assert one == other


def test_what_a_match_cannot_say_becomes_a_parameter(tmp_path: Path) -> None:
    odd = ["/a b/c", "/a%2Ab", "/x{y}", "/q%3Fr", "/null", "/é", '/say-"hi"', "/a%00b", "/.hidden", "/true"]
    found = proposals(survey([call("GET", path) for path in odd]).tallies().items())
    file = tmp_path / "vedette.yaml"
    file.write_text("\n".join(lines(found, "x")))
    assert len(load(file).endpoints) == len(found)


def test_at_most_as_many_as_a_configuration_takes_and_the_special_before_the_general(tmp_path: Path) -> None:
    calls = [call("GET", f"/{one}/{other}/x") for one in "abcdefghijklmnop" for other in "abcdefghijklmnop"]
    calls += [call("GET", f"/{one}/{n}/x") for one in "abc" for n in range(50)]
    found = proposals(survey(calls).tallies().items())
    assert len(found) > MOST
    file = tmp_path / "vedette.yaml"
    file.write_text("\n".join(lines(found, "x")))
    written = [endpoint.match.text for endpoint in load(file).endpoints]
    assert len(written) == MOST
    assert written.index("GET /a/{id}/x") > max(
        place for place, text in enumerate(written) if text.startswith("GET /a/") and "{" not in text
    )


def test_more_paths_than_are_kept_apart_are_put_together() -> None:
    made = survey([call("GET", f"/u/{slug(n % 600)}/{chr(97 + n % 26)}{n // 26:b}") for n in range(45_000)])
    assert len(made._tallies) <= 20_001
    assert made.requests == 45_000


def test_names_of_a_running_system_are_learned_again() -> None:
    made = Survey(Config(endpoints=(Endpoint(name="mine", match=parse_match("POST /login")),)))
    for number in range(40):
        made.take(f"GET /products/{slug(number)}", 200, 3)
    made.take("GET /orders/{id}", 200, 1000)
    made.take("GET /orders/{id}", 404, 500)
    made.take("GET /wp-admin", 404, 500)
    made.take("GET /x/{other}", 200, 5)
    made.take("POST /login", 200, 7)
    made.take("POST /graphql:ProductList", 200, 20)
    made.take("mine", 200, 7)
    found = {one.match: (one.requests, round(one.good, 2)) for one in proposals(made.tallies().items())}
    assert found == {"GET /products/{slug}": (120, 1.0), "GET /orders/{id}": (1500, 0.67), "POST /graphql": (20, 1.0)}
    assert made.configured == 7


@pytest.mark.parametrize("dialect", DIALECTS)
def test_endpoints_of_a_simulated_shop_stay_apart_and_most_purposes_are_right(dialect: str) -> None:
    world = World(
        Scenario(name="mine", dialect=dialect, parts=(Part(section="people", kind="web", name="web", count=1),)), 1
    )
    calls, names = [], {}
    for number in range(60):
        ids = {
            "number": number,
            "category": slug(number),
            "order": f"10{number:03}",
            "slug": slug(number),
            "file": f"x{number}.js",
            "q": "tent",
        }
        for name, one in ENDPOINTS.items():
            path, _, query = world.shop.url(name, dict(ids))[0].partition("?")
            calls.append(call(one.method, path, query=query))
            names[one.method, path] = name
    made = survey(calls)
    learned: dict[str, set[str]] = {}
    right = set()
    for (method, path), name in names.items():
        route, _ = made.router.find(method, "", normal_path(path))
        learned.setdefault(route.name, set()).add(name)
        if route.purpose == ENDPOINTS[name].purpose:
            right.add(name)
    assert {name: found for name, found in learned.items() if len(found) > 1} == {}
    assert len(learned) == len(ENDPOINTS)
    assert len(right) >= 0.75 * len(ENDPOINTS), set(ENDPOINTS) - right


def test_what_a_match_cannot_tell_apart_is_proposed_once() -> None:
    calls = [call("GET", f"/facts/page{number}.{ending}") for number in range(30) for ending in ("html", "txt")]
    calls += [call("GET", f"/facts/{number}") for number in range(100, 120)]
    (found,) = proposals(survey(calls).tallies().items())
    assert (_shape(found.match), found.requests) == ("GET /facts/{}", 80)
    assert found.objects == pytest.approx(80, rel=0.1)


def _shape(match: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", match)


def test_static_files_beside_pages_are_not_proposed() -> None:
    calls = [call("GET", path) for path in ("/favicon.ico", "/shop/logo.png", "/shop/cart", "/assets/a.js")]
    assert [one.match for one in proposals(survey(calls).tallies().items())] == ["GET /shop/cart", "GET /assets/**"]
