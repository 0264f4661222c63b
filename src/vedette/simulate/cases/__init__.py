"""What looks like an attack and is none: offices, flash crowds, releases, outages, travellers, test automation.

Each kind is a function of a world and a part that gives arrivals in order of time. A part's count is sessions; their
segment in the labels is the part's name. Each breaks a simple rule: many accounts behind one address, many calls in a
minute, many failed logins, regular gaps, unknown fingerprints, a country that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.cases.accounts import forgotten_passwords, power_seller
from vedette.simulate.cases.backend import flaky_backend
from vedette.simulate.cases.between import saver_proxy, webview_inside_app
from vedette.simulate.cases.crowds import app_release, flash_crowd
from vedette.simulate.cases.habits import assistive, many_tabs, traveller
from vedette.simulate.cases.programs import nightly_sync, test_automation
from vedette.simulate.cases.shared import carrier, household, office, shared_device
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["KINDS"]

KINDS: Mapping[str, Callable[[World, Part], Arrivals]] = {
    "app_release": app_release,
    "assistive": assistive,
    "carrier": carrier,
    "flaky_backend": flaky_backend,
    "flash_crowd": flash_crowd,
    "forgotten_passwords": forgotten_passwords,
    "household": household,
    "many_tabs": many_tabs,
    "nightly_sync": nightly_sync,
    "office": office,
    "power_seller": power_seller,
    "saver_proxy": saver_proxy,
    "shared_device": shared_device,
    "test_automation": test_automation,
    "traveller": traveller,
    "webview_inside_app": webview_inside_app,
}
