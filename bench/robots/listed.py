"""Robots that public lists name, where the name alone cannot be anything else: it says bot, crawler, spider and so on.

Lists also hold libraries (``okhttp``, ``curl``), browsers under automation and plain words (``Sonic``, ``Fever``): an
application of the shop's own could carry them, so they are left out.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.robots.curated import robot

__all__ = ["listed"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{4,39}")
_ROBOT = re.compile(r"bot\b|bot[-_.]|crawler|spider|fetcher|archiver|checker|preview|scanner|monitor")
_ANYBODY = (
    "web|site|my|the|shop|store|link|test|image|simple|advanced|price|product|page|url|data|news|rss|feed|mail|chat"
)
_OWN = re.compile(
    rf"app\b|my-|^(({_ANYBODY})[-_]?)?(ro)?(bot|crawler|spider|fetcher|archiver|checker|monitor|preview|scanner)$"
)
_LIBRARIES = {"http-library", "browser-automation", "programmatic", "tool", "webhook"}
_PURPOSES = {
    "search-engine": "search", "ai-crawler": "ai_training", "seo": "seo", "optimizer": "seo", "monitoring": "monitor",
    "monitor": "monitor", "scanner": "security", "advertising": "advertising", "social-preview": "preview",
    "preview": "preview", "social": "preview", "feed-reader": "feed", "feedfetcher": "feed", "archiver": "archive",
    "archive": "archive", "academic": "academic", "ai": "ai_training",
}  # fmt: skip
_FUNCTIONS = (
    (re.compile(r"assistant|ai agents|user-initiated|user prompts", re.IGNORECASE), "ai_user"),
    (re.compile(r"search", re.IGNORECASE), "ai_search"),
)


def listed(data: Path) -> Iterator[dict[str, Any]]:
    """Give robots of the lists in ``data/reputation``: AI first, then what arcjet and crawler-user-agents name."""
    for name, about in _read(data, "ai-robots-txt").items():
        word = _word(re.escape(name))
        if word:
            purpose = next((to for means, to in _FUNCTIONS if means.search(about["function"])), "ai_training")
            yield robot(
                word, _operator(about["operator"]), purpose, **({"is_shared": True} if purpose == "ai_user" else {})
            )
    for row in _read(data, "arcjet-well-known-bots"):
        for pattern in row["pattern"]["accepted"]:
            yield from _plain(pattern, row["categories"])
    for row in _read(data, "crawler-user-agents"):
        yield from _plain(row["pattern"], row.get("tags", []))


def _read(data: Path, name: str) -> Any:
    with gzip.open(data / "reputation" / f"{name}.json.gz") as file:
        return json.load(file)


def _plain(pattern: str, tags: list[str]) -> Iterator[dict[str, Any]]:
    word = _word(pattern)
    if word and not _LIBRARIES & set(tags):
        yield robot(word, "", next((_PURPOSES[tag] for tag in tags if tag in _PURPOSES), "other"))


def _word(pattern: str) -> str:
    """Give the one word that a pattern means, or nothing where it means more or what could be anybody's."""
    text = re.sub(r"\\([./_ -])", r"\1", pattern).removesuffix("/").removeprefix("^").lower()
    if not _NAME.fullmatch(text) or not _ROBOT.search(text) or _OWN.search(text):
        return ""
    return text


def _operator(text: str) -> str:
    found = re.match(r"\[([^\]]{2,40})\]", text)
    return found[1] if found else ""
