"""Made-up answers: the same for the same client, bounded, and without anything real in them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.mitigate.decoys import decoy_body

KEYS = {
    "/api/internal/export": "export",
    "/api/backup/2026.sql": "export",
    "/api/admin/**": "challenge",
    "/api/admin/users/export": "export",
    "/api/v1/config": "environment",
    "/api/internal/7": "environment",
    "/api/hidden": "items",
    "/": "items",
}


@pytest.mark.parametrize("path", KEYS)
def test_the_shape_follows_the_path(path):
    assert KEYS[path] in json.loads(decoy_body(path, "GET", 7))


def test_who_asks_twice_learns_nothing_and_two_learn_nothing_of_each_other():
    bodies = [decoy_body("/api/x", "GET", client) for client in (1, 1, 2)]
    assert bodies[0] == bodies[1] != bodies[2]
    assert decoy_body("/API/X", "GET", 1) == bodies[0]
    assert decoy_body("/api/y", "GET", 1) != bodies[0]


def test_a_change_is_accepted():
    assert json.loads(decoy_body("/api/x", "DELETE", 7))["status"] == "accepted"


@given(st.text(), st.sampled_from(["GET", "POST", "\ud800"]), st.integers(min_value=0, max_value=2**64 - 1))
def test_bounded_json_whatever_is_asked(path, method, client):
    body = decoy_body(path, method, client)
    assert len(body) < 4096
    assert isinstance(json.loads(body), dict)
    assert not re.search(rb"@|://|\.com|\d+\.\d+\.\d+\.\d+", body)
