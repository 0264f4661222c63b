"""The engine dies, hangs and comes back; the API's users notice nothing."""

from __future__ import annotations

import concurrent.futures

import pytest
import stage


@pytest.fixture
def running(tmp_path):
    with stage.edge(tmp_path) as running:
        yield running


def degraded(seen):
    return seen["vedette-decision"].endswith(", verdict=unknown, action=allow, degraded")


def burst(running, count):
    """Send requests, four at a time, and return their statuses."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return [got.status for got in pool.map(lambda number: running.ask(f"/{number}"), range(count))]


def test_a_dead_engine_costs_no_request_and_is_found_again(running):
    running.engine.call(running.engine.close())
    assert burst(running, 40) == [200] * 40
    assert all(degraded(seen) for seen in running.api.seen)
    running.engine.call(running.engine.open())

    def decided():
        running.ask("/again")
        return not degraded(running.api.seen[-1])

    stage.eventually(decided, "decisions after the engine came back")


def test_an_engine_killed_under_load_loses_no_request(running):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        load = pool.submit(burst, running, 400)
        stage.eventually(lambda: len(running.api.seen) > 50, "load")
        running.engine.call(running.engine.close())
        stage.eventually(lambda: degraded(running.api.seen[-1]), "degraded requests")
        running.engine.call(running.engine.open())
        assert load.result() == [200] * 400
    assert not degraded(running.api.seen[0])


def test_a_hung_engine_is_left_alone_until_it_answers(running):
    running.engine.hung = True
    assert burst(running, 200) == [200] * 200
    assert all(degraded(seen) for seen in running.api.seen)
    # Ejected after three time-outs; others may wait beside the third, and once more after an ejection.
    assert 3 <= running.engine.asked_while_hung <= 16
    ejections = "cluster.engine.outlier_detection.ejections_enforced_total"
    assert running.envoy.stats(ejections)[ejections] >= 1

    def unhealthy():
        failed = "cluster.engine.membership_healthy"
        return running.envoy.stats(failed).get(failed) == 0 and running.envoy.stats(
            "cluster.engine.health_check.failure"
        )

    stage.eventually(unhealthy, "failed health checks")
    asked = running.engine.asked_while_hung
    assert burst(running, 100) == [200] * 100
    assert running.engine.asked_while_hung <= asked + 8
    running.engine.hung = False

    def decided():
        running.ask("/again")
        return not degraded(running.api.seen[-1])

    stage.eventually(decided, "decisions after the engine went on")


def test_one_client_after_another_waits_three_times_at_most(running):
    """Each time-out ends a connection; that the next one connects must not begin the count anew."""
    running.engine.hung = True
    assert [running.ask(f"/{number}").status for number in range(30)] == [200] * 30
    assert running.engine.asked_while_hung <= 4


def test_an_engine_that_is_not_ready_is_not_asked(tmp_path):
    class NotReady(stage.Engine):
        async def handle(self, seen, reader, writer):
            self.seen.append(seen)
            writer.write(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n")

    with stage.edge(tmp_path) as running:
        running.engine.handle = NotReady.handle.__get__(running.engine)
        healthy = "cluster.engine.membership_healthy"
        stage.eventually(lambda: running.envoy.stats(healthy).get(healthy) == 0, "unready engine noticed")
        running.engine.seen.clear()
        assert burst(running, 10) == [200] * 10
        assert not [seen for seen in running.engine.seen if seen.target.startswith("/v1/decide")]


def test_an_edge_starts_without_an_engine(tmp_path):
    with stage.edge(tmp_path) as running:
        running.envoy.stop(3.0)
        running.engine.call(running.engine.close())
        running.envoy = type(running.envoy).start(running.envoy.files, concurrency=1)
        try:
            running.envoy.wait_ready()
            assert running.ask("/").status == 200
            assert degraded(running.api.seen[-1])
        finally:
            running.envoy.stop(3.0)
