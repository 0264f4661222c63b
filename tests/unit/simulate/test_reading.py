"""What ships: it is there, it is small, and it is read."""

from __future__ import annotations

from importlib.resources import files

import pytest

from vedette.simulate.reading import read_data

PLACE = files("vedette") / "data" / "simulation"


@pytest.mark.parametrize("name", ["clients.json.gz", "languages.json", "networks.json.gz", "shapes.json.gz"])
def test_what_ships_is_read(name):
    assert read_data(name)


def test_what_ships_is_small_and_has_its_provenance():
    assert sum(len(file.read_bytes()) for file in PLACE.iterdir()) < 1_000_000
    told = (PLACE / "README.md").read_text("utf-8")
    assert [file.name for file in PLACE.iterdir() if file.name not in told and file.name != "README.md"] == []


def test_what_does_not_ship_is_an_error():
    with pytest.raises(FileNotFoundError):
        read_data("secrets.json")
