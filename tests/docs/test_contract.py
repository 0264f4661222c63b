"""The contract page and the code say the same: names, keys, words, commands, exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from vedette import types
from vedette.config import load
from vedette.config.schema import Config
from vedette.detect.tables import Tables
from vedette.doors.records import decision_record, read_outcome, read_request
from vedette.engine import Engine
from vedette.mitigate.actions import decision_header

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "reference" / "contract.md").read_text("utf-8")
SECTIONS = dict(enumerate(re.split(r"^## \d\. ", CONTRACT, flags=re.MULTILINE)))
NOW = 1_764_000_000.0


def words(text: str) -> set[str]:
    """Everything between back-ticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def rows(section: int) -> list[list[str]]:
    """The cells of the section's first table, without its heading."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def vedette(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def decision():
    engine = Engine(
        Config(upstreams={"default": "http://127.0.0.1:1"}), Tables.open(key=b"k" * 32, shrink=8), key=b"k" * 32
    )
    request = types.Request(timestamp=NOW, id="r1", method="GET", path="/", client_address="192.0.2.1")
    return engine.decide(request, NOW)


# -- section 1 --------------------------------------------------------------------------------------------------


def test_every_documented_command_is_known():
    documented = {match for row in rows(1) for match in re.findall(r"`vedette (\w+)", row[0])}
    assert documented == {
        *("serve", "replay", "simulate", "explain", "check", "doctor"),
        *("decide", "train", "models", "label", "feeds"),
    }


@pytest.mark.parametrize("command", ["serve", "replay", "simulate", "explain", "feeds", "check", "doctor"])
def test_a_command_of_this_version_explains_itself_with_an_example(command):
    done = vedette(command, "--help")
    assert done.returncode == 0
    assert f"vedette {command}" in done.stdout
    assert command in vedette("--help").stdout


@pytest.mark.parametrize("command", ["label", "train", "models", "decide"])
def test_a_later_command_says_so(command):
    done = vedette(command)
    assert done.returncode == 2
    assert "not in this version" in done.stderr + done.stdout
    assert not re.search(rf"^\W*{command}\b", vedette("--help").stdout, re.MULTILINE), "not listed until it works"


def test_flags_of_serve_and_replay_are_those_of_the_contract():
    for row in rows(1):
        command = re.search(r"`vedette (serve|replay)", row[0])
        if command:
            shown = vedette(command[1], "--help").stdout
            assert [flag for flag in re.findall(r"--[a-z-]+", row[0]) if flag not in shown] == []


def test_exit_codes(tmp_path):
    assert vedette("check", str(ROOT / "demo" / "vedette.yaml")).returncode == 0
    assert vedette("no-such-command").returncode == 2
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("upstream: http://127.0.0.1:8000\nmode: sometimes\nlisten: 99999\n")
    done = vedette("check", str(wrong))
    assert done.returncode == 2
    told = done.stderr + done.stdout
    assert re.search(r"wrong\.yaml:2: mode: ", told)
    assert re.search(r"wrong\.yaml:3: listen: ", told), "all mistakes at once"
    assert vedette("replay", str(tmp_path / "missing.log")).returncode in {1, 2}


# -- section 2 --------------------------------------------------------------------------------------------------


def test_every_request_key_is_read_by_both_doors():
    from vedette.doors.logs.records import parse

    keys = [key for row in rows(2) for key in re.findall(r"`([^`]+)`", row[0])]
    assert len(set(keys)) == len(keys) == 23
    record: dict[str, Any] = {
        "timestamp": NOW,
        "http.request.headers": [["host", "shop.example"], ["user-agent", "x"]],
        "http.response.status_code": 200,
        "http.request.body.size": 10,
        "http.response.body.size": 20,
        "http.server.request.duration": 0.5,
        "network.tcp.rtt": 0.01,
        "network.tls.rtt": 0.02,
        "url.path": "/a",
    }
    record |= {key: f"v{place}" for place, key in enumerate(keys) if key not in record}
    request = read_request(record, lambda: "made")
    line = parse(msgspec.json.encode(record), "l1")
    assert msgspec.structs.astuple(line.request) == msgspec.structs.astuple(request)
    unread = {"http.response.status_code", "http.response.body.size", "http.server.request.duration"}
    values = {str(value).lower() for value in msgspec.structs.astuple(request)}
    for key in set(keys) - unread - {"http.request.headers", "timestamp"}:
        assert str(record[key]) in values, f"{key} was not read"
    assert (line.answer.status, line.answer.body_size, line.answer.duration) == (200, 20, 0.5)


@pytest.mark.parametrize("missing", ["timestamp", "http.request.method", "url.path", "client.address"])
def test_the_first_keys_are_required(missing):
    whole = {"timestamp": NOW, "http.request.method": "GET", "url.path": "/", "client.address": "::1"}
    assert read_request(whole, lambda: "made").id == "made"
    del whole[missing]
    with pytest.raises(ValueError, match=re.escape(missing)):
        read_request(whole, lambda: "made")


def test_outcome_names():
    assert set(get_args(types.OutcomeName)) <= words(SECTIONS[2])
    for name in get_args(types.OutcomeName):
        assert read_outcome({"outcome": name, "user.name": "a"}, NOW).outcome == name


# -- section 3 --------------------------------------------------------------------------------------------------


def test_decision_keys_in_order(decision):
    documented = [key for row in rows(3) for key in re.findall(r"`([^`]+)`", row[0])]
    assert list(decision_record(decision)) == documented


def test_a_decision_fits_what_the_contract_promises(decision):
    assert 0 <= decision.low <= decision.score <= decision.high <= 1
    assert decision.enforced is False
    assert len(decision.reasons) <= 5
    weights = [abs(reason.weight) for reason in decision.reasons]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("kind", ["Verdict", "Action", "Mode"])
def test_words_of_a_decision(kind):
    for word in get_args(getattr(types, kind)):
        assert re.search(rf"[`|\\w: ]{word}\b", CONTRACT), word


def test_stopping_actions():
    stopped = re.search(r"\*\*Stopped\*\* means .*?: ([^.]+)\.", SECTIONS[3])
    assert words(stopped[1]) == set(types.STOPPING)


def test_decision_header_has_the_documented_names(decision):
    documented = re.search(r"`Vedette-Decision: ([^`]+advice[^`]+)`", SECTIONS[3])[1]
    names = re.findall(r"([a-z]+)=", documented)
    shown = re.findall(r"([a-z]+)(?==|,|$)", re.sub(r'"[^"]*"', "", decision_header(decision)))
    assert [name for name in shown if name not in {*names, *get_args(types.Verdict), *get_args(types.Action)}] == []
    assert names[:6] == ["id", "verdict", "score", "low", "high", "threat"]


# -- section 5 --------------------------------------------------------------------------------------------------


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", SECTIONS[5], re.DOTALL)


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """What the example names: environment variables, certificate and key files."""
    for name in re.findall(r"env:([A-Z_]+)", CONTRACT):
        monkeypatch.setenv(name, f"a-secret-of-{name}-32-bytes-or-more")
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    (tmp_path / "keys.jwks").write_text('{"keys": []}')
    monkeypatch.chdir(tmp_path)


def test_the_example_configuration_is_valid(tmp_path, secrets):
    file = tmp_path / "vedette.yaml"
    file.write_text(blocks()[0])
    config = load(file, data=tmp_path / "data")
    assert config.mode == "monitor"
    assert [endpoint.name for endpoint in config.endpoints] == ["login", "graph", "product"]


def test_balanced_is_what_the_contract_shows(tmp_path, secrets):
    file = tmp_path / "vedette.yaml"
    file.write_text(f"upstream: http://127.0.0.1:8000\n{blocks()[1]}")
    own = load(file, data=tmp_path / "data").policy
    file.write_text("upstream: http://127.0.0.1:8000\n")
    shipped = load(file, data=tmp_path / "data").policy
    assert [msgspec.structs.replace(rule, line=0) for rule in own] == [
        msgspec.structs.replace(rule, line=0) for rule in shipped
    ]


def test_every_configuration_key_is_in_the_contract():
    shown = set(yaml.safe_load(blocks()[0])) | {
        "upstreams",
        "openapi",
        "networks",
        "alerts",
        "learning",
        "breaker",
        "drill",
    }
    derived = {"file", "policy_name"}
    assert set(Config.__struct_fields__) - derived == shown - {"upstream"}


def test_purposes_are_listed():
    line = next(line for line in blocks()[0].splitlines() if "purpose: login" in line)
    assert line.split("#")[1].split() == list(get_args(types.Purpose))


# -- section 4 --------------------------------------------------------------------------------------------------


def test_every_call_of_the_interface_is_in_the_openapi_document():
    from vedette.console import openapi

    documented = {path for row in rows(4) for path in re.findall(r"(/[a-z0-9/{}]+)", row[0])}
    assert documented == {
        "/v1/decide",
        "/v1/score",
        "/v1/outcomes",
        "/v1/decisions/{id}",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    assert documented <= set(openapi.document()["paths"])
