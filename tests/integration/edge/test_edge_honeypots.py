"""Decoys at the edge: where they are advertised, and how their answers reach a client."""

from __future__ import annotations

import json

import pytest
import stage

from vedette.config.schema import Honeypots
from vedette.mitigate.actions import PLAUSIBLE

OWN = "User-agent: goodbot\nAllow: /\n"


@pytest.fixture(scope="module")
def baited(tmp_path_factory):
    directory = tmp_path_factory.mktemp("baited")
    file = directory / "robots.txt"
    file.write_text(OWN)
    honeypots = Honeypots(
        paths=("/api/internal/export", "/api/100%/**"), advertise=("robots", "link"), robots=f"file:{file}"
    )
    with stage.edge(directory, honeypots=honeypots) as running:
        yield running


def test_robots_txt_is_answered_by_the_edge_after_the_engine_was_asked(baited):
    got = baited.ask("/robots.txt")
    assert (got.status, got["content-type"], got["cache-control"]) == (200, "text/plain; charset=utf-8", "no-store")
    assert got.body.decode().startswith(
        "User-agent: goodbot\nDisallow: /api/internal/export\nDisallow: /api/100%/\nAllow: /"
    )
    assert got["link"] is None
    assert baited.ask("/robots.txt", method="HEAD").body == b""
    assert baited.api.seen == []
    assert [asked.target for asked in baited.engine.seen] == ["/v1/decide/robots.txt"] * 2
    assert baited.ask("/robots.txt", method="POST", body=b"x").status == 200
    assert baited.api.seen[0].method == "POST"


def test_a_client_that_is_stopped_gets_no_robots_txt(baited):
    baited.engine.decide = lambda seen: (403, [], b"no")
    assert baited.ask("/robots.txt").status == 403
    baited.engine.decide = stage.allowed


def test_the_apis_answers_carry_the_link(baited):
    expected = '</api/internal/export>; rel="service-meta", </api/100%/>; rel="service-meta"'
    assert baited.ask("/products")["link"] == expected
    assert baited.ask("/status/404")["link"] == expected
    assert baited.ask("/robots.txt")["link"] is None


def test_without_decoys_nothing_is_added(plain):
    assert plain.ask("/robots.txt").status == 200
    assert plain.api.seen[0].target == "/robots.txt"
    assert plain.ask("/")["link"] is None


def test_a_changed_robots_txt_is_served(baited):
    file = baited.run.parent / "robots.txt"
    file.write_text(OWN + "Disallow: /changed\n")
    assert baited.reload() == ("routes.json",)
    stage.eventually(lambda: b"/changed" in baited.ask("/robots.txt").body, "the new file")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_decoys_answer_is_a_200(plain, method):
    body = json.dumps({"items": [1, 2, 3]}).encode()
    fields = [("content-type", "application/json"), ("cache-control", "no-store"), ("x-request-id", "r1")]
    plain.engine.decide = lambda seen: (PLAUSIBLE, fields, b"" if seen.method == "HEAD" else body)
    got = plain.ask("/api/internal/export", method=method)
    assert got.status == 200
    assert (got["cache-control"], got["x-request-id"]) == ("no-store", "r1")
    assert got["content-type"] == (None if method == "HEAD" else "application/json")  # Envoy's way without a body
    assert got.body == (b"" if method == "HEAD" else body)
    assert plain.api.seen == []
    assert not [
        name for name, _ in got.headers if name.lower().startswith(("x-envoy", "x-vedette", "vedette", "server"))
    ]


def test_an_api_may_say_203_itself(plain):
    assert plain.ask(f"/status/{PLAUSIBLE}").status == PLAUSIBLE
