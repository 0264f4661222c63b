"""The page of feeds and the notes of what ships say what the code does."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from vedette.config import load
from vedette.config.units import format_duration
from vedette.gather import feed_documents, feed_limits, feeds
from vedette.gather.feed_store import HALF_LIFE_S, WEIGHT
from vedette.snapshot.networks import FRESH_S, NetworkMap
from vedette.snapshot.packing import HALF_LIVES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "feeds.md").read_text("utf-8")
NOTES = (ROOT / "src" / "vedette" / "data" / "networks" / "README.md").read_text("utf-8")


def test_kinds_and_half_lives():
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if re.match(r"\| `", line)]
    told = {kind: row[2] for row in rows if len(row) == 3 for kind in re.findall(r"`(\w+)`", row[0])}
    assert told == {kind: format_duration(span).replace("d", " d") for kind, span in HALF_LIFE_S.items()}


def test_limits():
    assert feeds.SIZE_MAX == 32 << 20 and "| 32 MB |" in PAGE
    assert feeds.TIMEOUT_S == 60.0 and "| 60 s, redirects included |" in PAGE
    assert feeds.REDIRECTS == 3 and "| 3, never to another scheme |" in PAGE
    assert f"{feed_documents.ENTRIES_MAX:,} a feed, {feeds.TOTAL_MAX:,} ranges of all" in PAGE
    assert feed_limits.CHANGE_MOST == 0.2 and feed_limits.CHANGE_FREE == {"entries": 16, "addresses": 256}
    assert "20 % of entries or addresses, up or down, beyond 16 entries and 256 addresses" in PAGE
    assert FRESH_S == 7 * 86400.0 and "fetched within 7 days" in PAGE
    assert HALF_LIVES == 4 and "After four\n  half-lives" in PAGE
    assert WEIGHT == 0.5


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_the_example_loads(text, tmp_path):
    file = tmp_path / "vedette.yaml"
    file.write_text(text)
    assert len(load(file).feeds) == 5


def test_the_notes_name_every_list_that_ships_with_its_number_and_date():
    sources = {source.name: source for source in NetworkMap.shipped().sources}
    told = set()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in NOTES.splitlines() if line.startswith("| ")]
    for names, _, ranges, _, licence, date in rows[2:]:
        names = re.sub(r"ipsum_level3 to ipsum_level6", ", ".join(f"ipsum_level{n}" for n in range(3, 7)), names)
        of_row = [sources[name] for name in names.split(", ")]
        told |= {source.name for source in of_row}
        assert int(ranges.replace(",", "")) == sum(source.entries for source in of_row), names
        assert {dt.datetime.fromtimestamp(source.date, dt.UTC).date().isoformat() for source in of_row} == {date}
        assert licence.split(",")[0] in {"CC0", "MIT", "Unlicense"}
    assert told == set(sources)
