"""Attacks, each family at three levels: plain script, copied headers, full impersonation.

Each kind is a function of a world and a part that gives arrivals in order of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vedette.simulate.calls import Arrivals
from vedette.simulate.campaigns.accounts import account_aggregation, account_creation
from vedette.simulate.campaigns.cracking import credential_cracking, password_spraying
from vedette.simulate.campaigns.flood import application_flood
from vedette.simulate.campaigns.footprinting import footprinting
from vedette.simulate.campaigns.forged import forged_search_engine
from vedette.simulate.campaigns.partner import stolen_partner_key
from vedette.simulate.campaigns.payments import card_cracking, carding, gift_card_cracking, token_cracking
from vedette.simulate.campaigns.scanning import vulnerability_scanning
from vedette.simulate.campaigns.scraping import content_scraping, price_scraping
from vedette.simulate.campaigns.spam import skewing, spamming
from vedette.simulate.campaigns.stock import expediting, inventory_hoarding, scalping
from vedette.simulate.campaigns.stuffing import credential_stuffing
from vedette.simulate.campaigns.tokens import farmed_tokens, replayed_cookies
from vedette.simulate.scenario import Part
from vedette.simulate.world import World

__all__ = ["FAMILIES"]

FAMILIES: Mapping[str, Callable[[World, Part], Arrivals]] = {
    "account_aggregation": account_aggregation,
    "account_creation": account_creation,
    "application_flood": application_flood,
    "card_cracking": card_cracking,
    "carding": carding,
    "content_scraping": content_scraping,
    "credential_cracking": credential_cracking,
    "credential_stuffing": credential_stuffing,
    "expediting": expediting,
    "farmed_tokens": farmed_tokens,
    "footprinting": footprinting,
    "forged_search_engine": forged_search_engine,
    "gift_card_cracking": gift_card_cracking,
    "inventory_hoarding": inventory_hoarding,
    "password_spraying": password_spraying,
    "price_scraping": price_scraping,
    "replayed_cookies": replayed_cookies,
    "scalping": scalping,
    "skewing": skewing,
    "spamming": spamming,
    "stolen_partner_key": stolen_partner_key,
    "token_cracking": token_cracking,
    "vulnerability_scanning": vulnerability_scanning,
}
