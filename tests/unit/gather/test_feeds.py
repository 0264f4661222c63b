"""Feeds against a local web server: unchanged, changed, cut short, huge, slow, malicious; and what is kept meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import json
import math
from pathlib import Path

import msgspec
import pytest

from tests.unit.gather.serving import Web, answer, serving
from vedette.config.schema import Config, Feed, Networks
from vedette.gather import feeds as module
from vedette.gather.feed_store import FeedState, Store, identity
from vedette.gather.feeds import BusyError, FeedKeeper
from vedette.snapshot import files
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.networks import NetworkMap

NOW = 1_795_000_000.0
DAY = 86400.0
LIST = answer(b"8.8.8.8\n9.9.9.0/24\n", etag='"1"')


class Stage:
    """A web server, a data directory, and a keeper of one feed called ``f``."""

    def __init__(self, web: Web, data: Path, **settings) -> None:
        self.web, self.data, self.settings = web, data, settings

    def keeper(self, *feeds: Feed, **config) -> FeedKeeper:
        config = {"networks": Networks(own=("9.9.9.9/32",))} | config
        return FeedKeeper(Config(feeds=feeds, **config), self.data, **({"timeout_s": 10.0} | self.settings))

    def feed(self, **rest) -> Feed:
        return Feed(**({"name": "f", "url": self.web.url("/f")} | rest))

    async def get(self, page=None, now: float = NOW, accept: bool = False, **rest) -> FeedState:
        """Refresh the feed once, by a keeper that knows only what lies on the disk."""
        if page is not None:
            self.web.pages["/f"] = page
        (state,) = await self.keeper(self.feed(**rest)).refresh(["f"], now, accept=accept)
        return state

    def map(self) -> NetworkMap:
        loaded, warnings = Gathered.load(self.data / "gathered", Gathered.shipped())
        assert warnings == ()
        return loaded.networks

    def listed(self, address: str, now: float = NOW) -> float:
        return self.map().lookup(address, now).listed


@pytest.fixture
def played(tmp_path):
    """Play a coroutine function on a stage."""

    def play(act, **settings):
        async def run():
            async with serving() as web:
                await act(Stage(web, tmp_path, **settings))

        asyncio.run(run())

    return play


def numbers(count: int) -> bytes:
    return answer("".join(f"8.8.{place // 256}.{place % 256}\n" for place in range(0, count * 2, 2)).encode())


def test_a_feed_reaches_the_engine(played):
    async def act(stage):
        state = await stage.get(LIST)
        assert (state.state, state.error, state.entries, state.cut, state.date) == ("ok", "", 3, 1, NOW)
        assert stage.listed("8.8.8.8") == 0.5
        assert stage.listed("9.9.9.9") < 0.5, "own networks are cut out"
        assert stage.map().lookup("66.249.66.1", NOW).robots == ("googlebot",), "what ships is still there"
        assert stage.map().lookup("8.8.8.8", NOW).sources[-3:] == ("f", "google", "x4bnet-datacenter")
        for file in (stage.data / "gathered").rglob("*"):
            assert file.stat().st_mode & 0o077 == 0 or file.is_dir()

    played(act)


def test_an_unchanged_feed_is_confirmed_and_not_sent_again(played):
    async def act(stage):
        dated = "Sun, 15 Nov 2026 10:00:00 GMT"

        def page(headers):
            if headers.get("if-none-match") == '"1"' and headers.get("if-modified-since") == dated:
                return answer(status=304)
            return answer(b"8.8.8.8\n", etag='"1"', last_modified=dated)

        first = await stage.get(page, kind="hosting")
        written = (stage.data / "gathered" / "networks.bin").stat().st_mtime_ns
        second = await stage.get(now=NOW + 3600, kind="hosting")
        assert (second.state, second.confirmed, second.date, second.entries) == (
            "ok",
            NOW + 3600,
            NOW + 3600,
            first.entries,
        )
        assert (stage.data / "gathered" / "networks.bin").stat().st_mtime_ns == written, "nothing new to write"
        await stage.get(now=NOW + DAY, kind="hosting")
        assert stage.map().sources[-1].date == NOW + DAY, "the age is kept up"

    played(act)


def test_the_date_of_a_blocklist_is_what_the_server_says(played):
    async def act(stage):
        page = answer(b"8.8.8.8\n", last_modified="Sun, 15 Nov 2026 10:00:00 GMT")
        state = await stage.get(page)
        assert state.date == 1_794_736_800.0
        assert stage.listed("8.8.8.8") == pytest.approx(0.5 * 2 ** (-(NOW - state.date) / (7 * DAY)))
        for odd in ("yesterday", "Sun, 15 Nov 2027 10:00:00 GMT", "Sun, 99 Nov 2026", ""):
            assert (await stage.get(answer(b"8.8.8.8\n", last_modified=odd))).date == NOW

    played(act)


def test_a_changed_feed_replaces_the_last(played):
    async def act(stage):
        await stage.get(LIST)
        await stage.get(answer(b"8.8.4.4\n9.9.9.0/24\n"))
        assert stage.listed("8.8.4.4") == 0.5 and stage.listed("8.8.8.8") == 0.0

    played(act)


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (answer(status=404), "answered with status 404"),
        (answer(b"8.8.8.8\n", content_length=900), "the answer is cut short"),
        (answer(b"8.8.8.8\n" * 20_000), "larger than 100000 bytes"),
        (
            gzip.compress(b"8.8.8.8\n" * 500_000).join((answer(b"", content_length=0)[:0], b"")),
            "the answer is not HTTP",
        ),
        (answer(gzip.compress(b"8.8.8.8\n" * 500_000)), "larger than 100000 bytes when decompressed"),
        (answer(gzip.compress(b"8.8.8.8\n" * 500)[:-20]), "ends within its gzip stream"),
        (answer(b"<html>busy</html>"), "1 lines have no address and 0 have one, is the format right?"),
        (answer(b"\xff\xfe\xfa"), "not text, is it format lines?"),
        (answer(b""), "no address is in it"),
        (answer(b"8.8.8.8\n0.0.0.0/0\n"), "it holds 0.0.0.0/0, wider than /8"),
        (answer(b"9.9.9.9\n10.0.0.0/8\n"), "nothing is left, all 2 entries are private or own networks"),
        (answer(status=302, location="file:///etc/passwd"), "redirected to another scheme, file:///etc/passwd"),
        (answer(status=302, location="https://127.0.0.1/"), "redirected to another scheme, https://127.0.0.1/"),
        (answer(status=302, location="/f"), "redirected more than 3 times"),
        (b"HTTP/1.1 200 OK\r\n\x00: \r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_the_last_good_one_stays_whatever_comes(played, page, told):
    async def act(stage):
        good = await stage.get(LIST)
        bad = await stage.get(page, now=NOW + 60)
        assert (bad.state, bad.error) == ("failed", told)
        assert (bad.entries, bad.confirmed, bad.failures) == (good.entries, NOW, 1)
        assert stage.listed("8.8.8.8") == 0.5
        assert (await stage.get(LIST, now=NOW + 120)).failures == 0

    played(act, size_max=100_000)


def test_a_slow_feed_is_given_up(played):
    async def act(stage):
        stage.web.hangs.add("/f")
        state = await stage.get(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n8.8")
        assert (state.state, state.error) == ("failed", "took longer than 0.2 s")

    played(act, timeout_s=0.2)


def test_nobody_answers(tmp_path):
    feed = Feed(name="f", url="http://127.0.0.1:9/f")
    keeper = FeedKeeper(Config(feeds=(feed,)), tmp_path)
    (state,) = asyncio.run(keeper.refresh(["f"], NOW))
    assert (state.state, state.error) == ("failed", "cannot be reached: Connection refused")


def test_a_sudden_change_waits_for_a_word(played):
    async def act(stage):
        await stage.get(numbers(100))
        held = await stage.get(numbers(10))
        assert held.state == "held" and "100 entries become 10" in held.error
        assert held.entries == 100 and stage.listed("8.8.0.100") == 0.5
        grown = await stage.get(answer(b"12.0.0.0/9\n" + numbers(99).partition(b"\r\n\r\n")[2]))
        assert grown.state == "held" and "addresses become" in grown.error
        accepted = await stage.get(numbers(10), accept=True)
        assert accepted.state == "ok" and stage.listed("8.8.0.100") == 0.0

    played(act)


def test_a_feed_that_comes_back_is_no_longer_held(played):
    async def act(stage):
        await stage.get(numbers(100))
        await stage.get(numbers(10))
        assert (await stage.get(numbers(101))).state == "ok"

    played(act)


def test_redirects_and_gzip(played):
    async def act(stage):
        stage.web.pages["/there"] = answer(gzip.compress(b"8.8.8.8\n"))
        assert (await stage.get(answer(status=301, location="/there"))).entries == 1

    played(act)


def test_files(tmp_path):
    path = tmp_path / "list.txt.gz"
    feed = Feed(name="f", url=f"file:{path}")
    keeper = FeedKeeper(Config(feeds=(feed,)), tmp_path, size_max=1000)

    def get(now: float = NOW) -> FeedState:
        return asyncio.run(keeper.refresh(["f"], now))[0]

    assert get().error == "cannot be read, No such file or directory"
    path.write_bytes(gzip.compress(b"8.8.8.8\n"))
    assert get().entries == 1
    again = get(NOW + 9)
    assert (again.state, again.date) == ("ok", NOW + 9)
    path.write_bytes(b"8.8.8.8\n" * 500)
    assert get().error == "larger than 1000 bytes"
    path.unlink()
    path.mkdir()
    assert get().error == "cannot be read, Is a directory"


def test_crawlers_and_tor_replace_what_ships(played):
    async def act(stage):
        shipped = NetworkMap.shipped().lookup("66.249.66.1", NOW)
        assert shipped.robots == ("googlebot",) and shipped.robots_fresh == ()
        document = json.dumps({"prefixes": [{"ipv4Prefix": "8.8.4.0/24"}]}).encode()
        await stage.get(answer(document), format="json", kind="robot", robot="googlebot")
        known = stage.map()
        assert known.lookup("8.8.4.4", NOW).robots == ("googlebot",)
        assert known.lookup("66.249.66.1", NOW).robots == ()
        assert known.lookup("66.249.66.1", NOW).robots_fresh == ("googlebot",)
        assert "tor" in NetworkMap.shipped().lookup("185.220.101.4", NOW).kinds
        await stage.get(answer(b"8.8.4.4\n"), kind="tor")
        assert "tor" not in stage.map().lookup("185.220.101.4", NOW).kinds
        assert "tor" in stage.map().lookup("8.8.4.4", NOW).kinds

    played(act)


def test_networks_and_countries(played):
    async def act(stage):
        stage.web.pages |= {"/a": answer(b"8.8.8.0,8.8.8.255,15169,G\n"), "/c": answer(b"8.0.0.0/8,US\n2600::/16,DE\n")}
        asn = stage.feed(name="asn", url=stage.web.url("/a"), format="csv", kind="asn")
        country = stage.feed(name="country", url=stage.web.url("/c"), format="csv", kind="country")
        keeper = stage.keeper(asn, country)
        states = await keeper.refresh(["asn", "country"], NOW)
        assert [(state.state, state.entries) for state in states] == [("ok", 1), ("ok", 2)]
        facts = stage.map().lookup("8.8.8.8", NOW)
        assert (facts.asn, facts.country) == (15169, "US") and "hosting" in facts.kinds
        assert stage.map().lookup("2600::1", NOW).country == "DE"

    played(act)


def test_when_a_feed_is_due(played):
    async def act(stage):
        stage.web.pages["/f"] = LIST
        keeper = stage.keeper(
            stage.feed(refresh_s=600.0), stage.feed(name="g", url=stage.web.url("/gone"), refresh_s=200.0)
        )
        assert keeper.due(NOW) == ["f", "g"]
        await keeper.refresh(keeper.due(NOW), NOW)
        assert keeper.due(NOW + 59) == []
        assert keeper.due(NOW + 60) == ["g"], "a failure is tried again after a minute"
        await keeper.refresh(["g"], NOW + 60)
        assert keeper.next_refresh("g") == NOW + 180, "then after two"
        for _ in range(5):
            await keeper.refresh(["g"], NOW + 300)
        assert keeper.next_refresh("g") == NOW + 500, "at most after its refresh"
        assert keeper.next_refresh("f") == NOW + 600
        assert await keeper.refresh(["unknown"], NOW) == []

    played(act)


def test_a_feed_configured_anew_is_a_new_feed(played):
    async def act(stage):
        await stage.get(numbers(100))
        assert stage.keeper(stage.feed()).states()[0].state == "ok"
        assert stage.keeper(stage.feed(kind="proxy")).states()[0].state == "new"
        state = await stage.get(numbers(1), kind="proxy")
        assert state.state == "ok", "nothing to compare with"
        assert "if-none-match" not in stage.web.asked[-1][1]

    played(act)


def test_a_feed_that_is_no_longer_configured_leaves_the_map(played):
    async def act(stage):
        assert not stage.keeper().settle(NOW), "nothing is written where nothing is needed"
        await stage.get(LIST)
        keeper = stage.keeper(stage.feed())
        assert not keeper.settle(NOW)
        keeper.configure(Config(feeds=(stage.feed(weight=0.9),)))
        assert keeper.settle(NOW) and stage.listed("8.8.8.8") == 0.9
        keeper.configure(Config())
        assert keeper.settle(NOW) and stage.listed("8.8.8.8") == 0.0 or math.isnan(stage.listed("8.8.8.8"))
        assert not keeper.settle(NOW)

    played(act)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\0" * 100])
def test_damaged_files_count_as_none(played, damage):
    async def act(stage):
        await stage.get(LIST)
        for file in (stage.data / "gathered" / "feeds").glob("f-*"):
            file.write_bytes(damage)
        keeper = stage.keeper(stage.feed())
        assert keeper.states()[0].state == "new"
        (stage.data / "gathered" / "networks.bin").write_bytes(damage)
        loaded, (warning,) = Gathered.load(stage.data / "gathered", Gathered.shipped())
        assert loaded.networks is NetworkMap.shipped() and "networks.bin is not used" in warning
        assert (await stage.get()).state == "ok"
        assert "if-none-match" not in stage.web.asked[-1][1]
        assert stage.listed("8.8.8.8") == 0.5

    played(act)


def test_damaged_ranges_alone_are_taken_from_the_map_and_fetched_anew(played):
    async def act(stage):
        await stage.get(LIST)
        (ranges,) = (stage.data / "gathered" / "feeds").glob("f-*.ranges")
        ranges.write_bytes(b"nonsense")
        await stage.get(answer(status=500), now=NOW + DAY, weight=0.9)
        assert stage.listed("8.8.8.8") == 0.9
        await stage.get(LIST)
        assert "if-none-match" not in stage.web.asked[-1][1]

    played(act)


def test_a_full_disk_costs_nothing_but_the_update(played, monkeypatch):
    async def act(stage):
        await stage.get(LIST)
        keeper = stage.keeper(stage.feed())

        def full(path, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(files, "write", full)
            patched.setattr("vedette.gather.feed_store.write", full)
            stage.web.pages["/f"] = answer(b"8.8.4.4\n")
            (state,) = await keeper.refresh(["f"], NOW + 60)
            assert (state.state, state.error) == ("failed", "cannot be kept, No space left on device")
            assert keeper.due(NOW + 61) == [], "not tried again and again"
        assert stage.listed("8.8.8.8") == 0.5
        (state,) = await keeper.refresh(["f"], NOW + 120)
        assert state.state == "ok" and stage.listed("8.8.4.4", NOW + 120) == 0.5

    played(act)


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "gathered").write_text("a file where a folder should be")
    keeper = FeedKeeper(Config(feeds=(Feed(name="f", url="http://127.0.0.1:9/"),)), tmp_path)
    (state,) = asyncio.run(keeper.refresh(["f"], NOW))
    assert state.state == "failed" and "cannot be kept" in state.error
    assert keeper.due(NOW + 1) == []


def test_one_process_at_a_time(played, monkeypatch):
    async def act(stage):
        monkeypatch.setattr(module, "WAIT_S", 0.1)
        keeper = stage.keeper(stage.feed())
        with Store(stage.data / "gathered").hold() as is_held:
            assert is_held
            with pytest.raises(BusyError):
                await keeper.refresh(["f"], NOW)
        assert (await stage.get(LIST)).state == "ok"

    played(act)


def test_a_mistake_of_ours_costs_one_feed(played, monkeypatch):
    async def act(stage):
        def broken(feed, data):
            raise ZeroDivisionError

        monkeypatch.setattr(module, "parse", broken)
        assert (await stage.get(LIST)).error == "reading it failed, ZeroDivisionError"

    played(act)


def test_errors_are_one_printable_line(played):
    async def act(stage):
        state = await stage.get(answer(b"a\x1b[31m,b\n1,2\n"), format="csv", column="x")
        assert state.error == "no column x, there are a?[31m, b"

    played(act)


def test_names_of_feeds_are_no_paths(tmp_path):
    store = Store(tmp_path)
    for name in ("../../etc/passwd", "a/b", "é", "", "x" * 100, "."):
        feed = Feed(name=name, url="https://a.example/")
        store.keep_state(feed, FeedState(name=name, identity=identity(feed), entries=7))
        assert store.state(feed).entries == 7
    assert {file.parent for file in tmp_path.rglob("*.json")} == {tmp_path / "feeds"}
    assert len(list(tmp_path.rglob("*.json"))) == 6


def test_too_many_ranges_of_all_feeds_leave_the_later_out(played, monkeypatch):
    async def act(stage):
        monkeypatch.setattr(module, "TOTAL_MAX", 3)
        stage.web.pages |= {"/a": LIST, "/b": answer(b"8.8.4.4\n")}
        keeper = stage.keeper(*(stage.feed(name=name, url=stage.web.url(f"/{name}")) for name in "ab"))
        await keeper.refresh(["a", "b"], NOW)
        assert stage.listed("8.8.8.8") == 0.5 and stage.listed("8.8.4.4") == 0.0

    played(act)


def test_progress_is_told_and_several_are_fetched(played):
    async def act(stage):
        names = [f"f{place}" for place in range(9)]
        stage.web.pages |= {f"/{name}": LIST for name in names}
        keeper = stage.keeper(*(stage.feed(name=name, url=stage.web.url(f"/{name}")) for name in names))
        told = []
        states = await keeper.refresh(names, NOW, told=told.append)
        assert [state.name for state in states] == names
        assert sorted(state.name for state in told) == names
        with contextlib.suppress(ValueError):
            assert msgspec.structs.asdict(states[0])["state"] == "ok"

    played(act)
