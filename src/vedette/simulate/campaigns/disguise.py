"""What the clients of a campaign look like: a library, a library with a browser's fields, or the browser itself."""

from __future__ import annotations

import random

from vedette.simulate.campaigns.traits import Traits
from vedette.simulate.clients import Client, Handshake, Stack
from vedette.simulate.languages import draw_language
from vedette.simulate.networks import Address
from vedette.simulate.people.apps import device_id
from vedette.simulate.people.persons import Person
from vedette.simulate.people.traits import draw_traits
from vedette.simulate.world import World
from vedette.types import Headers

__all__ = ["Disguise"]

_COPIES = 12
"""Headers of so many browsers are copied at most."""
_OFTEN_LOST = (
    "sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user priority upgrade-insecure-requests te "
    "sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform accept-language"
).split()
_CROWD = 400
"""So many people's devices are drawn before the same ones are met again."""
_FAITHFUL = 0.8
"""How often people take the device that they like better."""


class Disguise:
    """The stacks of one campaign with one set of tools.

    Attributes:
        is_app: The clients pass for the shop's app rather than for browsers.
    """

    def __init__(self, world: World, rng: random.Random, level: int, traits: Traits, *, is_app: bool = False) -> None:
        self._world = world
        self._level = level
        self._traits = traits
        self.is_app = is_app
        self._model = "app" if is_app else "browser"
        self._older: dict[str, Handshake | None] = {}
        self._stacks: list[Stack] = []
        self._crowd: list[Stack] = []
        if level == 1:
            self._stacks = self._plain(rng)
        elif level == 2:
            self._stacks = self._copied(rng)

    def client(self, rng: random.Random, place: Address) -> Client:
        """Make the client of a new identity."""
        stack = rng.choice(self._stacks) if self._stacks else self._impersonated(rng)
        home = self._world.scenario.country
        language = draw_language(rng, home, stack.family, stack.major) if self._traits.speaks_home else ""
        client = Client.make(stack, place, rng, language)
        if self.is_app and (self._level > 1 or stack.user_agent.startswith("ShopApp")):
            client.device = device_id(rng)
            client.extra = (("x-device-id", client.device),)
        if self._traits.old_tls and self._level == 3 and not self.is_app:
            older = self._older_handshake(stack)
            if older is not None:
                client.replace_tls(older, rng)
        return client

    # -- level 1 ------------------------------------------------------------------------------------------------------

    def _plain(self, rng: random.Random) -> list[Stack]:
        world = self._world
        found = [world.stacks.draw(rng, "library", without=world.without) for _ in range(1 + (rng.random() < 0.15))]
        if rng.random() < 0.5:
            return found
        agent = world.stacks.draw(rng, self._model, without=world.without).user_agent
        return [_with_agent(stack, agent) for stack in found]

    # -- level 2 ------------------------------------------------------------------------------------------------------

    def _copied(self, rng: random.Random) -> list[Stack]:
        world = self._world
        library = world.stacks.draw(rng, "library", without=world.without)
        protocol = library.protocol if rng.random() < 0.85 else "1.1"
        order = rng.choices(("kept", "alphabetical", "library first"), (0.5, 0.2, 0.3))[0]
        forgets = 0.0 if rng.random() < 0.4 else 0.3
        lost = frozenset(name for name in _OFTEN_LOST if rng.random() < forgets)
        is_titled = protocol == "1.1" and rng.random() < 0.5
        mismatched = rng.random() < 0.4
        keeps_extra_host = protocol == "1.1"

        def rewrite(fields: Headers) -> Headers:
            kept = [
                (name, value) for name, value in fields if name.lower() not in lost and name.lower() not in _CONNECTION
            ]
            if order == "alphabetical":
                kept.sort(key=lambda field: field[0].lower())
            elif order == "library first":
                kept.sort(key=lambda field: field[0].lower() not in _LIBRARY_FIRST)
            if keeps_extra_host:
                kept = [("Host", "{host}"), *kept, ("Connection", "keep-alive")]
            if protocol == "2":
                return tuple((name.lower(), value) for name, value in kept)
            return tuple((name.title() if is_titled and name[0] != "{" else name, value) for name, value in kept)

        copies = []
        for _ in range(rng.choice((1, 3, _COPIES))):
            browser = world.stacks.draw(rng, self._model, without=world.without)
            agent = world.stacks.draw(rng, self._model, without=world.without).user_agent if mismatched else ""
            headers = {kind: rewrite(fields) for kind, fields in browser.headers.items()}
            stack = library.dressed(headers, user_agent=agent or browser.user_agent, protocol=protocol)
            copies.append(_with_agent(stack, agent) if agent else stack)
        return copies

    # -- level 3 ------------------------------------------------------------------------------------------------------

    def _impersonated(self, rng: random.Random) -> Stack:
        """Draw as people do: the same devices in the same shares, phones first or computers first."""
        world = self._world
        if self.is_app:
            return world.stacks.draw(rng, "app", without=world.without)
        if len(self._crowd) == _CROWD:
            return self._crowd[int(_CROWD * rng.random())]
        person = Person(number=0, seed=rng.getrandbits(64), is_known=False, account="", has_account=False)
        habits = draw_traits(world, person)
        stack = habits.phone if habits.is_phone_first == (rng.random() < _FAITHFUL) else habits.computer
        self._crowd.append(stack)
        return stack

    def _older_handshake(self, stack: Stack) -> Handshake | None:
        """The handshake that this browser had some versions ago, if it was another one."""
        if stack.name not in self._older:
            others = [
                other
                for other in self._world.stacks.family(stack.family)
                if other.major < stack.major and other.tls is not stack.tls and other.kind == stack.kind
            ]
            self._older[stack.name] = max(others, key=lambda other: other.major).tls if others else None
        return self._older[stack.name]


_CONNECTION = frozenset({"host", "connection"})
_LIBRARY_FIRST = frozenset({"user-agent", "accept-encoding", "accept"})


def _with_agent(stack: Stack, agent: str) -> Stack:
    """The same stack under another name."""

    def renamed(fields: Headers) -> Headers:
        if not any(name.lower() == "user-agent" for name, _ in fields):
            return (("User-Agent" if stack.protocol != "2" else "user-agent", agent), *fields)
        return tuple((name, agent if name.lower() == "user-agent" else value) for name, value in fields)

    headers = {kind: renamed(fields) for kind, fields in stack.headers.items()}
    return stack.dressed(headers, user_agent=agent)
