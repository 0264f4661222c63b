"""Attacks, each family at three levels: plain script, copied headers, full impersonation.

Each kind is a function of a world and a part that gives arrivals in order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.campaigns.accounts import account_aggregation, account_creation
from vedette.simulate.campaigns.cracking import credential_cracking, password_spraying
from vedette.simulate.campaigns.partner import stolen_partner_key
from vedette.simulate.campaigns.stuffing import credential_stuffing
from vedette.simulate.campaigns.tokens import farmed_tokens, replayed_cookies
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["FAMILIES"]

FAMILIES: Mapping[str, Callable[[World, Part], Arrivals]] = {
    "account_aggregation": account_aggregation,
    "account_creation": account_creation,
    "credential_cracking": credential_cracking,
    "credential_stuffing": credential_stuffing,
    "farmed_tokens": farmed_tokens,
    "password_spraying": password_spraying,
    "replayed_cookies": replayed_cookies,
    "stolen_partner_key": stolen_partner_key,
}
