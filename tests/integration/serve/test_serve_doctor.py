"""``vedette doctor`` against a real serve: sound, hurt, and gone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

from serving import eventually


def doctor(one):
    command = [sys.executable, "-m", "vedette.cli", "doctor", "--data", str(one.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_sound_serve_and_one_that_is_gone(serve, api):
    one = serve()
    for number in range(120):
        one.get(f"/api/products/{number}")
    eventually(lambda: one.pid("archive"), "the archive runs")
    code, text = doctor(one)
    assert code == 0, text
    assert int(re.search(r"decisions are being made: (\d+) so far", text)[1]) > 60, text
    assert re.search(r"degraded: \d of 120 requests|% of 120 requests passed degraded", text), text
    assert "come from 8 peers or fewer" in text, "one client made all the traffic and no proxy is trusted"
    assert "set trusted_proxies" in text
    assert "mode is monitor" in text
    assert "GiB free" in text

    os.kill(one.pid("spare"), signal.SIGSTOP)  # so that the engine is not replaced
    os.kill(one.pid("engine"), signal.SIGKILL)
    code, text = doctor(one)
    os.kill(one.pid("spare"), signal.SIGCONT)
    assert code == 1
    assert "WRONG  the engine does not answer: requests pass undecided, marked degraded (fail open)" in text
    eventually(lambda: one.call("GET", "/readyz", token=None)[0] == 200, "the engine is back")

    one.stop()
    code, text = doctor(one)
    assert code == 1
    assert "vedette serve is not running" in text


def test_an_invalid_file_and_open_keys_are_found(serve, api):
    one = serve(config=f"upstream: {api.url}\n")
    one.file.write_text("mode: sometimes\n")
    (one.data / "keys" / "console").chmod(0o644)
    code, text = doctor(one)
    assert code == 1
    assert "is invalid, the last valid one is in force" in text
    assert "sometimes" in text
    assert f"chmod 600 {one.data / 'keys' / 'console'}" in text
