from __future__ import annotations

import pytest

from vedette.collect.endpoints import Router
from vedette.config import load
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.settings import CANARY_ACCOUNTS, configuration
from vedette.simulate.shop import DIALECTS, ENDPOINTS
from vedette.simulate.world import World

PARTS = (Part(section="people", kind="web", name="web", count=1),)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_configuration_of_a_world_is_valid_and_finds_every_endpoint(dialect, tmp_path):
    world = World(Scenario(name="mine", dialect=dialect, parts=PARTS), 1)
    file = tmp_path / "mine.vedette.yaml"
    file.write_text(configuration(world), encoding="utf-8")
    config = load(file)
    assert {endpoint.name for endpoint in config.endpoints} == set(ENDPOINTS)
    assert config.honeypots.accounts == CANARY_ACCOUNTS
    ids = {"number": 3, "category": "boots", "order": "17", "slug": "a-b", "file": "x.js", "q": "tent"}
    router = Router(config.endpoints)
    for name, endpoint in ENDPOINTS.items():
        path, _ = world.shop.url(name, dict(ids))
        found, _ = router.find(endpoint.method, world.shop.host, path)
        assert found.name == name, (name, path, found.name)
        assert found.purpose == endpoint.purpose
