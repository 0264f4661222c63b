"""The report page: one file, nothing asked of anybody, nothing from the log unescaped, bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vedette.config import defaults
from vedette.doors.logs import Malformed, MalformedTally
from vedette.replay import Accuracy, read_labels
from vedette.replay.run import Figures
from vedette.report import Report
from vedette.report.gather import MOST_BUCKETS, MOST_CLIENTS, MOST_ENDPOINTS, Gathered
from vedette.types import Action, Decision, Directive, Reason, Request

EVIL = "<script>alert(1)</script>\"'&"


def decided(
    n: int, *, action: Action = "allow", score: float = 0.1, endpoint: str = "GET /", at: float = 0.0
) -> tuple[Request, Decision]:
    request = Request(
        timestamp=1.7e9 + at, id=f"l{n}{EVIL}", method="GET", path="/" + EVIL, client_address=EVIL, user_agent=EVIL
    )
    decision = Decision(
        id=request.id, timestamp=request.timestamp, verdict="bad_bot" if score > 0.9 else "unknown", score=score,
        low=score / 2, high=1.0, threat="OAT-011" if score > 0.5 else None, action=action, enforced=False, policy=EVIL,
        reasons=(Reason("coverage", 2.0, EVIL),), campaign=None, model="prior-1", directive=Directive(),
        endpoint=endpoint, client=n + 1,
    )  # fmt: skip
    return request, decision


def page(tmp_path: Path, decisions: list[tuple[Request, Decision]]) -> str:
    report = Report(tmp_path / "report.html")
    for place, (request, decision) in enumerate(decisions):
        report.expect(place)
        report.add(place, request, decision)
    times = [request.timestamp for request, _ in decisions]
    figures = Figures(requests=len(decisions), first=min(times), last=max(times), late=3)
    written = report.write(figures, MalformedTally(), [EVIL], defaults("http://127.0.0.1:1"))
    return written.read_text("utf-8")


def test_nothing_from_the_log_becomes_markup(tmp_path: Path) -> None:
    text = page(tmp_path, [decided(n, action="block", score=0.95, endpoint=EVIL, at=n) for n in range(50)])
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    text = page(tmp_path, [decided(n) for n in range(10)])
    assert not re.findall(r"(?:src|href|action)\s*=|url\(|@import|https?://", text)
    policy = re.search(r"default-src 'none'; style-src '(sha256-[^']+)'", text)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert policy is not None
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == f"sha256-{digest}"
    assert not re.search(r"<[^>]*\s(?:style|on\w+)=", text), "an inline style or handler would be refused by the policy"


def test_tags_are_balanced(tmp_path: Path) -> None:
    class Balance(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "br", "line", "rect", "polygon", "polyline"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if self.open and self.open[-1] == tag:
                self.open.pop()

    balance = Balance()
    balance.feed(page(tmp_path, [decided(n, score=0.95, action="rate_limit", at=n * 60) for n in range(50)]))
    assert balance.open == []


def test_headline_says_what_happened(tmp_path: Path) -> None:
    quiet = page(tmp_path, [decided(n) for n in range(10)])
    assert "Nothing to stop: none of 10 requests" in quiet
    loud = page(
        tmp_path, [decided(n, action="block" if n < 5 else "allow", score=0.95 if n < 5 else 0.1) for n in range(10)]
    )
    assert "5 of 10 requests (50.0\N{NO-BREAK SPACE}%) would have been stopped, mostly scraping." in loud


def test_memory_is_bounded() -> None:
    gathered = Gathered()
    for n in range(30_000):
        gathered.add(*decided(n, endpoint=f"GET /{n}", at=n * 97.0))
    assert len(gathered.buckets) <= MOST_BUCKETS
    assert len(gathered.clients) <= MOST_CLIENTS
    assert len(gathered.endpoints) <= MOST_ENDPOINTS + 1
    assert sum(sum(bucket.verdicts) for bucket in gathered.buckets.values()) == 30_000


def test_stopped_clients_outlive_a_crowd() -> None:
    gathered = Gathered()
    gathered.add(*decided(0, action="block", score=0.99))
    for n in range(1, 30_000):
        gathered.add(*decided(n))
    assert gathered.clients[1].stopped == 1


def test_targets_that_cannot_be_written_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must end in .html"):
        Report(tmp_path / "report.pdf")
    with pytest.raises(FileNotFoundError):
        Report(tmp_path / "none" / "report.html")


def test_labels_and_skipped_lines_are_shown_and_escaped(tmp_path: Path) -> None:
    decisions = [decided(n, action="block" if n >= 4 else "allow", score=0.95, at=n * 10.0) for n in range(10)]
    labels = [
        {"http.request.id": request.id, "actor": "bad_bot", "session": "s", "campaign": EVIL}
        for request, _ in decisions
    ]
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(label) + "\n" for label in labels))
    accuracy = Accuracy(read_labels(file))
    report = Report(tmp_path / "report.html")
    for place, (request, decision) in enumerate(decisions):
        report.add(place, request, decision)
        accuracy.add(place, request, decision)
    malformed = MalformedTally()
    malformed.add("access.log", 7, Malformed("not JSON", EVIL), EVIL.encode())
    figures = Figures(requests=10, first=1.7e9, last=1.7e9 + 90, interrupted=True)
    written = report.write(figures, malformed, ["access.log"], defaults("http://127.0.0.1:1"), accuracy.judgement())
    text = written.read_text("utf-8")
    assert written.name == "report.partial.html"
    assert "The replay was interrupted" in text
    assert "<script" not in text
    assert "access.log:7" in text
    assert "<b>60.00 %</b>" in text, "recall: six of ten malicious requests are stopped"
    assert ">40.0 s · 4</td>" in text, "the first stop of the campaign"
