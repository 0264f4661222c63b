"""The other half of the drill: twenty people and a real browser, five minutes, nobody stopped once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from bench.drill.run import GRACE_S, SETTLE_S, Stage
from demo.tally import Population, Tally

__all__ = ["Refusal", "run_people", "run_refusal"]

PEOPLE, CHROMIUM, PARTNER = "people", "chromium", "partner-page"
HOST = "shop.localhost"
ADDRESS = "127.52.0.1"
OWNERS = {51: PEOPLE, 52: CHROMIUM}
FEWEST_REQUESTS_A_MINUTE = 5
"""A crowd that stays silent is not a crowd that was let through."""


class Refusal(Struct, frozen=True):
    """Whether a page of another origin could read why it was refused."""

    is_met: bool
    text: str


def run_people(place: Stage, seconds: float, say: Callable[[str], None]) -> list[Population]:
    """Let the crowd and Chromium visit ``place``; return what both sent and what was stopped."""
    python, first = sys.executable, "127.51.0.1"
    relay = place.relay(CHROMIUM, ADDRESS).replace("127.0.0.1", HOST)
    place.programs.start(
        PEOPLE,
        [
            *(python, "-m", "demo.bots", "people", "--url", place.url.replace("127.0.0.1", HOST), "--address", first),
            *("--log", str(place.sent), "--seconds", str(seconds)),
        ],
    )
    command = [python, "-m", "bench.drill.browser", "click", "--url", relay, "--seconds", str(seconds)]
    command += ["--address", ADDRESS]
    place.programs.start(CHROMIUM, [*command, *(("--log", str(place.sent)) if relay.startswith("https") else ())])
    for name in (PEOPLE, CHROMIUM):
        if not place.programs.wait(name, seconds + 4 * GRACE_S):
            say(f"{name} did not end by itself")
            place.programs.stop(name)
    place.programs.settle(SETTLE_S)
    place.programs.stop(f"relay-{CHROMIUM}")
    tally = Tally(place.sent, place.reached, OWNERS, frozenset(OWNERS.values()))
    tally.read()
    for population in tally.populations.values():
        if len(population.sent) < FEWEST_REQUESTS_A_MINUTE * seconds / 60:
            end = place.programs.log(population.name).read_text("utf-8", "replace")[-2000:]
            say(f"{population.name} sent only {len(population.sent)} requests; its log ends:\n{end}")
            population.failed += 1
    return list(tally.populations.values())


def run_refusal(place: Stage) -> Refusal:
    """Open the partner's page in Chromium and judge what its script saw."""
    relay = place.relay(PARTNER, "127.53.0.1").replace("127.0.0.1", HOST)
    out = place.directory / "refusal.json"
    command = [sys.executable, "-m", "bench.drill.browser", "refusal", "--url", relay, "--out", str(out)]
    place.programs.start(PARTNER, command)
    if not place.programs.wait(PARTNER, 90) or not out.exists():
        return Refusal(False, f"no result; see {place.programs.log(PARTNER)}")
    return judge_refusal(msgspec.json.decode(out.read_bytes()))


def judge_refusal(seen: dict[str, Any]) -> Refusal:
    """The product was readable before, and the limit on the honeypot gave a problem that the page could read.

    >>> judge_refusal({"error": "TypeError: Failed to fetch"})
    Refusal(is_met=False, text='the page could not read it: TypeError: Failed to fetch')
    """
    if "error" in seen:
        return Refusal(False, f"the page could not read it: {seen['error']}")
    before, refused = seen["before"], seen["refused"]
    if before["status"] != 200:
        return Refusal(False, f"an ordinary call from the page got {before['status']}")
    if refused["status"] != 429 or not str(refused["type"]).startswith("application/problem+json"):
        return Refusal(False, f"the honeypot answered {refused['status']} {refused['type']}")
    try:
        problem = msgspec.json.decode(refused["text"])
    except ValueError:
        return Refusal(False, "the refusal is not JSON")
    if not isinstance(problem, dict) or not problem.get("instance"):
        return Refusal(False, "the problem names no instance")
    return Refusal(True, f"429 problem+json, title “{problem.get('title', '')}”, readable across origins")
