"""One Envoy's life: start, ready, reload under load, drain, stop."""

from __future__ import annotations

import concurrent.futures
import select
import socket
import subprocess
import sys
import threading

import msgspec
import pytest
import stage

from vedette.config.schema import Config, Endpoint, Listen, Match, Selector
from vedette.edge import envoy
from vedette.edge.process import Envoy, admin
from vedette.errors import ConfigError


def test_a_taken_port_is_named(plain):
    with pytest.raises(ConfigError, match=f"listen: 127.0.0.1:{plain.port} is taken by another process"):
        Envoy.start(plain.envoy.files)


def test_two_edges_cannot_share_a_port(plain):
    """Envoy itself refuses too: its default would let a second process take a share of the connections."""
    with socket.socket() as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            second.bind(("127.0.0.1", plain.port))


def test_a_foreign_address_is_named(plain, tmp_path):
    config = plain.config.__class__(listen=Listen(address="192.0.2.1:8080"), upstreams=plain.config.upstreams)
    files = envoy.write(config, tmp_path / "run", plain.engine.path, tmp_path / "run" / "answers.pipe")
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:8080 is not an address of this machine"):
        Envoy.start(files)


def test_an_envoy_that_ends_at_start_is_said(plain, tmp_path):
    files = envoy.write(plain.config, tmp_path / "run", plain.engine.path, tmp_path / "run" / "answers.pipe")
    files.bootstrap.write_text("{nonsense")
    config = envoy.EnvoyFiles(
        **{name: getattr(files, name) for name in files.__struct_fields__} | {"port": stage.free_port()}
    )
    child = Envoy.start(config, log=subprocess.DEVNULL)
    with pytest.raises(RuntimeError, match="ended at start with status"):
        child.wait_ready()
    assert child.stop() != 0


OWNER = """
import sys, msgspec
from pathlib import Path
from vedette.edge.envoy import EnvoyFiles
from vedette.edge.process import Envoy
child = Envoy.start(msgspec.json.decode(sys.argv[1], type=EnvoyFiles, dec_hook=lambda kind, value: kind(value)))
child.wait_ready()
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_owner_leaves_no_envoy_behind(tmp_path):
    address = Listen(address=f"127.0.0.1:{stage.free_port()}")
    config = Config(listen=address, upstreams={"default": "http://127.0.0.1:1"})
    files = envoy.write(config, tmp_path / "run", tmp_path / "engine.sock", tmp_path / "run" / "answers.pipe")
    encoded = msgspec.json.encode(files, enc_hook=str).decode()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, encoded], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout.readline() == b"ready\n"
        assert not refused(files.port)
        owner.kill()
        stage.eventually(lambda: refused(files.port), "the port free again")


def test_the_admin_interface_is_private(plain):
    assert plain.envoy.files.admin.stat().st_mode & 0o777 == 0o600
    assert admin(plain.envoy.files.admin, "/ready") == (200, b"LIVE\n")
    assert plain.envoy.stats("http.edge.downstream_rq_total")["http.edge.downstream_rq_total"] >= 0


def test_stop_waits_for_what_is_in_flight(tmp_path):
    with stage.edge(tmp_path) as running, concurrent.futures.ThreadPoolExecutor(2) as pool:
        answer = pool.submit(running.ask, "/wait")
        assert running.api.arrived.wait(20)
        end = pool.submit(running.envoy.stop, 30.0)
        stage.eventually(lambda: refused(running.port), "the listener closed")
        assert running.envoy.is_alive()
        running.api.open_gate()
        assert answer.result().status == 200
        assert end.result() == 0


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_stop_tells_clients_that_keep_connections(tmp_path):
    with stage.edge(tmp_path) as running, running.connect() as link, link.makefile("rb") as stream:
        request = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
        link.sendall(request)
        assert stage.read_answer(stream)["connection"] is None
        running.envoy.drain()

        def told():
            link.sendall(request)
            return stage.read_answer(stream)["connection"] == "close"

        stage.eventually(told, "Connection: close")
        assert stream.read() == b""


class Load:
    """Requests without a pause on kept connections, until told to end; counts and collects what went wrong."""

    def __init__(self, running, connections=4):
        self.running, self.done, self.count, self.wrong = running, threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.work) for _ in range(connections)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def work(self):
        link = None
        try:
            while not self.done.is_set():
                if link is None:
                    link = self.running.connect()
                    stream = link.makefile("rb")
                link.sendall(b"POST /api/login HTTP/1.1\r\nHost: b.example\r\nContent-Length: 7\r\n\r\nemail=a")
                got = stage.read_answer(stream)
                self.count += 1
                if got.status != 200:
                    self.wrong.append(got)
                if got["connection"] == "close":
                    stream.close()
                    link.close()
                    link = None
        except (OSError, AssertionError) as error:
            self.wrong.append(error)
        finally:
            if link is not None:
                stream.close()
                link.close()


def test_a_reload_under_load_drops_nothing(tmp_path):
    login = Endpoint(name="login", match=Match("", "POST", "", ("api", "login")), account=Selector("body", "email"))
    with stage.edge(tmp_path) as running, stage.Api() as other, Load(running) as load:
        assert running.reload(endpoints=(login,)) == ("routes.json",)
        stage.eventually(lambda: running.engine.seen and running.engine.seen[-1].body == b"email=a", "bodies read")
        assert running.reload(upstreams={"default": f"http://127.0.0.1:{other.port}"}) == ("clusters.json",)
        stage.eventually(lambda: len(other.seen) > 20, "the new upstream")
        assert running.reload(
            upstreams={"default": f"http://127.0.0.1:{running.api.port}", "b.example": f"http://127.0.0.1:{other.port}"}
        )
        stage.eventually(lambda: running.ask("/b").status == 200, "two upstreams")
        for upstreams in (running.config.upstreams, {"default": running.config.upstreams["default"]}) * 5:
            running.reload(upstreams=upstreams)
            count = load.count
            stage.eventually(lambda count=count: load.count > count + 20, "load going on")
        running.reload()
        assert running.reload(endpoints=(), trusted_proxies=("10.0.0.0/8",)) == ("routes.json", "listeners.json")
        stage.eventually(lambda: running.engine.seen[-1].body == b"", "bodies no longer read")
        count = load.count
        stage.eventually(lambda: load.count > count + 50, "load going on")
        load.done.set()
        assert load.wrong == []
        assert running.reload() == ()


def test_a_reload_of_the_listener_cuts_no_stream(tmp_path):
    with stage.edge(tmp_path) as running, running.connect() as link, link.makefile("rb") as stream:
        link.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        assert running.api.arrived.wait(20)
        block = Endpoint(name="pay", match=Match("", "POST", "", ("pay",)), on_failure="block")
        assert running.reload(endpoints=(block,)) == ("routes.json", "listeners.json")

        def draining():
            stats = running.envoy.stats("listener_manager.total_")
            return any(count for name, count in stats.items() if name.endswith("_draining"))

        stage.eventually(draining, "the old filter chain drains")
        assert running.ask("/new").status == 200
        assert select.select([link], [], [], 3.0)[0] == [], "cut off after the usual time of a drain"
        running.api.open_gate()
        assert stage.read_answer(stream).status == 200


@pytest.mark.parametrize("removed", [False, True])
def test_a_reload_of_the_upstreams_cuts_no_request(tmp_path, removed):
    with stage.Api() as old, stage.Api() as new:
        before, after = ({"default": f"http://127.0.0.1:{api.port}"} for api in (old, new))
        if removed:
            before["shop.example"] = before["default"]
        with (
            stage.edge(tmp_path, upstreams=before) as running,
            running.connect() as link,
            link.makefile("rb") as stream,
        ):
            link.sendall(b"GET /wait HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            assert old.arrived.wait(20)
            running.reload(upstreams=after)
            stage.eventually(lambda: running.ask("/new").status == 200 and new.seen, "the new upstream")
            assert select.select([link], [], [], 1.0)[0] == [], "cut off by the reload"
            old.open_gate()
            assert stage.read_answer(stream).status == 200


def test_a_reload_that_cannot_work_changes_nothing(plain):
    before = {file.name: file.read_bytes() for file in plain.run.glob("*.json")}
    with pytest.raises(ConfigError, match="upstream: 'ftp://a' is not an address of an API; write http://HOST:PORT"):
        envoy.write(
            plain.config.__class__(listen=plain.config.listen, upstreams={"default": "ftp://a"}),
            plain.run,
            plain.engine.path,
            plain.envoy.files.answers,
        )
    assert {file.name: file.read_bytes() for file in plain.run.glob("*.json")} == before
