"""Distributions of behaviour, as quantile tables: ezPAARSE, UCI, OTTO, RBA, PRIDE; and word lists."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

ASSET = re.compile(
    r"\.(?:js|css|png|gif|jpe?g|ico|svg|woff2?|ttf|swf|map|cur)(?:$|[/?;])"
    r"|/(?:image|img|images|static|assets?|scripts|styles|cache)/|[?&]_ob=MiamiImageURL",
    re.IGNORECASE,
)
CALL = re.compile(  # what a page's own script asks for, and the proxy's own login
    r"ajax|/advertisement/|UserActions|/gadgets/|/mlkt/|citeList|nocache|/stat$|autocomp|/jfind/auto|getMessage|login$"
    r"|/connect$|/relLink/|suggestedArt",
    re.IGNORECASE,
)
REDIRECTS = {301, 302, 303}
PAUSE_S = 1800.0
EZPAARSE = "ezPAARSE proxy log of 2012-11-30"
MAIL_DOMAINS = {
    "gmail.com": 0.38, "gmx.de": 0.10, "web.de": 0.10, "outlook.com": 0.055, "hotmail.com": 0.05, "icloud.com": 0.055,
    "t-online.de": 0.05, "yahoo.com": 0.04, "googlemail.com": 0.03, "yahoo.de": 0.02, "gmx.net": 0.02, "live.com": 0.01,
    "freenet.de": 0.012, "hotmail.de": 0.01, "posteo.de": 0.006, "mail.de": 0.004, "outlook.de": 0.012, "aol.com": 0.01,
    "proton.me": 0.008, "protonmail.com": 0.006, "me.com": 0.006, "orange.fr": 0.004, "free.fr": 0.003,
    "laposte.net": 0.002, "bluewin.ch": 0.004, "gmx.at": 0.006, "gmx.ch": 0.003, "libero.it": 0.002, "wp.pl": 0.002,
    "arcor.de": 0.006, "vodafone.de": 0.003, "online.de": 0.003, "mailbox.org": 0.003, "example.org": 0.002,
}  # fmt: skip


def build(data: Path) -> dict[str, Any]:
    shapes: dict[str, Any] = {}
    figures: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    _ezpaarse(data / "logs" / "ezpaarse_2012-11-30.parquet", shapes, figures, curves)
    _shoppers(data / "behaviour" / "uci_online_shoppers_intention.parquet", shapes, figures)
    _otto(data / "behaviour" / "otto_sample.parquet", shapes, figures)
    _logins(data / "logs" / "rba_first2000.parquet", shapes, figures)
    _bots(data / "behaviour" / "pride_deeplogbot_locations.parquet", shapes, figures)
    words = _words(data / "behaviour" / "zxcvbn_frequency_lists.parquet")
    words["mail_domains"] = list(MAIL_DOMAINS)
    total = sum(MAIL_DOMAINS.values())
    shares = {"mail_domains": [round(share / total, 5) for share in MAIL_DOMAINS.values()]}
    return {"shapes": shapes, "figures": figures, "curves": curves, "words": words, "shares": shares}


def table(values: Iterable[float], source: str, *, points: int = 201, is_whole: bool = False) -> dict[str, Any]:
    """Make a table of quantiles: of whole numbers those of the observed values, else interpolated ones."""
    found = np.sort(np.asarray(list(values), float))
    method = "inverted_cdf" if is_whole else "linear"
    quantiles = np.quantile(found, np.linspace(0.0, 1.0, points), method=method)
    return {
        "quantiles": [float(f"{value:.5g}") for value in quantiles],
        "is_whole": is_whole,
        "source": f"{source}; n = {len(found)}",
    }


def _sort(row: dict[str, Any]) -> str:
    """Sort a request: an asset, a call of a script, a redirect, or a page."""
    if ASSET.search(f"{row['path']}?{row['query'] or ''}"):
        return "asset"
    if CALL.search(row["path"]):
        return "call"
    return "redirect" if row["status"] in REDIRECTS else "page"


def _ezpaarse(file: Path, shapes: dict[str, Any], figures: dict[str, float], curves: dict[str, list[float]]) -> None:
    rows = sorted(pq.read_table(file).to_pylist(), key=lambda row: row["ts"])
    people: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    sizes: dict[str, list[float]] = defaultdict(list)
    addresses, logins = defaultdict(set), defaultdict(set)
    for row in rows:
        sort = _sort(row)
        if row["status"] == 200 and row["bytes"]:
            sizes[sort].append(row["bytes"])
        if row["user"]:
            people[row["user"], row["ip"]].append((row["ts"].timestamp(), sort))
            addresses[row["user"]].add(row["ip"])
            logins[row["ip"]].add(row["user"])
    whose = "of one login at one address, up to 30 min"
    spread = "the log's whole seconds spread"
    gaps = {name: _gaps(people, sorts) for name, sorts in SORTS.items()}
    shapes["page_gap_s"] = table(gaps["page_gap_s"], f"{EZPAARSE}: gaps between pages and redirects {whose}; {spread}")
    shapes["think_s"] = table(gaps["think_s"], f"{EZPAARSE}: gaps between pages {whose}; {spread}")
    shapes["request_gap_s"] = table(gaps["request_gap_s"], f"{EZPAARSE}: gaps between any requests {whose}; {spread}")
    sessions = [session for seen in people.values() for session in _sessions(seen)]
    views = [sum(sort == "page" for _, sort in session) for session in sessions]
    requests, pages = (len(session) for session in sessions), (count for count in views if count)
    lasts = (session[-1][0] - session[0][0] for session in sessions)
    pauses = (b[0][0] - a[-1][0] for seen in people.values() for a, b in pairwise(_sessions(seen)))
    shapes["session_requests"] = table(requests, f"{EZPAARSE}: requests up to a pause of 30 min", is_whole=True)
    shapes["session_pages"] = table(pages, f"{EZPAARSE}: pages of these sessions, where there is one", is_whole=True)
    shapes["session_s"] = table(lasts, f"{EZPAARSE}: first to last request of these sessions")
    shapes["return_s"] = table(pauses, f"{EZPAARSE}: pauses over 30 min within the day, by login and address")
    used, carried = (len(found) for found in addresses.values()), (len(found) for found in logins.values())
    shapes["addresses_per_login"] = table(used, f"{EZPAARSE}: addresses that a login uses in the day", is_whole=True)
    told = f"{EZPAARSE}: logins that an address carries in the day"
    shapes["logins_per_address"] = table(carried, told, is_whole=True, points=1001)
    shapes["page_bytes"] = table(sizes["page"], f"{EZPAARSE}: bodies of pages and documents answered 200")
    shapes["call_bytes"] = table(sizes["call"], f"{EZPAARSE}: bodies of scripts' calls answered 200")
    shapes["asset_bytes"] = table(sizes["asset"], f"{EZPAARSE}: bodies of scripts, styles and images answered 200")
    sorts = Counter(_sort(row) for row in rows)
    figures |= {f"{sort}_share": round(sorts[sort] / len(rows), 4) for sort in ("asset", "call", "redirect", "page")}
    figures["moving_logins"] = round(sum(len(found) > 1 for found in addresses.values()) / len(addresses), 4)
    figures["shared_addresses"] = round(sum(len(found) > 1 for found in logins.values()) / len(logins), 4)
    hours = Counter((row["ts"].hour + 1) % 24 for row in rows)  # the readers are in France, UTC+1 in November
    day = [hours[hour] / len(rows) * 24 for hour in range(24)]
    smooth = [(day[hour - 1] + 2 * day[hour] + day[(hour + 1) % 24]) / 4 for hour in range(24)]
    curves["day"] = [round(value, 4) for value in smooth]


SORTS = {
    "page_gap_s": {"page", "redirect"},
    "think_s": {"page"},
    "request_gap_s": {"page", "redirect", "call", "asset"},
}


def _gaps(people: dict[tuple[str, str], list[tuple[float, str]]], sorts: set[str]) -> list[float]:
    found = []
    for seen in people.values():
        times = [at for at, sort in seen if sort in sorts]
        found += [b - a for a, b in pairwise(times) if b - a <= PAUSE_S]
    return _spread(found)


def _sessions(seen: list[tuple[float, str]]) -> list[list[tuple[float, str]]]:
    found: list[list[tuple[float, str]]] = []
    for at, sort in seen:
        if not found or at - found[-1][-1][0] > PAUSE_S:
            found.append([])
        found[-1].append((at, sort))
    return found


def _spread(gaps: list[float]) -> list[float]:
    """Spread gaps of whole seconds over (gap - 1, gap + 1), as two stamps cut to seconds leave it: triangular."""
    rng = np.random.default_rng(20121130)
    return list(np.maximum(np.asarray(gaps) + rng.triangular(-1.0, 0.0, 1.0, len(gaps)), 0.02))


def _shoppers(file: Path, shapes: dict[str, Any], figures: dict[str, float]) -> None:
    rows = pq.read_table(file).to_pylist()
    source = "UCI Online Shoppers Purchasing Intention"
    pages = [row["Administrative"] + row["Informational"] + row["ProductRelated"] for row in rows]
    rows = [row for row, count in zip(rows, pages, strict=True) if count]
    buys = [row for row in rows if row["Revenue"]]
    looks = [row for row in rows if not row["Revenue"]]
    for name, chosen in (("shop_pages", rows), ("shop_pages_buying", buys), ("shop_pages_looking", looks)):
        counts = [row["Administrative"] + row["Informational"] + row["ProductRelated"] for row in chosen]
        shapes[name] = table(counts, f"{source}: pages of a session{name[10:].replace('_', ', ')}", is_whole=True)
    dwell = [
        row["ProductRelated_Duration"] / row["ProductRelated"] for row in rows if row["ProductRelated_Duration"] > 0
    ]
    shapes["product_dwell_s"] = table(dwell, f"{source}: mean seconds on a product page, by session, where over 0")
    total = sum(sum(row[name] for name in ("Administrative", "Informational", "ProductRelated")) for row in rows)
    figures["product_share"] = round(sum(row["ProductRelated"] for row in rows) / total, 4)
    figures["administrative_share"] = round(sum(row["Administrative"] for row in rows) / total, 4)
    figures["informational_share"] = round(sum(row["Informational"] for row in rows) / total, 4)
    figures["buying_sessions"] = round(len(buys) / len(rows), 4)
    returning = [row for row in rows if row["VisitorType"] == "Returning_Visitor"]
    figures["returning_visitors"] = round(len(returning) / len(rows), 4)
    figures["buying_returning"] = round(sum(row["Revenue"] for row in returning) / len(returning), 4)
    new = [row for row in rows if row["VisitorType"] == "New_Visitor"]
    figures["buying_new"] = round(sum(row["Revenue"] for row in new) / len(new), 4)
    figures["weekend_share"] = round(sum(row["Weekend"] for row in rows) / len(rows), 4)


def _otto(file: Path, shapes: dict[str, Any], figures: dict[str, float]) -> None:
    rows = sorted(pq.read_table(file).to_pylist(), key=lambda row: (row["session"], row["ts_ms"]))
    kinds = Counter(row["type"] for row in rows)
    figures["carts_per_click"] = round(kinds["carts"] / kinds["clicks"], 4)
    figures["orders_per_cart"] = round(kinds["orders"] / kinds["carts"], 4)
    gaps = [
        (later["ts_ms"] - row["ts_ms"]) / 1000
        for row, later in pairwise(rows)
        if row["session"] == later["session"] and 0 < later["ts_ms"] - row["ts_ms"] <= PAUSE_S * 1000
    ]
    shapes["click_gap_s"] = table(
        gaps, "OTTO sample of 20 sessions: gaps up to 30 min between clicks, carts, orders", points=101
    )
    again = [row["aid"] for row in rows]
    figures["revisits"] = round(1 - len({(row["session"], row["aid"]) for row in rows}) / len(again), 4)


def _logins(file: Path, shapes: dict[str, Any], figures: dict[str, float]) -> None:
    rows = pq.read_table(file).to_pylist()
    plain = [row for row in rows if not row["Is Attack IP"]]
    attack = [row for row in rows if row["Is Attack IP"]]
    figures["failed_logins_all"] = round(sum(not row["Login Successful"] for row in plain) / len(plain), 4)
    figures["failed_logins_attack"] = round(sum(not row["Login Successful"] for row in attack) / len(attack), 4)
    rtt = [row["rtt_ms"] / 1000 for row in rows if row["rtt_ms"] is not None and row["rtt_ms"] > 0]
    if len(rtt) >= 30:
        shapes["rtt_s"] = table(rtt, "RBA, first 2,000 rows: round trip as measured by the server", points=101)


def _bots(file: Path, shapes: dict[str, Any], figures: dict[str, float]) -> None:
    rows = pq.read_table(file).to_pylist()
    for name, label in (("bot", "bot"), ("hub", "hub"), ("people", "organic")):
        chosen = [row for row in rows if row["gold_label"] == label]
        source = f"PRIDE locations whose gold label is {label}"
        shapes[f"{name}_users"] = table(
            (row["unique_users"] for row in chosen), f"{source}: users", is_whole=True, points=101
        )
        shapes[f"{name}_downloads_per_user"] = table(
            (row["downloads_per_user"] for row in chosen), f"{source}: downloads a user", points=101
        )
        for figure in ("working_hours_ratio", "night_activity_ratio", "hourly_entropy"):
            figures[f"{name}_{figure}"] = round(float(np.median([row[figure] for row in chosen])), 4)


def _words(file: Path) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = defaultdict(list)
    for row in sorted(pq.read_table(file).to_pylist(), key=lambda row: row["rank"]):
        lists[row["list"]].append(row["word"])
    given = [name for pair in zip(lists["female_names"], lists["male_names"], strict=False) for name in pair]
    given += lists["female_names"][len(lists["male_names"]) :]
    return {
        "given_names": list(dict.fromkeys(given))[:2000],
        "surnames": lists["surnames"][:3000],
        "passwords": lists["passwords"][:500],
    }
