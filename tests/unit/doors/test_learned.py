"""What was learned of endpoints outlives the engine process."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from vedette.config import defaults
from vedette.doors.learned import SAVE_EVERY_S, Learned
from vedette.engine import Engine
from vedette.telemetry import configure_log
from vedette.types import Answer, Request


def engine() -> Engine:
    return Engine.open(defaults("http://127.0.0.1:9"), key=b"k" * 32, shrink=12)


def visit(one: Engine, path: str, number: int) -> str:
    now = 1e9 + number
    asked = Request(timestamp=now, id=f"r{number}", method="GET", path=path, client_address="198.51.100.7")
    decision = one.decide(asked, now)
    one.observe(Answer(timestamp=now + 0.1, id=asked.id, status=200), now + 0.1)
    return decision.endpoint


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_log("engine", stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def taught() -> Engine:
    one = engine()
    for number in range(400):
        visit(one, f"/shop/shelf-{chr(97 + number % 26)}{chr(97 + number // 26)}lamp/prices", number)
    return one


def test_a_new_engine_knows_what_the_last_one_learned(tmp_path: Path, taught: Engine) -> None:
    learned = Learned(tmp_path / "tables")
    learned.write(learned.take(taught, 0.0))
    fresh = engine()
    Learned(tmp_path / "tables").restore(fresh)
    assert visit(fresh, "/shop/shelf-zzlamp/prices", 900) == visit(taught, "/shop/shelf-zzlamp/prices", 900)
    assert fresh.state() == taught.state()
    assert stat.S_IMODE((tmp_path / "tables" / "endpoints.msgpack").stat().st_mode) == 0o600


def test_a_new_configuration_forgets_nothing(taught: Engine) -> None:
    before = visit(taught, "/shop/shelf-zzlamp/prices", 900)
    taught.reload(taught.config)
    assert visit(taught, "/shop/shelf-yylamp/prices", 901) == before


def test_it_is_written_once_a_minute_and_only_when_it_changed(tmp_path: Path, taught: Engine) -> None:
    learned = Learned(tmp_path)
    state = learned.take(taught, 0.0)
    learned.write(state)
    assert state
    assert learned.take(taught, SAVE_EVERY_S - 1) == b""
    assert learned.take(taught, SAVE_EVERY_S + 1) == b"", "nothing new"
    for number in range(1000, 1010):
        visit(taught, "/another/path", number)
    assert learned.take(taught, SAVE_EVERY_S + 2) == b""
    assert learned.take(taught, SAVE_EVERY_S + 2, is_last=True) != b""


@pytest.mark.parametrize("damage", [b"", b"not msgpack", b"\x81\xa7version\x63"])
def test_a_damaged_file_is_left_alone_and_said(tmp_path: Path, damage: bytes, said: io.StringIO) -> None:
    file = tmp_path / "endpoints.msgpack"
    file.write_bytes(damage)
    one = engine()
    Learned(tmp_path).restore(one)
    assert "endpoints.forgotten" in said.getvalue()
    assert file.read_bytes() == damage
    assert visit(one, "/x", 1)


def test_without_a_file_nothing_is_said(tmp_path: Path, said: io.StringIO) -> None:
    Learned(tmp_path).restore(engine())
    assert said.getvalue() == ""


def test_a_directory_that_cannot_be_written_costs_only_the_file(
    tmp_path: Path, taught: Engine, said: io.StringIO
) -> None:
    (tmp_path / "file").write_bytes(b"")
    learned = Learned(tmp_path / "file" / "tables")
    learned.write(b"state")
    assert "endpoints.unwritten" in said.getvalue()
