"""Show what betrays a program by its headers and its handshake, when it tells the truth and when it names a browser.

    python -m bench.claims

Writes the tables of ``docs/reference/clients.md``: real programs, as ``bench/capture_clients.py`` and
``bench/client_contexts.py`` recorded them; a liar sends its own fields with the User-Agent of another.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from math import isnan
from typing import Any

from bench.client_contexts import OUT as CONTEXTS
from bench.simulation import hellos
from vedette.collect.headers import HeaderFacts, Shape, examine, language_form
from vedette.collect.ja4 import ja4

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0"
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
    " Safari/605.1.15"
)
LIES = {"Chrome": CHROME, "Firefox": FIREFOX, "Safari": SAFARI}
FACTS = (
    "headers_missing headers_extra order_conflict values_conflict hints_conflict case_conflict tls_conflict tls_unlike"
    " tls_library protocol_downgrade agent_impossible"
).split()
PROGRAMS = (
    "python-requests httpx aiohttp urllib scrapy curl wget node node-https java okhttp apache-httpclient go php ruby"
    " headless-chrome headless-chrome-locale firefox curl_cffi:chrome142 curl_cffi:chrome131_android"
    " curl_cffi:safari260 curl_cffi:firefox144"
).split()


def shape_of(row: dict[str, Any], *, agent: str = "", tls: str = "", is_secure: bool = True) -> Shape:
    """Give the shape of a recorded request, as the collector makes it."""
    values = {name.lower(): value for name, value in reversed(row["headers"])}
    received = tuple(name for name, _ in row["headers"])
    names = tuple(name.lower() for name in received)
    return Shape(
        names,
        agent or values.get("user-agent", ""),
        values.get("sec-ch-ua", ""),
        values.get("sec-ch-ua-mobile", ""),
        values.get("sec-ch-ua-platform", ""),
        is_secure,
        row["method"] != "OPTIONS" and "upgrade" not in values,
        row["version"],
        tls,
        values.get("accept", ""),
        values.get("accept-encoding", ""),
        language_form(values.get("accept-language", "")),
        values.get("sec-fetch-site", ""),
        values.get("sec-fetch-mode", ""),
        values.get("sec-fetch-user", ""),
        values.get("sec-fetch-dest", ""),
        spelled=received if received != names else (),
    )


def against(facts: HeaderFacts) -> dict[str, float]:
    """Give what speaks against a client."""
    found = {name: getattr(facts, name) for name in FACTS if getattr(facts, name) > 0.0}
    if facts.client_class == 1.0:
        found["client_class"] = 1.0
    return found


def told(found: dict[str, float]) -> str:
    return ", ".join(f"`{name}` {value:.2g}" for name, value in found.items()) or "–"


def programs() -> Iterator[tuple[str, list[str]]]:
    """Give for each program what its first request shows, true and lying."""
    captured = json.loads(hellos.CAPTURED.read_text())
    for name in PROGRAMS:
        row, tls = captured[name]["requests"][0], ja4(hellos.told(captured[name]["hello"]))
        lies = [against(examine(shape_of(row, agent=lie, tls=tls))) for lie in LIES.values()]
        yield name, [told(against(examine(shape_of(row, tls=tls)))), *map(told, lies)]


def browsers() -> Iterator[tuple[str, str, int, Counter[str], Counter[str]]]:
    """Give for each recorded browser and context how many requests there were, and which facts were judged and held."""
    for way, rows in json.loads(CONTEXTS.read_text()).items():
        found: dict[str, list[HeaderFacts]] = {}
        for row in rows:
            # in the clear, only what goes to this machine itself counts as secure
            is_secure = "clear" not in way or any(name.lower() == "sec-fetch-mode" for name, _ in row["headers"])
            agent = {name.lower(): value for name, value in row["headers"]}["user-agent"]
            facts = examine(shape_of(row, agent=agent.replace("Headless", ""), is_secure=is_secure))
            found.setdefault(facts.context or "in the clear", []).append(facts)
        for context, several in sorted(found.items()):
            judged = Counter(name for facts in several for name in FACTS if not isnan(getattr(facts, name)))
            held = Counter(name for facts in several for name in against(facts))
            yield way, context, len(several), judged, held


def tables() -> list[str]:
    """Write both tables."""
    first = ["| program | truth | " + " | ".join(f"as {name}" for name in LIES) + " |"]
    first.append("| --- | --- | " + " | ".join("---" for _ in LIES) + " |")
    first += [f"| {name} | {' | '.join(cells)} |" for name, cells in programs()]
    second = ["| browser | context | requests | judged by | held against it |", "| --- | --- | --- | --- | --- |"]
    for way, context, count, judged, held in browsers():
        alarms = ", ".join(f"`{name}` {number}" for name, number in held.items()) or "nothing"
        second.append(f"| {way} | {context} | {count} | {len(judged)} facts | {alarms} |")
    return ["\n".join(first), "\n".join(second)]


def main() -> None:
    print("\n\n".join(tables()))


if __name__ == "__main__":
    main()
