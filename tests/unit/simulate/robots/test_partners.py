from __future__ import annotations

from vedette.simulate.calls import Reply
from vedette.simulate.robots.keys import partner_key
from vedette.simulate.robots.partners import partner_clients
from vedette.simulate.scenario import Scenario
from vedette.simulate.world import World


def test_a_partner_has_a_key_one_library_and_one_or_two_addresses(robots):
    for seed in (901, 902, 903):
        world, made = robots("partner", 600, seed=seed)
        assert len(made) == 600
        assert {headers["x-api-key"] for *_, headers in made} == {partner_key(world, "partner")}
        assert len({headers["user-agent"] for *_, headers in made}) == 1
        assert 1 <= len({address for _, _, address, _ in made}) <= 2
        assert {call.endpoint for call, *_ in made} == {"export", "product", "price"}


def test_most_is_read_by_night(robots):
    world, made = robots("partner", 3000)
    by_night = sum(1.0 <= (call.at - world.start) / 3600 < 5.0 for call, *_ in made)
    assert by_night / len(made) > 0.8
    assert any((call.at - world.start) / 3600 > 8.0 for call, *_ in made)


def test_a_world_without_a_night_is_read_at_once(robots):
    world, made = robots("partner", 300, lasts_s=1800.0)
    assert len(made) == 300
    assert made[0][0].at < world.start + 60.0


def test_the_rate_is_steady_and_429_is_honoured(robots):
    world, made = robots("partner", 400)
    gaps = [b[0].at - a[0].at for a, b in zip(made, made[1:], strict=False) if a[0].truth == b[0].truth]
    middle = sorted(gaps)[len(gaps) // 2]
    assert sorted(gaps)[int(len(gaps) * 0.9)] < 6 * middle
    _, slowed = robots("partner", 30, lasts_s=7200.0, answer=lambda call: Reply(429, call.at + 0.1, retry_after_s=40.0))
    gaps = [b[0].at - a[0].at for a, b in zip(slowed, slowed[1:], strict=False) if a[0].truth == b[0].truth]
    assert min(gaps) > 40.0


def test_machines_of_a_partner_last():
    world = World(Scenario(name="mine"), 4)
    first, again = ([client.address for client in partner_clients(world, "east")] for _ in range(2))
    assert first == again
