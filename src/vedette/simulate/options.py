"""What the ``options`` of each kind of part may hold: names, and how each is read.

What is left out is drawn by the seed, within the range that the kind's own module gives.
"""

from __future__ import annotations

from collections.abc import Mapping

from vedette.config.reading import Key, Read, choice, decimal, number

__all__ = ["OPTIONS"]

_SHARE = decimal(0.0, 1.0)
_RATE = decimal(0.001, 10_000.0)
_FEW = number(1, 10_000)
_WALK = choice("ordered", "shuffled", "sampled")
_CATALOGUE = choice("sitemap", "popular", "categories", "ordered", "sampled")
_PERSONS: Mapping[str, Read] = {"returning": _SHARE, "known": _SHARE}

_READS: Mapping[str, Mapping[str, Read]] = {
    "web": _PERSONS,
    "android": _PERSONS,
    "ios": _PERSONS,
    "widget": _PERSONS,
    "integrator": _PERSONS,
    "search_engine": {"name": choice("googlebot", "bingbot", "applebot", "duckduckbot", "yandex")},
    "flash_crowd": {"stock": _SHARE},
    "credential_stuffing": {"right": _SHARE, "exists": _SHARE},
    "credential_cracking": {"accounts": _FEW, "weak": _SHARE},
    "password_spraying": {"rounds": _FEW, "exists": _SHARE, "right": _SHARE},
    "account_creation": {"refused": _SHARE},
    "farmed_tokens": {"use": choice("signup", "login"), "devices": _FEW},
    "carding": {"valid": _SHARE, "rate": _RATE},
    "card_cracking": {"rate": _RATE},
    "gift_card_cracking": {"valid": _SHARE, "rate": _RATE},
    "token_cracking": {"valid": _SHARE, "rate": _RATE},
    "price_scraping": {"walk": _CATALOGUE, "rate": _RATE},
    "content_scraping": {"walk": _CATALOGUE, "rate": _RATE},
    "forged_search_engine": {
        "name": choice(
            *("googlebot", "bingbot", "applebot", "duckduckbot", "yandex", "gptbot", "oai-searchbot", "claudebot"),
            *("perplexitybot", "ccbot", "meta-externalagent"),
        ),
        "walk": _CATALOGUE,
        "rate": _RATE,
    },
    "inventory_hoarding": {"targets": _FEW, "rate": _RATE},
    "scalping": {"drop": decimal(0.0, 1e8), "goods": _FEW, "rate": _RATE},
    "expediting": {"mode": choice("funnel", "queue", "bidding"), "rate": _RATE},
    "vulnerability_scanning": {"classics": _SHARE, "decoys": _SHARE, "rate": _RATE},
    "footprinting": {"walk": _WALK, "object": choice("order", "product"), "rate": _RATE},
    "application_flood": {"rate": _RATE},
    "spamming": {"channel": choice("review", "contact", "signup"), "rate": _RATE},
    "skewing": {"targets": _FEW, "rate": _RATE},
}

OPTIONS: Mapping[str, Mapping[str, Key]] = {
    kind: {name: Key(read) for name, read in reads.items()} for kind, reads in _READS.items()
}
"""Kind → option → how it is read; a kind that is not here has none."""
