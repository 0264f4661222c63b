from __future__ import annotations

import pytest
from msgspec.structs import replace

from vedette.config import defaults
from vedette.config.keys import ensure_key
from vedette.config.schema import Console, ConsoleToken, Feedback, Secret
from vedette.console.access import Access

BASE = defaults("http://127.0.0.1:9")


def test_generated_keys(tmp_path):
    access = Access(BASE, tmp_path)
    token, key = ensure_key(tmp_path, "console").value, ensure_key(tmp_path, "feedback").value
    assert access.check("console", "POST", f"Bearer {token}") == 200
    assert access.check("feedback", "POST", f"bearer  {key} ") == 200
    assert access.check("console", "GET", f"Bearer {key}") == 403
    assert access.check("feedback", "POST", f"Bearer {token}") == 403


@pytest.mark.parametrize("presented", ["", "Bearer", "Bearer ", "Basic YTpi", "token"])
def test_no_token_is_401(tmp_path, presented):
    assert Access(BASE, tmp_path).check("console", "GET", presented) == 401


def test_a_viewer_only_reads(tmp_path):
    tokens = tuple(ConsoleToken(name=role, role=role, token=Secret("env:X", role)) for role in ("viewer", "operator"))
    feedback = Feedback(keys=(Secret("env:A", "a"), Secret("env:B", "b")))
    access = Access(replace(BASE, console=Console(tokens=tokens), feedback=feedback), tmp_path)
    assert access.check("console", "GET", "Bearer viewer") == 200
    assert access.check("console", "POST", "Bearer viewer") == 403
    assert access.check("console", "POST", "Bearer operator") == 200
    assert [access.check("feedback", "POST", f"Bearer {key}") for key in ("a", "b", "c")] == [200, 200, 403]
    assert not (tmp_path / "keys").exists(), "configured keys need no generated ones"
