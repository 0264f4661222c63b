"""Keys of partners: the same in every run of a seed, and in the files beside the world's configuration."""

from __future__ import annotations

from vedette.simulate.world import World

__all__ = ["COMPARERS", "PARTNER", "partner_key", "partners"]

PARTNER = "warehouse"
"""Name of the partner that every world's shop has, whoever else takes part."""
COMPARERS = 4
"""Programs of one part of the kind ``price_comparison``; every second has an agreement and so a key."""


def partner_key(world: World, name: str) -> str:
    """Give the key of a partner: 40 hexadecimal digits."""
    return f"{world.rng(f'partner key/{name}').getrandbits(160):040x}"


def partners(world: World) -> tuple[str, ...]:
    """Name the partners of a world's shop, each once and in order."""
    found = [PARTNER]
    for part in world.scenario.parts:
        if part.kind in ("partner", "nightly_sync"):
            found.append(part.name)
        elif part.kind == "price_comparison":
            found += [f"{part.name}-{number}" for number in range(0, COMPARERS, 2)]
    return tuple(dict.fromkeys(found))
