"""Public keys of agents."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA512
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.collect.signing import KEY, SECRET
from vedette.collect.signing_keys import read_keys, thumbprint

POSITIVE = json.loads((Path(__file__).parent / "vectors" / "positive.json").read_text())


@pytest.fixture(scope="module")
def rsa() -> RSAPrivateKey:
    return generate_private_key(65_537, 2048)


def _number(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def _public(secret: RSAPrivateKey) -> dict[str, Any]:
    numbers = secret.public_key().public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}


def test_thumbprints_are_those_of_the_public_vectors() -> None:
    named = {vector["key"]: vector["headers"]["Signature-Input"] for vector in POSITIVE["requests"]}
    for kind, key in POSITIVE["keys"].items():
        assert f'keyid="{thumbprint(key)}"' in named[kind]


def test_a_key_is_called_by_its_thumbprint_whatever_it_calls_itself() -> None:
    assert list(read_keys([{**KEY, "kid": "poqkLGiymh_W0uP6PZFw"}])) == [thumbprint(KEY)]


def test_ed25519() -> None:
    key = read_keys([KEY])[thumbprint(KEY)]
    signature = SECRET.sign(b"data")
    assert key.verifies(signature, b"data")
    assert not key.verifies(signature, b"Data")
    assert not key.verifies(b"", b"data")


def test_rsa_pss(rsa: RSAPrivateKey) -> None:
    jwk = _public(rsa)
    key = read_keys([jwk])[thumbprint(jwk)]
    assert key.algorithm == "rsa-pss-sha512"
    assert key.verifies(rsa.sign(b"data", PSS(MGF1(SHA512()), 64), SHA512()), b"data")
    assert not key.verifies(rsa.sign(b"data", PSS(MGF1(SHA512()), 32), SHA512()), b"data"), "the salt has 64 bytes"
    assert not key.verifies(b"x" * 256, b"data")


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "EC"},
        {"kty": "oct", "k": "AAAA"},
        {"crv": "X25519"},
        {"x": "AAAA"},
        {"x": 1},
        {"x": ""},
        {"x": KEY["x"] + "="},
        {"x": KEY["x"][:-1] + "+"},
        {"x": "A" * 100_000},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": 1},
        {"alg": "HS256"},
        {"alg": "PS512"},
        {"nbf": "soon"},
        {"nbf": None},
        {"exp": 10**400},
        {"exp": []},
    ],
)
def test_a_key_that_cannot_be_used_is_left_out(change: dict[str, Any]) -> None:
    assert read_keys([{**KEY, **change}]) == {}


def test_rsa_keys_have_a_size(rsa: RSAPrivateKey) -> None:
    for change in (
        {"n": _number((1 << 1023) + 1)},
        {"n": _number((1 << 4200) + 1)},
        {"e": "AQ"},
        {"e": ""},
        {"e": None},
    ):
        assert read_keys([{**_public(rsa), **change}]) == {}


def test_at_most_32_are_read(rsa: RSAPrivateKey) -> None:
    assert read_keys([{}] * 32 + [KEY]) == {}
    assert len(read_keys([{}] * 31 + [KEY])) == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "n", "e", "use", "alg", "nbf", "exp", "key_ops"]), _JSON))
def test_no_key_raises(raw: dict[str, Any]) -> None:
    read_keys([raw, {**KEY, **raw}, {"kty": "RSA", "n": "AQAB", "e": "AQAB", **raw}])
