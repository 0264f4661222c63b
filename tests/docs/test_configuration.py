"""The page of the configuration names every key, no other, and the defaults that are in force."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from vedette.config import expressions, load, schema
from vedette.config.json_schema import json_schema
from vedette.config.policies import PRESETS
from vedette.config.show import effective
from vedette.config.units import format_duration
from vedette.errors import ConfigError

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "configuration.md").read_text("utf-8")
ROWS = {
    cells[1].strip().strip("`"): cells[3].strip().strip("`")
    for cells in (re.split(r"(?<!\\)\|", line) for line in PAGE.splitlines() if line.startswith("| `"))
    if len(cells) == 6
}
"""Key → default, as the page has them."""
ITEMS = {
    "endpoints[]": schema.Endpoint,
    "partners[]": schema.Partner,
    "rate_limits[]": schema.RateLimit,
    "feeds[]": schema.Feed,
    "policy[]": schema.Rule,
    "console.tokens[]": schema.ConsoleToken,
    "identity.app_tokens[]": schema.AppToken,
    "good_bots.agents[]": schema.Agent,
    "identity.jwt": schema.Jwt,
    "identity.device_cookie": schema.DeviceCookie,
    "identity.dpop": schema.Dpop,
    "drill": schema.Drill,
}
OPTIONAL = {"rate_limits[].key", "rate_limits[].match", "rate_limits[].burst"}


def _paths(node: dict, path: str = "") -> set[str]:
    """Every key of the JSON Schema, ``[]`` after one that is a list."""
    found = set()
    for name, inner in node.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        found |= {place} | _paths(inner, place)
    for option in node.get("anyOf", []):
        found |= _paths(option, path)
    if "items" in node:
        found |= _paths(node["items"], path if path.endswith("[]") else f"{path}[]")
    return found


PATHS = {path for path in _paths(json.loads(json_schema())) if not path.startswith("feedback.keys.")}
SECTIONS = {re.sub(r"(\[\])?\.[^.]+$", "", path) for path in PATHS if "." in path}


def test_every_key_has_a_row():
    assert (PATHS - SECTIONS) - set(ROWS) == set()


def test_no_row_is_about_a_key_that_is_not_there():
    assert {name for name in ROWS if "`" not in name} - PATHS == set()


def test_defaults_are_those_in_force():
    shown = yaml.safe_load(effective(load(None)))
    shown["policy"] = "balanced"

    def compare(node: dict, path: str) -> None:
        for name, value in node.items():
            place = f"{path}.{name}" if path else name
            if isinstance(value, dict):
                compare(value, place)
            elif place in ROWS:
                assert yaml.safe_load(ROWS[place] or "null") == value, place
            else:
                assert value == [], f"{place} is a list of mappings, its keys have rows"

    compare(shown, "")


@pytest.mark.parametrize("path", ITEMS)
def test_defaults_of_items_are_those_of_the_structs(path):
    for field in msgspec.structs.fields(ITEMS[path]):
        name = f"{path}.{field.name.removesuffix('_s')}"
        if field.name == "line":
            continue
        if field.required:
            assert (ROWS[name] == "needed") == (name not in OPTIONAL), name
        elif isinstance(field.default, float):
            assert ROWS[name] == format_duration(field.default), name
        else:
            assert ROWS[name] == (field.default or ""), name


def test_every_shipped_policy_has_a_row():
    assert all(f"| `{name}` |" in PAGE for name in PRESETS)


def test_every_name_of_the_language_has_a_row():
    told = set(re.findall(r"`([a-z_.]+)`", PAGE.partition("### What expressions see")[2].partition("Absent is")[0]))
    known = {
        *expressions.WHEN_NAMES,
        *expressions.EXPECTED_NAMES,
        *expressions.CLAIMS_NAMES,
        *expressions.SUCCESS_NAMES,
    }
    assert told - {"when", "expected_when", "attested", "success"} == known


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_load(text, tmp_path):
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    assert load(file).upstreams == {"default": "http://127.0.0.1:8000"}


def test_the_mistakes_shown_are_what_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("vedette.yaml").write_text(
        "upstream: http://127.0.0.1:8000\nendpoints:\n  - {name: a, match: POST /login, purpose: logn}\n\n\n\n\n"
        'policy:\n  - {name: a, when: "scor >= 0.9", then: block}\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(Path("vedette.yaml"))
    assert list(caught.value.problems) == re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)[0].split("\n")
