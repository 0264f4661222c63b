from __future__ import annotations

import io
import json

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from vedette.events.log import DROP_REASONS
from vedette.telemetry import (
    METRICS,
    PARTS,
    Concentration,
    Limited,
    Metrics,
    configure_log,
    logger,
    status_class,
)


def test_metric_names_follow_the_house():
    for metric in METRICS:
        assert metric.name.startswith("vedette_")
        assert metric.kind != "counter" or metric.name.endswith("_total")
        assert metric.process in ("engine", "console", "serve")
        assert metric.help.endswith(".")
        assert all(values and len(set(values)) == len(values) for values in metric.labels.values())
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_reasons_for_dropped_events_are_those_of_the_event_log():
    labels = {metric.name: metric.labels for metric in METRICS}
    assert labels["vedette_events_dropped_total"]["reason"] == DROP_REASONS
    assert labels["vedette_process_up"]["process"] == PARTS


@pytest.mark.parametrize("process", ["engine", "console", "serve"])
def test_all_children_are_there_from_the_start(process):
    text = Metrics(process).render().decode()
    mine = [metric for metric in METRICS if metric.process == process]
    for metric in mine:
        assert f"# TYPE {metric.name} {metric.kind}" in text
    assert "_created" not in text


def test_counting_outside_the_closed_set_is_a_mistake_of_ours():
    metrics = Metrics("engine")
    metrics.count("vedette_refused_total", "slow")
    assert 'vedette_refused_total{reason="slow"} 1.0' in metrics.render().decode()
    with pytest.raises(KeyError):
        metrics.count("vedette_refused_total", "203.0.113.9")


def test_a_total_counted_elsewhere_only_grows():
    metrics = Metrics("serve")
    for total in (3, 5, 5, 2):  # the edge was restarted and counts from zero again
        metrics.advance("vedette_edge_requests_total", total)
    assert "vedette_edge_requests_total 7.0" in metrics.render().decode()


@pytest.mark.parametrize(("status", "name"), [(200, "2xx"), (304, "3xx"), (599, "5xx"), (0, "5xx"), (999, "5xx")])
def test_status_class(status, name):
    assert status_class(status) == name


@given(st.lists(st.integers(0, 300), min_size=100, max_size=600))
def test_concentration_is_bounded_and_never_too_high(keys):
    counter = Concentration(size=16, window=10_000)
    for key in keys:
        counter.add(str(key))
    assert len(counter._counts) <= 16
    top = max(map(keys.count, set(keys))) / len(keys)
    assert top - 1 / 16 - 1e-9 <= counter.share(1) <= top + 1e-9


def test_concentration_forgets_after_its_window():
    counter = Concentration(window=200)
    for _ in range(200):
        counter.add("one")
    assert counter.share(1) == 1.0
    for number in range(200):
        counter.add(str(number))
    assert counter.share(1) < 0.05


def test_concentration_says_nothing_about_few_requests():
    counter = Concentration()
    for _ in range(99):
        counter.add("one")
    assert counter.share(1) == 0.0


def test_limited_says_how_many_it_kept_back():
    now = 0.0
    limited = Limited(lambda: now, every_s=10.0)
    assert limited.allow("a") == 0
    assert [limited.allow("a"), limited.allow("a"), limited.allow("b")] == [None, None, 0]
    now = 10.0
    assert limited.allow("a") == 2
    now = 20.0
    assert limited.allow("a") == 0


def test_log_events_are_json_lines_that_name_their_process():
    stream = io.StringIO()
    configure_log("engine", stream)
    logger().error("decision.degraded", part="door", error=ValueError("x"))
    event = json.loads(stream.getvalue())
    assert event["process"] == "engine"
    assert event["event"] == "decision.degraded"
    assert event["level"] == "error"
    assert event["timestamp"].endswith("Z")


def test_a_log_that_cannot_be_written_ends_nothing():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(27, "File too large")

        def flush(self):
            raise OSError(28, "No space left on device")

    try:
        configure_log("engine", Full())
        logger().warning("endpoints.unwritten")
    finally:
        structlog.reset_defaults()
