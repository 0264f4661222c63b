"""Features from sequences of requests, one story a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from vedette.detect import feedback
from vedette.detect.features import COUNT, index
from vedette.detect.kernel import measure
from vedette.detect.places import KEYS, SIGNALS
from vedette.detect.tables import Tables

NOW = 1e9
DEFAULTS = dict.fromkeys(SIGNALS, float("nan")) | {
    "route": 3.0, "purpose": 11.0, "family": 1.0, "is_session": 1.0, "is_login": 0.0, "is_static": 0.0, "trap": 0.0,
    "operations": 1.0,
}  # fmt: skip


class World:
    """Tables and a clock; ``ask`` makes one request and gives a reader of its features."""

    def __init__(self) -> None:
        self.tables = Tables.open(shrink=10)
        self.count = 0

    def ask(self, now: float, **changes: float) -> Callable[[str], float]:
        self.count += 1
        keys = dict(zip(KEYS, (n * 7919 << 33 | n for n in range(1, len(KEYS) + 1)), strict=True))
        keys["object"] = keys["account"] = keys["key"] = keys["wide"] = 0
        keys |= dict.fromkeys((name for name in KEYS if name.startswith("parameters")), 0)
        keys["request"] = self.count
        signals = dict(DEFAULTS)
        for name, value in changes.items():
            if name in signals:
                signals[name] = value
            else:
                keys[name] = int(value)
        features = np.zeros(COUNT, np.float32)
        measure(
            self.tables.arena,
            self.tables.offsets,
            np.array([keys[name] for name in KEYS], np.uint64),
            np.array([signals[name] for name in SIGNALS], np.float64),
            now,
            features,
        )
        return lambda name: float(features[index(name)])

    def answer(
        self,
        status: int,
        login: int = 0,
        *,
        ended: float = 0.0,
        retry_at: float = 0.0,
        duration: float = 0.1,
        size: int = 20,
    ) -> bool:
        t = self.tables
        request = np.uint64(self.count)
        return feedback.answer(t.arena, t.offsets, request, status, login, ended, retry_at, duration, size) >= 0


@pytest.fixture
def world() -> World:
    return World()


def spread(count: int) -> Iterable[int]:
    return (int(n) for n in np.random.default_rng(1).integers(1, 2**63, count))


def test_rates_decay(world: World) -> None:
    for n in range(50):
        read = world.ask(NOW + n * 0.01)
    assert math.expm1(read("client_rate_10s")) == pytest.approx(50, rel=0.03)
    read = world.ask(NOW + 0.5 + 10 * math.log(2))
    assert math.expm1(read("client_rate_10s")) == pytest.approx(26, rel=0.05)
    assert math.expm1(read("client_rate_1h")) == pytest.approx(51, rel=0.01)


def test_unknown_stays_unknown(world: World) -> None:
    read = world.ask(NOW)
    for name in ("client_class", "gap_deviation", "fast_follow", "header_rarity", "client_errors", "object_step"):
        assert math.isnan(read(name)), name


def test_clockwork_and_people_pace_differently(world: World) -> None:
    for n in range(40):
        machine = world.ask(NOW + n * 2.0, client=11)
    assert machine("gap_deviation") < 0.05
    assert machine("gap_repeat") > 0.9
    assert machine("human_pace") == 0.0
    now = NOW
    for gap in np.random.default_rng(5).lognormal(2.37, 1.2, 60):
        now += min(float(gap), 600)
        person = world.ask(now, client=12)
    assert person("gap_deviation") > 0.6
    assert person("human_pace") == 1.0


def test_accounts_behind_an_address_count_against_its_established_clients(world: World) -> None:
    for n, account in enumerate(spread(30)):
        read = world.ask(NOW + n, account=account, client=90_000 + n * 7, is_session=0.0)
    attacker = math.expm1(read("accounts_per_address"))
    assert attacker > 18
    office = World()
    for n, account in enumerate(spread(30)):
        for visit in range(6):
            read = office.ask(NOW + n * 10 + visit, account=account if visit == 0 else 0, client=account)
    assert math.expm1(read("accounts_per_address")) < 3


def test_a_session_shows_its_addresses_and_its_changes_of_agent_or_handshake(world: World) -> None:
    for n, address in enumerate(spread(20)):
        read = world.ask(NOW + n, address=address, agent=n // 10 + 1, tls=n // 5 + 1, fingerprint=n % 3)
    assert math.expm1(read("client_addresses")) > 14
    assert math.expm1(read("client_fingerprints")) == pytest.approx(3, abs=0.01)


def test_failed_logins_are_told_apart_from_successes(world: World) -> None:
    for n in range(10):
        world.ask(NOW + n, account=77, is_login=1.0)
        assert world.answer(401, feedback.LOGIN_FAILED)
    read = world.ask(NOW + 11, account=77, is_login=1.0)
    for name in ("client_refusals", "address_refusals", "account_refusals", "network_refusals"):
        assert math.expm1(read(name)) == pytest.approx(10, rel=0.02), name
    assert read("client_errors") > 0.7
    world.answer(200, feedback.LOGIN_SUCCEEDED)
    read = world.ask(NOW + 12, account=77)
    assert read("account_refusals") == 0.0
    assert read("welcome") == 1.0


def test_fingerprint_whose_logins_fail_more_than_others(world: World) -> None:
    for n in range(200):
        bad = n % 2
        world.ask(NOW + n, fingerprint=500 + bad, client=1000 + n, is_login=1.0)
        world.answer(
            401 if bad or n % 4 else 200, feedback.LOGIN_FAILED if bad or n % 8 == 0 else feedback.LOGIN_SUCCEEDED
        )
    assert world.ask(NOW + 201, fingerprint=501)("fingerprint_excess") > 0.7
    assert world.ask(NOW + 202, fingerprint=500)("fingerprint_excess") < 0.2


def test_an_answer_counts_once_and_a_stopped_one_never(world: World) -> None:
    world.ask(NOW)
    assert world.answer(404)
    assert not world.answer(404)
    world.ask(NOW + 1)
    feedback.stopped(world.tables.arena, world.tables.offsets, np.uint64(world.count))
    assert not world.answer(403)
    assert math.expm1(world.ask(NOW + 2)("client_missing")) == pytest.approx(1, rel=0.01)


def test_ignored_retry_after(world: World) -> None:
    world.ask(NOW)
    world.answer(429, retry_at=NOW + 60)
    for n in range(5):
        read = world.ask(NOW + 1 + n)
    assert math.expm1(read("ignored_limits")) == pytest.approx(5, rel=0.01)
    assert math.expm1(world.ask(NOW + 61)("ignored_limits")) == pytest.approx(5, rel=0.03)


def test_walks_over_ids(world: World) -> None:
    for n, item in enumerate(spread(40)):
        walker = world.ask(NOW + n, client=21, object=item, object_number=1000.0 + n)
        reader = world.ask(NOW + n, client=22, object=item, object_number=float(item % 10_000))
    assert walker("object_step") > 0.95
    assert reader("object_step") < 0.2
    assert walker("fresh_objects") > 0.9
    assert math.expm1(walker("coverage")) == pytest.approx(40, rel=0.15)


def test_returning_to_objects_is_seen(world: World) -> None:
    favourites = list(spread(5))
    for n in range(60):
        read = world.ask(NOW + n, object=favourites[n % 5])
    assert read("fresh_objects") < 0.3


def test_a_new_visit_forgets_objects(world: World) -> None:
    for n, item in enumerate(spread(40)):
        world.ask(NOW + n, object=item)
    assert world.ask(NOW + 5000)("coverage") == 0.0


def test_order_of_calls_is_learned(world: World) -> None:
    for client in range(100):
        for step, route in enumerate((1.0, 2.0, 3.0)):
            usual = world.ask(NOW + client * 60 + step, client=1000 + client, route=route)
    assert not usual("route_surprise") > 3  # too few requests of one client to say
    for n in range(12):
        odd = world.ask(NOW + 9000 + n * 40, client=5, route=(3.0, 1.0)[n % 2])
    assert odd("route_surprise") > 2.5


def test_a_missing_prerequisite_is_seen(world: World) -> None:
    for client in range(230):
        world.ask(NOW + client * 30, client=1000 + client, route=7.0)
        read = world.ask(NOW + client * 30 + 1, client=1000 + client, route=8.0)
    assert read("prerequisite_missing") == 0.0
    assert world.ask(NOW + 9000, client=5, route=8.0)("prerequisite_missing") == 1.0


def test_rare_header_order_for_the_claimed_client(world: World) -> None:
    usual, unusual, *addresses = spread(302)
    for n, address in enumerate(addresses):
        common = world.ask(NOW + n, address=address, client=n + 1, order=usual)
    assert common("header_rarity") < 0.1
    assert world.ask(NOW + 400, client=5, order=unusual)("header_rarity") > 6


def test_one_address_does_not_teach_what_is_common(world: World) -> None:
    usual, forged, flooder, *addresses = spread(303)
    for n, address in enumerate(addresses):
        world.ask(NOW + n, address=address, client=n + 1, order=usual)
    for n, fingerprint in enumerate(spread(500)):
        seen = world.ask(NOW + 400 + n, address=flooder, client=9000 + n, fingerprint=fingerprint, order=forged)
    assert seen("header_rarity") > 5
    assert world.ask(NOW + 1000, client=5, order=usual)("header_rarity") < 0.1


def test_rotation_over_addresses(world: World) -> None:
    for n, address in enumerate(spread(150)):
        read = world.ask(NOW + n, address=address, client=n + 1, is_session=0.0)
    assert 0.8 < read("requests_per_rotation") < 1.4


def test_sessions_that_are_never_taken_up(world: World) -> None:
    for n in range(300):
        world.ask(NOW + n, client=1000 + n % 40)
    for n in range(30):
        read = world.ask(NOW + 300 + n, client=5, is_session=0.0)
    assert math.expm1(read("sessionless")) == pytest.approx(30, rel=0.01)


def test_honeypot_taints_client_and_address(world: World) -> None:
    world.ask(NOW, trap=1.0)
    read = world.ask(NOW + 1)
    assert read("client_taint") == pytest.approx(1, rel=0.01)
    assert world.ask(NOW + 2, client=99)("address_taint") == pytest.approx(1, rel=0.01)
    t = world.tables
    feedback.taint(t.arena, t.offsets, np.uint64(1 * 7919 << 33 | 1), -5.0)
    assert world.ask(NOW + 3)("client_taint") == 0.0


def test_time_going_backwards_changes_nothing_much(world: World) -> None:
    world.ask(NOW)
    read = world.ask(NOW - 3600)
    assert math.expm1(read("client_rate_10s")) == pytest.approx(2, rel=0.01)


def test_sessions_invented_for_one_call_are_seen(world: World) -> None:
    for n, (client, item) in enumerate(zip(spread(120), spread(120), strict=True)):
        read = world.ask(NOW + n * 0.2, client=client, object=item)
    assert math.expm1(read("fleeting_clients")) > 80
    family = World()
    for visit in range(6):
        for client in spread(20):
            read = family.ask(NOW + visit * 30, client=client)
    assert read("fleeting_clients") == 0.0


def test_a_batch_counts_as_its_operations(world: World) -> None:
    read = world.ask(NOW, operations=20.0)
    assert math.expm1(read("client_rate_10s")) == pytest.approx(20)
    assert math.expm1(read("address_rate_1m")) == pytest.approx(20)


def test_a_session_that_moves_to_another_network_and_program_at_once(world: World) -> None:
    for n in range(20):
        read = world.ask(NOW + 10.0 * n, client=5, wide=1 << 20, agent=7)
    assert math.expm1(read("session_moves")) == 0.0
    assert read("session_age") > 0.0
    read = world.ask(NOW + 300, client=5, wide=(1 << 20) + 2, agent=7)
    assert math.expm1(read("session_moves")) == 0.0, "another network alone is a journey"
    read = world.ask(NOW + 400, client=5, wide=(1 << 20) + 2, agent=8)
    assert math.expm1(read("session_moves")) == 0.0, "another program alone is an update"
    read = world.ask(NOW + 500, client=5, wide=(1 << 20) + 3, agent=9)
    assert math.expm1(read("session_moves")) == pytest.approx(1.0)
    for earned in ("session_age", "welcome", "human_pace", "static_share"):
        assert math.isnan(read(earned)), f"{earned} was earned by whoever had the session before"


def test_back_and_forth_within_a_minute_is_no_journey(world: World) -> None:
    for n in range(8):
        fast = world.ask(NOW + 10.0 * n, client=5, wide=(1 << 20) + n % 2)
        slow = world.ask(NOW + 100.0 * n, client=6, wide=(1 << 20) + n % 2)
    assert math.expm1(fast("session_moves")) > 5.0
    assert math.expm1(slow("session_moves")) == 0.0


def test_parameters_that_are_new_to_an_endpoint(world: World) -> None:
    usual, strange = 0x0000_0000_0002_0301, 0x0000_0000_0504_0301
    for number, client in enumerate(spread(250)):
        read = world.ask(NOW + number, client=client, parameters_1=usual)
    assert read("parameter_novelty") == 0.0
    assert math.expm1(world.ask(NOW + 300, client=3, parameters_1=strange)("parameter_novelty")) == pytest.approx(2)
    for n in range(500):  # one client teaches nothing by repeating itself
        read = world.ask(NOW + 400 + n, client=3, parameters_1=strange)
    assert math.expm1(read("parameter_novelty")) == pytest.approx(2)


def test_unknown_accounts_are_counted_for_each_established_client(world: World) -> None:
    for n in range(9):
        world.ask(NOW + n, is_login=1.0, account=n + 50)
        assert world.answer(404, feedback.LOGIN_UNKNOWN)
    read = world.ask(NOW + 10, is_login=1.0)
    assert math.expm1(read("unknown_accounts")) == pytest.approx(9, rel=0.02)
    assert math.expm1(read("address_refusals")) == pytest.approx(9, rel=0.02), "they are failed logins, too"


def test_answers_that_are_slow_for_their_endpoint(world: World) -> None:
    for number, client in enumerate(spread(200)):
        world.ask(NOW + number, client=client)
        world.answer(200, duration=0.1 * math.exp(0.3 * ((number % 5) - 2)))
    for n in range(30):
        read = world.ask(NOW + 300 + n, client=3)
        world.answer(200, duration=3.0, size=9)
    assert read("answer_slow") > 1.5
    assert read("answer_same") > 0.8
    assert math.isnan(world.ask(NOW + 400, client=4)("answer_slow"))


def test_a_device_cookie_that_never_comes_back(world: World) -> None:
    for number, client in enumerate(spread(60)):
        for n in range(3):
            read = world.ask(NOW + number + n / 10, client=client, device=1.0)
    assert read("device_missing") == 0.0
    for n in range(12):
        read = world.ask(NOW + 100 + n, client=3, device=0.0)
    assert math.expm1(read("device_missing")) == pytest.approx(12)
    assert math.isnan(world.ask(NOW + 200, client=4)("device_missing"))


def test_a_share_of_the_catalogue(world: World) -> None:
    for n, item in enumerate(spread(40)):
        read = world.ask(NOW + n, client=5, object=item, catalogue=100.0)
    assert read("catalogue_share") == pytest.approx(0.4, abs=0.1)
    assert math.isnan(world.ask(NOW + 99, client=6, object=5)("catalogue_share"))


def test_address_clocks_wrap_and_step_back_harmlessly(world: World) -> None:
    for n in range(50):
        read = world.ask(NOW + n * 0.01)
    read = world.ask(NOW - 100.0)
    assert math.expm1(read("address_rate_10s")) == pytest.approx(51, rel=0.05)
    read = world.ask(NOW + 600.0)
    assert math.expm1(read("address_rate_10s")) < 2.0
