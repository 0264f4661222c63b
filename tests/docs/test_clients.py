"""The page of claimed clients shows what is measured now."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.claims import FACTS, tables
from vedette.detect.features import FEATURES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "clients.md").read_text()


@pytest.mark.parametrize("place", [0, 1])
def test_the_tables_are_those_of_the_command(place: int) -> None:
    assert tables()[place] in PAGE, "write it anew: python -m bench.claims"


def test_every_compared_fact_is_a_signal_and_on_the_page() -> None:
    signals = {feature.name for feature in FEATURES}
    assert set(FACTS) <= signals
    missing = {name for name in FACTS if f"`{name}`" not in PAGE}
    assert not missing - {"tls_conflict", "protocol_downgrade"}
