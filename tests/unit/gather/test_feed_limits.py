"""What a feed may not say."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gather.test_feed_documents import feed
from vedette.gather.feed_documents import DocumentError, parse_network
from vedette.gather.feed_limits import HeldBackError, admit, never, weigh
from vedette.snapshot.ranges import Ranges


def admitted(*networks: str, own: tuple[str, ...] = (), **rest):
    entries = [(*parse_network(network), 0) for network in networks]
    ranges, cut = admit(feed(**rest), entries, own)
    shown = []
    for spans, make in ((ranges.four, ipaddress.IPv4Address), (ranges.six, ipaddress.IPv6Address)):
        for first, last in spans:
            shown += map(str, ipaddress.summarize_address_range(make(first), make(last)))
    return shown, cut


def test_touching_ranges_are_joined():
    assert admitted("8.8.8.0/25", "8.8.8.128/25", "2600::/33") == (["8.8.8.0/24", "2600::/33"], 0)


def test_private_and_own_networks_are_cut_out():
    assert admitted("10.1.0.0/16", "8.8.8.0/24", "127.0.0.1", "::1", "fe80::/10") == (["8.8.8.0/24"], 4)
    assert admitted("8.8.8.0/30", own=("8.8.8.2/32",)) == (["8.8.8.0/31", "8.8.8.3/32"], 1)
    assert admitted("2600::/32", "2601::/32", own=("2600::/16",)) == (["2601::/32"], 1)
    assert admitted("224.0.0.0/3", "0.0.0.0/8", "8.8.8.8") == (["8.8.8.8/32"], 2), "bogus networks of netsets"


@pytest.mark.parametrize("network", ["0.0.0.0/0", "0.0.0.0/1", "8.0.0.0/7", "::/0", "2000::/3", "2600::/18"])
def test_too_wide_a_range_refuses_the_document(network):
    with pytest.raises(DocumentError, match=f"it holds {network}, wider than"):
        admitted("8.8.8.8", network)
    assert admitted("8.0.0.0/8", "2600::/19")[1] == 0


def test_many_wide_ranges_refuse_the_document():
    with pytest.raises(DocumentError, match=r"a quarter of IPv4"):
        admitted(*(f"{first}.0.0.0/8" for first in range(11, 80)))
    with pytest.raises(DocumentError, match=r"an eighth of IPv6"):
        admitted(*(f"{first:x}:{second}::/19" for first in range(0x2000, 0x3000) for second in ("0", "2000", "4000")))


def test_nothing_left():
    with pytest.raises(DocumentError, match="nothing is left, all 2 entries are private or own networks"):
        admitted("10.0.0.1", "8.8.8.8", own=("8.8.8.8/32",))


def test_places_may_be_wide():
    ranges, cut = admit(feed("csv", kind="country"), [(4, 0, 2**32 - 1, 1), (4, 5, 9, 2)], ("8.8.8.8/32",))
    assert (ranges.four, ranges.four_values, cut) == ([(0, 4), (5, 9), (10, 2**32 - 1)], [1, 2, 1], 0)


NETWORKS = st.lists(
    st.builds(lambda number, length: f"{ipaddress.IPv4Address(number)}/{length}", st.integers(0, 2**32 - 1), st.integers(8, 32)),
    min_size=1, max_size=8,
)  # fmt: skip


@given(NETWORKS, NETWORKS)
def test_whatever_is_admitted_speaks_of_nothing_forbidden(networks, own):
    own = [str(ipaddress.ip_network(network, strict=False)) for network in own]
    try:
        ranges, _ = admit(feed(), [(*parse_network(network), 0) for network in networks], own)
    except DocumentError:
        return
    for first, last in ranges.four:
        for start, end in never(tuple(own))[0]:
            assert last < start or end < first


def spans(count: int, size: int = 1) -> Ranges:
    return Ranges([(place * 1000, place * 1000 + size - 1) for place in range(count)])


@pytest.mark.parametrize(
    ("before", "after", "is_held"),
    [
        (spans(100), spans(100), False),
        (spans(100), spans(120), False),
        (spans(100), spans(121), True),
        (spans(100), spans(80), False),
        (spans(100), spans(79), True),
        (spans(3), spans(19), False),
        (spans(3), spans(20), True),
        (spans(100, 10), spans(100, 12), False),
        (spans(100, 10), spans(100, 13), True),
        (spans(1), Ranges([(0, 256)]), False),
        (spans(1), Ranges([(0, 257)]), True),
        (Ranges((), [(0, (1 << 64) - 1)]), Ranges((), [(0, (1 << 80) - 1)]), True),
        (Ranges((), [(0, 1)]), Ranges((), [(0, (1 << 64) - 1)]), False),
    ],
)
def test_a_sudden_change_is_held_back(before, after, is_held):
    if is_held:
        with pytest.raises(HeldBackError, match="more than 20% at once"):
            weigh(before, after)
    else:
        weigh(before, after)
