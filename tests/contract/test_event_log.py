"""What the event log promises: nothing confirmed is lost, nothing is doubled, nobody is named."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from tests.unit.events.samples import NOW, make_decision
from vedette.collect.observation import Hasher
from vedette.config import defaults
from vedette.engine import Engine
from vedette.events.log import EventLog
from vedette.events.seal import seal_all
from vedette.events.segment import listed, segments_of
from vedette.events.views import connect, find
from vedette.types import Answer, Outcome, Request

WRITER = """
    import os, sys
    from pathlib import Path
    from tests.unit.events.samples import make_decision, make_request
    from vedette.events.log import EventLog

    log = EventLog(Path(sys.argv[1]), segment_bytes=20_000)
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        log.append_decision(make_decision(number), make_request())
        if number % 50 == 0:
            log.flush(sync=True)
            print(number, flush=True)
    if sys.argv[4] == "close":
        log.close()
    else:
        assert log.flush(sync=True)
        print("ready", flush=True)
        while True:
            log.append_decision(make_decision(10**9), make_request())
"""


def writer(directory, first, last, end="close"):
    code = textwrap.dedent(WRITER)
    arguments = [sys.executable, "-c", code, str(directory), str(first), str(last), end]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def ids(directory):
    rows = connect(directory).execute('SELECT "http.request.id", count(*) FROM decisions GROUP BY 1').fetchall()
    return dict(rows)


def test_what_was_confirmed_survives_a_killed_writer(tmp_path):
    process = writer(tmp_path, 0, 300, "kill")
    for line in process.stdout:
        if line.strip() == "ready":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for found in (ids(tmp_path), seal_all(tmp_path) and ids(tmp_path)):
        assert {make_decision(n).id for n in range(300)} <= found.keys()
        assert all(found[make_decision(n).id] == 1 for n in range(300))
    assert listed(segments_of(tmp_path)) == [], "a dead writer holds no segment"


def test_writers_readers_and_the_archive_work_at_once(tmp_path):
    writers = [writer(tmp_path, n * 1000, n * 1000 + 600) for n in range(3)]
    archive = subprocess.Popen([sys.executable, "-m", "vedette.events.seal", str(tmp_path)])
    last = 0
    try:
        while any(process.poll() is None for process in writers):
            found = ids(tmp_path)
            assert all(count == 1 for count in found.values()), "no reader ever sees a row twice"
            assert len(found) >= last, "or one less than before"
            last = len(found)
        assert [process.returncode for process in writers] == [0, 0, 0]
        deadline = time.monotonic() + 60
        while listed(segments_of(tmp_path)):
            assert time.monotonic() < deadline, "everything closed is sealed"
            time.sleep(0.1)
    finally:
        archive.terminate()
        archive.wait()
        for process in writers:
            process.kill()
            process.wait()
            process.stdout.close()
    assert ids(tmp_path) == {make_decision(n * 1000 + m).id: 1 for n in range(3) for m in range(600)}


def test_a_killed_archive_neither_loses_nor_doubles(tmp_path):
    process = writer(tmp_path, 0, 3000)
    process.communicate()
    expected = {make_decision(n).id: 1 for n in range(3000)}
    for pause in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
        archive = subprocess.Popen([sys.executable, "-m", "vedette.events.seal", str(tmp_path), "--once"])
        with contextlib.suppress(subprocess.TimeoutExpired):
            archive.wait(pause)
        archive.kill()
        archive.wait()
        assert ids(tmp_path) == expected
    seal_all(tmp_path)
    assert ids(tmp_path) == expected


def test_an_outcome_stays_known_through_restarts_and_sealing(tmp_path):
    hasher = Hasher(b"k")
    outcome = Outcome(timestamp=NOW, outcome="conversion", request_id="r", event_id="order 4711")
    for round_number, seal in itertools.product(range(3), (False, True)):
        with EventLog(tmp_path, hasher=hasher) as log:
            assert (log.append_outcome(outcome) > 0) is (round_number == 0 and not seal)
        if seal:
            seal_all(tmp_path)
    assert connect(tmp_path).execute("SELECT count(*) FROM outcomes").fetchone() == (1,)


def test_the_engine_process_needs_neither_duckdb_nor_arrow():
    code = "import sys, vedette.events.log; print({'duckdb', 'pyarrow'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


CANARY = "canary"


def canaries():
    """Give a request with another canary in every field that a client can fill."""
    names = ("path", "query", "cookie", "header", "agent", "token", "body", "method", "device", "session", "user", "ja")
    words = {name: f"{CANARY}-{name}-7f3a" for name in names}
    request = Request(
        timestamp=NOW,
        id="11111111-2222-4333-8444-555555555555",
        method=words["method"].upper(),
        path=f"/api/{words['path']}/{CANARY}@example.com/login",
        query=f"q={words['query']}",
        client_address="198.51.100.173",
        host=f"{CANARY}-host.example",
        scheme="https",
        protocol="HTTP/1.1",
        headers=(
            ("Host", f"{CANARY}-host.example"),
            ("User-Agent", f"{words['agent']}/1.0 {words['agent']}"),
            ("Cookie", f"sid={words['cookie']}"),
            ("Authorization", f"Bearer {words['token']}"),
            (f"X-{words['header']}", words["header"]),
            ("X-Forwarded-For", "203.0.113.199"),
        ),
        body=f'{{"email": "{words["body"]}@example.com"}}'.encode(),
        ja3=words["ja"],
        ja4=words["ja"],
        session_id=words["session"],
        device_id=words["device"],
        user_name=words["user"],
    )
    return request, [CANARY, "198.51.100.173", "203.0.113.199", "example.com"]


def everything(directory):
    """Give all bytes below a directory, and all values that the views show."""
    files = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
    rows = repr(
        [connect(directory).execute(f"SELECT * FROM {t}").fetchall() for t in ("decisions", "answers", "outcomes")]
    )
    return files.lower(), rows.lower()


@pytest.mark.parametrize("address", ["hash", "truncate", "raw"])
def test_nothing_that_a_client_sent_is_kept(tmp_path, address):
    request, words = canaries()
    engine = Engine.open(defaults("http://127.0.0.1:8000"), key=b"k" * 32)
    decision = engine.decide(request, NOW)
    with EventLog(tmp_path, hasher=Hasher(b"k" * 32), address=address) as log:
        assert log.append_decision(decision, request) > 0
        said = tuple((name, f"{CANARY}-answer") for name in ("set-cookie", "origin", "content-type"))
        log.append_answer(Answer(timestamp=NOW, id=request.id, status=200, headers=said))
        for reference in ("session_id", "user_name", "client_address"):
            value = "198.51.100.173" if reference == "client_address" else f"{CANARY}-{reference}"
            log.append_outcome(
                Outcome(timestamp=NOW, outcome="login_failed", event_id=f"{CANARY}-{reference}", **{reference: value})
            )
        assert log.flush(sync=True)
        before = everything(tmp_path)
    seal_all(tmp_path)
    allowed = {"hash": set(), "truncate": {"198.51.100.0"}, "raw": {"198.51.100.173"}}[address]
    for files, rows in (before, everything(tmp_path)):
        for word in set(words) - allowed:
            assert word.encode() not in files
            assert word not in rows
    assert find(tmp_path, request.id)["client.address"] == next(iter(allowed), None)
