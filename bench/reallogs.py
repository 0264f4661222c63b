"""Replays public logs of real traffic and writes what was found: ``python -m bench.reallogs DATA_DIRECTORY``.

The directory holds Parquet files made from public logs (their sources stand in ``docs/real-logs.md``); nothing else in
the project needs it. Each becomes request records of the contract, is run through the code of ``vedette replay`` with
the shipped ``balanced`` policy, and is summed up. The figures between the marks of ``docs/real-logs.md`` are replaced.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from vedette.config import defaults
from vedette.config.schema import Config, Endpoint
from vedette.config.units import parse_match
from vedette.doors.logs import Log, MalformedTally
from vedette.engine import Engine
from vedette.replay import replay, seed_key
from vedette.types import STOPPING, Decision, Request

DOCUMENT = Path(__file__).parent.parent / "docs" / "real-logs.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
Record = dict[str, Any]


def _query(file: Path, sql: str) -> Iterator[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        yield from connection.execute(sql.replace("$file", f"'{file}'")).fetchall()


def _record(at: float, address: str, method: str, path: str, status: int | None, **more: Any) -> Record:
    record: Record = {
        "timestamp": at,
        "client.address": address,
        "http.request.method": method or "GET",
        "url.path": path or "/",
    }
    if status:
        record["http.response.status_code"] = int(status)
    return record | {key: value for key, value in more.items() if value not in (None, "")}


def ezpaarse(file: Path) -> Iterator[Record]:
    """A day of an academic proxy: the login is the session."""
    sql = 'select epoch(ts), ip, method, path, status, "user", host, query, bytes from $file order by ts, source, line'
    for at, ip, method, path, status, user, host, query, size in _query(file, sql):
        more = {"session.id": user, "server.address": host, "url.query": query, "http.response.body.size": size}
        yield _record(at, ip, method, path, status, **more)


def edgar(file: Path) -> Iterator[Record]:
    """Downloads from a public archive; the last octet of addresses is masked by letters, so they stay opaque."""
    sql = "select epoch(ts), ip, cik, accession, extention, code, size from $file order by ts"
    for at, ip, cik, accession, name, status, size in _query(file, sql):
        path = f"/Archives/edgar/data/{cik}/{accession}/{name}"
        yield _record(at, ip, "GET", path, status, **{"http.response.body.size": size})


def elastic(file: Path) -> Iterator[Record]:
    """A blog's combined log; every time has minute 05."""
    sql = "select epoch(ts), ip, method, target, status, ua from $file order by ts, line"
    for at, ip, method, target, status, agent in _query(file, sql):
        path, _, query = target.partition("?")
        yield _record(at, ip, method, path, status, **{"url.query": query, "user_agent.original": agent})


def nasa(file: Path) -> Iterator[Record]:
    """A web server of 1995; hosts are names as often as addresses."""
    sql = "select epoch(ts), host, method, url, response from $file order by ts"
    for at, host, method, url, status in _query(file, sql):
        path, _, query = url.partition("?")
        yield _record(at, host, method, path, status, **{"url.query": query})


def rba(file: Path) -> Iterator[Record]:
    """Login attempts; the user id is the account that was tried.

    User agents are left out: their words were shuffled (``iPhone … Firefox/20.0 … Chrome variation``).
    """
    sql = """select epoch("Login Timestamp"), "IP Address", "User ID", "Login Successful"
             from $file order by "Login Timestamp", index"""
    for at, ip, user, is_good in _query(file, sql):
        yield _record(at, ip, "POST", "/login", 200 if is_good else 401, **{"user.name": user})


LOGS: tuple[tuple[str, str, Callable[[Path], Iterator[Record]]], ...] = (
    ("ezpaarse", "ezpaarse_2012-11-30.parquet", ezpaarse),
    ("edgar 2017", "edgar_2017-06-30_71s.parquet", edgar),
    ("edgar 2006", "edgar_2006-01-01_one_crawler.parquet", edgar),
    ("elastic", "elastic_apache_2015-05-17_18.parquet", elastic),
    ("nasa July", "nasa_19950701_10k.parquet", nasa),
    ("nasa August", "nasa_19950801_10k.parquet", nasa),
    ("rba", "rba_first2000.parquet", rba),
)


class Sums:
    """What is kept of a replay: by client (session, else address) and in all."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.signals: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.stopped: Counter[str] = Counter()
        self.watched: Counter[str] = Counter()
        self.places: dict[int, bool] = {}
        self.sessions: set[str] = set()

    def expect(self, place: int) -> None:
        """Nothing to do before the decision is made."""

    def add(self, place: int, request: Request, decision: Decision) -> None:
        """Take in one decision."""
        who = request.session_id or request.client_address
        if request.session_id:
            self.sessions.add(who)
        is_stopped = decision.action in STOPPING
        self.actions[decision.action] += 1
        self.verdicts[decision.verdict] += 1
        self.requests[who] += 1
        self.places[place] = is_stopped
        if is_stopped:
            self.stopped[who] += 1
            if decision.reasons:
                self.signals[decision.reasons[0].signal] += 1
        elif decision.action == "monitor":
            self.watched[who] += 1


def configuration() -> Config:
    """The shipped defaults, with the one endpoint that the login data needs."""
    import msgspec

    login = Endpoint(name="login", match=parse_match("POST /login"), purpose="login")
    return msgspec.structs.replace(defaults("http://127.0.0.1:1"), endpoints=(login,))


def run(records: Iterator[Record]) -> Sums:
    """Replay request records through the product's own door, order and engine."""
    sums, malformed = Sums(), MalformedTally()
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
    try:
        engine = Engine.open(configuration(), key=seed_key(0), live=False)
        replay([Log(file.name, "jsonl", malformed)], engine, [sums])
    finally:
        Path(file.name).unlink()
    if malformed.total or engine.degraded:
        sys.exit(f"unexpected: {malformed.total} malformed, {engine.degraded} degraded ({engine.last_error!r})")
    return sums


def percent(part: float, whole: float) -> str:
    """Write a share."""
    return f"{100 * part / whole:.2f} %" if whole else "–"


def row(name: str, sums: Sums) -> str:
    """Sum up one log."""
    n, stopped = sum(sums.requests.values()), sum(sums.stopped.values())
    watched = [who for who in sums.watched if who not in sums.stopped]
    signal = sums.signals.most_common(1)
    return (
        f"| {name} | {n:,} | {len(sums.requests):,} | {percent(stopped, n)} | {len(sums.stopped):,} | {len(watched):,} "
        f"| {percent(sums.verdicts['bad_bot'], n)} | {percent(sums.verdicts['human'], n)} | "
        f"{signal[0][0] if signal else '–'} |"
    )


def findings(name: str, sums: Sums, directory: Path, file: str) -> list[str]:
    """Say what one log shows beyond the table, where it says who was who."""
    if name == "ezpaarse":
        stopped = [who for who in sums.sessions if who in sums.stopped]
        watched = [who for who in sums.sessions if who in sums.watched]
        others = [who for who in sums.stopped if who not in sums.sessions]
        return [
            f"ezpaarse: {len(stopped)} of {len(sums.sessions)} logins ever stopped"
            f" ({percent(len(stopped), len(sums.sessions))}), {len(watched)} ever watched;"
            f" {len(others)} addresses without a login stopped."
        ]
    if name == "edgar 2017":
        busiest = [who for who, _ in sums.requests.most_common(len(sums.requests) // 10)]
        of = sum(sums.requests[who] for who in busiest)
        hit = sum(who in sums.stopped for who in busiest)
        rest = sum(count for who, count in sums.stopped.items() if who not in set(busiest))
        return [
            f"edgar 2017: the busiest tenth ({len(busiest)} addresses) makes {percent(of, sum(sums.requests.values()))}"
            f" of the requests; {hit} of them are stopped at some time,"
            f" {percent(sum(sums.stopped[who] for who in busiest), of)} of their requests;"
            f" {rest} requests of all others are stopped."
        ]
    if name == "elastic":
        sql = "select ip, bool_or(ua_declared_bot) from $file group by ip"
        bots = dict(_query(directory / file, sql))
        flagged = [ip for ip in bots if ip in sums.watched or ip in sums.stopped]
        return [
            f"elastic: {sum(bots.values())} of {len(bots)} addresses declare a bot; watched or stopped:"
            f" {sum(bots[ip] for ip in flagged)} of those and {sum(not bots[ip] for ip in flagged)} of the others."
            " Times are not real, so nothing is said about rates."
        ]
    if name == "rba":
        sql = """select "Is Attack IP" from $file order by "Login Timestamp", index"""
        truth = [bool(value) for (value,) in _query(directory / file, sql)]
        stopped = [is_stopped for _, is_stopped in sorted(sums.places.items())]
        hits = sum(a and s for a, s in zip(truth, stopped, strict=True))
        wrong = sum(not a and s for a, s in zip(truth, stopped, strict=True))
        return [
            f"rba: {hits} of {sum(truth)} attempts from attack addresses stopped ({percent(hits, sum(truth))}),"
            f" and {wrong} of {len(truth) - sum(truth)} others ({percent(wrong, len(truth) - sum(truth))})."
        ]
    return []


def main() -> None:
    """Run every log that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="where the Parquet files are")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    table = [
        "| log | requests | clients | stopped | clients stopped | only watched | bad bot | human | first reason |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    said: list[str] = []
    for name, file, read in LOGS:
        path = options.directory / file
        if not path.exists():
            print(f"{path}: not there, left out", file=sys.stderr)
            continue
        sums = run(read(path))
        table.append(row(name, sums))
        new = findings(name, sums, options.directory, file)
        said += new
        print(table[-1], *new, sep="\n", flush=True)
    block = "\n".join([BEGIN, "", *table, "", *(f"- {line}" for line in said), "", END])
    if len(table) == 2:
        sys.exit(f"{options.directory}: holds none of {', '.join(file for _, file, _ in LOGS)}")
    if not options.no_write:
        text = DOCUMENT.read_text("utf-8")
        head, _, rest = text.partition(BEGIN)
        DOCUMENT.write_text(head + block + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
