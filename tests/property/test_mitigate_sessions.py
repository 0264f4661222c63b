"""Holds, refusals and overrides against a plain dictionary, in any order of calls."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vedette.detect.tables import Tables
from vedette.mitigate.sessions import hold, override, refuse, release, status

HOUR, DAY = 3600.0, 86_400.0
keys = st.integers(1, 6)  # few enough that none is displaced


class HoldMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = Tables.open(shrink=17).hold
        self.now = 1.7e9
        self.held: dict[int, tuple[float, int]] = {}
        self.refused: dict[int, float] = {}
        self.word: dict[int, tuple[str, float]] = {}

    @rule(seconds=st.sampled_from([0.0, 1.0, 59.0, 61.0, HOUR, 5 * HOUR, DAY]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(key=keys)
    def stop(self, key: int) -> None:
        until, times = self.held.get(key, (0.0, 0))
        if until > self.now:
            assert hold(self.table, key, self.now) == until - self.now
            return
        times = max(0, times - int((self.now - until) // HOUR))
        length = min(HOUR, 60.0 * 2**times)
        self.held[key] = (self.now + length, min(times + 1, 16))
        assert hold(self.table, key, self.now) == length

    @rule(key=keys)
    def end(self, key: int) -> None:
        if self.refused.get(key, 0.0) <= self.now:
            self.refused[key] = self.now + DAY
        refuse(self.table, key, self.now)

    @rule(key=keys, label=st.sampled_from(["good", "bad"]), ttl_s=st.sampled_from([10.0, HOUR, 7 * DAY]))
    def label(self, key: int, label: str, ttl_s: float) -> None:
        self.word[key] = (label, self.now + ttl_s)
        if label == "good":
            self.held.pop(key, None)
            self.refused.pop(key, None)
        override(self.table, key, label, self.now, ttl_s)

    @rule(key=keys)
    def forget(self, key: int) -> None:
        for known in (self.held, self.refused, self.word):
            known.pop(key, None)
        release(self.table, key)

    @invariant()
    def they_agree(self) -> None:
        for key in range(1, 8):
            label, until = self.word.get(key, ("", 0.0))
            if until > self.now:
                expected = label
            elif self.refused.get(key, 0.0) > self.now:
                expected = "refused"
            elif self.held.get(key, (0.0, 0))[0] > self.now:
                expected = "held"
            else:
                expected = "free"
            assert status(self.table, key, self.now) == expected

    @invariant()
    def every_set_is_whole(self) -> None:
        assert not (self.table.sequence & 1).any()


TestHolds = HoldMachine.TestCase
