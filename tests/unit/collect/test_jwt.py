"""Signatures and times of JSON Web Tokens, with the vectors of RFC 7515, 7638 and 8037."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vedette.collect.jwt import Budget, Jwts, is_signed, parse, public_key, refused_header
from vedette.snapshot.keys import KeySet, KeySets

NOW = 1_700_000_000.0
URL = "https://id.example/jwks.json"
EC = ECKey.generate_key("P-256", {"kid": "e"})
RSA = RSAKey.generate_key(2048, {"kid": "r"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "o"})
KEYS = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": OKP, "Ed25519": OKP}
CLAIMS = {"iss": "https://id.example", "aud": "shop", "sub": "42", "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 600}


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: Any = CLAIMS, algorithm: str = "ES256", key: Any = None, **header: Any) -> str:
    key = key or KEYS[algorithm]
    head = {"alg": algorithm, "kid": key.kid} | header
    head = {name: value for name, value in head.items() if value is not None}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(JWSRegistry.algorithms[algorithm].sign(signed.encode(), key))}"


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def sets(*keys: dict[str, Any], fetched: float = NOW) -> KeySets:
    return KeySets({URL: KeySet(URL, keys, fetched=fetched)})


def verifier(*keys: dict[str, Any], source: str = URL, budget: int = 200, **rules: str) -> Jwts:
    jwts = Jwts(source, rules.get("issuer", ""), rules.get("audience", ""), Budget(budget))
    jwts.take(KeySets({source: KeySet(source, keys or (jwk(EC), jwk(RSA), jwk(OKP)), fetched=NOW)}))
    return jwts


# -- the RFCs' own vectors

A2_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC"
    "gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"
    "mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
A2_TOKEN = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A3_TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
A4_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
A4_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


@pytest.mark.parametrize(("key", "text"), [(A2_KEY, A2_TOKEN), (A3_KEY, A3_TOKEN)], ids=["RFC 7515 A.2", "A.3"])
def test_the_vectors_of_rfc_7515(key: dict[str, str], text: str) -> None:
    jwts = verifier(key)
    assert jwts.verify(text, 1_300_819_379.0).claims["iss"] == "joe"
    assert jwts.verify(text, 1_300_819_380.0 + 60).state == "expired"
    assert jwts.verify(text[:-8] + "AAAAAAAA", 1_300_819_379.0).why == "signature"


def test_the_vector_of_rfc_8037() -> None:
    key = public_key(A4_KEY)
    assert key is not None
    assert parse(A4_TOKEN) is None, "its payload is a text, so it is no JSON Web Token"
    signed, _, signature = A4_TOKEN.rpartition(".")
    from vedette.collect.jwt import Parsed, _decode

    assert is_signed(Parsed({"alg": "EdDSA"}, {}, signed.encode(), _decode(signature)), key)


def test_the_thumbprint_of_rfc_7638() -> None:
    key = public_key(
        {
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF"
            "V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0"
            "zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"
            "Cur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        }
    )
    assert key is not None
    assert key.native.thumbprint() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


# -- what is accepted


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_algorithm(algorithm: str) -> None:
    jwts = verifier(issuer="https://id.example", audience="shop")
    for _ in range(2):  # the second time from memory
        verified = jwts.verify(token(algorithm=algorithm), NOW)
        assert (verified.state, verified.claims["sub"]) == ("valid", "42")


def test_a_token_that_names_no_key_is_tried_with_those_that_fit() -> None:
    assert verifier().verify(token(kid=None), NOW).state == "valid"
    others = [jwk(ECKey.generate_key("P-256")) for _ in range(4)]
    assert verifier(*others, jwk(EC)).verify(token(kid=None), NOW).why == "signature"


@pytest.mark.parametrize("audience", ["shop", ["other", "shop"]])
def test_audiences(audience: Any) -> None:
    assert verifier(audience="shop").verify(token({**CLAIMS, "aud": audience}), NOW).state == "valid"


@pytest.mark.parametrize(
    ("claims", "state"),
    [
        ({"exp": NOW - 59}, "valid"),
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 60}, "valid"),
        ({"nbf": NOW + 61}, "expired"),
        ({"iat": NOW + 60}, "valid"),
        ({"iat": NOW + 61}, "expired"),
    ],
)
def test_sixty_seconds_of_leeway(claims: dict[str, float], state: str) -> None:
    verified = verifier().verify(token({**CLAIMS, **claims}), NOW)
    assert verified.state == state
    assert verified.is_signed
    assert bool(verified.claims) == (state == "valid")


def test_what_was_valid_expires() -> None:
    jwts = verifier()
    assert jwts.verify(token(), NOW).state == "valid"
    assert jwts.verify(token(), NOW + 660).state == "expired"


# -- what is refused


def forged(header: dict[str, Any]) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(CLAIMS).encode())}.{b64(b'x' * 64)}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (forged({"alg": "none"}), "algorithm"),
        (forged({"alg": "None", "kid": "e"}), "algorithm"),
        (forged({"alg": "HS256", "kid": "r"}), "algorithm"),
        (forged({"alg": ["ES256"], "kid": "e"}), "algorithm"),
        (forged({"kid": "e"}), "algorithm"),
        (forged({"alg": "ES256", "kid": "e"}), "signature"),
        (forged({"alg": "ES256", "kid": "r"}), "its key is not in the key set"),
        (forged({"alg": "RS256", "kid": "e"}), "its key is not in the key set"),
        (forged({"alg": "ES256", "kid": 7}), "its key is not in the key set"),
        (token(crit=["exp"]), "crit"),
        (token({**CLAIMS, "iss": "https://evil.example"}), "issuer"),
        (token({**CLAIMS, "iss": ["https://id.example"]}), "issuer"),
        (token({**CLAIMS, "aud": "other"}), "audience"),
        (token({**CLAIMS, "aud": ["other"]}), "audience"),
        (token({**CLAIMS, "aud": None}), "audience"),
        (token({name: value for name, value in CLAIMS.items() if name != "exp"}), "no exp"),
        (token({**CLAIMS, "exp": "tomorrow"}), "no exp"),
        (token({**CLAIMS, "exp": 10**400}), "no exp"),
        (token({**CLAIMS, "exp": True}), "no exp"),
        (token({**CLAIMS, "nbf": "x"}), "nbf"),
        (token({**CLAIMS, "iat": None}), "iat"),
        (token({**CLAIMS, "x": "y" * 9000}), "too long"),
        (token([1]), "not a token"),
        (token() + "=", "not a token"),
        (token().rpartition(".")[0] + ".", "not a token"),
        (token().replace(".", "..", 1), "not a token"),
        ("..", "not a token"),
        ("a.b.c", "not a token"),
        (f"{b64(b'[' * 3000)}.{b64(b'{}')}.AAAA", "not a token"),
        ("é.é.é", "not a token"),
        ("\ud800", "not a token"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    jwts = verifier(issuer="https://id.example", audience="shop")
    for _ in range(2):
        verified = jwts.verify(text, NOW)
        assert (verified.state, verified.why, verified.claims) == ("refused", why, {})


def test_a_changed_claim_is_refused() -> None:
    head, _, signature = token().split(".")
    changed = b64(json.dumps({**CLAIMS, "sub": "1"}).encode())
    assert verifier().verify(f"{head}.{changed}.{signature}", NOW).why == "signature"


def test_the_key_of_another_is_refused() -> None:
    other = ECKey.generate_key("P-256", {"kid": "e"})
    assert verifier().verify(token(key=other), NOW).why == "signature"


def test_an_rsa_key_is_no_hmac_secret() -> None:
    """The old confusion of algorithms: signing with HMAC and the public key as its secret."""
    assert refused_header({"alg": "HS256"}) == "algorithm"


# -- keys


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ["RSA"]},
        EC.as_dict(private=True),
        OKP.as_dict(private=True),
        RSA.as_dict(private=True),
        jwk(EC, k="x"),
        jwk(EC, use="enc"),
        jwk(EC, key_ops=["sign"]),
        jwk(EC, key_ops="verify"),
        jwk(EC, alg="RS256"),
        jwk(EC, kid=7),
        jwk(EC, x="AAAA"),
        jwk(EC, x=jwk(ECKey.generate_key("P-256"))["x"]),
        jwk(EC, x="!"),
        jwk(EC, y=None),
        jwk(ECKey.generate_key("P-384")),
        jwk(OKPKey.generate_key("Ed448")),
        jwk(OKPKey.generate_key("X25519")),
        jwk(OKP, x="AAAA"),
        {"kty": "RSA", "n": b64(b"\xff" * 128), "e": "AQAB"},
        {"kty": "RSA", "n": b64(b"\xff" * 1024), "e": "AQAB"},
        {"kty": "RSA", "n": jwk(RSA)["n"], "e": b64(b"\x01" * 32)},
    ],
)
def test_keys_that_verify_nothing(key: dict[str, Any]) -> None:
    assert public_key(key) is None


def test_keys_that_are_of_use() -> None:
    for key in (jwk(EC, use="sig", alg="ES256"), jwk(RSA, key_ops=["verify"]), jwk(OKP, alg="Ed25519", x5c=["…"])):
        assert public_key(key) is not None
    big = RSAKey.generate_key(4096)
    assert public_key(jwk(big)) is not None


def test_a_key_for_one_algorithm_verifies_no_other() -> None:
    only = verifier(jwk(RSA, alg="PS256"))
    assert only.verify(token(algorithm="PS256"), NOW).state == "valid"
    assert only.verify(token(algorithm="RS256"), NOW).why == "signature"
    assert verifier(jwk(OKP, alg="EdDSA")).verify(token(algorithm="Ed25519"), NOW).state == "valid"


def test_keys_that_have_not_come_yet_are_asked_for() -> None:
    jwts = Jwts(URL, "", "", Budget())
    verified = jwts.verify(token(), NOW)
    assert (verified.state, verified.ask) == ("unverified", URL)
    jwts.take(sets(jwk(EC)))
    assert jwts.verify(token(), NOW).state == "valid"


def test_a_key_file_is_not_asked_for() -> None:
    jwts = Jwts("file:/keys", "", "", Budget())
    verified = jwts.verify(token(), NOW)
    assert (verified.state, verified.ask) == ("unverified", "")
    assert verifier(jwk(OKP), source="file:/keys").verify(token(), NOW + 1000).state == "refused"


def test_a_new_key_is_asked_for_once_the_set_is_a_minute_old() -> None:
    jwts = verifier(jwk(OKP))
    assert jwts.verify(token(), NOW + 60).state == "refused"
    asked = jwts.verify(token({**CLAIMS, "sub": "43"}), NOW + 61)
    assert (asked.state, asked.ask) == ("unverified", URL)
    jwts.take(sets(jwk(OKP), jwk(EC), fetched=NOW + 62))
    assert jwts.verify(token(), NOW + 62).state == "valid"


def test_a_withdrawn_key_verifies_nothing_more() -> None:
    jwts = verifier(jwk(EC))
    assert jwts.verify(token(), NOW).state == "valid"
    jwts.take(sets(jwk(OKP)))
    assert jwts.verify(token(), NOW).state == "refused"


def test_a_failed_fetch_changes_nothing() -> None:
    jwts = verifier(jwk(EC))
    jwts.take(KeySets({URL: KeySet(URL, (), failed=NOW)}))
    jwts.take(KeySets())
    assert jwts.verify(token(), NOW).state == "valid"


# -- bounds


def test_signatures_of_a_second_are_bounded_and_what_was_verified_is_free() -> None:
    jwts = verifier(jwk(EC), budget=2)
    first, second, third = (token({**CLAIMS, "jti": str(number)}) for number in range(3))
    assert [jwts.verify(text, NOW).state for text in (first, second, third)] == ["valid", "valid", "unverified"]
    assert [jwts.verify(text, NOW + 0.9).state for text in (first, second)] == ["valid", "valid"]
    assert jwts.verify(third, NOW + 1).state == "valid"


def test_a_refused_token_costs_one_signature() -> None:
    jwts = verifier(jwk(EC), budget=1)
    bad = forged({"alg": "ES256", "kid": "e"})
    assert [jwts.verify(bad, NOW).why for _ in range(3)] == ["signature"] * 3


def test_memory_is_bounded_and_invented_tokens_do_not_push_out_verified_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.collect.jwt.CACHED", 3)
    monkeypatch.setattr("vedette.collect.jwt.REFUSED", 3)
    jwts = verifier(jwk(EC), budget=1000)
    good = token()
    jwts.verify(good, NOW)
    for number in range(10):
        jwts.verify(f"{forged({'alg': 'ES256', 'kid': 'e', 'n': number})}", NOW)
    assert (len(jwts._good), len(jwts._bad)) == (1, 3)
    for number in range(10):
        jwts.verify(token({**CLAIMS, "jti": str(number)}), NOW)
    assert len(jwts._good) == 3


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}")))
def test_garbage_is_refused_and_never_raises(text: str) -> None:
    assert GARBAGE.verify(text, NOW).state == "refused"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), JSON | st.sampled_from(["ES256", "e"])),
    st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud", "sub"]), JSON),
)
def test_any_json_in_header_and_claims(header: dict[str, Any], claims: dict[str, Any]) -> None:
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}.{b64(b'x' * 64)}"
    assert GARBAGE.verify(text, NOW).state == "refused"


@given(st.dictionaries(st.sampled_from(["exp", "nbf", "iat", "iss", "aud"]), JSON))
def test_any_json_in_well_signed_claims(claims: dict[str, Any]) -> None:
    assert GARBAGE.verify(token(claims), NOW).state in ("valid", "expired", "refused", "unverified")


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "kid", "use", "key_ops", "alg"]), JSON))
def test_any_json_as_a_key(key: dict[str, Any]) -> None:
    public_key(key)
    public_key({**jwk(EC), **key})


GARBAGE = verifier(jwk(EC), budget=1_000_000)
