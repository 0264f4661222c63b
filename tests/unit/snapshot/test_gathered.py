from __future__ import annotations

import json

import pytest

from vedette.config.schema import Agent, Config, GoodBots
from vedette.snapshot.files import write
from vedette.snapshot.findings import Finding, Findings
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import KeySet, KeySets

KEY = b"k" * 32
SAID = Findings({("192.0.2.1", "googlebot"): Finding("verified", 50.0)}, key=KEY)


def test_without_files_there_is_what_ships(tmp_path):
    shipped = Gathered.shipped()
    for directory in (tmp_path, tmp_path / "absent"):
        loaded, warnings = Gathered.load(directory, shipped, KEY)
        assert loaded is shipped and warnings == ()


def test_what_has_changed_is_read_and_nothing_else(tmp_path):
    write(tmp_path / "findings.msgpack", SAID.encode())
    first, warnings = Gathered.load(tmp_path, Gathered.shipped(), KEY)
    assert warnings == ()
    assert first.findings.get("192.0.2.1", "googlebot", 0.0) == Finding("verified", 50.0)
    again, _ = Gathered.load(tmp_path, first, KEY)
    assert again is first
    write(tmp_path / "keys.msgpack", KeySets({"a": KeySet("a")}).encode())
    second, _ = Gathered.load(tmp_path, first, KEY)
    assert second.findings is first.findings and second.networks is first.networks
    assert second.keys.get("a") == KeySet("a")


@pytest.mark.parametrize("name", ["findings.msgpack", "keys.msgpack"])
def test_a_damaged_file_keeps_what_was_known_and_is_said_once(tmp_path, name):
    write(tmp_path / "findings.msgpack", SAID.encode())
    write(tmp_path / "keys.msgpack", KeySets({"a": KeySet("a")}).encode())
    first, _ = Gathered.load(tmp_path, Gathered.shipped(), KEY)
    for damage in (b"", b"nonsense", b"\0" * 20_000_000):
        (tmp_path / name).write_bytes(damage)
        loaded, (warning,) = Gathered.load(tmp_path, first, KEY)
        assert name in warning and "is not used" in warning
        assert loaded.findings is first.findings and loaded.keys is first.keys
        assert Gathered.load(tmp_path, loaded, KEY) == (loaded, ())
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    _, (warning,) = Gathered.load(tmp_path, first, KEY)
    assert "Is a directory" in warning


def test_recorded_traffic_is_judged_with_what_ships_and_the_operators_own_keys(tmp_path):
    key = {"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}
    (tmp_path / "a.jwks").write_text(json.dumps({"keys": [key]}))
    source = f"file:{tmp_path}/a.jwks"
    agent = Agent(name="a", signature_agent="https://a.example", keys=source)
    found = Gathered.recorded(Config(good_bots=GoodBots(agents=(agent,))), 0.0)
    assert found.networks is Gathered.shipped().networks
    known = found.keys.get(source)
    assert known is not None
    assert known.keys == (key,)
