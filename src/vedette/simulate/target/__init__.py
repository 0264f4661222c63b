"""Fires a world at a running API: the same scripts as in a log, with real client programs, at a real address.

A *place* is the target, resolved once. On loopback each simulated address leaves from a loopback address of its own;
anywhere else nothing is fired before an edge there has given a *proof*, with the operator's drill key, that the drill
is wanted. ``pace`` keeps virtual time and the *limits* (requests a second, in all, and real time). A *call* becomes a
*message*, which the client's *program* (``curl``, ``aio`` or ``threads``) sends; the *crowd* keeps the connections of
each client, ``firing`` runs the scripts, and *figures* say what came of it.

Flow: world → arrivals → ``firing`` → ``message`` → ``crowd`` → answer → reply into the script, and into the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from vedette.doors.drill import Bounds, Refused
from vedette.errors import ConfigError
from vedette.simulate.calls import Arrivals
from vedette.simulate.ledger import Ledger
from vedette.simulate.target.crowd import Crowd
from vedette.simulate.target.figures import Figures
from vedette.simulate.target.firing import Firing, Record, Report
from vedette.simulate.target.pace import Limits, limits_of
from vedette.simulate.target.place import Place, can_bind, find_place
from vedette.simulate.target.programs import require
from vedette.simulate.target.proof import prove

__all__ = ["Figures", "fire"]

FASTEST = 100_000.0
KEY_LENGTH = 24
CONNECT_S = 5.0


class _Shop(Protocol):
    host: str


class _World(Protocol):
    """What is needed of a :class:`~vedette.simulate.world.World`."""

    end: float
    ledger: Ledger

    @property
    def shop(self) -> _Shop: ...
    def arrivals(self) -> Arrivals: ...


def fire(
    world: _World,
    url: str,
    *,
    key: str = "",
    speed: float = 1.0,
    rate: float | None = None,
    count: int | None = None,
    seconds: float | None = None,
    concurrent: int | None = None,
    ca: str = "",
    forwarded_for: bool = False,
    record: Record | None = None,
    report: Report | None = None,
) -> Figures:
    """Fire a world at ``url`` and return what came of it; Ctrl-C ends it at once, with what there is until then.

    Args:
        key: The operator's drill key; needed where the target is not loopback.
        speed: Virtual seconds in a real one.
        rate: Requests a second at most (50; on loopback 500). ``count`` in all (100,000), ``seconds`` of real time
            (600), ``concurrent`` calls under way (200).
        ca: File of certificate authorities; without it the system's, and on loopback none.
        forwarded_for: Put the simulated address into ``X-Forwarded-For``, for an edge that trusts loopback as a proxy.
        record: Called with each call as it was sent (real time, address and header fields that the target saw) and
            its reply, in the order in which replies came.
        report: Called once a second with the figures so far.

    Raises:
        ConfigError: A flag is not usable, a library is missing, or the target is not loopback and did not prove that
            the drill is wanted. Nothing has been sent then but that question.
    """
    if not 0.0 < speed <= FASTEST:
        raise ConfigError([f"--speed: not usable, {speed:g}, use more than 0 and at most {FASTEST:g}"])
    require()
    place = find_place(url, ca)
    limits = limits_of(is_loopback=place.is_loopback, rate=rate, count=count, seconds=seconds, concurrent=concurrent)
    figures = Figures(ledger=world.ledger)
    if place.is_loopback:
        try:
            socket.create_connection((place.address, place.port), CONNECT_S).close()
        except OSError as error:
            figures.ended, figures.detail = "unanswered", f"{place.origin}: {error.strerror or error}"
            return figures
    else:
        _check_remote(place, key, forwarded_for=forwarded_for)
    return asyncio.run(
        _fire(
            world, place, key, limits, figures, speed=speed, forwarded_for=forwarded_for, record=record, report=report
        )
    )


def _check_remote(place: Place, key: str, *, forwarded_for: bool) -> None:
    if not key:
        known = place.address if place.host == place.address else f"{place.host} is {place.address}"
        raise ConfigError(
            [
                f"--target: not a loopback address, {known}, set drill.key at the Vedette edge there and give the same "
                "as --key, or aim at 127.0.0.1"
            ]
        )
    if len(key) < KEY_LENGTH:
        raise ConfigError([f"--key: too short, {len(key)} characters, at least {KEY_LENGTH}, as at the edge"])
    if forwarded_for:
        raise ConfigError(["--forwarded-for: not usable, the target is not on this machine, nobody there trusts us"])


async def _fire(
    world: _World,
    place: Place,
    key: str,
    limits: Limits,
    figures: Figures,
    *,
    speed: float,
    forwarded_for: bool,
    record: Record | None,
    report: Report | None,
) -> Figures:
    consent: Callable[[], Awaitable[Bounds]] | None = None
    if not place.is_loopback:
        try:
            limits = limits.within(await prove(place, key))
        except Refused as refused:
            raise ConfigError(
                [
                    f"--target: {place.origin} does not prove that a drill is wanted there, {refused}, "
                    "set drill.key at the Vedette edge there, give the same key, and set both clocks"
                ]
            ) from None
        consent = partial(prove, place, key)
    binds = place.is_loopback and not place.is_ipv6 and can_bind()
    figures.notes += _notes(place, binds=binds, forwarded_for=forwarded_for, speed=speed)
    loop = asyncio.get_running_loop()
    crowd = Crowd(place, binds=binds, now=loop.time)
    firing = Firing(
        world.arrivals(),
        place,
        crowd,
        limits,
        figures,
        shop=world.shop.host,
        end=world.end,
        speed=speed,
        forwarded_for=forwarded_for,
        consent=consent,
        record=record,
        report=report,
    )
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
        loop.add_signal_handler(signal.SIGINT, firing.end, "interrupted")
    await firing.run()
    return figures


def _notes(place: Place, *, binds: bool, forwarded_for: bool, speed: float) -> list[str]:
    notes = []
    if speed > 1.0:
        notes.append(f"everybody was {speed:g} times as hasty as in life: what was stopped of people says nothing")
    if binds:
        notes.append("each simulated address was a loopback address of its own")
    else:
        notes.append("all calls came from one address of this machine")
    if forwarded_for:
        notes.append("simulated addresses were in X-Forwarded-For")
    if place.scheme == "https" and not place.ca:
        notes.append("the target's certificate was not looked at")
    return notes
