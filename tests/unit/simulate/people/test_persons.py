from __future__ import annotations

import random
from collections import Counter

import pytest

from vedette.simulate.people.persons import Persons, mixed


@pytest.fixture
def persons(people):
    def make(sessions=6000, seed=901, returning=0.4, known=0.2):
        world = people("web", sessions, seed)
        return Persons(world, world.scenario.parts[0], returning=returning, known=known, accounts=0.5)

    return make


def test_numbers_are_well_mixed_and_repeatable():
    assert mixed(1, 2) == mixed(1, 2)
    assert len({mixed(1, number) for number in range(1000)} | {mixed(2, number) for number in range(1000)}) == 2000
    assert sum(mixed(7, number) & 1 for number in range(2000)) == pytest.approx(1000, abs=120)


def test_some_come_again_and_nobody_before_they_came(persons):
    here = persons()
    first = [here.first_session(session) for session in range(here.count)]
    assert all(number <= session for session, number in enumerate(first))
    visits = Counter(first)
    assert sum(count > 1 for count in visits.values()) / len(visits) == pytest.approx(0.3, abs=0.06)
    assert len(visits) / here.count == pytest.approx(0.63, abs=0.06)
    assert max(visits.values()) < 60


def test_nobody_comes_again_within_a_moment(persons):
    here = persons()
    again = [session for session in range(here.count) if here.first_session(session) != session]
    assert all(session - here.first_session(session) > here.count // 60 for session in again)


def test_a_person_is_the_same_at_every_visit(persons):
    here = persons()
    session = next(number for number in range(3000, here.count) if here.first_session(number) != number)
    person, before = here.who(session), here.who(here.first_session(session))
    assert (person.seed, person.account, person.has_account) == (before.seed, before.account, before.has_account)
    assert person.is_known
    assert here.home(person) == here.home(before)
    assert here.office(person) == here.office(before)
    assert person.rng(3).random() == before.rng(3).random()
    assert person.rng(3).random() != person.rng(4).random()


def test_others_are_others(persons):
    here = persons()
    everybody = [here.who(session) for session in range(400)]
    assert len({person.seed for person in everybody}) > 380
    assert len({person.account for person in everybody}) > 300
    assert sum(person.has_account for person in everybody) == pytest.approx(200, abs=50)
    known = sum(person.is_known for person in everybody if here.first_session(person.number) == person.number)
    assert known == pytest.approx(0.2 * 400, abs=50)


def test_a_share_of_homes_has_two_shoppers(persons):
    here = persons()
    lines = Counter(
        here.home(here.who(session)).address for session in range(2000) if here.first_session(session) == session
    )
    assert sum(count > 1 for count in lines.values()) / len(lines) == pytest.approx(0.04, abs=0.025)


def test_colleagues_share_a_line(persons):
    here = persons()
    people = {here.who(session) for session in range(2000)}
    offices = {here.office(person).address for person in people}
    assert 0.4 < len(offices) / len(people) < 0.9


def test_lines_depend_on_device_and_hour(persons):
    here, rng = persons(), random.Random(1)

    def lines(hour, is_mobile):
        return Counter(here.line(rng, hour * 3600.0, is_mobile=is_mobile) for _ in range(2000))

    assert lines(10, False)["office"] > 600
    assert lines(22, False)["office"] == 0
    assert lines(22, True)["mobile"] > 400
    assert set(lines(10, True)) == {"home", "mobile", "office", "vpn"}


def test_a_device_changes_its_address_within_its_network_and_its_connection(persons):
    here, rng = persons(), random.Random(1)
    world = here.world
    person = next(p for p in map(here.who, range(400)) if ":" in here.home(p).address)
    stack = world.stacks.draw(random.Random(1), families={"chrome"})
    first, second = (here.client(rng, person, stack, here.place(rng, person, "home")) for _ in range(2))
    assert first.address != second.address
    assert first.address.split(":")[:3] == second.address.split(":")[:3]
    assert first.language == second.language
    assert first.asn == second.asn
    assert first.ja3 != second.ja3


def test_languages_are_those_of_the_home(persons):
    here, rng = persons(), random.Random(1)
    person = next(p for p in map(here.who, range(400)) if here.home(p).country == "DE")
    stack = here.world.stacks.draw(random.Random(1), families={"chrome"})
    away = here.client(rng, person, stack, here.world.address(rng, "vpn"))
    assert away.network == "vpn"
    assert away.language == here.client(rng, person, stack, here.home(person)).language
