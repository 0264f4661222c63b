from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.config import defaults
from vedette.config.schema import Agent, Config, GoodBots, Identity, Jwt
from vedette.snapshot.keys import KeySet, KeySets, directory_url, parse_keys, read_key_files, sources_of

KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "a",
    "nbf": 1,
    "exp": 2,
}


def keys(*items, **more) -> bytes:
    return json.dumps({"keys": list(items), **more}).encode()


def test_public_members_of_known_kinds_are_kept():
    secret = KEY | {"d": "secret", "x5c": ["…"], "ext": True, "other": {"a": 1}}
    assert parse_keys(keys(secret, {"kty": "oct", "k": "secret"}, {"kty": "?"}, {})) == (KEY,)
    assert parse_keys(keys()) == ()


def test_members_of_absurd_size_are_dropped():
    (key,) = parse_keys(keys(KEY | {"kid": "a" * 2049, "exp": 10**30, "key_ops": ["verify"] * 17, "alg": {}}))
    assert key == {name: KEY[name] for name in ("kty", "crv", "x", "nbf")}
    assert KeySets.decode(KeySets({"a": KeySet("a", (key,))}).encode()).get("a") == KeySet("a", (key,))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", 'no list "keys"'),
        (b'{"keys": {}}', 'no list "keys"'),
        (b'{"keys": [1]}', 'no list "keys"'),
        (keys(*[KEY] * 33), "33 keys, at most 32"),
    ],
)
def test_what_is_no_key_set(data, why):
    with pytest.raises(ValueError) as caught:
        parse_keys(data)
    assert str(caught.value) == why


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text() | st.floats(), lambda x: st.lists(x) | st.dictionaries(st.text() | st.just("keys"), x)
    ).map(lambda x: json.dumps(x).encode())
)
def test_anything_is_a_key_set_or_is_not(data):
    try:
        found = parse_keys(data)
    except ValueError:
        return
    assert all(key["kty"] in ("OKP", "EC", "RSA") for key in found)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://bot.example", "https://bot.example/.well-known/http-message-signatures-directory"),
        ("https://Bot.Example/", "https://bot.example/.well-known/http-message-signatures-directory"),
        ("https://bot.example:8443", "https://bot.example:8443/.well-known/http-message-signatures-directory"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443/.well-known/http-message-signatures-directory"),
        ("https://bot.example/keys", "https://bot.example/keys"),
        ("https://bot.example/?a", "https://bot.example/?a"),
        ("https://bot.example:port", "https://bot.example:port"),
        ("https://[", "https://["),
        ("data:text/plain,x", "data:text/plain,x"),
        ("", ""),
    ],
)
def test_where_a_directory_is(url, where):
    assert directory_url(url) == where
    assert directory_url(where) == where


def test_an_origin_stands_for_its_directory():
    one = KeySet(directory_url("https://bot.example"), (KEY,), 5.0)
    sets = KeySets({one.source: one})
    assert sets.get("https://bot.example") is sets.get("https://bot.example/") is sets.get(one.source) is one
    assert sets.get("https://bot.example/other") is None


def test_sets_are_written_read_and_joined():
    one, two = KeySet("a", (KEY,), 1.0, 2.0, "gone", "odd"), KeySet("b")
    sets = KeySets.decode(KeySets({"a": one, "b": two}).encode())
    assert sets.all() == (one, two)
    assert sets.joined([KeySet("a")]).all() == (KeySet("a"), two)
    for damaged in (b"", sets.encode()[:-1], sets.encode() + b"x"):
        with pytest.raises(ValueError):
            KeySets.decode(damaged)


def configured(*agents: Agent, jwks: str = "") -> Config:
    identity = Identity(jwt=Jwt(jwks=jwks)) if jwks else Identity()
    return Config(good_bots=GoodBots(agents=agents), identity=identity)


def test_where_a_configuration_has_its_keys_from():
    config = configured(
        Agent(name="a", signature_agent="https://a.example"),
        Agent(name="b", signature_agent="https://b.example", keys="https://b.example/jwks"),
        Agent(name="c", signature_agent="https://c.example", keys="file:/keys"),
        jwks="https://id.example/jwks",
    )
    assert dict(sources_of(config)) == {
        directory_url("https://a.example"): "directory",
        "https://b.example/jwks": "jwks",
        "file:/keys": "jwks",
        "https://id.example/jwks": "jwks",
    }
    assert sources_of(defaults("http://127.0.0.1:1")) == ()


def test_key_files_are_read_without_their_private_parts(tmp_path):
    (tmp_path / "good").write_bytes(keys(KEY | {"d": "secret"}))
    (tmp_path / "bad").write_bytes(b"{}")
    agents = [
        Agent(name=name, signature_agent="https://a.example", keys=f"file:{tmp_path}/{name}")
        for name in ("good", "bad", "gone")
    ]
    good, bad, gone = read_key_files(configured(*agents, jwks="https://id.example/jwks"), 7.0)
    assert good == KeySet(f"file:{tmp_path}/good", (KEY,), fetched=7.0)
    assert (bad.keys, bad.failed, bad.error) == ((), 7.0, 'not a key set: no list "keys"')
    assert (gone.keys, gone.error) == ((), "cannot be read: No such file or directory")
