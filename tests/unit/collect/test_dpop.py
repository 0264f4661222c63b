"""DPoP proofs (RFC 9449), with the RFC's own examples, and every way in which one can be wrong."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vedette.collect.dpop import Proof, check_proof, normal_target, token_hash
from vedette.collect.jwt import Budget
from vedette.types import Request

NOW = 1_700_000_000.0
KEY = ECKey.generate_key("P-256")
ACCESS = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"

# RFC 9449, sections 4.1, 7.1 and 6.1
TOKEN_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy"
    "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiIt"
    "QndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2"
    "fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
RESOURCE_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy"
    "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJl"
    "MWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlh"
    "dCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOp"
    "txRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def call(method: str = "GET", path: str = "/orders", scheme: str = "https") -> Request:
    return Request(timestamp=NOW, id="r", method=method, path=path, client_address="", scheme=scheme)


def proof(*, key: Any = KEY, algorithm: str = "ES256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    head = {"typ": "dpop+jwt", "alg": algorithm, "jwk": key.as_dict(private=False)} | (header or {})
    body = {"jti": "j-1", "htm": "GET", "htu": "https://api.example/orders", "iat": NOW} | claims
    parts = [b64(json.dumps({n: v for n, v in part.items() if v is not None}).encode()) for part in (head, body)]
    signed = ".".join(parts)
    return f"{signed}.{b64(JWSRegistry.algorithms[algorithm].sign(signed.encode(), key))}"


def check(text: str, request: Request | None = None, host: str = "api.example", now: float = NOW, **more: Any) -> Proof:
    more.setdefault("budget", Budget())
    return check_proof(text, request or call(), host, now, max_age_s=60.0, **more)


def test_the_examples_of_the_rfc() -> None:
    got = check(TOKEN_PROOF, call("POST", "/token"), "server.example.com", 1_562_262_616.0)
    assert (got.state, got.key, got.once) == ("valid", THUMBPRINT, f"{THUMBPRINT}:-BwC3ESc6acc2lTc")
    resource = call("GET", "/protectedresource")
    claims = {"cnf": {"jkt": THUMBPRINT}}
    got = check(RESOURCE_PROOF, resource, "resource.example.org", 1_562_262_618.0, access_token=ACCESS, claims=claims)
    assert (got.state, got.is_bound, got.made) == ("valid", True, 1_562_262_618.0)
    assert token_hash(ACCESS) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2048), "RS256"),
        (RSAKey.generate_key(2048), "PS256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
def test_every_algorithm(key: Any, algorithm: str) -> None:
    assert check(proof(key=key, algorithm=algorithm)).state == "valid"


def test_a_key_of_nobody_is_not_bound() -> None:
    assert check(proof()).is_bound is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a token"),
        ("x", "not a token"),
        (proof(header={"typ": "JWT"}), "typ"),
        (proof(header={"typ": None}), "typ"),
        (proof(header={"alg": "HS256"}), "algorithm"),
        (proof(header={"alg": "none"}), "algorithm"),
        (proof(header={"crit": ["x"]}), "crit"),
        (proof(header={"jwk": None}), "jwk"),
        (proof(header={"jwk": KEY.as_dict(private=True)}), "jwk"),
        (proof(header={"jwk": {"kty": "oct", "k": "c2VjcmV0"}}), "jwk"),
        (proof(header={"jwk": ECKey.generate_key("P-256").as_dict(private=False)}), "signature"),
        (proof(header={"jwk": OKPKey.generate_key("Ed25519").as_dict(private=False)}), "signature"),
        (proof(jti=None), "jti"),
        (proof(jti=""), "jti"),
        (proof(jti="x" * 257), "jti"),
        (proof(jti=7), "jti"),
        (proof(iat=None), "iat"),
        (proof(iat="now"), "iat"),
        (proof(iat=-1), "iat"),
        (proof(iat=True), "iat"),
        (proof(iat=1e300), "iat"),
        (proof(htm="POST"), "htm"),
        (proof(htm="get"), "htm"),
        (proof(htm=None), "htm"),
        (proof(htu="https://api.example/order"), "htu"),
        (proof(htu="https://other.example/orders"), "htu"),
        (proof(htu="https://api.example:8443/orders"), "htu"),
        (proof(htu="http://api.example/orders"), "htu"),
        (proof(htu="https://u@api.example/orders"), "htu"),
        (proof(htu="/orders"), "htu"),
        (proof(htu="https://[/orders"), "htu"),
        (proof(htu=["https://api.example/orders"]), "htu"),
        (proof(htu=None), "htu"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    got = check(text)
    assert (got.state, got.why, got.once) == ("refused", why, "")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({}, "ath"),
        ({"ath": "x"}, "ath"),
        ({"ath": 7}, "ath"),
        ({"ath": "é"}, "ath"),
        ({"ath": token_hash("t2")}, "ath"),
    ],
)
def test_a_proof_for_another_access_token(claims: dict[str, Any], why: str) -> None:
    assert check(proof(**claims), access_token="t1").why == why
    assert check(proof(ath=token_hash("t1")), access_token="t1").state == "valid"


@pytest.mark.parametrize("bound", [{"jkt": "another"}, {"jkt": 7}])
def test_an_access_token_for_another_key(bound: dict[str, Any]) -> None:
    got = check(proof(ath=token_hash("t")), access_token="t", claims={"cnf": bound})
    assert got.why == "the access token names another key"


@pytest.mark.parametrize(
    ("age", "state"), [(60.0, "valid"), (-60.0, "valid"), (60.5, "expired"), (-60.5, "expired"), (1e9, "expired")]
)
def test_the_window(age: float, state: str) -> None:
    got = check(proof(), now=NOW + age)
    assert got.state == state
    assert bool(got.once) == (state == "valid")


def test_signatures_are_bounded() -> None:
    budget = Budget(1)
    assert check(proof(), budget=budget).state == "valid"
    assert check(proof(), budget=budget).state == "unverified"
    assert check(proof(htm="POST"), budget=Budget(0)).why == "htm", "what is wrong anyway costs no signature"


@pytest.mark.parametrize(
    ("seen", "host", "claimed"),
    [
        (call(), "API.example:443", "https://api.example/orders"),
        (call(), "api.example", "HTTPS://API.EXAMPLE:443/orders?page=2#x"),
        (call(path="/a/b"), "api.example", "https://api.example/x/.././a//b"),
        (call(path="/%7Euser/%c3%bc"), "api.example", "https://api.example/~user/%C3%BC"),
        (call(path="/"), "api.example", "https://api.example"),
        (call(path="/a/"), "api.example", "https://api.example/a/./"),
        (call(scheme="http"), "api.example", "https://api.example/orders"),
        (call(scheme="http"), "localhost:8080", "http://localhost:8080/orders"),
        (call(scheme=""), "api.example", "https://api.example/orders"),
        (call(), "[::1]:8443", "https://[::1]:8443/orders"),
    ],
)
def test_the_same_url_in_other_words(seen: Request, host: str, claimed: str) -> None:
    assert check(proof(htu=claimed), seen, host).state == "valid"


def test_an_escaped_slash_is_no_slash() -> None:
    assert check(proof(htu="https://api.example/a/b"), call(path="/a%2Fb")).why == "htu"


def test_http_is_not_right_where_tls_is_seen() -> None:
    assert check(proof(htu="http://api.example/orders"), call(scheme="https")).why == "htu"


@given(st.text())
def test_targets_never_raise_and_are_normal_once_and_for_all(text: str) -> None:
    for url in (text, f"https://a.example/{text}", f"https://{text}/"):
        once = normal_target(url)
        if once is not None:
            assert normal_target(f"{once[0]}://{once[1]}{once[2]}") == once


@given(st.text())
def test_garbage_is_refused(text: str) -> None:
    assert check(text).state == "refused"
    assert check(proof(htu=text, jti="x", ath=text), access_token="t").state == "refused"
