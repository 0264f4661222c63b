"""The small notations: what each takes, and that each refusal says what to write instead."""

from __future__ import annotations

from functools import partial

import pytest

from vedette.config.schema import Match, Rate, Selector
from vedette.config.units import (
    format_duration,
    format_rate,
    format_share,
    parse_address,
    parse_duration,
    parse_header_name,
    parse_match,
    parse_network,
    parse_rate,
    parse_selector,
    parse_share,
    parse_size,
    parse_url,
)

base_url = partial(parse_url, base=True)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_rate, "600/minute", Rate(600, 60.0)),
        (parse_rate, " 1 / day ", Rate(1, 86400.0)),
        (parse_duration, "500ms", 0.5),
        (parse_duration, "1.5h", 5400.0),
        (parse_duration, "0s", 0.0),
        (parse_duration, "30d", 30 * 86400.0),
        (parse_share, "100%", 1.0),
        (parse_share, "0.5%", 0.005),
        (parse_size, "16KiB", 16384),
        (parse_match, "POST /api/login", Match("POST /api/login", "POST", "", ("api", "login"))),
        (parse_match, "GET API.example.com/v1/**", Match("GET API.example.com/v1/**", "GET", "api.example.com", ("v1", "**"))),
        (parse_match, "* /", Match("* /", "*", "", ())),
        (parse_match, "GET /a/{id}/", Match("GET /a/{id}/", "GET", "", ("a", "{id}"))),
        (parse_selector, "body.user.email", Selector("body", "user.email")),
        (parse_selector, "header.X-API-Key", Selector("header", "x-api-key")),
        (parse_selector, "cookie.connect.sid", Selector("cookie", "connect.sid")),
        (parse_header_name, "X-Forwarded-For", "x-forwarded-for"),
        (parse_address, "0.0.0.0:8080", "0.0.0.0:8080"),
        (parse_address, "[::1]:8080", "[::1]:8080"),
        (parse_address, "localhost:0", "localhost:0"),
        (parse_network, "10.0.0.0/8", "10.0.0.0/8"),
        (parse_network, "10.0.0.1", "10.0.0.1/32"),
        (parse_network, "2001:db8::/32", "2001:db8::/32"),
        (base_url, "http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        (base_url, "https://[::1]:8443", "https://[::1]:8443"),
        (parse_url, "https://example.com/list?x=1", "https://example.com/list?x=1"),
    ],
)  # fmt: skip
def test_what_is_taken(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parse_rate, "60", "write a number and a unit"),
        (parse_rate, "60/min", 'unknown unit "min"; use one of second, minute'),
        (parse_rate, "0/minute", "use 1 to"),
        (parse_rate, "9999999999/second", "use 1 to"),
        (parse_rate, "٦/minute", "not a rate"),
        (parse_duration, "30", "has no unit; write 30s"),
        (parse_duration, "1w", 'unknown unit "w"'),
        (parse_duration, "-1s", "not a duration"),
        (parse_duration, "999999d", "too long"),
        (parse_duration, "inf", "not a duration"),
        (parse_share, "0.5", "write a percentage"),
        (parse_share, "101%", "more than everything"),
        (parse_size, "16KB", "use|write a whole number"),
        (parse_match, "/api", "write a method and a path"),
        (parse_match, "post /api", "write POST"),
        (parse_match, "GET api", "a path begins with /"),
        (parse_match, "GET /a//b", "not a path segment"),
        (parse_match, "GET /a/../b", "not a path segment"),
        (parse_match, "GET /**/a", "it comes last"),
        (parse_match, "GET /a*", "write {name}"),
        (parse_match, "GET /a{id}", "a whole segment"),
        (parse_match, "GET /{a}/{a}", "appears twice"),
        (parse_match, "GET /{}", "not a name"),
        (parse_match, "GET /a?b=c", "leave out everything from ?"),
        (parse_match, "GET host:80/a", "without its port"),
        (parse_match, "GET ho_st!/a", "not a host name"),
        (parse_selector, "headers.x", "not a selector"),
        (parse_selector, "body", "not a selector"),
        (parse_selector, "body.a..b", "empty step"),
        (parse_selector, "header.a b", "no blanks"),
        (parse_selector, "header.a:b", "not the name of a header"),
        (parse_header_name, "", "not the name of a header"),
        (parse_address, "8080", "write a host and a port"),
        (parse_address, "127.0.0.1:99999", "use 0 to 65535"),
        (parse_address, "::1:80", "in brackets|without brackets"),
        (parse_address, "[::zz]:80", "not an IPv6 address"),
        (parse_address, "example.com:80", "not an IP address"),
        (parse_network, "10.0.0.1/8", "write 10.0.0.0/8"),
        (parse_network, "ten", "not an IP network"),
        (base_url, "http://127.0.0.1:8000/api", "write http://127.0.0.1:8000"),
        (base_url, "127.0.0.1:8000", "write http://"),
        (base_url, "ftp://x", "write http://"),
        (base_url, "http://u:p@x", "user name or password"),
        (base_url, "http://x:0", "not a URL"),
        (base_url, "http://x:port", "not a URL"),
        (base_url, "http://a\tb", "not a URL"),
        (base_url, "http://ex\u00e4mple", "a character that hosts do not have"),
        (parse_url, "http://[", "not a URL"),
    ],
)  # fmt: skip
def test_what_is_refused_says_the_fix(parse, text, said):
    with pytest.raises(ValueError, match=said.replace("?", r"\?").replace("{", r"\{")):
        parse(text)


def test_values_are_written_in_their_largest_whole_unit():
    assert [format_duration(seconds) for seconds in (0.0, 0.0005, 0.5, 90.0, 3600.0, 86400.0)] == [
        "0s", "0.5ms", "500ms", "90s", "1h", "1d",
    ]  # fmt: skip
    assert (format_rate(Rate(5, 3600.0)), format_share(0.005), format_share(1.0)) == ("5/hour", "0.5%", "100%")
    with pytest.raises(ValueError, match="no unit"):
        format_rate(Rate(5, 7.0))
