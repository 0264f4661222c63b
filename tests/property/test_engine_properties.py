"""What holds for every request, however hostile."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vedette.config import defaults
from vedette.detect.features import BIAS, COUNT, FEATURES
from vedette.detect.scorers import RESULT, prior, score
from vedette.engine import Engine
from vedette.types import Answer, Outcome, Request

TEXT = st.text(max_size=60)
NAMES = st.sampled_from(
    [
        "user-agent",
        "Cookie",
        "authorization",
        "sec-ch-ua",
        "x-forwarded-for",
        "host",
        "accept",
        "upgrade",
        "content-type",
    ]
)
REQUESTS = st.builds(
    Request,
    timestamp=st.floats(0, 4e9),
    id=TEXT,
    method=st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "", "X" * 40]),
    path=st.one_of(TEXT, st.sampled_from(["/api/login", "/products/7", "//a/../b;c", "/%ff%00", "/.env"])),
    client_address=st.one_of(TEXT, st.ip_addresses().map(str)),
    query=TEXT,
    scheme=st.sampled_from(["", "http", "https"]),
    host=TEXT,
    protocol=st.sampled_from(["", "HTTP/1.1", "HTTP/2", "\x00"]),
    headers=st.one_of(st.none(), st.lists(st.tuples(st.one_of(NAMES, TEXT), TEXT), max_size=12).map(tuple)),
    user_agent=TEXT,
    body=st.binary(max_size=60),
    ja4=st.one_of(TEXT, st.just("t13d1516h2_8daaf6152771_e5627efa2ab1")),
    session_id=TEXT,
    user_name=TEXT,
)
EVENTS = st.one_of(
    st.builds(Answer, timestamp=st.floats(0, 4e9), id=TEXT, status=st.integers(0, 999), duration=st.floats(-1, 1e6)),
    st.builds(
        Outcome,
        timestamp=st.floats(0, 4e9),
        outcome=st.sampled_from(
            ["login_failed", "conversion", "label_good", "label_bad", "chargeback", "payment_declined"]
        ),
        request_id=TEXT,
        session_id=TEXT,
    ),
)
ENGINE = Engine.open(defaults("http://127.0.0.1:8000"), key=b"k" * 32, shrink=10, live=False)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(REQUESTS, EVENTS), min_size=1, max_size=8))
def test_every_request_gets_a_sound_decision(events: list[Request | Answer | Outcome]) -> None:
    for event in events:
        if not isinstance(event, Request):
            ENGINE.observe(event, event.timestamp)
            continue
        decision = ENGINE.decide(event, event.timestamp)
        assert ENGINE.last_error is None
        assert 0.0 <= decision.low <= decision.score <= decision.high <= 1.0
        assert decision.verdict == "bad_bot" or decision.low < 0.9
        assert len(decision.reasons) <= 5
        assert not decision.enforced
        assert len(decision.features) == 4 * COUNT
    assert ENGINE.degraded == 0


VECTORS = st.lists(st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6, width=32)), min_size=COUNT, max_size=COUNT)


@settings(max_examples=200, deadline=None)
@given(VECTORS, st.floats(0, 1e6), st.booleans())
def test_evidence_adds_up_and_one_family_never_blocks(values: list[float], n: float, is_new: bool) -> None:
    model, families = prior()
    features, pieces, result = np.array(values, np.float32), np.zeros(COUNT, np.float32), np.zeros(RESULT)
    score(features, model, families, n, is_new, pieces, result)
    assert math.isclose(BIAS + float(pieces.astype(float).sum()), result[3], abs_tol=1e-3)
    assert 0.0 <= result[1] <= result[0] <= result[2] <= 1.0
    strong = 0
    for family in {feature.family for feature in FEATURES}:
        total = sum(float(p) for p, f in zip(pieces, FEATURES, strict=True) if f.family == family)
        strong += total >= 2.0 - 1e-4
    if strong < 2:
        assert result[1] <= 0.89 + 1e-9


@settings(max_examples=100, deadline=None)
@given(VECTORS, st.integers(0, COUNT - 1), st.floats(0, 10))
def test_more_evidence_never_lowers_the_score(values: list[float], place: int, more: float) -> None:
    model, families = prior()
    features, pieces, result = np.array(values, np.float32), np.zeros(COUNT, np.float32), np.zeros(RESULT)
    if math.isnan(features[place]):
        features[place] = 0.0
    score(features, model, families, 100.0, False, pieces, result)
    before = result[3]
    towards = 1.0 if (model[place, 2] > model[place, 1]) == (model[place, 3] > 0) else -1.0
    features[place] += np.float32(more * towards)
    score(features, model, families, 100.0, False, pieces, result)
    assert result[3] >= before - 1e-5
