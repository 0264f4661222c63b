"""A disk that is really full: the kernel refuses to let the segment grow, then lets it again."""

import json
import subprocess
import sys
import textwrap

import pytest

from tests.unit.events.samples import make_decision
from vedette.events.seal import seal_all
from vedette.events.views import connect

LIMIT = 100_000
WRITER = """
    import json, resource, sys, time
    from pathlib import Path
    from tests.unit.events.samples import make_decision, make_request
    from vedette.events import log as module
    from vedette.events.log import EventLog

    module.RETRY_EVERY_S = 0.01
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    log = EventLog(Path(sys.argv[1]), capacity_bytes=50_000)
    accepted = []
    deadline = time.monotonic() + 60
    number = 0
    while not log.dropped["disk_full"] and time.monotonic() < deadline:
        if log.append_decision(make_decision(number), make_request()) > 0:
            accepted.append(number)
        number += 1
        if number % 20 == 0:
            log.flush(timeout_s=0.05)
    full = {"trouble": log.trouble, "dropped": dict(log.dropped), "durable": log.durable, "accepted": len(accepted)}
    if sys.argv[3] == "recover":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        deadline = time.monotonic() + 60
        while not log.flush(sync=True) and time.monotonic() < deadline:
            pass
        log.append_decision(make_decision(10**9), make_request())
    log.close()
    print(json.dumps({"accepted": accepted, "full": full, "dropped": log.dropped}))
"""


@pytest.mark.parametrize("end", ["recover", "give up"])
def test_a_full_disk_drops_what_does_not_fit_and_nothing_else(tmp_path, end):
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path), str(LIMIT), end]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["full"]["trouble"].startswith("disk_full: ")
    assert said["full"]["dropped"]["disk_full"] > 0
    assert said["full"]["durable"] < said["full"]["accepted"], "what waits is not called durable"
    sealed = (False, True)
    for is_sealed in sealed:
        if is_sealed:
            assert seal_all(tmp_path) >= 1
        rows = connect(tmp_path).execute('SELECT "http.request.id" FROM decisions').fetchall()
        found = [name for (name,) in rows]
        assert len(set(found)) == len(found)
        accepted = {make_decision(number).id for number in said["accepted"]}
        if end == "recover":
            assert set(found) == accepted | {make_decision(10**9).id}
        else:
            assert set(found) <= accepted
            assert len(accepted) - len(found) == said["dropped"]["disk_full"] - said["full"]["dropped"]["disk_full"]
