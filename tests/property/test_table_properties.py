"""Tables against a dictionary: what is found is what was put there, and nothing grows."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from vedette.detect.tables import WAYS, Tables, begin, commit, find, find_or_insert, touch


class TableMachine(RuleBasedStateMachine):
    """Insert, touch and look up; a key that was displaced is gone, never mixed up with another."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables.open(shrink=17)
        self.model: dict[int, float] = {}
        self.now = 1e9

    @rule(target=keys, key=st.integers(1, 2**64 - 1))
    def name(self, key: int) -> int:
        return key

    @rule(key=keys, wait=st.floats(0, 5000), touches=st.floats(0, 1e6))
    def put(self, key: int, wait: float, touches: float) -> None:
        self.now += wait
        table = self.tables.hold
        slot, new = find_or_insert(table.keys, table.keep, np.uint64(key), self.now)
        begin(table.sequence, slot)
        if new:
            self.model = {
                known: value for known, value in self.model.items() if find(table.keys, np.uint64(known)) >= 0
            }
            assert key not in self.model
        table.rows[slot]["until"] = self.now
        touch(table.keep, slot, self.now, touches)
        commit(table.sequence, slot)
        self.model[key] = self.now

    @rule(key=keys)
    def look(self, key: int) -> None:
        slot = find(self.tables.hold.keys, np.uint64(key))
        if key in self.model and slot >= 0:
            assert self.tables.hold.rows[slot]["until"] == self.model[key]
        elif key not in self.model:
            assert slot == -1

    @invariant()
    def no_set_is_half_written(self) -> None:
        assert not (self.tables.hold.sequence & 1).any()

    @invariant()
    def keys_are_unique(self) -> None:
        used = self.tables.hold.keys[self.tables.hold.keys != 0]
        assert len(used) == len(set(used.tolist())) <= self.tables.hold.keys.shape[0] * WAYS


TestTables = TableMachine.TestCase
TestTables.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
