"""The page on identity says what the code does: states, bounds, examples and commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from vedette.collect import devices, jwt, tokens
from vedette.collect.tokens import Tokens, TokenState
from vedette.config import load
from vedette.snapshot.gathered import Gathered

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "identity.md").read_text("utf-8")


def test_every_state_has_a_row():
    table = PAGE.partition("## What can come of a token")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)`", table, re.MULTILINE)) == set(get_args(TokenState))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (r"within (\d+) s of the engine's clock", tokens.HMAC_WINDOW_S),
        (r"more than (\d+) signatures were asked for", jwt.SIGNATURES_PER_SECOND),
        (r"checked with (\d+) s of leeway", jwt.LEEWAY_S),
        (r"more than (\d+) KiB is refused", jwt.TOKEN_MAX / 1024),
        (r"at most ([\d,]+) tokens", jwt.CACHED),
        (r"RSA keys have (\d+) to", jwt.RSA_BITS[0]),
        (r"RSA keys have \d+ to (\d+) bits", jwt.RSA_BITS[1]),
        (r"one in the last (\d+) s", devices.PAUSE_S),
    ],
)
def test_bounds(said: str, value: float):
    assert float(re.search(said, PAGE)[1].replace(",", "")) == value


def test_the_algorithms():
    told = re.search(r"signed with (.*?) \(", PAGE)[1]
    assert set(re.findall(r"[A-Za-z]+\d+|EdDSA", told)) == set(jwt.ALGORITHMS) - {"Ed25519"}


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_examples_load_and_can_be_checked(text, tmp_path, monkeypatch):
    monkeypatch.setenv("ANDROID_KEY", "0123456789abcdef0123456789abcdef")
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    Tokens(load(file), Gathered.shipped())


def test_the_example_token():
    key, signed, token = re.search(r"key `(.*?)`,\s+`(.*?)`\s+gives\s+`(.*?)`", PAGE).groups()
    import hmac

    stamp, nonce, _ = signed.split(".", 2)
    assert token == f"v1.{stamp}.{nonce}.{hmac.new(key.encode(), signed.encode(), 'sha256').hexdigest()}"


def test_the_commands_run(tmp_path):
    (tmp_path / "app.key").write_text("0123456789abcdef0123456789abcdef")
    command = next(line for line in PAGE.splitlines() if line.startswith("$ python examples/sign_request.py"))
    words = [sys.executable, str(ROOT / "examples" / "sign_request.py"), *command.split()[3:]]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert re.fullmatch(r"x-app-token: v1\.\d+\.[\w-]{16,}\.[0-9a-f]{64}\n", done.stdout)
