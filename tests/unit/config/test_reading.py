"""Reading values: what is refused, with its place; secrets from the environment and from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config import load
from vedette.errors import ConfigError


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode: [monitor]", "1: mode: not known, a list, use one of monitor, enforce"),
        ("mode: ", "1: mode: no value, nothing, write one or leave the key out"),
        ("openapi: [a]", "1: openapi: not a text, a list, write one value"),
        ("openapi: ''", "1: openapi: not usable, 0 characters, use 1 to 4096"),
        ("upstream: {a: b}", "1: upstream: not a text, a mapping, write one value"),
        ("workers: two", '1: workers: not a usable number, "two", use 1 to 256'),
        ("workers: 1e1", '1: workers: not a usable number, "1e1", use 1 to 256'),
        ("workers: ²", '1: workers: not a usable number, "²", use 1 to 256'),
        ("breaker: {factor: many}", '1: breaker.factor: not a usable number, "many", use 1 to 1000'),
        ("good_bots: {builtin: yes}", '1: good_bots.builtin: not true or false, "yes", write true or false'),
        ("good_bots: {builtin: 'true'}", '1: good_bots.builtin: not true or false, "true", write true or false'),
        ("endpoints: GET /x", '1: endpoints: not a list, "GET /x", write one such as [a, b]'),
        ("identity: cookie.sid", '1: identity: not a mapping, "cookie.sid", write keys and values'),
        ("privacy: {key: [a]}", "1: privacy.key: not a secret, a list, write env:NAME or file:PATH"),
        ("honeypots: {paths: [x]}", '1: honeypots.paths[0]: not a path, "x", begin it with /'),
        ("honeypots: {objects: [x]}", '1: honeypots.objects[0]: not an object, "x", write kind:id, such as product:99999999'),
        ("trusted_proxies: [" + "127.0.0.1," * 1001 + "]", "1: trusted_proxies: too many, 1001 items, at most 1000"),
        ("policy: [{name: a, then: {delay: 11s}}]", "1: policy[0].then.delay: not usable, the delay, use more than 0 and at most 10s"),
        ("policy: [{name: a, then: {}}]", "1: policy[0].then: not an action, a list or mapping, use a word or one of"),
        ("policy: [{name: a, then: allow, when: [x]}]", "1: policy[0].when: not an expression, a list or mapping, write CEL as one text"),
        ("policy: [{name: a, then: allow, mode: enforce}]", '1: policy[0].mode: not known, "enforce", use one of monitor'),
        ("policy: [{name: a, then: allow, advice: x-a b}]", '1: policy[0].advice: not known, "x-a b", use one of'),
        ("policy: [{name: a, then: allow, advice: x-" + "a" * 80 + "}]", "1: policy[0].advice: too long"),
        ('policy: [{name: a, then: {redirect: "/\u00e4"}}]', "1: policy[0].then.redirect: not a target"),
        ("upstreams: {}", "1: upstreams: not a mapping, no hosts, write {default:"),
        ("upstreams: {'a:80': http://x}", '1: upstreams.a:80: "a:80": a host is written without its port'),
        ("state: disk", '1: state: not known, "disk", use memory or valkey://host:6379/0'),
        ("mdoe: monitor", '1: unknown key, "mdoe", did you mean mode?'),
        ("zzz: 1", '1: unknown key, "zzz", use one of mode, upstream'),
    ],
)  # fmt: skip
def test_what_is_refused(text, said, tmp_path):
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert found[0].startswith(said)


def test_a_secret_of_the_environment_is_there_and_not_empty(tmp_path, monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    assert problems(tmp_path, "privacy: {key: env:A_KEY}") == [
        "1: privacy.key: a secret is missing, env:A_KEY, set that environment variable"
    ]
    monkeypatch.setenv("A_KEY", "")
    assert problems(tmp_path, "privacy: {key: env:A_KEY}")[0].startswith("1: privacy.key: a secret is empty, env:A_KEY")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "a secret cannot be read, file:k, No such file or directory"),
        (b"", "a secret is empty or too large"),
        (b" \n", "a secret is empty or too large"),
        (b"x" * 70_000, "a secret is empty or too large"),
        (b"\xff", "a secret is not text"),
    ],
)
def test_a_secret_of_a_file_is_readable_text(content, said, tmp_path):
    if content is not None:
        (tmp_path / "k").write_bytes(content)
    assert problems(tmp_path, "privacy: {key: file:k}")[0].startswith(f"1: privacy.key: {said}")
