"""The human part of a world against tables of real logs: Kolmogorov-Smirnov distances and plain medians."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.honesty.fields import Table
from vedette.simulate.shapes import load_shapes

__all__ = ["Distance", "distances"]

_PAUSE_S = 1800.0
PAGES = frozenset({"home", "article", "search", "listing", "product", "cart", "checkout", "orders", "order", "profile"})
"""Endpoints that bring a page to the screen; what else a page asks for is not counted as one."""


class Distance(NamedTuple):
    """One figure of the world beside the real one; ``distance`` is the largest difference of the two distributions."""

    what: str
    real: float
    world: float
    distance: float | None
    source: str


def _ks(values: NDArray[np.float64], table: NDArray[np.float64]) -> float:
    """Largest gap between the empirical distribution of ``values`` and that of evenly spaced quantiles.

    Quantiles that stand several times (whole numbers) are compared below and up to them.
    """
    ordered = np.sort(values)
    probability = np.linspace(0.0, 1.0, len(table))
    below = np.searchsorted(ordered, table, side="left") / len(ordered)
    upto = np.searchsorted(ordered, table, side="right") / len(ordered)
    low = np.array([probability[np.searchsorted(table, value, side="left")] for value in table])
    high = np.array([probability[np.searchsorted(table, value, side="right") - 1] for value in table])
    return float(max(np.max(np.abs(high - upto)), np.max(np.abs(low - below))))


def distances(table: Table, segments: tuple[str, ...] = ("web",)) -> list[Distance]:
    """Compare sessions of people of some segments with the real logs."""
    shapes = load_shapes()
    mine = np.flatnonzero((table.actor == "human") & np.isin(table.family, segments))
    names, session = np.unique(np.array([table.session[place] for place in mine]), return_inverse=True)
    order = np.lexsort((table.times[mine], session))
    mine, session = mine[order], session[order]
    times, route = table.times[mine], [table.route[place] for place in mine]
    asset = np.array([name == "asset" for name in route])
    page = np.array([name in PAGES for name in route])
    fresh = np.flatnonzero(np.diff(session, prepend=-1))
    counts = np.diff(np.append(fresh, len(mine)))
    spans = times[np.append(fresh[1:], len(mine)) - 1] - times[fresh]
    calls_at, calls_session = times[~asset], session[~asset]
    gaps = np.diff(calls_at)[np.diff(calls_session) == 0]
    gaps = gaps[(gaps >= 1.0) & (gaps <= _PAUSE_S)]
    pages = np.bincount(session[page], minlength=len(names))
    found = [
        ("seconds between calls without assets, from 1 s", gaps, "think_s"),
        ("requests a session", counts, "session_requests"),
        ("seconds a session", spans, "session_s"),
        ("pages a session", pages, "session_pages"),
    ]
    said = []
    for what, values, name in found:
        quantiles = np.array(shapes[name].quantiles)
        said.append(
            Distance(
                what,
                float(np.median(quantiles)),
                float(np.median(values)),
                _ks(np.asarray(values, np.float64), quantiles),
                shapes[name].source.partition(":")[0],
            )
        )
    said.append(Distance("share of assets", shapes.figures["asset_share"], float(asset.mean()), None, "ezPAARSE"))
    return said + _sharing(table)


def _sharing(table: Table) -> list[Distance]:
    """Compare who shares what: addresses of one identity in the day, identities of one address, over all people."""
    shapes = load_shapes()
    known = (table.actor == "human") & (table.identity != 0)
    pairs = np.unique(np.column_stack([table.identity[known], table.address[known]]), axis=0)
    said = []
    for what, column, name, figure in (
        ("addresses of one identity", 0, "addresses_per_login", "moving_logins"),
        ("identities of one address", 1, "logins_per_address", "shared_addresses"),
    ):
        counts = np.unique(pairs[:, column], return_counts=True)[1].astype(np.float64)
        quantiles = np.array(shapes[name].quantiles)
        real, world = float(np.median(quantiles)), float(np.median(counts))
        said.append(Distance(what, real, world, _ks(counts, quantiles), "ezPAARSE"))
        several = float(np.mean(counts > 1))
        said.append(
            Distance(
                f"share with several {what.split(maxsplit=1)[0]}", shapes.figures[figure], several, None, "ezPAARSE"
            )
        )
    return said
