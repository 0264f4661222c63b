"""Runs the scripts of a world against a target: each call at its virtual time, its reply into the script that asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

from msgspec.structs import replace

from vedette.doors.drill import Bounds, Refused
from vedette.simulate.calls import Arrival, Arrivals, Call, Reply, Script, Word
from vedette.simulate.target.crowd import Crowd
from vedette.simulate.target.figures import Ended, Figures
from vedette.simulate.target.message import Answer, Message, is_stop, message_of, reply_of
from vedette.simulate.target.pace import Clock, Limits, Pace
from vedette.simulate.target.place import Place

__all__ = ["Firing", "Record", "Report"]

SCRIPTS = 5000
"""Scripts under way at once; who arrives when there are as many waits."""
LATE_S = 0.05
UNANSWERED = 50
"""So many calls in a row without an answer end the drill."""
RENEW_S = 50.0
"""A proof is asked for anew before the last one is a minute old."""
REPORT_S = 1.0
LAST_ANSWERS_S = 5.0

Record = Callable[[Call, Reply], None]
"""Takes each call as it was sent (real time, the address and the fields that the target saw) and its reply."""
Report = Callable[[Figures], None]


class Firing:
    """One drill.

    Args:
        shop: Host of the modelled shop, which becomes the target's.
        end: Virtual time after which no call is made.
        consent: Asks the edge again; ``None`` on a loopback target.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        place: Place,
        crowd: Crowd,
        limits: Limits,
        figures: Figures,
        *,
        shop: str,
        end: float,
        speed: float,
        forwarded_for: bool,
        consent: Callable[[], Awaitable[Bounds]] | None,
        record: Record | None,
        report: Report | None,
    ) -> None:
        self._arrivals = arrivals
        self._place, self._crowd, self._limits, self._figures = place, crowd, limits, figures
        self._shop, self._end, self._speed, self._forwarded_for = shop, end, speed, forwarded_for
        self._consent, self._record, self._report = consent, record, report
        self._scripts: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None
        self._ended: Ended | None = None
        self._sent = 0
        self._silence = 0
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Fire until the world or a bound ends it; what was counted until then is in the figures."""
        loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(SCRIPTS)
        self._slots = asyncio.Semaphore(self._limits.concurrent)
        self._pace = Pace(self._limits.rate, loop.time)
        began = loop.time()
        first = next(self._arrivals, None)
        if first is None:
            return
        self._clock = Clock(first[0], self._speed, loop.time)
        timer = loop.call_later(self._limits.seconds, self.end, "time")
        others = [loop.create_task(self._feed(chain((first,), self._arrivals))), loop.create_task(self._tidy())]
        if self._consent is not None:
            others.append(loop.create_task(self._renew(self._consent)))
        for task in others:
            task.add_done_callback(self._note_error)
        try:
            await self._stop.wait()
        finally:
            timer.cancel()
            await self._finish(others)
            self._figures.ended = self._ended or "interrupted"
            self._figures.seconds = loop.time() - began
            self._figures.replaced = dict(self._crowd.replaced)
        if self._error is not None:
            raise self._error

    def end(self, why: Ended, detail: str = "") -> None:
        """End the drill; the first reason counts."""
        if self._ended is None:
            self._ended, self._figures.detail = why, detail
        self._stop.set()

    # -- who arrives

    async def _feed(self, arrivals: Iterator[Arrival]) -> None:
        for at, script in arrivals:
            if at >= self._end:
                break
            await self._clock.until(at)
            await self._places.acquire()
            task = asyncio.get_running_loop().create_task(self._play(at, script))
            self._scripts.add(task)
            task.add_done_callback(self._leave)
        while self._scripts:
            await asyncio.wait(self._scripts)
        self.end("done")

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._scripts.discard(task)
        self._places.release()
        self._note_error(task)

    def _note_error(self, task: asyncio.Task[None]) -> None:
        """Keep a mistake of ours or of a script, and end: it is raised once everything is closed."""
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
            self._stop.set()

    async def _play(self, at: float, script: Script) -> None:
        call = next(script, None)
        while call is not None:
            call.at = at = max(call.at, at)
            if at >= self._end:
                script.close()
                return
            await self._clock.until(at)
            try:
                call = script.send(await self._fire(call))
            except StopIteration:
                return

    # -- one call

    async def _fire(self, call: Call) -> Reply:
        loop, figures = asyncio.get_running_loop(), self._figures
        due = loop.time()
        await self._pace.take()
        async with self._slots:
            if self._sent >= self._limits.count:
                self.end("count")
            if self._stop.is_set():
                await asyncio.Event().wait()  # until this script is cancelled with all others
            self._sent += 1
            figures.late += loop.time() - due > LATE_S
            message = message_of(call, self._place, self._shop, forwarded_for=self._forwarded_for)
            virtual, wall, started = max(call.at, self._clock.virtual()), time.time(), loop.time()
            task = asyncio.current_task()
            assert task is not None, "a script runs in a task"  # noqa: S101 - for the type checker
            self._sending.add(task)
            try:
                answer = await self._crowd.send(call.client, message)
            finally:
                self._sending.discard(task)
            took = loop.time() - started
        stopped = is_stop(answer, message, self._place)
        self._hear(answer)
        self._keep(call, message, reply_of(answer, ended=wall + took, is_stopped=stopped), wall)
        return reply_of(answer, ended=virtual + took, is_stopped=stopped, speed=self._speed)

    def _hear(self, answer: Answer) -> None:
        self._silence = 0 if answer.status else self._silence + 1
        if self._silence >= UNANSWERED:
            self.end("unanswered", f"none of the last {UNANSWERED} calls was answered, {answer.error[:200]}")

    def _keep(self, call: Call, message: Message, reply: Reply, wall: float) -> None:
        """Count and record the call as the target saw it."""
        client = call.client
        address = client.address if self._forwarded_for else self._crowd.source(client) or client.address
        seen = replace(client, address=address, ja3="", ja4="", tls_version="", protocol="")
        sent = replace(
            call,
            at=wall,
            client=seen,
            headers=message.headers,
            body_size=len(message.body or b""),
            words=tuple(Word(word.outcome, word.after_s / self._speed) for word in call.words),
        )
        self._figures.add(sent, reply)
        if self._record is not None:
            self._record(sent, reply)

    # -- what goes on beside

    async def _renew(self, consent: Callable[[], Awaitable[Bounds]]) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                bounds = await consent()
            except Refused as refused:
                self.end("refused", str(refused))
                return
            self._limits = self._limits.within(bounds)
            self._pace.rate = self._limits.rate

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            await self._crowd.close_idle()
            if self._report is not None:
                self._report(self._figures)

    async def _finish(self, others: list[asyncio.Task[None]]) -> None:
        """Wait a moment for the answers that are still out, unless somebody wants an end at once; close everything."""
        loop = asyncio.get_running_loop()
        patience = LAST_ANSWERS_S if self._ended in ("count", "time", "done") else 0.0
        deadline = loop.time() + patience
        while self._sending and loop.time() < deadline:  # noqa: ASYNC110 - each leaves by itself
            await asyncio.sleep(0.01)
        self._figures.cut = len(self._sending)
        tasks = [*others, *self._scripts]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._crowd.close()
