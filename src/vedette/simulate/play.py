"""Runs scripts in virtual time: every call in order, each reply sent into the script that asked."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace

from vedette.simulate.calls import Arrivals, Call, Counterpart, Reply, Script

__all__ = ["play"]


def play(arrivals: Arrivals, counterpart: Counterpart, end: float = float("inf")) -> Iterator[tuple[Call, Reply]]:
    """Run all scripts until they end, or until ``end``; yield each call with its reply in order of time.

    ``arrivals`` come in order of time and are started only when their time has come, so memory holds the scripts that
    are under way and nothing else. A call that a script dates before its last one is made right after that.
    """
    waiting: list[tuple[float, int, Call, Script]] = []
    number = 0
    upcoming = next(arrivals, None)
    while waiting or upcoming is not None:
        if upcoming is not None and (not waiting or upcoming[0] <= waiting[0][0]):
            at, script = upcoming
            upcoming = next(arrivals, None)
            if at >= end:
                upcoming = None
                continue
            call = next(script, None)
            if call is not None:
                number += 1
                call.at = max(call.at, at)
                heappush(waiting, (call.at, number, call, script))
            continue
        at, _, call, script = waiting[0]
        if at >= end:
            return
        reply = counterpart(call)
        yield call, reply
        try:
            following = script.send(reply)
        except StopIteration:
            heappop(waiting)
            continue
        number += 1
        if following.at < at:
            following.at = at
        heapreplace(waiting, (following.at, number, following, script))
