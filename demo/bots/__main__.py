"""Run one bot: ``python -m demo.bots NAME --url http://127.0.0.1:8080 --address 127.1.0.1 --log sent.jsonl``."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from pathlib import Path

from demo.bots.field import Bot, Field, SentLog

BOTS = {
    "people": "people:crowd",
    "stuffer": "attackers:stuffer",
    "scraper": "attackers:scraper",
    "scanner": "attackers:scanner",
    "flood": "attackers:flood",
    "slow-scraper": "subtle:slow_scraper",
    "httpx-stuffer": "subtle:httpx_stuffer",
    "aiohttp-stuffer": "subtle:aiohttp_stuffer",
    "impersonating-stuffer": "subtle:impersonating_stuffer",
    "order-walker": "subtle:order_walker",
    "card-guesser": "subtle:card_guesser",
    "office": "regulars:office",
    "partner": "regulars:partner",
    "old-app": "regulars:old_app",
}


def _bot(name: str) -> Bot:
    module, function = BOTS[name].split(":")
    bot: Bot = getattr(importlib.import_module(f"demo.bots.{module}"), function)
    return bot


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.bots", description="One bot, or one crowd of people.")
    parser.add_argument("name", choices=BOTS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--address", required=True, help="first source address, such as 127.1.0.1")
    parser.add_argument("--log", type=Path, required=True, help="JSON Lines file to note what was sent")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest-pause", type=float, default=120.0)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    field = Field(
        url=given.url.rstrip("/"),
        address=given.address,
        seconds=given.seconds,
        seed=given.seed,
        log=SentLog(given.log, given.name),
        longest_pause=given.longest_pause,
    )
    _bot(given.name)(field)


if __name__ == "__main__":
    main()
