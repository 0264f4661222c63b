"""Programs that say who they are: search engines, partners, monitors, previews, feed readers, signed agents.

Each kind is a function of a world and a part that gives arrivals in order of time. A part's count is requests; one
session is one run of one bot. ``claims`` says who they are and from where they come, ``stacks`` how they speak HTTP,
``keys`` and ``signing`` what proves it, ``runs`` how requests are shared out, ``crawling`` what a crawler does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.robots.agents import signed_agent
from vedette.simulate.robots.crawlers import ai_crawler, price_comparison, search_engine
from vedette.simulate.robots.feeds import feed_reader
from vedette.simulate.robots.monitors import monitor
from vedette.simulate.robots.partners import partner
from vedette.simulate.robots.previews import preview
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["KINDS"]

KINDS: Mapping[str, Callable[[World, Part], Arrivals]] = {
    "ai_crawler": ai_crawler,
    "feed_reader": feed_reader,
    "monitor": monitor,
    "partner": partner,
    "preview": preview,
    "price_comparison": price_comparison,
    "search_engine": search_engine,
    "signed_agent": signed_agent,
}
