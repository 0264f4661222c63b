from __future__ import annotations

from collections import Counter

import pytest

from vedette.simulate.people.persons import Persons
from vedette.simulate.people.traits import SEGMENTS, draw_traits


@pytest.fixture
def drawn(people):
    def make(count=1500, seed=901):
        world = people("web", count, seed)
        persons = Persons(world, world.scenario.parts[0], returning=0.0, known=0.0, accounts=0.5)
        return [draw_traits(world, persons.who(session)) for session in range(count)]

    return make


def test_traits_last(drawn):
    assert drawn(50) == drawn(50)


def test_every_segment_has_its_share(drawn):
    found = Counter(traits.segment for traits in drawn())
    assert set(found) == {"web", *SEGMENTS}
    for segment, share in SEGMENTS.items():
        assert found[segment] / 1500 == pytest.approx(share, abs=0.02)


def test_phones_are_phones_and_old_devices_are_old(drawn):
    found = drawn()
    assert all(not traits.computer.is_mobile for traits in found)
    assert all(traits.phone.is_mobile for traits in found if traits.segment in ("web", "old_device"))
    old = [
        traits.computer.major
        for traits in found
        if traits.segment == "old_device" and traits.computer.family == "chrome"
    ]
    new = [traits.computer.major for traits in found if traits.segment == "web" and traits.computer.family == "chrome"]
    assert max(old) < sorted(new)[len(new) // 2]


def test_careful_people_are_careful_in_different_ways(drawn):
    found = [traits for traits in drawn(3000) if traits.segment == "privacy"]
    assert {traits.manner for traits in found} >= {"strict", "shy", "vpn", "relay"}
    assert {traits.computer.family for traits in found} & {"brave", "firefox"}
    assert all(not traits.manner for traits in drawn() if traits.segment != "privacy")
    assert all((traits.computer.family == "tor") == (traits.manner == "tor") for traits in drawn(3000))


def test_held_out_browsers_are_held_out(drawn):
    tuning, testing = (
        {stack.family for traits in drawn(seed=seed) for stack in (traits.computer, traits.phone)} for seed in (3, 901)
    )
    assert "firefox" in testing
    assert "firefox" not in tuning


def test_some_are_fast_and_few_are_slow(drawn):
    paces = Counter(traits.pace for traits in drawn())
    assert paces[1.0] > paces[0.35] > paces[2.5] > 0
