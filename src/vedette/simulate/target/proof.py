"""Asks an edge whether a drill is wanted there, with the operator's drill key; see ``vedette.doors.drill``."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

import msgspec

from vedette.doors.drill import PATH, Bounds, Refused, ask, bounds_of
from vedette.simulate.target.place import Place

__all__ = ["prove"]

TRIES = 5
PAUSE_S = 0.5
"""Between tries: an edge that could not decide in time lets a proof pass to the API, as any other request."""
TIMEOUT_S = 5.0
_ANSWER_BYTES = 4096


async def prove(place: Place, key: str, *, clock: Callable[[], float] = time.time) -> Bounds:
    """Return what the edge permits; raises :class:`Refused` where it does not answer with a proof of its own."""
    reason = ""
    for number in range(TRIES):
        if number:
            await asyncio.sleep(PAUSE_S)
        try:
            return await asyncio.to_thread(_ask, place, key, clock())
        except (Refused, OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    raise Refused(reason)


def _ask(place: Place, key: str, now: float) -> Bounds:
    asked = ask(key, place.authority, now, secrets.token_urlsafe(24))
    with socket.create_connection((place.address, place.port), TIMEOUT_S) as raw:
        connection = HTTPConnection(place.host, place.port, timeout=TIMEOUT_S)
        connection.sock = (
            place.context().wrap_socket(raw, server_hostname=place.host) if place.scheme == "https" else raw
        )
        try:
            headers = {"Host": place.authority, "Content-Type": "application/json", "Cache-Control": "no-store"}
            connection.request("POST", PATH, msgspec.json.encode(asked), headers)
            answer = connection.getresponse()
            body = answer.read(_ANSWER_BYTES)
        finally:
            connection.close()
    if answer.status != 202:
        raise Refused(f"answered {answer.status}, as where no drill key is configured, or another")
    return bounds_of(key, asked, body)
