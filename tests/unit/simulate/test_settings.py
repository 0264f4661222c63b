from __future__ import annotations

import json

import pytest

from vedette.collect.endpoints import Router
from vedette.config import load
from vedette.simulate.robots.keys import partner_key
from vedette.simulate.robots.signing import AGENTS
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.settings import CANARY_ACCOUNTS, configuration, key_files
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


def test_partners_and_signed_agents_are_known_by_files_that_lie_beside(tmp_path):
    parts = (
        Part(section="robots", kind="signed_agent", name="agents", count=1),
        Part(section="robots", kind="partner", name="East & Co. 7", count=1),
    )
    world = World(Scenario(name="mine", parts=parts), 1)
    (tmp_path / "elsewhere").mkdir()
    for name, text in key_files(world, "mine").items():
        assert name.startswith("mine.")
        (tmp_path / "elsewhere" / name).write_text(text, encoding="utf-8")
    file = tmp_path / "elsewhere" / "mine.vedette.yaml"
    text = configuration(world, "mine")
    file.write_text(text, encoding="utf-8")
    config = load(file)
    assert {partner.name: partner.api_key.value for partner in config.partners} == {
        name: partner_key(world, name) for name in ("warehouse", "East & Co. 7")
    }
    assert [agent.signature_agent for agent in config.good_bots.agents] == [agent.url for agent in AGENTS]
    for agent in config.good_bots.agents:
        keys = json.loads((file.parent / agent.keys.removeprefix("file:")).read_text())
        assert len(keys["keys"]) == 1
    assert not any(partner_key(world, name) in text for name in ("warehouse", "East & Co. 7"))


def test_names_that_files_cannot_have_stay_apart():
    parts = tuple(Part(section="robots", kind="partner", name=name, count=1) for name in ("a/b", "a b", "A_b", "a_b"))
    files = key_files(World(Scenario(name="mine", parts=parts), 1), "mine")
    assert len(files) == 5
    assert len(set(files.values())) == 5
    assert all("/" not in name and " " not in name for name in files)
