"""Key sets in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vedette.config.key_files import read_key_file
from vedette.config.load import load, load_with_notes
from vedette.errors import ConfigError

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
AGENT = 'good_bots: {agents: [{name: a, signature_agent: "https://a.example", keys: file:keys.jwks}]}\n'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", 'no list "keys"'),
        (b'{"keys": {}}', 'no list "keys"'),
        (b'{"keys": [1]}', 'no list "keys"'),
        (json.dumps({"keys": [KEY] * 33}).encode(), "33 keys, at most 32"),
        (b" " * 65_537, "more than 64 KiB"),
    ],
)
def test_what_is_no_key_set_is_said(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(data)
    with pytest.raises(ValueError) as caught:
        read_key_file(tmp_path / "keys")
    assert str(caught.value) == why


def test_a_key_set_is_read_from_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text(AGENT)
    (tmp_path / "keys.jwks").write_text(json.dumps({"keys": [KEY]}))
    agent = load(tmp_path / "vedette.yaml").good_bots.agents[0]
    assert agent.keys == f"file:{tmp_path}/keys.jwks"
    assert read_key_file(Path(agent.keys.removeprefix("file:"))) == (KEY,)


@pytest.mark.parametrize(
    ("text", "said"), [(None, "file:keys.jwks does not exist"), ('{"keys": []}', "no key is there")]
)
def test_a_file_without_a_key_is_noted(text: str | None, said: str, tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text(AGENT)
    if text is not None:
        (tmp_path / "keys.jwks").write_text(text)
    _, notes = load_with_notes(tmp_path / "vedette.yaml")
    assert any(
        path == "good_bots.agents[0].keys" and note == f"{said}, so nothing can be verified" for path, note in notes
    )


def test_a_folder_is_no_key_set(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text(AGENT)
    (tmp_path / "keys.jwks").mkdir()
    with pytest.raises(ConfigError, match="keys cannot be read, file:keys.jwks, Is a directory"):
        load(tmp_path / "vedette.yaml")
