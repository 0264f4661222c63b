"""Distributions of behaviour, as quantile tables: ezPAARSE, UCI, OTTO, RBA, PRIDE; and word lists."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

ASSET = re.compile(
    r"\.(?:js|css|png|gif|jpe?g|ico|svg|woff2?|ttf|swf|map)(?:$|[/?;])|/(?:image|img|static|assets?)/", re.I
)
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


def _ezpaarse(file: Path, shapes: dict[str, Any], figures: dict[str, float], curves: dict[str, list[float]]) -> None:
    rows = sorted(
        (row["ts"].timestamp(), row["ip"], row["user"] or "", row["path"], row["status"], row["bytes"])
        for row in pq.read_table(file).to_pylist()
    )
    people: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    sizes: dict[bool, list[float]] = {True: [], False: []}
    addresses, logins = defaultdict(set), defaultdict(set)
    for at, address, user, path, status, size in rows:
        is_asset = ASSET.search(path) is not None
        if status == 200 and size:
            sizes[is_asset].append(size)
        if user:
            people[user, address].append((at, is_asset))
            addresses[user].add(address)
            logins[address].add(user)
    gaps, bursts, requests, pages, durations, rests = [], [], [], [], [], []
    for seen in people.values():
        session: list[tuple[float, bool]] = []
        for at, is_asset in [*seen, (float("inf"), False)]:
            if session and at - session[-1][0] > PAUSE_S:
                requests.append(len(session))
                pages.append(max(1, sum(not asset for _, asset in session)))
                durations.append(session[-1][0] - session[0][0])
                if at != float("inf"):
                    rests.append(at - session[-1][0])
                session = []
            session.append((at, is_asset))
        views = [at for at, is_asset in seen if not is_asset]
        gaps += [b - a for a, b in zip(views, views[1:], strict=False) if b - a <= PAUSE_S]
        loads = [at for at, _ in seen]
        bursts += [b - a for a, b in zip(loads, loads[1:], strict=False) if b - a <= PAUSE_S]
    shapes["page_gap_s"] = table(
        _spread(gaps),
        f"{EZPAARSE}: gaps up to 30 min between pages of one login at one address, "
        "assets removed; the log's whole seconds spread evenly over the second",
    )
    shapes["think_s"] = table(
        [gap for gap in _spread(gaps) if gap >= 1.0],
        f"{EZPAARSE}: the same gaps from 1 s, since shorter ones are redirects and frames of one page",
    )
    shapes["request_gap_s"] = table(_spread(bursts), f"{EZPAARSE}: gaps up to 30 min between any two requests")
    shapes["session_requests"] = table(requests, f"{EZPAARSE}: requests up to a pause of 30 min", is_whole=True)
    shapes["session_pages"] = table(pages, f"{EZPAARSE}: the same, assets removed", is_whole=True)
    shapes["session_s"] = table(durations, f"{EZPAARSE}: first to last request of these sessions")
    shapes["return_s"] = table(rests, f"{EZPAARSE}: pauses over 30 min within the day, by login and address")
    shapes["addresses_per_login"] = table(
        (len(found) for found in addresses.values()), f"{EZPAARSE}: addresses a login uses in the day", is_whole=True
    )
    shapes["logins_per_address"] = table(
        (len(found) for found in logins.values()),
        f"{EZPAARSE}: logins that an address carries in the day",
        is_whole=True,
        points=1001,
    )
    shapes["page_bytes"] = table(sizes[False], f"{EZPAARSE}: bodies of pages and documents answered 200")
    shapes["asset_bytes"] = table(sizes[True], f"{EZPAARSE}: bodies of scripts, styles and images answered 200")
    figures["asset_share"] = round(sum(ASSET.search(row[3]) is not None for row in rows) / len(rows), 4)
    figures["moving_logins"] = round(sum(len(found) > 1 for found in addresses.values()) / len(addresses), 4)
    figures["shared_addresses"] = round(sum(len(found) > 1 for found in logins.values()) / len(logins), 4)
    hours = Counter(int((row[0] + 3600) // 3600 % 24) for row in rows)  # the readers are in France, UTC+1 in November
    day = [hours[hour] / len(rows) * 24 for hour in range(24)]
    smooth = [(day[hour - 1] + 2 * day[hour] + day[(hour + 1) % 24]) / 4 for hour in range(24)]
    curves["day"] = [round(value, 4) for value in smooth]


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
        for row, later in zip(rows, rows[1:], strict=False)
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
    for name, flag in (("bot", "is_bot"), ("hub", "is_hub"), ("people", "is_organic")):
        chosen = [row for row in rows if row[flag]]
        source = f"PRIDE locations labelled {name}"
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
