"""How bots speak HTTP: their header fields, composed, over the handshake of the nearest stack that is known.

No source publishes the handshakes of crawlers, so each borrows one: a rendering crawler that of Chrome, the others
that of the library they resemble. The fields follow what operators document (``From``, ``Accept``, no language).
"""

from __future__ import annotations

import random
from functools import lru_cache

from msgspec.structs import replace

from vedette.simulate.clients import Client, Stack, Stacks
from vedette.simulate.networks import Address
from vedette.simulate.robots.claims import Claim, place
from vedette.simulate.world import World
from vedette.types import Headers

__all__ = ["bot", "bot_stack", "field", "library", "own_stack"]

_PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_JSON = "application/json, text/plain, */*"
_LIBRARIES = ("python-requests", "httpx", "java", "axios", "node", "aiohttp")
"""What people write clients of APIs in."""


def bot(world: World, rng: random.Random, claim: Claim, where: Address | None = None) -> Client:
    """Make a client of a bot at one of its own addresses."""
    at = 0 if len(claim.user_agents) == 1 or rng.random() < 0.6 else rng.randrange(len(claim.user_agents))
    stack = bot_stack(world.stacks, claim, claim.user_agents[at])
    return Client.make(stack, where or place(world.networks, rng, claim), rng, "en-US,en;q=0.5")


def bot_stack(stacks: Stacks, claim: Claim, user_agent: str) -> Stack:
    """Give the stack of a bot under one of its User-Agents."""
    return own_stack(stacks, claim.name, user_agent, claim.speaks, claim.sender)


@lru_cache(maxsize=512)
def own_stack(stacks: Stacks, name: str, user_agent: str, speaks: str, sender: str = "") -> Stack:
    """Compose a stack with a User-Agent of its own over the handshake of a family.

    A stack that says in its User-Agent that it is a browser sends pages' fields of one; it has no cookies.
    """
    like = _like(stacks, speaks)
    user_agent = user_agent.replace("{chrome}", str(_usual(stacks, "chrome").major))
    layout = _rendering if "Chrome/" in user_agent and like.family == "chrome" else _plain
    headers = layout(user_agent, sender)
    if like.protocol == "2":
        headers = {
            kind: tuple((field.lower(), value) for field, value in fields if field not in ("Host", "Connection"))
            for kind, fields in headers.items()
        }
    dressed = like.dressed(headers, user_agent=user_agent)
    return replace(dressed, name=f"{name}: {user_agent}", kind="bot", family=name, is_mobile=False)


def field(client: Client, name: str, value: str) -> tuple[str, str]:
    """Write a field as the client's protocol does: in lower case where it is HTTP/2."""
    return (name.lower() if client.protocol == "2" else name), value


def library(world: World, rng: random.Random) -> Stack:
    """Draw a library that a partner's program is written with, under the library's own name."""
    families = [family for family in (*_LIBRARIES, "go") if family not in world.without]
    return world.stacks.draw(rng, "library", families=families, without=world.without)


def _usual(stacks: Stacks, family: str) -> Stack:
    return max(
        (stack for stack in stacks.family(family) if not stack.is_mobile), key=lambda stack: (stack.weight, stack.name)
    )


def _like(stacks: Stacks, family: str) -> Stack:
    if family in ("chrome", "safari"):
        return _usual(stacks, family)
    found = stacks.family(family) or stacks.family("curl")
    return found[0]


def _plain(user_agent: str, sender: str) -> dict[str, Headers]:
    after: Headers = (("From", sender),) if sender else ()
    head: Headers = (("Host", "{host}"), ("Connection", "keep-alive"))
    tail: Headers = (*after, ("User-Agent", user_agent), ("Accept-Encoding", "gzip, deflate, br"), ("{extra}", ""))
    body: Headers = (("Authorization", "{authorization}"), ("Content-Type", "{type}"), ("Content-Length", "{length}"))
    kinds = {"navigate": _PAGE, "fetch": "*/*", "asset": "*/*", "api": _JSON}
    return {kind: (*head, *body, ("Accept", accept), *tail) for kind, accept in kinds.items()}


def _rendering(user_agent: str, sender: str) -> dict[str, Headers]:
    after: Headers = (("From", sender),) if sender else ()
    head: Headers = (("Host", "{host}"), ("Connection", "keep-alive"))
    kinds = {"navigate": _PAGE, "fetch": "*/*", "asset": "image/avif,image/webp,*/*;q=0.8", "api": _JSON}
    return {
        kind: (
            *head,
            ("Content-Length", "{length}"),
            ("Content-Type", "{type}"),
            ("Accept", accept),
            *after,
            ("User-Agent", user_agent),
            ("{extra}", ""),
            *((("Referer", "{referer}"),) if kind != "navigate" else ()),
            ("Accept-Encoding", "gzip, deflate, br"),
        )
        for kind, accept in kinds.items()
    }
