"""What the users of the API notice when a part of Vedette dies or hangs: nothing."""

from __future__ import annotations

import os
import signal
import time

import pytest
from serving import Load, eventually, is_running


def decided(serve, api):
    """A request passes with a decision that is not degraded."""
    marks = [headers["vedette-decision"] for _, _, headers in api.seen[-4:]]
    return bool(marks) and all("degraded" not in mark for mark in marks)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_lost_engine_loses_no_request_and_is_replaced(serve, api, number):
    one = serve()
    engine = one.pid("engine")
    with Load(one.port) as load:
        load.wait_answered(50)
        eventually(lambda: decided(one, api), "requests are decided")
        before = len(api.seen)
        os.kill(engine, number)
        began = time.monotonic()
        eventually(lambda: one.state()["processes"]["engine"] not in (0, engine), "another engine runs")
        eventually(lambda: decided(one, api) and one.call("GET", "/readyz", token=None)[0] == 200, "decided again")
        took = time.monotonic() - began
        load.wait_answered(50)
    print(f"back after {took:.2f} s")
    assert load.failures == []
    assert not is_running(engine)
    during = [headers["vedette-decision"] for _, _, headers in api.seen[before:]]
    assert any(mark.endswith(", degraded") and "verdict=unknown, action=allow" in mark for mark in during)
    assert one.metric('vedette_process_restarts_total{process="engine"}') == 1
    assert one.metric("vedette_edge_degraded_total") >= 1


def test_an_engine_that_is_back_has_its_tables(serve, api):
    one = serve(
        config=f"""
mode: enforce
upstream: {api.url}
rate_limits:
  - {{name: few, key: address, match: GET /limited, limit: 3/hour, burst: 3}}
"""
    )
    statuses = [one.get("/limited")[0] for _ in range(6)]
    assert statuses.count(429) >= 2, statuses
    engine = one.pid("engine")
    os.kill(engine, signal.SIGKILL)
    eventually(lambda: one.state()["processes"]["engine"] not in (0, engine), "another engine runs")
    eventually(lambda: one.call("GET", "/readyz", token=None)[0] == 200, "it is ready")
    eventually(lambda: one.get("/limited")[0] == 429, "the limit is remembered", 5.0)


@pytest.mark.parametrize("name", ["edge", "console", "spare"])
def test_other_processes_are_restarted(serve, api, name):
    one = serve()
    old = one.pid(name)
    os.kill(old, signal.SIGKILL)
    eventually(lambda: one.state()["processes"][name] not in (0, old), f"another {name} runs")
    eventually(lambda: one.call("GET", "/readyz", token=None)[0] == 200, "the console answers")

    def passes():
        try:
            return one.get("/x")[0] == 200
        except OSError:
            return False

    eventually(passes, "a request passes")
    eventually(lambda: decided(one, api) or not passes(), "requests are decided")


def test_nothing_is_left_when_serve_is_killed(serve, api, tmp_path):
    one = serve()
    one.expected_status = -signal.SIGKILL
    pids = [one.pid(name) for name in ("edge", "engine", "spare", "console")]
    one.process.kill()
    one.process.wait()
    eventually(lambda: not any(is_running(pid) for pid in pids), "no process is left")
    again = serve(name="again")
    assert again.get("/x")[0] == 200
