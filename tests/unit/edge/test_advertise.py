"""Where decoys are written down: robots.txt and the Link header."""

from __future__ import annotations

from urllib.robotparser import RobotFileParser

import pytest

from vedette.config.schema import Config, Honeypots
from vedette.edge.advertise import ROBOTS_BYTES, decoy_paths, link_header, robots_route, robots_text
from vedette.edge.routes import route_configuration
from vedette.errors import ConfigError

PATHS = ("/api/internal/export", "/api/backup/{name}", "/api/admin/**", "/a b/ü", "/api/backup/{other}")
OWN = """# the API's own
User-agent: goodbot   # a partner
User-agent: otherbot

Allow: /api/products
Disallow: /api/cart
Sitemap: https://api.example.com/sitemap.xml

User-Agent: *
Disallow: /api/cart
"""


def advertising(*where: str, **more: str) -> Honeypots:
    return Honeypots(paths=PATHS, advertise=where, **more)


def test_paths_as_urls():
    assert decoy_paths(advertising()) == ("/api/internal/export", "/api/backup/", "/api/admin/", "/a%20b/%C3%BC")


def test_nothing_is_advertised_unasked():
    assert link_header(advertising("robots")) == ""
    assert robots_route(Config(honeypots=advertising("link"))) is None
    assert robots_route(Config(honeypots=Honeypots(advertise=("robots",)))) is None
    routes = route_configuration(Config(upstreams={"default": "http://127.0.0.1:1"}, honeypots=advertising()))
    assert "robots" not in str(routes)
    assert "service-meta" not in str(routes)


def test_the_link_header_is_escaped_for_the_edge():
    routes = route_configuration(Config(upstreams={"default": "http://127.0.0.1:1"}, honeypots=advertising("link")))
    (header,) = routes["virtual_hosts"][0]["routes"][-1]["response_headers_to_add"]
    assert '</a%%20b/%%C3%%BC>; rel="service-meta"' in header["header"]["value"]


@pytest.mark.parametrize("agent", ["goodbot", "otherbot", "anybody"])
def test_every_crawler_that_obeys_stays_away(agent):
    text = robots_text(OWN, ("/api/internal/export", "/api/admin/"))
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    assert not rules.can_fetch(agent, "https://api.example.com/api/internal/export")
    assert not rules.can_fetch(agent, "https://api.example.com/api/admin/users")
    assert not rules.can_fetch(agent, "https://api.example.com/api/cart")
    assert rules.can_fetch(agent, "https://api.example.com/api/products")
    assert set(OWN.splitlines()) < set(text.splitlines())


@pytest.mark.parametrize(
    "own", ["", "User-agent: a", "User-agent: a\nUser-agent: *", "Sitemap: /s.xml\n", "\x00:::\n#"]
)
def test_any_file_ends_in_a_group_for_everybody(own):
    text = robots_text(own, ("/x",))
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    assert not rules.can_fetch("anybody", "https://api.example.com/x")
    assert not rules.can_fetch("a", "https://api.example.com/x")


def test_the_apis_own_file_must_be_readable(tmp_path):
    file = tmp_path / "robots.txt"

    def problem() -> str:
        with pytest.raises(ConfigError) as caught:
            robots_route(Config(honeypots=advertising("robots", robots=f"file:{file}")))
        return str(caught.value)

    assert "honeypots.robots" in problem()
    assert "No such file" in problem()
    file.write_bytes(b"\xff")
    assert "UTF-8" in problem()
    file.write_bytes(b"#" * (ROBOTS_BYTES + 1))
    assert "at most" in problem()
    file.write_bytes(b"\xef\xbb\xbfUser-agent: *\nAllow: /\n")
    route = robots_route(Config(honeypots=advertising("robots", robots=f"file:{file}")))
    assert route["direct_response"]["body"]["inline_string"].startswith(
        "User-agent: *\nDisallow: /api/internal/export\n"
    )
