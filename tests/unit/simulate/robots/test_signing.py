from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vedette.simulate.robots.signing import AGENTS, agents, jwks, signer
from vedette.simulate.scenario import Part, Scenario
from vedette.simulate.world import World

PARTS = (Part(section="robots", kind="signed_agent", name="agents", count=1),)


def verify(keys, authority, method, path, headers, now):
    """Verify as a reader of RFC 9421 would, from the fields and the key set alone; raises if it does not hold."""
    label, params = headers["signature-input"].split("=", 1)
    covered, rest = re.fullmatch(r"\((.*?)\)(;.*)", params).groups()
    known = dict(re.findall(r';(\w+)=(?:"([^"]*)"|\d+)', rest))
    numbers = dict(re.findall(r";(\w+)=(\d+)", rest))
    assert known["tag"] == "web-bot-auth"
    assert known["alg"] == "ed25519"
    assert int(numbers["created"]) <= now < int(numbers["expires"])
    assert int(numbers["expires"]) - int(numbers["created"]) <= 86_400
    own = {"@authority": authority, "@method": method, "@path": path}
    lines = []
    for component in covered.split(" "):
        name, member = re.fullmatch(r'"([^"]+)"(?:;key="([^"]+)")?', component).groups()
        if name == "signature-agent":
            value = headers[name]
            if member:
                value = dict(part.split("=", 1) for part in value.split(", "))[member]
            lines.append(f"{component}: {value}")
        else:
            lines.append(f"{component}: {own[name]}")
    lines.append(f'"@signature-params": {params}')
    key = next(key for key in keys["keys"] if key["kid"] == known["keyid"])
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "="))
    sent = re.fullmatch(rf"{label}=:(.+):", headers["signature"])[1]
    public.verify(b64decode(sent), "\n".join(lines).encode())
    return known["nonce"]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.form)
def test_a_signature_holds_for_its_call_and_for_no_other(agent):
    world = World(Scenario(name="mine", parts=PARTS), 5)
    keys = json.loads(jwks(world)[agent.name])
    headers = dict(signer(world, agent).fields("shop.example", "GET", "/api/cart", 1000, "bm9uY2U="))
    assert verify(keys, "shop.example", "GET", "/api/cart", headers, 1001.0) == "bm9uY2U="
    with pytest.raises(InvalidSignature):
        verify(keys, "other.example", "GET", "/api/cart", headers, 1001.0)
    if "@path" in agent.covers:
        with pytest.raises(InvalidSignature):
            verify(keys, "shop.example", "GET", "/api/checkout", headers, 1001.0)
    other = World(Scenario(name="mine", parts=PARTS), 6)
    with pytest.raises(StopIteration):
        verify(json.loads(jwks(other)[agent.name]), "shop.example", "GET", "/api/cart", headers, 1001.0)


def test_each_of_the_three_forms_is_sent():
    world = World(Scenario(name="mine", parts=PARTS), 5)
    sent = [dict(signer(world, agent).fields("a.example", "GET", "/", 1, "n"))["signature-agent"] for agent in AGENTS]
    assert sent == [
        '"https://errand.example"',
        'agent2="https://agents.basket.example"',
        'lookup="https://lookup.example/.well-known/keys.json"',
    ]
    assert {agent.form for agent in AGENTS} == {"string", "dictionary", "keys"}


def test_key_sets_hold_public_keys_of_one_agent_each():
    world = World(Scenario(name="mine", parts=PARTS), 5)
    found = jwks(world)
    assert list(found) == [agent.name for agent in AGENTS]
    for text in found.values():
        (key,) = json.loads(text)["keys"]
        assert set(key) == {"kty", "crv", "kid", "x", "use", "nbf", "exp"}
        assert key["nbf"] < world.start < world.end < key["exp"]
    assert found == jwks(World(Scenario(name="mine", parts=PARTS), 5))


def test_worlds_without_signed_agents_have_no_keys():
    world = World(Scenario(name="mine"), 5)
    assert agents(world) == ()
    assert jwks(world) == {}


def test_agents_at_work_sign_every_call_with_a_nonce_of_its_own(robots):
    world, made = robots("signed_agent", 120)
    sets = {
        agent.name: json.loads(text) for agent in AGENTS for name, text in jwks(world).items() if name == agent.name
    }
    nonces = set()
    for call, _, _, headers in made:
        name = next(agent.name for agent in AGENTS if agent.url in headers["signature-agent"])
        nonces.add(verify(sets[name], world.shop.host, call.method, call.path, headers, call.at))
    assert len(made) == len(nonces) == 120
