"""Whatever stands in the file, the answer is a configuration or a list of mistakes; no secret is ever repeated."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vedette.config import load
from vedette.config.document import SourceError, parse_document
from vedette.config.schema import Config, Rate
from vedette.config.sections import TOP
from vedette.config.show import effective
from vedette.config.units import (
    format_duration,
    format_rate,
    format_selector,
    format_share,
    parse_address,
    parse_duration,
    parse_match,
    parse_network,
    parse_rate,
    parse_selector,
    parse_share,
    parse_size,
    parse_url,
)
from vedette.errors import ConfigError

GOOD = [file.read_bytes() for file in (Path(__file__).parents[1] / "config" / "good").glob("*.yaml")]
SECRET = "hunter2swordfish"
NAMES = [
    *TOP, "name", "match", "purpose", "when", "then", "key", "keys", "token", "tokens", "limit", "api_key", "share", "session",
    "app_tokens", "jwt", "agents", "listen", "address", "directory", "retain", "url", "delay", "redirect", "rate_limit",
]  # fmt: skip
VALUES = [
    "", "x", "true", "1", "env:X", "60/minute", "1h", "5%", "GET /x", "* /**", "body.a", "path.id", "low >= 0.9",
    "allow", "login", "balanced", "127.0.0.1:1", "http://127.0.0.1:1", "10.0.0.0/8", None, "null", "\u00e9\n",
]  # fmt: skip


def read(raw: bytes) -> tuple[Config | None, tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "vedette.yaml"
        file.write_bytes(raw)
        try:
            return load(file), ()
        except ConfigError as error:
            assert all(problem.startswith(f"{file}:") and "\n" not in problem for problem in error.problems)
            return None, error.problems


@given(st.binary(max_size=200))
def test_any_bytes_get_a_clear_answer(raw):
    config, problems = read(raw)
    assert (config is None) == bool(problems)


@given(st.sampled_from(GOOD), st.data())
def test_damaged_files_get_a_clear_answer(raw, data):
    place = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 8))
    config, problems = read(raw[:place] + data.draw(st.binary(max_size=8)) + raw[place + length :])
    assert (config is None) == bool(problems)


trees = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), trees, max_size=4))
def test_known_keys_with_anything_in_them_get_a_clear_answer(tree):
    config, problems = read(yaml.safe_dump(tree).encode())
    assert (config is None) == bool(problems)
    if config is not None:
        yaml.safe_load(effective(config))


SECRET_PLACES = [
    ("privacy",), ("privacy", "key"), ("console",), ("console", "token"), ("console", "tokens"), ("console", "tokens", 0),
    ("console", "tokens", 0, "token"), ("feedback",), ("feedback", "keys"), ("feedback", "keys", 0),
    ("feedback", "keys", 0, "key"), ("partners",), ("partners", 0), ("partners", 0, "api_key"),
    ("identity", "app_tokens"), ("identity", "app_tokens", 0), ("identity", "app_tokens", 0, "key"), ("alerts",),
    ("alerts", 0), ("alerts", 0, "key"), ("state",), ("upstream",),
]  # fmt: skip
NEAR = ["{}", "env:{}", " {}", "env {}", "file {}", "https://user:{}@host", "valkey://:{}@host"]


@pytest.mark.parametrize("place", SECRET_PLACES, ids=str)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda value: {"value": value}])
def test_a_secret_in_the_wrong_place_is_not_repeated(place, wrap):
    for shape in NEAR:
        if shape == "env:{}" or (place in {("state",), ("upstream",)} and "@" not in shape):
            continue  # the name of a variable is no secret, nor is what has no place for one
        value: object = wrap(shape.format(SECRET))
        for step in reversed(place):
            value = [value] if isinstance(step, int) else {step: value}
        config, problems = read(yaml.safe_dump(value).encode())
        assert config is None
        assert problems
        assert SECRET not in "\n".join(problems)


names = st.text("abcdefgh-_.\u00e9 '\"#:{}[]%&*!|>", min_size=1, max_size=12).filter(
    lambda name: name.strip(" ") == name
)
rules = st.fixed_dictionaries(
    {
        "name": names,
        "then": st.one_of(
            st.sampled_from(["allow", "monitor", "block", "challenge", "decoy"]),
            st.builds(lambda ms: {"delay": f"{ms}ms"}, st.integers(1, 10_000)),
            st.builds(lambda status: {"redirect": "/wait", "status": status}, st.sampled_from([302, 307])),
            st.builds(
                lambda n, burst: {"rate_limit": f"{n}/hour", "burst": burst}, st.integers(1, 99), st.integers(1, 9)
            ),
        ),
    },
    optional={
        "when": st.sampled_from(["low >= 0.9", "verdict == 'human'\n  || score < 0.5", "true"]),
        "advice": st.sampled_from(["step-up", "x-mine"]),
        "mode": st.just("monitor"),
    },
)
files = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["monitor", "enforce"]),
        "upstreams": st.just({"default": "http://127.0.0.1:1", "a.example": "https://127.0.0.1:2"}),
        "listen": st.just({"address": "[::]:1", "certificate": "a.pem", "key": "b.pem"}),
        "trusted_proxies": st.just(["10.0.0.0/8"]),
        "enforce": st.integers(0, 100).map(lambda share: {"share": f"{share}%"}),
        "endpoints": st.lists(names, max_size=3, unique=True).map(
            lambda found: [{"name": name, "match": "GET /{id}", "object": "path.id"} for name in found]
        ),
        "identity": st.just({"session": "cookie.a", "device": "header.b"}),
        "honeypots": st.just({"paths": ["/a"], "objects": ["product:1"]}),
        "rate_limits": st.lists(names, max_size=3, unique=True).map(
            lambda found: [{"name": name, "key": "session", "limit": "5/day"} for name in found]
        ),
        "policy": st.lists(rules, max_size=4, unique_by=lambda rule: rule["name"]),
        "events": st.integers(1, 999).map(lambda hours: {"retain": f"{hours}h"}),
        "feeds": st.just([{"name": "tor", "url": "https://a.example/x", "refresh": "90m"}]),
        "learning": st.just({"explore": "0.5%"}),
        "networks": st.just({"own": ["10.0.0.0/8"]}),
    },
)


@given(files)
def test_what_check_prints_is_the_same_configuration(tree):
    config, problems = read(yaml.safe_dump(tree).encode())
    assert config is not None, problems
    again, problems = read(effective(config).encode())
    assert again is not None, problems

    def bare(value: Config) -> Config:
        listen = msgspec.structs.replace(value.listen, certificate="", key="")  # absolute, in a directory of their own
        policy = tuple(msgspec.structs.replace(rule, line=0) for rule in value.policy)
        return msgspec.structs.replace(value, file="", policy_name="", policy=policy, listen=listen)

    assert bare(again) == bare(config)


@given(st.integers(1, 10**9), st.sampled_from([1.0, 60.0, 3600.0, 86400.0]))
def test_rates_are_read_as_written(count, per_s):
    assert parse_rate(format_rate(Rate(count, per_s))) == Rate(count, per_s)


@given(st.integers(0, 10**9))
def test_durations_are_read_as_written(ms):
    assert parse_duration(format_duration(ms / 1000)) == pytest.approx(ms / 1000)


@given(st.integers(0, 1000))
def test_shares_are_read_as_written(promille):
    assert parse_share(format_share(promille / 1000)) == pytest.approx(promille / 1000)


PARSERS = [parse_rate, parse_duration, parse_share, parse_size, parse_match, parse_selector, parse_address, parse_network, parse_url]  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS)
@given(st.one_of(st.text(max_size=40), st.text("0123456789/.:%[]{}* GETbodyhpcminute@", max_size=20)))
def test_a_parser_answers_or_says_what_is_wrong(parse, text):
    try:
        value = parse(text)
    except ValueError as error:
        assert str(error)
    else:
        if parse is parse_selector:
            assert parse(format_selector(value)) == value
        if parse is parse_match:
            assert parse(value.text) == value


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40), st.data())
def test_a_position_inside_a_quoted_text_is_found_in_the_file(text, data):
    try:
        node = parse_document(f"k: {json.dumps(text, ensure_ascii=False)}".encode()).entries["k"][1]
    except SourceError:
        return  # a character that YAML refuses
    if node.text != text:
        return  # a line separator that YAML folds
    at = data.draw(st.integers(0, len(text) - 1))
    if text[at].isspace():
        return
    line, column = node.locate(1, at + 1)
    assert (line, node.source[column - node.column].lstrip("\\")) in {(1, text[at]), (1, "")}
