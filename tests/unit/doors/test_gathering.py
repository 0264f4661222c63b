from __future__ import annotations

import json
import os
import socket
from collections import deque
from pathlib import Path

import msgspec
import pytest

from vedette.config.schema import Agent, Config, GoodBots
from vedette.doors.gathering import Asking, Watch
from vedette.gather.inquiries import bind
from vedette.snapshot.files import write
from vedette.snapshot.findings import Finding, Findings, Inquiry
from vedette.snapshot.gathered import FOLDER
from vedette.snapshot.keys import KeySet, KeySets

KEY = b"k" * 32
ONE = Inquiry("dns", "192.0.2.1", "googlebot")
TWO = Inquiry("directory", "https://bot.example", "bot")
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a"}


def received(listening: socket.socket) -> list[Inquiry]:
    found = []
    try:
        while True:
            found += msgspec.msgpack.decode(listening.recv(65_536), type=list[Inquiry])
    except BlockingIOError:
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gather.sock"


@pytest.fixture
def asking(path: Path):
    now = [0.0]
    asking = Asking(str(path), lambda: now[0])
    asking.now = now  # type: ignore[attr-defined]  # tests move the clock
    yield asking
    asking.close()


def test_questions_are_sent_and_not_repeated_at_once(path, asking):
    with bind(path) as listening:
        waiting = deque([ONE, TWO, ONE])
        asking.send(waiting)
        assert not waiting
        assert received(listening) == [ONE, TWO]
        asking.send(deque([ONE]))
        asking.send(deque())
        assert received(listening) == []
        asking.now[0] = 2.0
        asking.send(deque([ONE]))
        assert received(listening) == [ONE]
        assert (asking.sent, asking.lost) == (3, 0)


def test_where_nobody_listens_a_question_is_lost_and_sent_again_later(path, asking):
    asking.send(deque([ONE]))
    assert (asking.sent, asking.lost) == (0, 1)
    with bind(path):
        pass
    asking.send(deque([ONE]))  # a socket that nobody has open any more
    assert (asking.sent, asking.lost) == (0, 2)
    with bind(path) as listening:
        asking.send(deque([ONE]))
        assert received(listening) == [ONE]


def test_a_gatherer_that_does_not_read_is_not_waited_for(path, asking):
    with bind(path):
        for number in range(5000):
            asking.send(deque([Inquiry("dns", f"192.0.2.{number}", "googlebot")]))
    assert asking.sent > 0 and asking.lost > 0
    assert asking.sent + asking.lost == 5000
    assert len(asking._recent) <= 256


def test_a_gatherer_that_was_replaced_is_found(path, asking):
    with bind(path):
        asking.send(deque([ONE]))
    with bind(path) as listening:
        asking.send(deque([TWO]))
        assert received(listening) == [TWO]


def test_odd_texts_are_lost_or_sent(path, asking):
    with bind(path) as listening:
        asking.send(deque([Inquiry("dns", "\ud800", "x")]))
        assert asking.lost == 1
        asking.send(deque([Inquiry("directory", "a" * 1_000_000, "x"), ONE]))
        assert (asking.sent, asking.lost) == (1, 2)
        assert received(listening) == [ONE]


def said(data: Path, standing: str) -> None:
    findings = Findings({("192.0.2.1", "googlebot"): Finding(standing, 100.0)}, key=KEY)
    write(data / FOLDER / "findings.msgpack", findings.encode())


def test_what_is_new_is_given_once(tmp_path):
    watch = Watch(tmp_path, KEY)
    assert watch.look(0.0) == (None, ())
    said(tmp_path, "forged")
    gathered, warnings = watch.look(0.0)
    assert gathered.findings.get("192.0.2.1", "googlebot", 0.0).standing == "forged" and warnings == ()
    assert watch.look(0.0) == (None, ())
    said(tmp_path, "verified")
    assert watch.look(0.0)[0].findings.get("192.0.2.1", "googlebot", 0.0).standing == "verified"
    (tmp_path / FOLDER / "findings.msgpack").write_bytes(b"damaged")
    gathered, (warning,) = watch.look(0.0)
    assert gathered.findings.get("192.0.2.1", "googlebot", 0.0).standing == "verified" and "damaged" in warning
    assert watch.look(0.0) == (None, ())


def configured(*files: Path) -> Config:
    agents = [Agent(name=file.name, signature_agent="https://a.example", keys=f"file:{file}") for file in files]
    return Config(good_bots=GoodBots(agents=tuple(agents)))


def test_key_files_of_the_configuration_are_read_and_read_again(tmp_path):
    file = tmp_path / "keys.jwks"
    source = f"file:{file}"
    file.write_text(json.dumps({"keys": [PUBLIC]}))
    write(tmp_path / FOLDER / "keys.msgpack", KeySets({"https://x.example/": KeySet("https://x.example/")}).encode())
    watch = Watch(tmp_path, KEY)
    watch.take(configured(file))
    gathered, warnings = watch.look(5.0)
    assert warnings == ()
    assert gathered.keys.get(source) == KeySet(source, (PUBLIC,), fetched=5.0)
    assert gathered.keys.get("https://x.example/") is not None
    assert watch.look(6.0) == (None, ())
    file.write_text(json.dumps({"keys": [PUBLIC, PUBLIC | {"kid": "b"}]}))
    assert len(watch.look(7.0)[0].keys.get(source).keys) == 2
    said(tmp_path, "forged")
    assert len(watch.look(8.0)[0].keys.get(source).keys) == 2
    watch.take(configured())
    assert watch.look(9.0)[0].keys.get(source) is None


def test_a_key_file_that_goes_bad_keeps_its_keys_and_is_said_once(tmp_path):
    file = tmp_path / "keys.jwks"
    watch = Watch(tmp_path, KEY)
    watch.take(configured(file))
    gathered, (warning,) = watch.look(1.0)
    assert warning == f"{file} cannot be read: No such file or directory"
    assert gathered.keys.get(f"file:{file}").keys == ()
    file.write_text(json.dumps({"keys": [PUBLIC]}))
    assert watch.look(2.0)[0].keys.get(f"file:{file}").keys == (PUBLIC,)
    file.write_text('{"keys": [')
    os.utime(file, (1, 1))
    gathered, (warning,) = watch.look(3.0)
    assert warning == f"{file} not a key set: not JSON"
    found = gathered.keys.get(f"file:{file}")
    assert (found.keys, found.fetched, found.failed) == ((PUBLIC,), 2.0, 3.0)
    assert watch.look(4.0) == (None, ())


def test_long_questions_do_not_cost_others_their_place(path, asking):
    long = [Inquiry("directory", f"https://{n}.example/".ljust(2048, "a"), "b" * 2048) for n in range(63)]
    with bind(path) as listening:
        asking.send(deque([*long, ONE]))
        found = received(listening)
        assert found[0] == ONE
        assert len(found) == asking.sent > 15
        assert asking.sent + asking.lost == 64
