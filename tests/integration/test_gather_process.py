"""The gatherer as a process: told by its parent, asked through its socket, ended with its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.peers.dns import NameServer
from vedette.config.schema import Config, Dns, GoodBots
from vedette.gather.setup import Setup
from vedette.parent import frame
from vedette.snapshot.findings import Inquiry
from vedette.snapshot.gathered import FOLDER, Gathered

KEY = b"k" * 32


@pytest.fixture
def server():
    server = NameServer("googlebot.com")
    server.point("127.0.0.1", "crawl-1.googlebot.com")
    server.records["crawl-1.googlebot.com", "A"] = ["127.0.0.1"]
    yield server
    server.close()


def eventually(check, timeout_s: float = 30.0):
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


class Process:
    """One gatherer."""

    def __init__(self, data: Path, config: Config | None, path: Path | None = None) -> None:
        self.data = data
        self.path = path or data / "run" / "gather.sock"
        command = [sys.executable, "-m", "vedette.gather"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        if config is not None:
            self.tell(config)

    def tell(self, config: Config) -> None:
        setup = Setup(config=config, data=str(self.data), socket=str(self.path), key=KEY)
        self.process.stdin.write(frame(setup))
        self.process.stdin.flush()

    def ask(self, address: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.sendto(msgspec.msgpack.encode([Inquiry("dns", address, "googlebot")]), str(self.path))

    def standing(self, address: str) -> str:
        found = Gathered.load(self.data / FOLDER, Gathered.shipped(), KEY)[0].findings.get(address, "googlebot", 0.0)
        return found.standing if found is not None else ""

    def end(self) -> tuple[int, str]:
        """Close its standard input, as a parent that ends does."""
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said.decode()


@pytest.fixture
def start():
    started: list[Process] = []

    def start(*arguments, **more) -> Process:
        started.append(Process(*arguments, **more))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        if not one.process.stderr.closed:
            one.process.communicate()


def configured(server: NameServer) -> Config:
    return Config(good_bots=GoodBots(dns=Dns(servers=(server.address,))))


def test_it_answers_takes_another_configuration_and_ends_with_its_parent(tmp_path, server, start):
    one = start(tmp_path, Config(good_bots=GoodBots(dns=False)))
    eventually(one.path.exists)
    one.ask("127.0.0.1")
    one.tell(configured(server))
    eventually(lambda: one.ask("127.0.0.1") or one.standing("127.0.0.1"))
    assert one.standing("127.0.0.1") == "verified"
    status, said = one.end()
    assert status == 0
    assert "gather.ready" in said and "gather.stopped" in said
    assert "127.0.0" not in said


def test_what_was_found_is_known_to_the_next_one(tmp_path, server, start):
    for _ in range(2):
        one = start(tmp_path, configured(server))
        eventually(lambda one=one: is_asked(one, "127.0.0.1") and one.standing("127.0.0.1"))
        one.process.kill()
        one.process.wait(30)
    assert server.asked_for("PTR") == ["1.0.0.127.in-addr.arpa"]


def is_asked(one: Process, address: str) -> bool:
    try:
        one.ask(address)
    except OSError:  # what an earlier one left there
        return False
    return True


def test_a_message_that_is_none_ends_it_so_that_the_next_is_told_afresh(tmp_path, server, start):
    one = start(tmp_path, configured(server))
    eventually(one.path.exists)
    one.process.stdin.write(b"\xff" * 8)
    one.process.stdin.flush()
    one.process.wait(30)
    assert "gather.untold" in one.end()[1]


def test_sigterm_ends_it(tmp_path, server, start):
    one = start(tmp_path, configured(server))
    eventually(one.path.exists)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0


def test_a_parent_that_says_nothing(tmp_path, start):
    assert start(tmp_path, None).end()[0] == 0


def test_a_socket_that_cannot_be_made_is_said(tmp_path, server, start):
    one = start(tmp_path, configured(server), path=tmp_path / ("long" * 40) / "gather.sock")
    status, said = one.end()
    assert status == 1
    assert "gather.unable" in said
    assert os.listdir(tmp_path / ("long" * 40)) == []
