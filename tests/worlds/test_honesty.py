"""The worlds that ship keep their promises: base rates, people like those of real logs, attackers that hide."""

from __future__ import annotations

import pytest

from bench.honesty.fields import Table
from bench.honesty.people import distances
from bench.honesty.separation import separation
from vedette.simulate.build import build
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.scenario import find, read_scenario
from vedette.simulate.world import World

SCALE = 0.07


def made(folder, seed):
    return build(World(read_scenario(find("shop-day"), POPULATIONS), seed, SCALE), folder / f"{seed}.jsonl.zst")


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    return [made(folder, seed) for seed in (911, 912, 915)]


@pytest.fixture(scope="module")
def tables(writers):
    return [Table(*(writer.paths[what] for what in ("traffic", "labels", "configuration"))) for writer in writers]


def test_the_day_has_the_base_rates_of_an_unprotected_shop(writers):
    for writer in writers:
        assert 0.10 <= writer.share("bad_bot") <= 0.15
        assert 0.70 <= writer.share("bad_bot", "login") <= 0.88
        assert 0.15 <= writer.share("bad_bot", "product") <= 0.25


def test_people_are_near_those_of_the_real_log(tables):
    for table in tables:
        for found in distances(table):
            if found.distance is not None:  # sharing is another matter: a log of 2012 knows no carrier addresses
                assert found.distance < (0.5 if "one" in found.what else 0.15), found
            elif "several" not in found.what:
                assert abs(found.world - found.real) < 0.06, found


@pytest.mark.parametrize(("level", "least", "most", "field"), [(1, 0.9, 1.0, 1.0), (3, 0.5, 0.93, 0.85)])
def test_one_request_gives_plain_scripts_away_and_good_imitations_not(tables, level, least, most, field):
    test, *train = tables
    found = separation(train, test, level)
    assert found.attacks > 1500
    assert least <= found.auc <= most
    assert found.best_field[1] <= field, found.best_field


@pytest.mark.parametrize("seed", [5, 913])
def test_a_quiet_day_has_one_malicious_request_in_five_hundred(seed, tmp_path):
    writer = build(World(read_scenario(find("quiet"), POPULATIONS), seed, 0.1), tmp_path / "q.jsonl.zst")
    assert 0.001 <= writer.share("bad_bot") <= 0.003


def test_nobody_attacks_in_the_benign_world(tmp_path):
    writer = build(World(read_scenario(find("benign-only"), POPULATIONS), 914, 0.02), tmp_path / "b.jsonl.zst")
    assert writer.share("bad_bot") == 0.0
    assert writer.share("good_bot") > 0.0
