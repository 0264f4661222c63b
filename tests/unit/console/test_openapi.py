from __future__ import annotations

import json
from pathlib import Path

from vedette.config import defaults
from vedette.console.access import Access
from vedette.console.application import Console, application
from vedette.console.openapi import document
from vedette.doors.records import decision_record
from vedette.types import Decision, Directive


def test_the_file_in_the_documentation_is_this_document():
    page = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
    assert json.loads(page.read_text("utf-8")) == document(), "python docs/generate.py, or write it anew"


def test_every_call_is_documented(tmp_path):
    nowhere = tmp_path / "s"
    app = application(
        Console(
            Access(defaults("http://127.0.0.1:9"), tmp_path), tmp_path, nowhere, nowhere, lambda *_: None, lambda: 0.0
        )
    )
    served = {route.path.replace("{rest:path}", "").replace(":path}", "}") for route in app.routes}
    assert served == set(document()["paths"])


def test_references_lead_somewhere():
    text = json.dumps(document())
    for name in document()["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text, f"{name} is not used"
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document()["components"]["schemas"])


def test_the_decision_is_the_one_that_is_sent():
    decision = Decision(
        id="r", timestamp=1.0, verdict="human", score=0.1, low=0.0, high=0.2, threat=None, action="allow",
        enforced=False, policy="p", reasons=(), campaign=None, model="m", directive=Directive(),
    )  # fmt: skip
    assert list(decision_record(decision)) == document()["components"]["schemas"]["Decision"]["required"]
