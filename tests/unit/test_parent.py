from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from vedette.config import defaults
from vedette.config.schema import Config
from vedette.parent import FRAME_BYTES, Frames, frame


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_come_whole_however_they_are_cut(size):
    data = frame({"a": 1}) + frame("b") + frame(list(range(500)))
    frames, found = Frames(), []
    for start in range(0, len(data), size):
        found += frames.feed(data[start : start + size])
    assert [msgspec.msgpack.decode(body) for body in found] == [{"a": 1}, "b", list(range(500))]


def test_a_length_that_is_not_ours_is_refused():
    with pytest.raises(ValueError, match="not one of ours"):
        Frames().feed((FRAME_BYTES + 1).to_bytes(4, "big"))


def test_a_configuration_survives_the_way():
    config = defaults("http://127.0.0.1:1")
    (body,) = Frames().feed(frame(config))
    assert msgspec.msgpack.decode(body, type=Config) == config


CHILD = "from vedette.parent import die_with_parent; import time; die_with_parent({}); print('up', flush=True); time.sleep(60)"
PARENT = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=sys.stdout); print(p.pid, flush=True); time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(number):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD.format(int(number))], stdout=subprocess.PIPE, text=True
    )
    lines = [parent.stdout.readline().strip() for _ in range(2)]
    (child,) = (int(line) for line in lines if line != "up")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}/stat").exists():
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def test_a_child_whose_parent_has_gone_already_ends_itself():
    script = "from vedette.parent import die_with_parent; die_with_parent(9, 1); print('alive')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == ""
