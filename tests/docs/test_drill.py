"""The page about drills says what the code does."""

from __future__ import annotations

from pathlib import Path

from vedette.config.sections import DRILL_KEY_LENGTH
from vedette.doors import drill
from vedette.simulate import target
from vedette.simulate.target import crowd, firing, pace

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "drill.md").read_text("utf-8")


def row(start: str) -> list[str]:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{start}`"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_bounds():
    columns = (pace.USUAL_HERE, pace.USUAL, pace.MOST_HERE, pace.MOST)
    for name in pace.Limits.__struct_fields__:
        form = "{:,}" if name == "count" else "{:g}"
        assert row(f"--{name}") == [form.format(getattr(column, name)) for column in columns]
    assert f"{firing.UNANSWERED} calls in a row" in PAGE
    assert f"{crowd.IDLE_S:g} s of quiet" in PAGE


def test_the_proof():
    assert f"POST {drill.PATH}" in PAGE
    assert f"within {drill.SKEW_S} s of the edge's clock" in PAGE
    assert f"({drill.REMEMBERED:,} within two minutes" in PAGE
    assert f"at most {drill.BODY_BYTES // 1024} KiB" in PAGE
    assert '["vedette drill v1 ask",time,nonce,authority]' in PAGE
    assert '["vedette drill v1 grant",time,nonce,authority,rate,count,seconds]' in PAGE
    assert f"at least every {firing.RENEW_S + 10:g} s" in PAGE
    bounds = drill.Bounds()
    assert f'"rate": {bounds.rate}, "count": {bounds.count}, "seconds": {bounds.seconds}' in PAGE


def test_both_sides_ask_for_a_key_of_the_same_length():
    assert DRILL_KEY_LENGTH == target.KEY_LENGTH
    assert f"at least {DRILL_KEY_LENGTH} characters" in PAGE
