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


def test_every_certainty_is_documented_and_given():
    """A reason is a feature's name, or a literal in ``detect.certainties``: the literals are those that are listed."""
    tree = ast.parse((ROOT / "src" / "vedette" / "detect" / "certainties.py").read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    place = {"_certain": 2, "Reason": 0}
    given = [call.args[place[call.func.id]] for call in calls if getattr(call.func, "id", "") in place]
    assert {node.value for node in given if isinstance(node, ast.Constant)} == set(GENERATE.CERTAINTIES)
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
