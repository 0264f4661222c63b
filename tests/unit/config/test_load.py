"""The corpora: good files load, bad files say what their first comments say. Then flags, files and what is shown."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from vedette.config import load, load_with_notes
from vedette.config.json_schema import json_schema
from vedette.config.policies import PRESETS, preset
from vedette.config.schema import Config
from vedette.config.sections import TOP
from vedette.config.show import effective
from vedette.errors import ConfigError

ROOT = Path(__file__).parents[3]
GOOD = sorted((ROOT / "tests" / "config" / "good").glob("*.yaml"))
BAD = sorted((ROOT / "tests" / "config" / "bad").glob("*.yaml"))
CONTRACT = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/reference/contract.md").read_text("utf-8"), re.DOTALL)
SECRETS = (
    "ANDROID_KEY",
    "DEVICE_KEY",
    "PRICE_FEED_KEY",
    "VEDETTE_PRIVACY_KEY",
    "VEDETTE_CONSOLE_TOKEN",
    "VEDETTE_FEEDBACK_KEY",
    "VEDETTE_DRILL_KEY",
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"value of {name}")


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_good_files_load(file: Path) -> None:
    assert load(file).file == str(file)


@pytest.mark.parametrize("text", CONTRACT)
def test_the_contract_loads(text: str, tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    config = load(file)
    assert config.policy[-1].name == "rest"


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_bad_files_say_what_their_comments_say(file: Path) -> None:
    lines = file.read_text().split("\n")
    expected = [line[2:] for line in lines if line.startswith("# ")]
    with pytest.raises(ConfigError) as caught:
        load(file)
    problems = [problem.removeprefix(f"{file}:") for problem in caught.value.problems]
    for wanted in expected:
        assert any(problem.startswith(wanted) for problem in problems), (wanted, problems)
    assert len(problems) == len(expected)


def test_a_secret_in_the_clear_is_never_repeated(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text("privacy: {key: hunter2}\nfeedback: {keys: [swordfish]}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "hunter2" not in str(caught.value)
    assert "swordfish" not in str(caught.value)


def test_secrets_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "privacy.key").write_text("from a file\n")
    file = tmp_path / "vedette.yaml"
    file.write_text("privacy: {key: file:privacy.key}\n")
    config = load(file)
    assert config.privacy.key is not None
    assert config.privacy.key.value == "from a file"
    assert "from a file" not in effective(config) + repr(config)


def test_flags_win_and_are_named_in_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text("mode: monitor\nlisten: 127.0.0.1:1\nupstreams: {default: http://127.0.0.1:1}\n")
    flags = {
        "mode": "enforce",
        "upstream": "http://127.0.0.1:2",
        "listen": "127.0.0.1:3",
        "listen.certificate": "c.pem",
        "listen.key": "k.pem",
        "console.listen": "127.0.0.1:4",
        "events.directory": "elsewhere",
    }
    config = load(file, flags)
    assert (config.mode, config.upstreams, config.console.listen) == (
        "enforce",
        {"default": "http://127.0.0.1:2"},
        "127.0.0.1:4",
    )
    assert (config.listen.address, config.listen.certificate, config.listen.key) == ("127.0.0.1:3", "c.pem", "k.pem")
    assert config.events.directory == "elsewhere"
    with pytest.raises(ConfigError, match="--mode: mode: not known"):
        load(file, {"mode": "enfroce"})


def test_without_a_file_everything_is_default() -> None:
    config = load(None)
    assert config == msgspec.structs.replace(Config(), policy=config.policy)
    assert config.policy_name == "balanced"


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_what_check_prints_means_the_same(file: Path, tmp_path: Path) -> None:
    config = load(file)
    shown = tmp_path / "shown.yaml"
    shown.write_text(effective(config))
    shutil.copy(ROOT / "tests" / "config" / "good" / "keys.jwks", tmp_path)
    again = load(shown)
    for name in Config.__struct_fields__:
        if name not in ("file", "policy_name", "policy", "feedback"):
            assert getattr(again, name) == getattr(config, name), name
    assert [msgspec.structs.replace(rule, line=0) for rule in again.policy] == [
        msgspec.structs.replace(rule, line=0) for rule in config.policy
    ]


def test_the_schema_accepts_the_good_corpus_and_knows_every_key() -> None:
    document = msgspec.json.decode(json_schema())
    validator = jsonschema.Draft202012Validator(document)
    texts = [file.read_text() for file in GOOD] + CONTRACT
    for text in texts:
        validator.validate(yaml.safe_load(text) or {})
    assert not validator.is_valid({"upstrem": "x"})
    assert set(document["properties"]) == set(TOP)


def _schema_keys(node: dict[str, Any], path: str = "") -> set[str]:
    found: set[str] = set()
    for name, inner in node.get("properties", {}).items():
        found |= {f"{path}.{name}"} | _schema_keys(inner, f"{path}.{name}")
    for option in node.get("anyOf", []):
        found |= _schema_keys(option, path)
    return found | (_schema_keys(node["items"], path) if "items" in node else set())


def _used_keys(value: Any, path: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(_used_keys(item, path) for item in value))
    if not isinstance(value, dict):
        return set()
    return {f"{path}.{name}" for name in value}.union(
        *(_used_keys(item, f"{path}.{name}") for name, item in value.items())
    )


def test_every_key_stands_in_a_good_file() -> None:
    used = set().union(*(_used_keys(yaml.safe_load(file.read_text()) or {}) for file in GOOD))
    assert _schema_keys(msgspec.json.decode(json_schema())) - used == set()


def test_balanced_is_what_the_contract_says(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(next(text for text in CONTRACT if text.startswith("policy:\n")))
    assert tuple(msgspec.structs.replace(rule, line=0) for rule in load(file).policy) == preset("balanced")


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_policies_are_configurations(name: str) -> None:
    """They read as a user's own rules do, with every check that those get."""
    file = ROOT / "src" / "vedette" / "data" / "policies" / f"{name}.yaml"
    assert tuple(msgspec.structs.replace(rule, line=0) for rule in load(file).policy) == preset(name)


def test_files_lie_beside_the_configuration_and_flags_in_the_working_directory(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text("listen: {address: 127.0.0.1:1, certificate: c.pem, key: /etc/k.pem}\n")
    assert load(file).listen.certificate == str(tmp_path / "c.pem")
    assert load(file).listen.key == "/etc/k.pem"
    assert load(file, {"listen.certificate": "c.pem"}).listen.certificate == "c.pem"


def test_a_mistake_stays_on_one_line_of_bearable_length(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text('mode: "a\\nb\\e[31m"\nforwarded: {address: "' + "x" * 5000 + '"}\n')
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.problems[0].startswith(f'{file}:1: mode: not known, "a\\nb\\x1b[31m"')
    assert all(len(problem) <= 1000 and problem.isprintable() for problem in caught.value.problems)


def test_what_is_not_yet_active_is_named() -> None:
    _, notes = load_with_notes(ROOT / "tests" / "config" / "good" / "growth.yaml")
    named = {path for path, _ in notes}
    assert {
        "workers",
        "state",
        "identity.app_tokens[0].scheme",
        "learning.explore",
        "breaker.factor",
    } <= named


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"\xff\xfea", "UTF-16"),
        (b"mode: \xe9", "not UTF-8"),
        (b"mode: a\x00b", "control character"),
        (b"a: " + b"[" * 200, "nested too deeply"),
        (b"#" * (1 << 20) + b"##", "too large"),
        (b"mode: !!python/object:os.system x", "a tag"),
        (b"<<: {mode: enforce}", "merge key"),
        (b"a: *b", "alias of nothing"),
        (b"mode: monitor\n---\nmode: enforce", "second document"),
    ],
)
def test_hostile_files_get_a_clear_error(raw: bytes, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError, match=problem):
        load(file)


def test_a_missing_file_is_said() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(Path("/nowhere/vedette.yaml"))
