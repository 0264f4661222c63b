"""The ``vedette.yaml`` of a world's shop: what its operator would have written."""

from __future__ import annotations

from typing import Any

import yaml

from vedette.simulate.shop import ENDPOINTS
from vedette.simulate.world import World

__all__ = ["CANARY_ACCOUNTS", "DECOY_PATHS", "configuration"]

DECOY_PATHS = ("/api/internal/export", "/admin/backup.zip", "/.env")
CANARY_ACCOUNTS = ("canary.4711@example.com", "k.winter.0815@example.com")
_SINGLE = frozenset({"id", "order", "category", "file", "slug"})


def configuration(world: World) -> str:
    """Write the configuration: endpoints with their purposes, where sessions are, and the operator's honeypots."""
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
    document = {
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
    head = f"# The shop of the simulated world {world.scenario.name}, seed {world.seed}.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
