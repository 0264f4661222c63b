"""Networks: real prefixes by autonomous system and kind, and published ranges of bots, VPNs, relays and Tor."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import gzip
import json
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

KINDS = {"resi": "home", "mobile": "mobile", "corp": "office", "dc": "datacentre"}
MOST_PREFIXES, MOST_SMALL, MOST_RANGES, MOST_NETWORKS = 24, 8, 400, 420
SMALLEST, SMALLEST_AT_HOME = 40_000, 4_000  # addresses of an access network
HOME = {"DE", "AT", "CH"}
OFFICE = re.compile(
    r"siemens|bosch|volkswagen|daimler|mercedes|bmw|bayer ag|sap se|allianz|telekom it|deutsche bahn|db systel|lufthansa"
    r"|continental ag|thyssenkrupp|henkel|adidas|commerzbank|ergo group|munich re|datev|fraport|evonik|infineon|schaeffler"
    r"|colt tech|plusnet|ecotel|qsc ag|versatel|cegedim|ibm deutschland|bundes|landes|stadt |kreis|universit|hochschule"
    r"|max-planck|swiss re|novartis|roche|nestle|credit suisse|\bubs\b|philips|\bing\b bank|rabobank|shell|unilever|barclays",
    re.I,
)
NOT_OFFICE = re.compile(r"stadtwerke|host|cloud|data ?cent", re.I)
HOSTING = re.compile(
    r"host|vps|data ?cent(?:er|re)|datacamp|server|colocat|colocrossing|m247|leaseweb|contabo|ionos|strato|netcup|hetzner|ovh|linode"
    r"|vultr|choopa|psychz|quadranet|cogent|zenlayer|gcore|g-core|selectel|timeweb|alibaba|tencent|huawei cloud|oracle corp"
    r"|packethub|worldstream|serverius|ipxo|b2 net|sharktech|frantech|buyvm|clouvider|melbikomas|stark industries|aeza",
    re.I,
)
NOT_HOSTING = re.compile(r"telecom|cable|university|bank|afrihost", re.I)
MOST_HOSTING, LARGEST_HOSTING, SMALLEST_HOSTING = 160, 32_768, 2_048
MOST_OFFICES, LARGEST_OFFICE = 60, 16_384
ACCESS = re.compile(
    r"telecom|telekom|telefon|telcom|telmex|telstra|telia|telenor|telus|telkom|broadband|cable|vodafone|orange|comcast"
    r"|charter|cox comm|claro|airtel|jio|bsnl|national internet backbone|viettel|vnpt|pakistan tele|turkcell|superonline"
    r"|ooredoo|etisalat|zain|mtn|safaricom|virgin media|sky uk|talktalk|kpn|ziggo|proximus|swisscom|sunrise|liberty|tele2"
    r"|bouygues|free sas|netia|upc|magyar|cyfrowy|elisa|dna oyj|bell canada|rogers|shaw|bezeq|partner comm|hot-net|telecentro"
    r"|entel|movistar|tim s/a|oi s\.?a|net serv|globe|pldt|converge|true internet|3bb|tot public|maxis|celcom|unifi|singtel"
    r"|starhub|kddi|softbank|ntt comm|ocn|korea telecom|sk broadband|lg (?:dacom|power|u)|chunghwa|hinet|hathway|act fibre"
    r"|excitel|grameen|link3|ukrtelecom|kyivstar|rostelecom|mts pjsc|vimpelcom|beeline|er-telecom|megafon|a1 |o2 |eircom|optus"
    r"|m-net|netcologne|ewe tel|tele columbus|pyur|inexio|wilhelm\.tel|htp gmbh|stadtwerke|glasfaser|kabel|netaachen"
    r"|unitymedia|wobcom|salt mobile|quickline|init7|magenta|liwest|hutchison|deutsche glasfaser"
    r"|tpg|spark new|frontier|centurylink|windstream|altice|t-mobile|verizon|at&t",
    re.I,
)  # fmt: skip
NOT_ACCESS = re.compile(
    r"host|cloud|data ?cent|server|vpn|wholesale|enterprise|business|backbone$|satellite|bank", re.I
)
MIXES = {
    "home": {"DE": 0.80, "AT": 0.06, "CH": 0.05, "FR": 0.015, "NL": 0.015, "GB": 0.015, "PL": 0.01, "IT": 0.01, "ES": 0.01, "US": 0.015},
    "mobile": {"DE": 0.86, "AT": 0.07, "FR": 0.015, "NL": 0.01, "GB": 0.015, "ES": 0.01, "IT": 0.01, "US": 0.01},
    "office": {"DE": 0.84, "CH": 0.06, "NL": 0.03, "GB": 0.03, "US": 0.04},
    "proxy": {
        "BR": 0.12, "IN": 0.09, "ID": 0.07, "VN": 0.06, "MX": 0.05, "PH": 0.05, "TR": 0.05, "RU": 0.04, "US": 0.09,
        "PK": 0.03, "BD": 0.02, "AR": 0.03, "CO": 0.03, "EG": 0.02, "MA": 0.02, "ZA": 0.02, "TH": 0.02, "MY": 0.02,
        "UA": 0.02, "RO": 0.015, "PL": 0.02, "ES": 0.02, "IT": 0.02, "FR": 0.02, "GB": 0.03, "DE": 0.03, "RS": 0.01,
        "HR": 0.005, "KR": 0.01, "JP": 0.01,
    },
}  # fmt: skip


def build(data: Path) -> dict[str, Any]:
    given = json.loads(gzip.decompress((data / "reputation" / "networks.json.gz").read_bytes()))
    facts = _Facts(data / "reputation")
    found = [
        {
            "kind": KINDS[row["kind"]],
            "asn": row["asn"],
            "country": row["country"],
            "v4": [cut(KINDS[row["kind"]], prefix) for prefix in row["v4"] if prefix[1] >= 256][:MOST_PREFIXES],
            "v6": [[first, 128 - int(size).bit_length() + 1] for first, size in _whole(row["v6"])],
        }
        for row in given["asns"]
    ]
    known = {row["asn"] for row in found}
    found += [row for row in facts.access_networks() if row["asn"] not in known]
    found += [row for row in facts.offices() if row["asn"] not in known]
    found += [row for row in facts.hosting() if row["asn"] not in known]
    lists = {kind: facts.ranges(ranges) for kind, ranges in sorted(given["lists"].items())}
    return {"networks": found, "lists": lists, "mixes": {kind: list(mix.items()) for kind, mix in MIXES.items()}}


def cut(kind: str, prefix: list[int]) -> list[int]:
    """Keep the first part of a large prefix, so that universities and three clouds do not outweigh all others."""
    largest = {"office": LARGEST_OFFICE, "datacentre": LARGEST_HOSTING}
    return [prefix[0], min(prefix[1], largest.get(kind, prefix[1]))]


def _whole(ranges: list[list[str]]) -> list[tuple[str, int]]:
    """Cut IPv6 ranges to the largest whole prefix that they begin with."""
    return [(first, 1 << (int(size) + 1).bit_length() - 1) for first, size in ranges if int(size) >= 1 << 79]


class _Facts:
    """Which network and country an IPv4 address belongs to."""

    def __init__(self, reputation: Path) -> None:
        asns = pq.read_table(reputation / "asn_ipv4.parquet").to_pydict()
        self.rows = sorted(zip(asns["start"], asns["end"], asns["asn"], asns["org"], strict=True))
        self._starts = [row[0] for row in self.rows]
        table = pq.read_table(reputation / "country_ipv4.parquet")
        names = table.schema.names
        places = table.to_pydict()
        country = next(name for name in names if name not in {"start", "end"})
        self._places = sorted(zip(places["start"], places["end"], places[country], strict=True))
        self._place_starts = [row[0] for row in self._places]

    def asn(self, address: int) -> int:
        row = self.rows[bisect_right(self._starts, address) - 1]
        return row[2] if row[0] <= address <= row[1] else 0

    def country(self, address: int) -> str:
        row = self._places[bisect_right(self._place_starts, address) - 1]
        return row[2] if row[0] <= address <= row[1] else ""

    def ranges(self, given: list[str]) -> list[list[Any]]:
        found = []
        for text in given[:MOST_RANGES] if len(given) > 2 * MOST_RANGES else given:
            network = ip_network(text)
            if network.version == 4:
                first, size = int(network.network_address), network.num_addresses
                asn, country = self.asn(first), self.country(first)
                if asn and country and (size > 1 or first & 255 not in {0, 255}):
                    found.append([first, size, asn, country])
        return found

    def access_networks(self) -> list[dict[str, Any]]:
        """Name the largest access networks of the world by the words in their names."""
        found = []
        for asn, name, size, prefixes in self._named(ACCESS, NOT_ACCESS):
            is_mobile = re.search(r"mobil|cellular|wireless|gsm|lte", name, re.I)
            row = self._network("mobile" if is_mobile else "home", asn, prefixes)
            if row and size >= (SMALLEST_AT_HOME if row["country"] in HOME else SMALLEST):
                found.append(row)
        at_home = [row for row in found if row["country"] in HOME]
        return [*found[:MOST_NETWORKS], *(row for row in at_home if row not in found[:MOST_NETWORKS])]

    def offices(self) -> list[dict[str, Any]]:
        """Name organisations near the shop that have networks of their own, by the words in their names."""
        found = [self._network("office", asn, prefixes) for asn, _, _, prefixes in self._named(OFFICE, NOT_OFFICE)]
        return [row for row in found if row and row["country"] in {*HOME, "NL", "GB"}][:MOST_OFFICES]

    def hosting(self) -> list[dict[str, Any]]:
        """Name hosting companies of the world by the words in their names."""
        named = [row for row in self._named(HOSTING, NOT_HOSTING) if row[2] >= SMALLEST_HOSTING][:MOST_HOSTING]
        found = (self._network("datacentre", asn, prefixes) for asn, _, _, prefixes in named)
        return [row for row in found if row]

    def _named(self, wanted: re.Pattern[str], not_wanted: re.Pattern[str]) -> list[tuple[int, str, int, list[Any]]]:
        prefixes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        names: dict[int, str] = {}
        for start, end, asn, name in self.rows:
            if wanted.search(name or "") and not not_wanted.search(name):
                prefixes[asn].append((end - start + 1, start))
                names[asn] = name
        sizes = {asn: sum(size for size, _ in found) for asn, found in prefixes.items()}
        return [
            (asn, names[asn], sizes[asn], prefixes[asn]) for asn in sorted(sizes, key=lambda asn: (-sizes[asn], asn))
        ]

    def _network(self, kind: str, asn: int, prefixes: list[tuple[int, int]]) -> dict[str, Any] | None:
        """Keep the largest prefixes of a network that are in its main country."""
        largest = sorted(prefixes, reverse=True)[:MOST_SMALL]
        country = Counter(self.country(start) for _, start in largest).most_common(1)[0][0]
        v4 = [cut(kind, [start, size]) for size, start in largest if self.country(start) == country and size >= 256]
        return {"kind": kind, "asn": asn, "country": country, "v4": v4, "v6": []} if v4 and country else None
