from __future__ import annotations

import signal
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.edge.children import LONGEST_S, STEADY_S, Backoff, Child, kill


@given(st.lists(st.floats(0.0, 0.9 * STEADY_S), min_size=1, max_size=30))
def test_delays_grow_to_a_longest_one(gaps):
    backoff, now, delays = Backoff(), 1000.0, []
    for gap in gaps:
        delays.append(backoff.delay(now))
        now += gap
    assert delays[0] == 0.0
    assert delays == sorted(delays)
    assert max(delays) <= LONGEST_S
    assert backoff.delay(now + STEADY_S + 1.0) == 0.0, "one that ran for long starts afresh at once"


@pytest.fixture
def child():
    child = Child("test", "unused", reports=True)
    yield child
    child.end(1.0)


def run(child, script):
    child.command = [sys.executable, "-c", script]
    child.start({})


def test_it_is_told_things_and_ends_when_asked(child):
    assert child.pid == 0
    run(child, "import sys; print(sys.stdin.buffer.read(8).hex(), flush=True); sys.stdin.buffer.read()")
    assert child.pid > 0
    child.tell("abc")
    assert child.process.stdout.readline().strip() == b"00000004a3616263"
    child.end(10.0)
    assert (child.pid, child.process.returncode) == (0, -signal.SIGTERM)
    child.tell("nobody hears this")


def test_one_that_will_not_end_is_killed(child):
    run(
        child,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
    )
    assert child.process.stdout.readline() == b"up\n"
    child.end(0.1)
    assert child.process.returncode == -signal.SIGKILL


def test_killing_what_has_gone_is_harmless(child):
    run(child, "pass")
    pid = child.process.pid
    deadline = time.monotonic() + 20
    while child.pid:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kill(pid)
    kill(0)
