"""The reference tables are the code's: signals, reason codes, metrics."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from vedette.detect.features import FEATURES
from vedette.telemetry import METRICS

ROOT = Path(__file__).parents[2]


def _generator():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generator()


@pytest.mark.parametrize("page", GENERATE.PAGES, ids=lambda page: page.name)
def test_page_is_what_the_code_says(page):
    assert page.read_text("utf-8") == GENERATE.PAGES[page](), "run `make docs`"


def test_every_reason_of_the_engine_is_documented():
    """A reason is a feature's name, or a literal in the engine: each literal is listed as a certainty, and used."""
    tree = ast.parse((ROOT / "src" / "vedette" / "engine.py").read_text("utf-8"))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "Reason"
        and isinstance(call.args[0], ast.Constant)
    }
    assert named <= set(GENERATE.CERTAINTIES)
    assert set(GENERATE.CERTAINTIES) <= strings, "a documented certainty that the engine never gives"
    assert not {feature.name for feature in FEATURES} & set(GENERATE.CERTAINTIES)


def test_signal_names_are_unique_and_stable_words():
    names = [feature.name for feature in FEATURES]
    assert len(set(names)) == len(names)
    assert [name for name in names if not name.replace("_", "").isalnum() or name != name.lower()] == []


def test_metric_names_follow_prometheus():
    for metric in METRICS:
        assert metric.name.startswith("vedette_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.kind in {"counter", "gauge", "histogram"}


def test_metric_labels_are_closed_and_few():
    for metric in METRICS:
        series = 1
        for values in metric.labels.values():
            assert len(set(values)) == len(values) > 0
            series *= len(values)
        assert series <= 500, f"{metric.name} has {series} series"
