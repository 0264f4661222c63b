"""Languages by country: composed, but for the United States, whose shares are those of real browser profiles."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

NATIVE = {
    "DE": "de", "AT": "de", "FR": "fr", "GB": "en", "NL": "nl", "IT": "it", "ES": "es", "PL": "pl", "BR": "pt",
    "IN": "en", "ID": "id", "VN": "vi", "TR": "tr", "RU": "ru", "MX": "es", "PH": "en", "HR": "hr", "RS": "sr",
    "SE": "sv", "NO": "nb", "DK": "da", "FI": "fi", "CZ": "cs", "HU": "hu", "RO": "ro", "PT": "pt", "GR": "el",
    "IE": "en", "CA": "en", "AU": "en", "NZ": "en", "JP": "ja", "KR": "ko", "CN": "zh", "TW": "zh", "TH": "th",
    "UA": "uk", "AR": "es", "CL": "es", "CO": "es", "PE": "es", "ZA": "en", "NG": "en", "KE": "en", "EG": "ar",
    "SA": "ar", "AE": "ar", "MA": "fr", "DZ": "fr", "PK": "en", "BD": "bn", "MY": "ms", "SG": "en", "IL": "he",
    "BG": "bg", "SK": "sk", "SI": "sl", "LT": "lt", "LV": "lv", "EE": "et", "KZ": "ru", "BY": "ru", "EC": "es",
    "VE": "es", "IR": "fa", "IQ": "ar", "LK": "en", "NP": "ne", "HK": "zh", "TN": "fr", "LU": "fr", "IS": "is",
}  # fmt: skip
NEIGHBOURS = {
    "DE": ["tr-TR", "pl-PL", "ru-RU", "uk-UA", "ar", "it-IT"],
    "AT": ["tr-TR", "sr-RS", "hr-HR", "hu-HU"],
    "FR": ["pt-PT", "ar", "es-ES"],
    "GB": ["pl-PL", "ro-RO", "zh-CN", "es-ES"],
    "NL": ["tr-TR", "pl-PL", "de-DE", "ar"],
}
SWISS = [(["de-CH", "de"], 0.5), (["de-CH", "de", "en-US", "en"], 0.14), (["fr-CH", "fr"], 0.18)]
SWISS += [(["it-CH", "it"], 0.06), (["en-US", "en"], 0.06), (["de-DE", "de", "en"], 0.06)]
FEW = 0.0005


def build(data: Path) -> dict[str, list[tuple[list[str], float]]]:
    found = {country: _composed(country, language) for country, language in sorted(NATIVE.items())}
    found["CH"] = SWISS
    found["US"] = _profiles(data)
    found[""] = [(["en-US", "en"], 1.0)]
    return found


def _composed(country: str, language: str) -> list[tuple[list[str], float]]:
    """Most ask for their own language, many add English, some use a system in English or come from elsewhere."""
    own = [f"{language}-{country}", language]
    if language == "en":
        shares = [(own, 0.62), ([*own, "en-US"], 0.05), (["en-US", "en"], 0.24), (["en-GB", "en"], 0.03)]
    elif country == "DE":
        shares = [(["de-DE", "de", "en-US", "en"], 0.38), (own, 0.40), (["de", "en-US", "en"], 0.05)]
        shares += [(["en-US", "en"], 0.06), (["en-GB", "en", "de"], 0.02), (["de"], 0.02)]
    else:
        shares = [(own, 0.46), ([*own, "en-US", "en"], 0.33), (["en-US", "en"], 0.09), (["en-GB", "en"], 0.02)]
    others = NEIGHBOURS.get(country, [])
    left = 1.0 - sum(share for _, share in shares)
    if not others:
        shares[0] = (shares[0][0], round(shares[0][1] + left, 4))
    shares += [([name, name[:2]] if "-" in name else [name], round(left / len(others), 4)) for name in others]
    return shares


def _profiles(data: Path) -> list[tuple[list[str], float]]:
    """Take the first language of real profiles, whose senders are mostly in North America."""
    shares: Counter[str] = Counter()
    for row in pq.read_table(data / "fingerprints" / "intoli_user_agents_10k.parquet").to_pylist():
        if not row["language"].endswith(("-CA", "-GB", "-AU", "-NZ")):
            shares[row["language"]] += row["weight"]
    kept = [(name, share) for name, share in shares.most_common() if share >= FEW]
    total = sum(share for _, share in kept)
    return [([name, name[:2]] if "-" in name else [name], round(share / total, 5)) for name, share in kept]
