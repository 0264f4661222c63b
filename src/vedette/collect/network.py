"""What the network says of a request: what kind it is, who lists it, whether a proxy stands between, and the language.

None of it is a verdict: offices, travellers and privacy relays share networks with bots. What is not known is NaN.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from vedette.snapshot.networks import NetworkFacts

__all__ = ["NetworkSignals", "language_conflict", "proxy_gap", "weigh"]

NAN = float("nan")
ANONYMITY = {"tor": 1.0, "proxy": 1.0, "anonymizer": 0.8, "vpn": 0.5, "relay": 0.0}
"""How much a kind of network hides: public exits most, relays that a browser's maker runs for everybody nothing."""

_LANGUAGES = {
    "AE": "ar hi ur", "AR": "es", "AT": "de", "BD": "bn", "BE": "nl fr de", "BG": "bg", "BR": "pt",
    "BY": "be ru", "CA": "fr", "CH": "de fr it rm", "CL": "es", "CN": "zh", "CO": "es", "CZ": "cs sk", "DE": "de",
    "DK": "da", "DZ": "ar fr", "EC": "es", "EE": "et ru", "EG": "ar", "ES": "es ca eu gl", "FI": "fi sv", "FR": "fr",
    "GB": "cy", "GR": "el", "HK": "zh", "HR": "hr", "HU": "hu", "ID": "id", "IE": "ga", "IL": "he ar ru",
    "IN": "hi bn ta te mr gu kn ml pa ur", "IR": "fa", "IT": "it de", "JP": "ja", "KE": "sw", "KR": "ko",
    "KZ": "kk ru", "LT": "lt ru", "LU": "lb fr de", "LV": "lv ru", "MA": "ar fr", "MX": "es", "MY": "ms zh ta",
    "NG": "ha yo ig", "NL": "nl", "NO": "nb no nn", "NZ": "mi", "PE": "es", "PH": "fil tl", "PK": "ur", "PL": "pl",
    "PT": "pt", "RO": "ro hu", "RS": "sr", "RU": "ru", "SA": "ar", "SE": "sv", "SG": "zh ms ta", "SI": "sl",
    "SK": "sk hu cs", "TH": "th", "TR": "tr ku", "TW": "zh", "UA": "uk ru", "US": "es", "UZ": "uz ru", "VE": "es",
    "VN": "vi", "ZA": "af zu xh",
}  # fmt: skip
"""Country to the languages that browsers there usually ask for; English is usual everywhere."""


class NetworkSignals(Struct, frozen=True, gc=False):
    """Hosting (0 or 1), anonymous and listed (0 to 1); NaN where nothing is known of any network."""

    hosting: float = NAN
    anonymous: float = NAN
    listed: float = NAN


def weigh(facts: NetworkFacts) -> NetworkSignals:
    """Turn what is known of an address into numbers; nothing speaks against the operator's own networks."""
    if not facts.is_known:
        return NetworkSignals()
    if facts.is_own:
        return NetworkSignals(0.0, 0.0, 0.0)
    kinds = facts.kinds
    anonymous = max((ANONYMITY.get(kind, 0.0) for kind in kinds), default=0.0)
    # many exits of anonymizers and relays stand in hosting ranges: it is said once
    hosting = float("hosting" in kinds and not any(kind in ANONYMITY for kind in kinds))
    return NetworkSignals(hosting, anonymous, facts.listed)


def proxy_gap(tcp_rtt: float, tls_rtt: float) -> float:
    """Give the seconds by which TLS takes longer than TCP: TCP ends at a proxy, TLS at the client. NaN where unknown.

    >>> round(proxy_gap(0.010, 0.085), 3)
    0.075
    """
    if tcp_rtt < 0.0 or tls_rtt < 0.0:
        return NAN
    return min(max(tls_rtt - tcp_rtt, 0.0), 10.0)


@lru_cache(maxsize=4096)
def language_conflict(accept: str, country: str) -> float:
    """Say whether no language of an Accept-Language (RFC 9110, 12.5.4) is usual in a country; NaN where unknown.

    >>> language_conflict("pt-BR,pt;q=0.9", "DE"), language_conflict("pt-BR,en;q=0.5", "DE")
    (1.0, 0.0)
    """
    usual = _LANGUAGES.get(country)
    if not accept or not usual:
        return NAN
    asked = {part.split(";", 1)[0].strip().split("-", 1)[0].lower() for part in accept[:256].split(",")} - {""}
    if not asked or "*" in asked or "en" in asked:
        return 0.0
    return float(asked.isdisjoint(usual.split()))
