from __future__ import annotations

import asyncio
import os
import re
import time

import msgspec
import pytest

from vedette.config import load
from vedette.edge.checkup import Sample, _gathered, _given, examine, judge_traffic, read_samples
from vedette.gather.feeds import FeedKeeper
from vedette.snapshot.files import write
from vedette.snapshot.findings import Finding, Findings
from vedette.snapshot.gathered import FOLDER
from vedette.snapshot.keys import KeySet, KeySets

ENGINE = {'vedette_decisions_total{action="allow"}': 100.0, 'vedette_degraded_total{part="door"}': 0.0}
SERVE = {"vedette_edge_requests_total": 100.0, "vedette_edge_degraded_total": 0.0}
STATE = {"mode": "enforce", "listen": "0.0.0.0:8080", "trusted_proxies": [], "on_failure_block": []}


def judge(engine=(), serve=(), first=None, state=()):
    second = Sample(ENGINE | dict(engine), SERVE | dict(serve))
    findings = judge_traffic(first or second, second, STATE | dict(state))
    return {finding.level for finding in findings}, "\n".join(f"{f.level} {f.text} -> {f.step}" for f in findings)


def test_a_sound_one():
    levels, text = judge()
    assert levels == {"ok"}
    assert "decisions are being made: 100 so far, 0.0/s now" in text


@pytest.mark.parametrize(
    ("engine", "serve", "state", "level", "words"),
    [
        ({}, {"vedette_edge_degraded_total": 5.0}, {}, "warn", "5.0% of 100 requests passed degraded"),
        ({'vedette_events_dropped_total{reason="disk_full"}': 3.0}, {}, {}, "WRONG", "3 events could not be logged"),
        ({}, {'vedette_process_restarts_total{process="engine"}': 2.0}, {}, "warn", "engine was restarted 2 times"),
        ({}, {'vedette_process_restarts_total{process="edge"}': 1.0}, {}, "warn", "edge was restarted once"),
        (
            {'vedette_concentration_ratio{of="peer",top="8"}': 0.95},
            {},
            {},
            "warn",
            "95% of recent requests come from 8 peers or fewer",
        ),
        (
            {'vedette_concentration_ratio{of="fingerprint",top="1"}': 0.9},
            {},
            {},
            "warn",
            "90% of recent requests have one TLS fingerprint",
        ),
        ({}, {}, {"mode": "monitor"}, "note", "mode is monitor"),
    ],
)
def test_findings(engine, serve, state, level, words):
    levels, text = judge(engine, serve, state=state)
    assert level in levels
    assert words in text


def test_lost_questions():
    lost = {'vedette_inquiries_sent_total{result="lost"}': 3.0}
    _, text = judge(lost)
    assert "lost" not in text, "it was once"
    _, text = judge(lost, first=Sample(ENGINE, SERVE))
    assert "warn questions for the gatherer are being lost, 3 so far" in text


def test_what_was_gathered(tmp_path):
    assert _gathered(tmp_path) == []
    folder = tmp_path / FOLDER
    sets = {
        "https://a.example/": KeySet("https://a.example/", ({}, {}), fetched=time.time() - 600),
        "https://b.example/": KeySet("https://b.example/", fetched=time.time() - 7200, failed=1.0, error="not JSON"),
        "https://c.example/": KeySet("https://c.example/", failed=1.0, error="took longer than 2 s"),
        "https://d.example/": KeySet("https://d.example/", fetched=1.0, note="of type application/json"),
    }
    write(folder / "keys.msgpack", KeySets(sets).encode())
    write(folder / "findings.msgpack", Findings({("192.0.2.1", "googlebot"): Finding("forged", 1.0)}).encode())
    assert [(finding.level, finding.text) for finding in _gathered(tmp_path)] == [
        ("ok", "crawlers: 1 answers of DNS are known"),
        ("ok", "https://a.example/: 2 keys, 10 minutes old"),
        ("warn", "https://b.example/ cannot be fetched since 2 hours: not JSON"),
        ("warn", "https://c.example/ cannot be fetched and never was: took longer than 2 s"),
        ("note", "https://d.example/: of type application/json"),
    ]
    (folder / "keys.msgpack").write_bytes(b"damaged")
    assert _gathered(tmp_path)[1].text == f"{folder}/keys.msgpack cannot be used: it is damaged"


def test_feeds(tmp_path):
    file = tmp_path / "vedette.yaml"
    names = ("fine", "gone", "held", "new")
    feeds = "".join(f"  - {{name: {name}, url: 'file:{name}.txt'}}\n" for name in names)
    file.write_text(f"upstream: http://127.0.0.1:8000\nfeeds:\n{feeds}")
    keeper = FeedKeeper(load(file), tmp_path)
    for name, lines in (("fine", 1), ("held", 1), ("held", 50)):
        (tmp_path / f"{name}.txt").write_text("".join(f"8.8.8.{place}\n" for place in range(0, lines * 2, 2)))
        asyncio.run(keeper.refresh([name], time.time()))
    asyncio.run(keeper.refresh(["gone"], time.time()))
    found = [(finding.level, finding.text, finding.step) for finding in _given({"file": str(file)}, tmp_path)]
    assert [level for level, _, _ in found] == ["ok", "warn", "warn", "note"]
    assert re.fullmatch(r"feed fine: 1 ranges, \d+ seconds old", found[0][1])
    assert found[1][1] == "feed gone failed: cannot be read, No such file or directory; nothing is known of it"
    assert found[1][2] == "mend it, then: vedette feeds update 'gone'"
    assert found[2][1].startswith("feed held held: 1 entries become 50") and "--accept" in found[2][2]
    assert _given({}, tmp_path) == []
    file.write_text("nonsense")
    assert _given({"file": str(file)}, tmp_path) == []


def test_key_files(tmp_path):
    file = tmp_path / "vedette.yaml"
    agents = ", ".join(
        f"{{name: {name}, signature_agent: 'https://{name}.example', keys: 'file:{name}.jwks'}}"
        for name in ("good", "gone")
    )
    file.write_text(f"upstream: http://127.0.0.1:8000\ngood_bots: {{agents: [{agents}]}}\n")
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    (tmp_path / "good.jwks").write_bytes(msgspec.json.encode({"keys": [key]}))
    found = [(finding.level, finding.text) for finding in _given({"file": str(file)}, tmp_path)]
    assert found == [
        ("ok", f"file:{tmp_path}/good.jwks: 1 keys"),
        ("warn", f"file:{tmp_path}/gone.jwks: cannot be read: No such file or directory"),
    ]


def test_trusted_proxies_are_the_peers_there_should_be():
    _, text = judge({'vedette_concentration_ratio{of="peer",top="8"}': 1.0}, state={"trusted_proxies": ["10.0.0.0/8"]})
    assert "peers" not in text


def test_an_absent_engine_fails_open_and_says_which_endpoints_do_not():
    findings = judge_traffic(Sample({}, SERVE), Sample({}, SERVE), STATE | {"on_failure_block": ["login"]})
    text = findings[0].text
    assert findings[0].level == "WRONG"
    assert "fail open" in text
    assert "on_failure: block (login) answer 503" in text


def test_requests_without_decisions_are_wrong():
    first = Sample(ENGINE, SERVE | {"vedette_edge_requests_total": 50.0})
    levels, text = judge(first=first)
    assert "WRONG" in levels
    assert "50 requests came and none was decided" in text


def test_samples_of_the_text_format():
    text = '# TYPE a counter\na{b="c d"} 2.0\nbroken\n\nc NaN2\nd 1e3\n'
    assert read_samples(text) == {'a{b="c d"}': 2.0, "d": 1000.0}


def levels_of(directory):
    return {finding.text: finding.level for finding in asyncio.run(examine(directory))}


def test_nothing_and_remains(tmp_path):
    (text, _), *_ = [item for item in levels_of(tmp_path / "absent").items() if item[1] == "WRONG"]
    assert "nothing has run here" in text
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "serve.json").write_bytes(msgspec.json.encode({"pid": 2**22 + 5}))
    found = levels_of(tmp_path)
    assert any("ended without cleaning up" in text for text, level in found.items() if level == "WRONG")


def test_a_running_serve_whose_parts_are_gone(tmp_path):
    (tmp_path / "run").mkdir()
    state = STATE | {
        "pid": os.getpid(),
        "version": "0.0.0",
        "started": 0.0,
        "file": str(tmp_path / "absent.yaml"),
        "processes": {"edge": os.getpid(), "engine": 0, "archive": 0},
        "sockets": {"engine": str(tmp_path / "a"), "serve": str(tmp_path / "b")},
    }
    (tmp_path / "run" / "serve.json").write_bytes(msgspec.json.encode(state))
    found = levels_of(tmp_path)
    text = "\n".join(f"{level} {text}" for text, level in found.items())
    assert f"ok vedette serve runs (process {os.getpid()})" in text
    assert "note it runs version 0.0.0" in text
    assert f"ok processes: edge {os.getpid()}" in text
    assert "WRONG engine is not running: requests pass undecided, marked degraded" in text
    assert "warn archive is not running" in text
    assert "absent.yaml is invalid, the last valid one is in force" in text


def test_a_first_start_is_no_fault(tmp_path):
    (tmp_path / "run").mkdir()
    state = STATE | {
        "pid": os.getpid(),
        "started": time.time(),
        "ready": False,
        "processes": {"edge": os.getpid(), "engine": 0},
        "sockets": {"engine": str(tmp_path / "a"), "serve": str(tmp_path / "b")},
    }
    (tmp_path / "run" / "serve.json").write_bytes(msgspec.json.encode(state))
    found = levels_of(tmp_path)
    assert "WRONG" not in found.values()
    (tmp_path / "run" / "serve.json").write_bytes(msgspec.json.encode(state | {"started": time.time() - 3600.0}))
    assert "WRONG" in levels_of(tmp_path).values()
    assert found["engine is still starting; until then requests pass undecided, marked degraded"] == "warn"
