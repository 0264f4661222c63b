from __future__ import annotations

import json
import stat

from vedette.config.schema import Config, Listen
from vedette.edge import envoy


def write(tmp_path, **config):
    config.setdefault("upstreams", {"default": "http://127.0.0.1:8000"})
    run = tmp_path / "run"
    return envoy.write(Config(**config), run, tmp_path / "engine.sock", run / "answers.pipe")


def test_what_is_written(tmp_path):
    files = write(tmp_path, listen=Listen(address="[::1]:8443"))
    assert (files.address, files.port) == ("::1", 8443)
    assert files.changed == ("bootstrap.json", "clusters.json", "routes.json", "listeners.json")
    assert files.watched == ()
    assert files.concurrency >= 1
    assert stat.S_ISFIFO(files.answers.stat().st_mode)
    bootstrap = json.loads(files.bootstrap.read_bytes())
    assert bootstrap["admin"]["address"] == {"pipe": {"path": str(files.admin), "mode": 0o600}}
    clusters = json.loads((tmp_path / "run" / "clusters.json").read_bytes())["resources"]
    assert [cluster["name"] for cluster in clusters] == ["api.default", "grpc.default", "engine"]


def test_nothing_is_replaced_that_has_not_changed(tmp_path):
    first = write(tmp_path)
    inode = first.bootstrap.stat().st_ino
    assert write(tmp_path).changed == ()
    assert first.bootstrap.stat().st_ino == inode
    assert write(tmp_path, upstreams={"default": "http://127.0.0.1:8001"}).changed == ("clusters.json",)
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == sorted(
        ["bootstrap.json", "clusters.json", "routes.json", "listeners.json", "answers.pipe"]
    )


def names(tmp_path):
    clusters = json.loads((tmp_path / "run" / "clusters.json").read_bytes())["resources"]
    return {cluster["name"] for cluster in clusters}


def test_a_removed_upstream_stays_until_no_route_leads_there(tmp_path):
    both = {"a.example": "http://127.0.0.1:1", "default": "http://127.0.0.1:2"}
    one = {"default": "http://127.0.0.1:2"}
    write(tmp_path, upstreams=both)
    write(tmp_path, upstreams=one)
    assert names(tmp_path) == {"api.a.example", "grpc.a.example", "api.default", "grpc.default", "engine"}
    write(tmp_path, upstreams=one)
    assert names(tmp_path) == {"api.default", "grpc.default", "engine"}
    (tmp_path / "run" / "clusters.json").write_text("{half a fi")
    write(tmp_path, upstreams=both)
    assert "api.a.example" in names(tmp_path)


def test_the_listener_is_not_shared(tmp_path):
    write(tmp_path)
    (listener,) = json.loads((tmp_path / "run" / "listeners.json").read_bytes())["resources"]
    assert listener["enable_reuse_port"] is False


def test_a_long_path_moves_the_admin_socket(tmp_path):
    run = tmp_path / ("long" * 30)
    files = envoy.write(
        Config(upstreams={"default": "http://127.0.0.1:1"}), run, tmp_path / "engine.sock", run / "answers.pipe"
    )
    assert files.admin == tmp_path / "admin.sock"
