"""The device cookie: on the API's answer where it is the client's own, and nowhere else."""

from __future__ import annotations

import pytest
import stage

from vedette.config.schema import DeviceCookie, Identity

COOKIE = "vdt=1.0123abcd.1700000000.AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBB; Max-Age=60; Path=/; HttpOnly"


class Telling(stage.Api):
    """An API that answers with the headers that it is asked for."""

    async def handle(self, seen, reader, writer):
        self.seen.append(seen)
        wanted = "".join(f"{line.strip()}\r\n" for line in (seen["x-answer"] or "").split(";;") if line)
        status = seen["x-status"] or "200"
        writer.write(f"HTTP/1.1 {status} X\r\n{wanted}content-length: 0\r\n\r\n".encode())


def named(seen):
    """Decide as the engine does about a client without a cookie."""
    return 200, [*stage.allowed(seen)[1], ("x-vedette-cookie", COOKIE)], b""


@pytest.fixture(scope="module")
def cookies(tmp_path_factory):
    with Telling() as api:
        upstreams = {"default": f"http://127.0.0.1:{api.port}"}
        identity = Identity(device_cookie=DeviceCookie())
        with stage.edge(tmp_path_factory.mktemp("cookies"), upstreams=upstreams, identity=identity) as running:
            running.api = api
            running.engine.decide = named
            yield running


def set_cookies(got):
    return [value for name, value in got.headers if name == "set-cookie"]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "content-type: application/json;;etag: x",
        "cache-control: private",
        "cache-control: no-store",
        "Cache-Control: max-age=0, PRIVATE , must-revalidate",
        "cache-control: no-cache;;cache-control: no-store",
        "cache-control: max-age=60, private",
        "cache-control: private;;expires: Thu, 01 Dec 2094 16:00:00 GMT;;last-modified: Thu, 01 Dec 1994 16:00:00 GMT",
    ],
)
def test_an_answer_for_this_client_alone_brings_the_cookie(cookies, answer):
    assert set_cookies(cookies.ask("/", f"x-answer: {answer}")) == [COOKIE]


@pytest.mark.parametrize(
    "answer",
    [
        "cache-control: public",
        "cache-control: max-age=60",
        "cache-control: S-MaxAge=60",
        "cache-control: max-age=0, s-maxage=60",
        "cache-control: no-cache",
        "cache-control:",
        "cache-control: public, private",
        "cache-control: private, s-maxage=9",
        'cache-control: private="set-cookie"',
        "cache-control: x-private, no-storee",
        "expires: Thu, 01 Dec 2094 16:00:00 GMT",
        "last-modified: Thu, 01 Dec 1994 16:00:00 GMT",
        "cache-control: private;;surrogate-control: max-age=60",
        "cache-control: no-store;;cdn-cache-control: max-age=60",
    ],
)
def test_an_answer_that_a_shared_cache_may_store_never_brings_it(cookies, answer):
    got = cookies.ask("/", f"x-answer: {answer}")
    assert got.status == 200
    assert set_cookies(got) == []


def test_a_revalidated_answer_never_brings_it(cookies):
    assert set_cookies(cookies.ask("/", "x-status: 304")) == []


def test_the_api_keeps_its_own_cookies_and_learns_nothing_of_ours(cookies):
    cookies.api.seen.clear()
    assert set_cookies(cookies.ask("/", "x-answer: set-cookie: sid=1")) == ["sid=1", COOKIE]
    assert cookies.api.seen[0]["x-vedette-cookie"] is None


def test_neither_client_nor_api_can_have_a_cookie_set(cookies):
    cookies.engine.decide = stage.allowed
    try:
        forged = f"x-vedette-cookie: {COOKIE}"
        got = cookies.ask("/", forged, f"x-answer: {forged}")
    finally:
        cookies.engine.decide = named
    assert set_cookies(got) == []


def test_without_an_engine_there_is_no_cookie(cookies):
    cookies.engine.call(cookies.engine.close())
    try:
        got = cookies.ask("/")
    finally:
        cookies.engine.call(cookies.engine.open())
    assert got.status == 200
    assert set_cookies(got) == []


def test_a_stopped_request_brings_none(cookies):
    cookies.engine.decide = lambda seen: (403, [("x-vedette-cookie", COOKIE)], b"no")
    try:
        got = cookies.ask("/")
    finally:
        cookies.engine.decide = named
    assert got.status == 403
    assert set_cookies(got) == []


def test_where_none_is_configured_the_engine_cannot_set_one(plain):
    plain.engine.decide = named
    assert set_cookies(plain.ask("/")) == []


def test_a_reload_switches_it_on_and_off(tmp_path):
    with stage.edge(tmp_path) as running:
        running.engine.decide = named
        assert set_cookies(running.ask("/")) == []
        assert "routes.json" in running.reload(identity=Identity(device_cookie=DeviceCookie()))
        stage.eventually(lambda: set_cookies(running.ask("/")) == [COOKIE], "the cookie is set")
        running.reload(identity=Identity())
        stage.eventually(lambda: set_cookies(running.ask("/")) == [], "the cookie is set no more")
