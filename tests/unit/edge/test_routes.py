from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.endpoints import match_pattern
from vedette.collect.normalize import normal_path
from vedette.config.schema import Config, Drill, Endpoint, Match, Secret, Selector
from vedette.edge.routes import BODY_LIMIT_BYTES, loose, reads_body, route_configuration, strict

NAME = st.text(st.sampled_from("abzAZ019-_.~@!$+,é "), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
SEGMENTS = st.lists(NAME | st.just("{id}"), max_size=4).flatmap(
    lambda parts: st.sampled_from([tuple(parts), (*parts, "**")])
)


def match(*segments, method="POST", host=""):
    return Match("", method, host, segments)


def fits(expression, path):
    return re.fullmatch(expression, path) is not None


@st.composite
def spellings(draw, segments):
    """A path that an API or the engine might take for the one that the segments describe."""
    path = ""
    for segment in segments:
        path += draw(st.sampled_from(["/", "//", "%2F", "/%2f", "%252F"]))
        if segment == "**":
            path += draw(st.sampled_from(["", "x", "x/y", "x;y=1//z/"]))
            continue
        text = draw(NAME) if segment == "{id}" else segment
        for char in text:
            encoded = "".join(f"%{byte:02x}" for byte in char.encode())
            path += draw(
                st.sampled_from(
                    [char, char.upper(), char.lower(), encoded, encoded.upper(), encoded.replace("%", "%25")]
                )
            )
        path += draw(st.sampled_from(["", ";", ";a=b", ";a;b=%20", "%3Bx"]))
    return path + draw(st.sampled_from(["", "/", "//", "%2F"]))


@given(SEGMENTS.flatmap(lambda segments: st.tuples(st.just(segments), spellings(segments))))
def test_no_spelling_slips_past_the_loose_form(case):
    segments, path = case
    assert fits(loose(match(*segments)), path)


PIECES = st.lists(
    st.sampled_from(
        [
            "/",
            "//",
            "api",
            "API",
            "login",
            "Login",
            "7",
            ";x=1",
            ";",
            "%2F",
            "%3B",
            "%2e",
            ".",
            "..",
            "\\",
            "%5c",
            "log%69n",
            "a",
        ]
    ),
    max_size=9,
).map("".join)
KNOWN = st.sampled_from(
    [("api", "login"), ("api", "{id}"), ("api", "**"), ("{id}",), ("**",), (), ("api", "{id}", "login")]
)


@given(KNOWN, PIECES)
def test_the_forms_enclose_what_the_engine_takes_for_the_endpoint(segments, path):
    """Strict within the engine's own matching, the engine's within loose: for one and the same forwarded path."""
    path = "/" + path
    pattern, _ = match_pattern(match(*segments))
    engine = re.fullmatch(pattern, f"POST /{normal_path(path).removeprefix('/')}", re.IGNORECASE) is not None
    if fits(strict(match(*segments)), path):
        assert engine
    if engine:
        assert fits(loose(match(*segments)), path)


@given(SEGMENTS, SEGMENTS)
def test_the_strict_form_is_within_the_loose_one(segments, others):
    path = "/" + "/".join("7" if part == "{id}" else part for part in others if part != "**")
    if fits(strict(match(*segments)), path):
        assert fits(loose(match(*segments)), path)


@pytest.mark.parametrize(
    ("segments", "path", "strictly", "loosely"),
    [
        (("api", "login"), "/api/login", True, True),
        (("api", "login"), "/api/login/", False, True),
        (("api", "login"), "/Api/Login", False, True),
        (("api", "login"), "/api//login", False, True),
        (("api", "login"), "/api;v=1/login;x", False, True),
        (("api", "login"), "/api/logins", False, False),
        (("api", "login"), "/api/login/more", False, False),
        (("api", "login"), "/v1/api/login", False, False),
        (("api", "{id}"), "/api/7", True, True),
        (("api", "{id}"), "/api/7;x", False, True),
        (("api", "{id}"), "/api", False, False),
        (("api", "**"), "/api", True, True),
        (("api", "**"), "/api/a/b", True, True),
        (("api", "**"), "/apix", False, False),
        (("**",), "/anything", True, True),
        ((), "/", True, True),
        ((), "//", False, True),
        ((), "/x", False, False),
        (("api", "login"), "/x/..;/api/login", False, True),
        (("api", "login"), "/x/..%2Fapi/login", False, True),
        (("api", "login"), "/x/..", False, True),
        (("api", "login"), "/x/..y/api/login", False, False),
    ],
)
def test_forms(segments, path, strictly, loosely):
    assert (fits(strict(match(*segments)), path), fits(loose(match(*segments)), path)) == (strictly, loosely)


def endpoint(name, *segments, **options):
    return Endpoint(name=name, match=match(*segments, **options.pop("of", {})), **options)


BODY = Selector("body", "email")


def test_which_endpoints_need_a_body():
    assert reads_body(endpoint("a", "a", account=BODY))
    assert reads_body(endpoint("a", "a", operation=BODY))
    assert not reads_body(endpoint("a", "a", account=Selector("header", "x-user")))
    assert not reads_body(endpoint("a", "a"))


def routes(*endpoints, host="default"):
    hosts = route_configuration(Config(endpoints=endpoints, upstreams={host: "http://127.0.0.1:1"}))["virtual_hosts"]
    first, *others = hosts[0]["routes"]
    if host != "default":
        return [first, *others]
    assert first["direct_response"]["status"] == 400, "first of all, who is asked must be one host"
    return others


def test_an_api_without_endpoints_has_one_route_and_one_for_graphql_each_with_a_grpc_twin():
    _, graph, grpc, rest = routes()
    assert set(graph["typed_per_filter_config"]) == {"vedette.ask"}
    assert graph["match"]["headers"] == [{"name": ":method", "string_match": {"exact": "POST"}}]
    assert grpc["route"]["cluster"] == "grpc.default"
    assert grpc["match"]["headers"] == [{"name": "content-type", "string_match": {"prefix": "application/grpc"}}]
    assert rest["route"] == {"cluster": "api.default", "timeout": "0s", "idle_timeout": "300s"}
    assert "typed_per_filter_config" not in rest


def test_only_what_needs_it_gets_a_route():
    plain = [endpoint(f"e{number}", "api", str(number), object=Selector("path", "id")) for number in range(20)]
    assert len(routes(*plain)) == 4
    assert len(routes(*plain, endpoint("login", "login", account=BODY))) == 4
    assert len(routes(*plain, endpoint("login", "login", account=BODY, of={"method": "PUT"}))) == 6


@pytest.mark.parametrize(
    ("path", "is_graph"),
    [
        ("/graphql", True),
        ("/api/GraphQL/;x", True),
        ("/v1//gq%6c", True),
        ("/x/..;/graphql", True),
        ("/graphql/more", False),
        ("/graphqlx", False),
        ("/api/login", False),
    ],
)
def test_bodies_of_graphql_are_read_however_its_path_is_written(path, is_graph):
    assert fits(routes()[1]["match"]["safe_regex"]["regex"], path) == is_graph


def test_bodies_are_capped():
    login = routes(endpoint("login", "login", account=BODY))[0]["typed_per_filter_config"]["vedette.ask"]
    assert login["check_settings"]["with_request_body"]["max_request_bytes"] == BODY_LIMIT_BYTES == 16384


def test_endpoints_of_a_host_stay_there():
    login = endpoint("login", "login", account=BODY, of={"host": "api.example"})
    assert len(routes(login, host="other.example")) == 4
    assert len(routes(login, host="api.example")) == 6
    special = routes(login, host="default")[2]
    assert special["match"]["headers"][1]["name"] == ":authority"
    expression = special["match"]["headers"][1]["string_match"]["safe_regex"]["regex"]
    assert fits(expression, "API.example:8443")
    assert fits(expression, "api.example.")
    assert not fits(expression, "api.example.evil.test")


def test_bodies_of_one_method_share_a_route():
    logins = [endpoint(f"e{number}", "login", str(number), account=BODY) for number in range(30)]
    assert len(routes(*logins)) == 4
    assert len(routes(*logins, endpoint("pay", "pay", on_failure="block"))) == 4 + 30 * 4 + 4


def test_the_proof_of_a_drill_is_read_and_refused_as_its_path_otherwise_is():
    drill = Drill(key=Secret("env:KEY", "k" * 32))
    plain = Config(upstreams={"default": "http://127.0.0.1:1"})
    assert len(route_configuration(plain)["virtual_hosts"][0]["routes"]) == 5
    (host,) = route_configuration(Config(upstreams=plain.upstreams, drill=drill))["virtual_hosts"]
    body, rest = host["routes"][2], host["routes"][4]
    assert fits(body["match"]["safe_regex"]["regex"], "/.well-known/vedette-drill")
    assert body["match"]["headers"] == [{"name": ":method", "string_match": {"exact": "POST"}}]
    assert set(body["typed_per_filter_config"]) == {"vedette.ask"}
    assert "typed_per_filter_config" not in rest
    strictly = Endpoint(name="all", match=match("**", method="*"), on_failure="block")
    (host,) = route_configuration(Config(upstreams=plain.upstreams, drill=drill, endpoints=(strictly,)))[
        "virtual_hosts"
    ]
    assert set(host["routes"][1]["typed_per_filter_config"]) == {"vedette.ask", "vedette.refuse"}
