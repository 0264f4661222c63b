"""The page of agents: its configurations load, and its example agent is verified as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from examples import signed_agent
from vedette.collect.signing_keys import thumbprint
from vedette.config import load
from vedette.engine import Engine
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import read_key_files
from vedette.types import Decision, Request

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "agents.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SIGNED = next(block for block in BLOCKS if "price-robot" in block)
URL = "http://127.0.0.1:8080/api/products/7"
NOW = 1_800_000_000


@pytest.mark.parametrize("text", BLOCKS)
def test_configurations_load(text, tmp_path):
    (tmp_path / "vedette.yaml").write_text(text)
    assert load(tmp_path / "vedette.yaml").upstreams


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the key pair that the page's command makes, and its configuration with two endpoints."""
    folder = tmp_path_factory.mktemp("agent")
    command = next(line[2:] for line in PAGE.splitlines() if line.startswith("$ python examples") and " keys " in line)
    words = command.split()
    words[1] = str(ROOT / words[1])
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout in PAGE
    assert (folder / "price-robot.key").stat().st_mode & 0o777 == 0o600
    (folder / "vedette.yaml").write_text(
        SIGNED
        + "endpoints:\n"
        + '  - {name: product, match: "GET /api/products/{id}", purpose: product}\n'
        + "  - {name: add, match: POST /api/notes, purpose: other}\n"
        + "  - {name: login, match: POST /api/login, purpose: login}\n"
    )
    return folder


@pytest.fixture
def engine(folder):
    config = load(folder / "vedette.yaml")
    gathered = Gathered.shipped()
    keys = gathered.keys.joined(read_key_files(config, NOW))
    return Engine.open(config, key=b"k" * 32, shrink=4, gathered=Gathered(gathered.networks, gathered.findings, keys))


def signed(folder: Path, method: str, url: str, now: int = NOW) -> dict[str, str]:
    key = load_pem_private_key((folder / "price-robot.key").read_bytes(), None)
    return signed_agent.sign(key, "https://bot.example", method, url, now)


def ask(engine: Engine, method: str, url: str, headers: dict[str, str], now: float = NOW, number: int = 0) -> Decision:
    parts = urlsplit(url)
    fields = (("user-agent", "price-robot/1.0"), ("accept", "*/*"), *headers.items())
    call = Request(
        timestamp=now, id=f"r{number}", method=method, path=parts.path, host=parts.netloc, scheme=parts.scheme,
        client_address="198.51.100.7", headers=fields,
    )  # fmt: skip
    return engine.decide(call, now)


def test_the_key_pair_is_one(folder):
    key = load_pem_private_key((folder / "price-robot.key").read_bytes(), None)
    assert signed_agent.public_key(key)["kid"] == thumbprint(signed_agent.public_key(key))


def test_the_signed_agent_is_verified_in_its_place(folder, engine):
    decision = ask(engine, "GET", URL, signed(folder, "GET", URL))
    assert (decision.verdict, decision.score) == ("good_bot", 0.01)
    assert (decision.reasons[0].signal, decision.reasons[0].detail) == ("verified_agent", "price-robot, by signature")
    notes = URL.replace("products/7", "notes")
    assert ask(engine, "POST", notes, signed(folder, "POST", notes)).verdict == "good_bot"


def test_out_of_its_place_it_is_judged_like_anybody(folder, engine):
    login = URL.replace("products/7", "login")
    decision = ask(engine, "POST", login, signed(folder, "POST", login))
    assert decision.verdict != "good_bot"
    assert "verified_agent" not in [reason.signal for reason in decision.reasons]
    plain = ask(engine, "POST", login, {}, number=1)
    assert decision.score == pytest.approx(plain.score, abs=0.2)


def test_a_signature_is_good_for_one_request_of_one_kind(folder, engine):
    headers = signed(folder, "GET", URL)
    assert ask(engine, "GET", URL, headers).verdict == "good_bot"
    assert ask(engine, "GET", URL, headers, NOW + 1, 1).reasons[0].signal == "replayed_token"
    other = signed(folder, "GET", URL)
    for number, (method, url, now) in enumerate([
        ("GET", URL.replace("/7", "/8"), NOW), ("GET", URL.replace("127.0.0.1", "127.0.0.2"), NOW), ("POST", URL, NOW),
        ("GET", URL, NOW + 61), ("GET", URL, NOW - 61),
    ]):  # fmt: skip
        decision = ask(engine, method, url, other, now, 10 + number)
        assert decision.verdict != "good_bot", (method, url, now)
        assert "signature_invalid" in [reason.signal for reason in decision.reasons]


def test_its_limit_is_its_own(folder, engine):
    decisions = [ask(engine, "GET", URL, signed(folder, "GET", URL), NOW, n) for n in range(61)]
    assert {decision.action for decision in decisions[:60]} == {"allow"}
    assert (decisions[60].action, decisions[60].policy) == ("rate_limit", "agent price-robot")


GOOGLE = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Accept": "*/*"}


@pytest.mark.parametrize(
    ("address", "method", "path", "verdict", "signal"),
    [
        ("66.249.66.1", "GET", "/api/products/7", "good_bot", "verified_agent"),
        ("66.249.66.1", "POST", "/api/login", None, None),
        ("8.8.8.8", "GET", "/api/products/7", None, "robot_unlisted"),
    ],
)
def test_a_crawler_is_verified_by_the_ranges_that_ship(engine, address, method, path, verdict, signal):
    now = 1_790_000_000.0  # a month after the day of the copy
    call = Request(
        timestamp=now, id="r", method=method, path=path, host="shop.example", scheme="https", client_address=address,
        headers=tuple(GOOGLE.items()),
    )  # fmt: skip
    decision = engine.decide(call, now)
    assert (decision.verdict == "good_bot") == (verdict == "good_bot")
    assert signal is None or signal in [reason.signal for reason in decision.reasons]
    assert engine.degraded == 0
