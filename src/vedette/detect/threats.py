"""Which OWASP automated threat a suspicious request belongs to (Automated Threat Handbook, OAT-001 to OAT-021).

The purpose of the endpoint narrows it down, the strongest evidence decides. A threat is named only where the score says
that malice is more likely than not; a name never changes a score.
"""

from __future__ import annotations

from collections.abc import Sequence

from vedette.types import Purpose

__all__ = ["NAMES", "name_threat"]

NAMES: dict[str, str] = {
    "OAT-001": "carding",
    "OAT-002": "token cracking",
    "OAT-003": "ad fraud",
    "OAT-004": "fingerprinting",
    "OAT-005": "scalping",
    "OAT-006": "expediting",
    "OAT-007": "credential cracking",
    "OAT-008": "credential stuffing",
    "OAT-009": "CAPTCHA defeat",
    "OAT-010": "card cracking",
    "OAT-011": "scraping",
    "OAT-012": "cashing out",
    "OAT-013": "sniping",
    "OAT-014": "vulnerability scanning",
    "OAT-015": "denial of service",
    "OAT-016": "skewing",
    "OAT-017": "spamming",
    "OAT-018": "footprinting",
    "OAT-019": "account creation",
    "OAT-020": "account aggregation",
    "OAT-021": "denial of inventory",
}
_TOKENS = ("gift", "coupon", "voucher", "promo")
_MANY_ACCOUNTS = 1.4
"""log1p of three accounts for each established client: from there on guesses go over accounts, not passwords."""


def name_threat(
    score: float, purpose: Purpose, path: str, signals: Sequence[str], accounts_per_address: float
) -> str | None:
    """Name the threat, or ``None`` below a score of 0.5.

    Args:
        signals: Names of the strongest evidence, strongest first.
        accounts_per_address: The feature of that name (``log1p``, or NaN).
    """
    if score < 0.5:
        return None
    if purpose == "login":
        return "OAT-008" if accounts_per_address >= _MANY_ACCOUNTS else "OAT-007"
    if "probe" in signals or "client_missing" in signals or "address_missing" in signals:
        return "OAT-014"
    lower = path.lower()
    if any(word in lower for word in _TOKENS):
        return "OAT-002"
    if purpose in ("payment", "checkout"):
        return "OAT-001"
    if purpose == "signup":
        return "OAT-019"
    if purpose == "cart":
        return "OAT-021"
    if purpose == "account":
        return "OAT-018" if "object_step" in signals or "coverage" in signals else "OAT-020"
    if purpose in ("product", "listing") or "coverage" in signals or "object_step" in signals:
        return "OAT-011"
    rates = ("client_rate_10s", "client_rate_1m", "address_rate_10s", "address_rate_1m")
    if signals and signals[0] in rates:
        return "OAT-015"
    return "OAT-011" if purpose == "search" else None
