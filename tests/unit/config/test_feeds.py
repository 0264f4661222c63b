"""What ``vedette check`` says of a feed."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from vedette.config import load
from vedette.config.feeds import SAID, describe
from vedette.config.schema import Feed, FeedKind
from vedette.gather.feed_store import HALF_LIFE_S
from vedette.snapshot.networks import KINDS

GOOD = Path(__file__).parents[2] / "config" / "good" / "feeds.yaml"


def test_every_kind_is_known_everywhere():
    kinds = set(get_args(FeedKind))
    assert kinds == {*KINDS, "robot", "asn", "country"} == set(SAID) == set(HALF_LIFE_S)


@pytest.mark.parametrize("kind", get_args(FeedKind))
def test_a_feed_is_told_in_a_sentence(kind):
    said, warning = describe(Feed(name="f", url="https://a.example/x", kind=kind, robot="googlebot"))
    assert said.startswith("f: addresses in a.example ")
    assert warning == ""


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("http://a.example/x", True),
        ("http://10.0.0.1/x", True),
        ("http://127.0.0.1:8000/x", False),
        ("http://localhost/x", False),
        ("http://[::1]:80/x", False),
        ("https://a.example/x", False),
        ("file:/tmp/x", False),
    ],
)
def test_plain_http_is_warned_of(url, is_warned):
    warning = describe(Feed(name="f", url=url))[1]
    assert ("anybody on the way can change it" in warning) == is_warned


def test_paths_are_kept_absolute_and_robots_in_lower_case():
    feeds = {feed.name: feed for feed in load(GOOD).feeds}
    assert feeds["asn"].url == f"file:{GOOD.parent / 'asn.mmdb'}"
    assert feeds["country"].url == "file:/var/lib/country.csv"
    assert (feeds["crawler"].kind, feeds["crawler"].robot) == ("robot", "googlebot")
    assert (feeds["netset"].weight, feeds["netset"].half_life_s) == (0.7, 3 * 86400.0)
