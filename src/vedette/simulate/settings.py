"""The ``vedette.yaml`` of a world's shop, and the keys beside it: what its operator would have written."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import yaml

from vedette.simulate.robots.keys import partner_key, partners
from vedette.simulate.robots.signing import agents, jwks
from vedette.simulate.shop import ENDPOINTS
from vedette.simulate.world import World

__all__ = ["CANARY_ACCOUNTS", "DECOY_PATHS", "configuration", "key_files"]

DECOY_PATHS = ("/api/internal/export", "/admin/backup.zip", "/.env")
CANARY_ACCOUNTS = ("canary.4711@example.com", "k.winter.0815@example.com")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_PARTNER_LIMIT, _AGENT_LIMIT = "600/minute", "60/minute"


def key_files(world: World, stem: str) -> Mapping[str, str]:
    """Give the files that the configuration names, by name: a partner's key, a signed agent's public keys."""
    found = {f"{stem}.{_plain(name)}.key": partner_key(world, name) + "\n" for name in partners(world)}
    return found | {f"{stem}.{name}.jwks.json": text for name, text in jwks(world).items()}


def _plain(name: str) -> str:
    """Keep of a name what every file system takes, and tell apart what then looks alike."""
    kept = "".join(letter if letter in _PLAIN else "_" for letter in name)
    return kept if kept == name else f"{kept}-{blake2b(name.encode(), digest_size=3).hexdigest()}"


def configuration(world: World, stem: str = "") -> str:
    """Write the configuration: endpoints with their purposes, where sessions are, who is known, and honeypots.

    Args:
        stem: Of the names of the files in :func:`key_files`, which lie beside the configuration; without it nobody is
            known, so that the text stands alone.
    """
    shop = world.shop
    endpoints: list[dict[str, Any]] = []
    for name, endpoint in ENDPOINTS.items():
        path = shop.template(name).partition("?")[0].replace("{slug}-{id}", "{id}")
        entry: dict[str, Any] = {"name": name, "match": f"{endpoint.method} {path}", "purpose": endpoint.purpose}
        if endpoint.purpose == "product" and "{id}" in path:
            entry["object"] = "path.id"
        elif endpoint.purpose == "product" and "sku={id}" in shop.template(name):
            entry["object"] = "query.sku"
        elif name == "order":
            entry["object"] = "path.order"
        if name == "login":
            entry["account"] = "body.email"
            entry["success"] = f"status == {endpoint.ok}"
        endpoints.append(entry)
    # Paths without names in braces first: the first match wins.
    endpoints.sort(key=lambda entry: entry["match"].count("{"))
    document: dict[str, Any] = {
        "mode": "monitor",
        "upstream": "http://127.0.0.1:8000",
        "endpoints": endpoints,
        "identity": {
            "session": [f"cookie.{shop.cookie}", "header.authorization"],
            "device": "header.x-device-id",
            "api_key": "header.x-api-key",
        },
        "honeypots": {"paths": list(DECOY_PATHS), "accounts": list(CANARY_ACCOUNTS)},
    }
    if stem:
        document["partners"] = [
            {"name": name, "api_key": f"file:{stem}.{_plain(name)}.key", "limit": _PARTNER_LIMIT}
            for name in partners(world)
        ]
        if known := agents(world):
            document["good_bots"] = {
                "agents": [
                    {
                        "name": agent.name,
                        "signature_agent": agent.url,
                        "keys": f"file:{stem}.{agent.name}.jwks.json",
                        "limit": _AGENT_LIMIT,
                    }
                    for agent in known
                ]
            }
    head = f"# The shop of the simulated world {world.scenario.name}, seed {world.seed}.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
