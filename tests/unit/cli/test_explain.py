"""``vedette explain``: what a person in a terminal reads, and what a program gets."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from vedette.cli import main
from vedette.collect.observation import Hasher
from vedette.config import defaults
from vedette.config.schema import Honeypots
from vedette.detect.features import FEATURES, index
from vedette.engine import Engine
from vedette.events.log import EventLog
from vedette.types import Answer, Directive, Outcome, Reason, Request

NOW = 1795617000.0
KEY = b"a key of a test"
CERTAIN = "1c2d6b0e-5f7a-4f0a-9d8b-2f6f0e1f7c11"
HOSTILE = "a\x1b]0;owned\x07\x9b31m\u202e"


def walk(engine: Engine, log: EventLog) -> None:
    """A library walks through ids that are not there; afterwards it touches a honeypot."""
    for number in range(300):
        now = NOW + number * 0.05
        request = Request(
            timestamp=now,
            id=f"walk{number}",
            method="GET",
            path=f"/api/items/{number}",
            client_address="192.0.2.1",
            headers=(("user-agent", "python-requests/2.31"),),
        )
        log.append_decision(engine.decide(request, now), request)
        answer = Answer(timestamp=now + 0.02, id=request.id, status=404, duration=0.02, body_size=7)
        engine.observe(answer, now + 0.02)
        log.append_answer(answer)
    trapped = msgspec.structs.replace(request, id=CERTAIN, path="/trap")
    decision = engine.decide(trapped, now)
    log.append_decision(decision, trapped)
    log.append_outcome(Outcome(timestamp=now + 7200.0, outcome="abuse_report", request_id=CERTAIN))
    log.append_outcome(Outcome(timestamp=now + 60.0, outcome="label_bad", client_address="192.0.2.1"))
    hostile = msgspec.structs.replace(
        decision, id=HOSTILE, endpoint=HOSTILE, policy=HOSTILE, reasons=(Reason(HOSTILE, 1.0, HOSTILE),)
    )
    log.append_decision(hostile, trapped)
    stopped = msgspec.structs.replace(
        decision, id="stopped", action="block", enforced=True, directive=Directive(advice="step-up")
    )
    degraded = msgspec.structs.replace(
        decision, id="degraded", action="allow", reasons=(), features=b"", directive=Directive(degraded=True)
    )
    older = msgspec.structs.replace(decision, id="older", model="learned-7", action="monitor", reasons=())
    for other in (stopped, degraded, older):
        log.append_decision(other, trapped)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("data")
    config = msgspec.structs.replace(defaults("http://127.0.0.1:9"), honeypots=Honeypots(paths=("/trap",)))
    with EventLog(directory, hasher=Hasher(KEY)) as log:
        walk(Engine.open(config, key=KEY, shrink=12), log)
    return directory


def explain(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["explain", *words])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_everything_is_said_in_plain_text(data, capsys):
    code, out, err = explain(capsys, "walk299", "--data", str(data))
    assert (code, err) == (0, "")
    assert out.isascii()
    assert not any(line.endswith(" ") for line in out.splitlines())
    for said in (
        "verdict     bad_bot",
        "90 % between",
        "action      ",
        "rule        ",
        "OAT-014  vulnerability scanning",
        "GET /api/items/{id} (product) at 2026-11-25T14:30:14.950000Z by python-requests",
        "urn:vedette:walk299",
        "the API answered 404 after 20 ms, 7 bytes",
        "label_bad (of the same address)",
        "what would change the verdict",
    ):
        assert said in out
    assert "GET GET" not in out


def test_reasons_come_with_weight_bar_and_meaning(data, capsys):
    _, out, _ = explain(capsys, "walk299", "--data", str(data))
    assert re.search(r"^  \+\d\.\d\d \++ +client_missing +asks for what is not there: \d+$", out, re.MULTILINE)
    assert FEATURES[index("client_missing")].doc in out


def test_what_would_change_the_verdict_is_recomputed(data, capsys):
    code, out, _ = explain(capsys, "walk20", "--data", str(data), "--json")
    found = json.loads(out)
    assert (code, found["http.request.id"]) == (0, "walk20")
    turns = found["would_change"]
    assert turns["basis"] == "evidence"
    assert turns["score"] == pytest.approx(found["score"], abs=1e-3)
    for change in turns["changes"]:
        assert change["verdict"] != found["verdict"] or (change["score"] < 0.5) != (found["score"] < 0.5)
    listed = {reason["signal"]: reason["weight"] for reason in found["reasons"]}
    pieces = dict(turns["pieces"])
    assert listed
    assert all(pieces[signal] == pytest.approx(weight, abs=2e-3) for signal, weight in listed.items())


@pytest.mark.parametrize("written", [CERTAIN, f"urn:uuid:{CERTAIN}", f"URN:UUID:{CERTAIN.upper()}", f" {CERTAIN} "])
def test_a_certainty_is_explained_by_any_form_of_the_id(data, capsys, written):
    code, out, _ = explain(capsys, written, "--data", str(data))
    assert code == 0
    assert "honeypot is a certainty" in out
    assert "without it the evidence would give a score of" in out
    assert f"support id  urn:uuid:{CERTAIN}" in out
    assert "abuse_report, 2 h later" in out
    assert "no answer of the API was reported" in out


def test_all_shows_every_known_feature_and_no_flag_that_is_not_raised(data, capsys):
    _, some, _ = explain(capsys, "walk299", "--data", str(data))
    _, whole, _ = explain(capsys, "walk299", "--data", str(data), "--all")
    _, out, _ = explain(capsys, "walk299", "--data", str(data), "--json")
    features = json.loads(out)["features"]
    shown = whole[whole.index("all known features") :]
    assert "all known features" not in some
    assert {name for name in features if re.search(rf"\b{name}\b", shown)} == {
        name for name, value in features.items() if value is not None
    }
    assert re.search(r"attack_tool +no$", shown, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("stopped", "block  enforced  advice to the application: step-up"),
        ("stopped", "it did not reach the API"),
        ("degraded", "no decision could be had, the request passed (degraded)"),
        ("degraded", "no decision could be had, so nothing was weighed"),
        ("degraded", "nothing spoke for or against this client"),
        ("older", "monitor  the request passed"),
        ("older", "model learned-7 is not in this version (prior-2 is)"),
        ("walk0", "unknown  not known well enough"),
    ],
)
def test_each_kind_of_decision_has_its_words(data, capsys, name, said):
    code, out, _ = explain(capsys, name, "--data", str(data))
    assert code == 0
    assert said in out


def test_an_unknown_id_is_exit_1_with_advice(data, capsys):
    code, out, err = explain(capsys, "nobody\x1b[31m", "--data", str(data))
    assert (code, out) == (1, "")
    assert "no such decision" in err
    assert "--data names another directory" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("odd", ["\udcff", "urn:uuid:", "urn:vedette:%00%ff", "' OR 1=1 --", "x" * 100_000])
def test_odd_ids_are_unknown(data, capsys, odd):
    code, _, err = explain(capsys, odd, "--data", str(data))
    assert code == 1
    assert "no such decision" in err


def test_a_directory_that_is_not_there_is_wrong_usage(capsys, tmp_path):
    code, _, err = explain(capsys, "x", "--data", str(tmp_path / "nowhere"))
    assert code == 2
    assert "no such directory" in err


def test_the_configuration_names_the_directory(data, capsys, tmp_path, monkeypatch):
    (tmp_path / "vedette.yaml").write_text(f"upstream: http://127.0.0.1:9\nevents: {{directory: {data}}}\n")
    assert explain(capsys, "walk1", "--config", str(tmp_path / "vedette.yaml"))[0] == 0
    monkeypatch.chdir(tmp_path)
    assert explain(capsys, "walk1")[0] == 0


def test_a_log_that_cannot_be_read_is_exit_1(capsys, tmp_path):
    partition = tmp_path / "events" / "decisions" / "day=2026-11-25" / "hour=14"
    partition.mkdir(parents=True)
    (partition / "20261125T14-18c2f0a1b2c3d4e5-4711.parquet").write_bytes(b"PAR1 no file of ours")
    code, _, err = explain(capsys, "x", "--data", str(tmp_path))
    assert code == 1
    assert "the event log cannot be read" in err


@pytest.mark.parametrize("flags", [(), ("--json",), ("--all",)])
def test_nothing_that_a_client_sent_moves_the_cursor(data, capsys, flags):
    code, out, _ = explain(capsys, HOSTILE, "--data", str(data), *flags)
    assert code == 0
    assert "owned" in out
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_what_a_locale_cannot_show_is_replaced(data):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "vedette.cli",
            "explain",
            HOSTILE,
            "--data",
            str(data),
        ],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"a?]0;owned" in done.stdout


def test_a_terminal_gets_colours_and_bars(data):
    """In a real terminal, one that is 100 columns wide."""
    parent, child = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "PYTHONUTF8": "1"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "vedette.cli", "explain", "walk299", "--data", str(data)],
        stdin=child,
        stdout=child,
        stderr=child,
        env=environment,
    )
    os.close(child)
    shown = b""
    try:
        while chunk := os.read(parent, 65536):
            shown += chunk
    except OSError:  # the other side has closed
        pass
    os.close(parent)
    assert process.wait(60) == 0
    text = shown.decode()
    assert "\x1b[1;31m" in text
    assert "bad_bot" in text
    assert "█" in text
    assert "●" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(map(len, plain.splitlines())) <= 100
