"""The page about the edge says what the edge does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vedette.config.schema import Config, Listen
from vedette.edge import envoy
from vedette.edge.routes import BODY_LIMIT_BYTES, INTERNAL_HEADERS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "edge.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    config = Config(upstreams={"default": "http://127.0.0.1:1"}, listen=Listen(address="127.0.0.1:1"))
    envoy.write(config, run, run / "engine.sock", run / "answers.pipe")
    return run


def row(start):
    return next(line for line in PAGE.splitlines() if line.startswith(f"| {start}"))


def test_every_internal_header_is_named():
    for name in INTERNAL_HEADERS:
        if name.startswith("x-vedette-"):
            assert f"`{name}`" in PAGE


def test_limits(written):
    (listener,) = json.loads((written / "listeners.json").read_bytes())["resources"]
    http = listener["filter_chains"][0]["filters"][0]["typed_config"]
    options = http["common_http_protocol_options"]
    assert f"{http['max_request_headers_kb']} KiB, {options['max_headers_count']} of them" in row(
        "headers of a request"
    )
    assert f"{http['request_headers_timeout'].removesuffix('s')} s" in row("waiting for the headers")
    assert f"{http['stream_idle_timeout'].removesuffix('s')} s" in row("nothing happens")
    assert f"| {http['http2_protocol_options']['max_concurrent_streams']} |" in row("HTTP/2 streams")
    assert f"{BODY_LIMIT_BYTES // 1024} KiB" in row("body shown")
    filters = {entry["name"]: entry["typed_config"] for entry in http["http_filters"]}
    assert f"{filters['vedette.delay']['max_active_faults']:,} at a time" in row("requests held")
    seconds = float(filters["vedette.ask"]["http_service"]["server_uri"]["timeout"].removesuffix("s"))
    assert f"{seconds * 1000:g} ms" in row("waiting for a decision")


def test_upstream_limits(written):
    clusters = {entry["name"]: entry for entry in json.loads((written / "clusters.json").read_bytes())["resources"]}
    api = clusters["api.default"]
    assert f"{api['connect_timeout'].removesuffix('s')} s" in row("connecting to the API")
    (options,) = api["typed_extension_protocol_options"].values()
    assert f"{options['common_http_protocol_options']['idle_timeout'].removesuffix('s')} s" in row("idle connection")
    (routes,) = json.loads((written / "routes.json").read_bytes())["resources"]
    assert routes["virtual_hosts"][0]["retry_policy"]["num_retries"] == 2
    assert "up to three times" in row("connecting to the API")
