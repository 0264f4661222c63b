"""People who shop: with browsers, with the shop's apps, through widgets, and through programs they wrote themselves.

Each kind is a function of a world and a part that gives arrivals in order of time. :mod:`.persons` says who comes and
from where, :mod:`.journey` what somebody does in the shop; hard cases and campaigns use both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.people.apps import android, ios
from vedette.simulate.people.integrator import integrator
from vedette.simulate.people.web import web
from vedette.simulate.people.widget import widget
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["KINDS"]

KINDS: Mapping[str, Callable[[World, Part], Arrivals]] = {
    "web": web,
    "android": android,
    "ios": ios,
    "widget": widget,
    "integrator": integrator,
}
