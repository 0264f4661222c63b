"""The proof that a drill is wanted, asked of a real ``vedette serve``: the right key, and everything that is none."""

from __future__ import annotations

import http.client
import itertools
import time

import msgspec
import pytest
from serving import eventually

from vedette.doors import drill

KEY = "Zm9yIHRoZSB0ZXN0cyBhbG9uZSwgb2YgY291cnNl"
NUMBERS = itertools.count(100)
CONFIG = """
mode: enforce
upstream: {url}
drill: {{key: "file:{file}"}}
endpoints:
  - {{name: login, match: POST /login, purpose: login, account: body.email, on_failure: block}}
"""


@pytest.fixture
def one(serve, api, tmp_path):
    file = tmp_path / "drill.key"
    file.write_text(KEY + "\n")
    return serve(config=CONFIG.format(url=api.url, file=file))


def post(port: int, body: bytes, host: str = "shop.example", path: str = drill.PATH):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("POST", path, body, {"host": host, "content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def proof(number: int = 0, *, key: str = KEY, authority: str = "shop.example", skew_s: float = 0.0) -> drill.Ask:
    return drill.ask(key, authority, time.time() + skew_s, f"{number:022d}")


def prove(port: int, host: str = "shop.example") -> drill.Bounds:
    """Prove until the engine answers in time; a starved machine lets a request pass undecided."""

    def granted():
        asked = proof(next(NUMBERS), authority=host)
        status, fields, body = post(port, msgspec.json.encode(asked), host)
        if status != 202:
            return None
        assert fields["cache-control"] == "no-store"
        assert fields["content-type"] == "application/json"
        assert not any(name.startswith(("x-envoy", "x-vedette", "vedette")) for name in fields)
        return drill.bounds_of(KEY, asked, body)

    return eventually(granted, "a proof is answered")


def test_the_right_key_is_answered_and_the_api_never_sees_it(one, api):
    assert prove(one.port).rate > 0
    assert prove(one.port, "other.example:8443").count > 0
    assert all("degraded" in fields["vedette-decision"] for _, _, fields in api.seen), "but where nobody could decide"


@pytest.mark.parametrize(
    "wrong",
    [{"key": "x" * 40}, {"authority": "other.example"}, {"skew_s": -90.0}, {"skew_s": 90.0}],
    ids=["key", "authority", "late", "early"],
)
def test_any_other_proof_is_a_request_to_the_api(one, api, wrong):
    prove(one.port)
    asked = proof(1, **wrong)
    told = post(one.port, msgspec.json.encode(asked))
    unknown = post(one.port, msgspec.json.encode(asked), path="/.well-known/nothing")
    differing = ("date", "x-told")  # what the API was told about that one request
    assert told[0] == unknown[0] == 200
    assert told[2] == unknown[2] == b"ok"
    kept = [[(name, value) for name, value in got[1].items() if name not in differing] for got in (told, unknown)]
    assert kept[0] == kept[1]
    assert [path for _, path, _ in api.seen[-2:]] == [drill.PATH, "/.well-known/nothing"]


def test_a_proof_is_good_once(one, api):
    prove(one.port)
    asked = proof(7)
    body = msgspec.json.encode(asked)
    eventually(lambda: post(one.port, body)[0] == 202, "it is answered the first time")
    assert post(one.port, body)[2] == b"ok"


def test_without_a_key_the_path_is_the_apis(serve, api):
    plain = serve(name="plain")
    assert post(plain.port, msgspec.json.encode(proof()))[2] == b"ok"
    assert api.seen[-1][:2] == ("POST", drill.PATH)
