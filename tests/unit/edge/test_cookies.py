"""Where the device cookie is in Envoy's configuration; what it does there, tests/integration/edge shows."""

from __future__ import annotations

import json

from vedette.config.schema import Config, DeviceCookie, Identity
from vedette.edge.cookies import device_cookie
from vedette.edge.listeners import _filters
from vedette.edge.routes import route_configuration


def test_nothing_is_added_where_no_cookie_is_configured() -> None:
    config = Config(upstreams={"default": "http://127.0.0.1:9"})
    assert "x-vedette-cookie" not in json.dumps([_filters(config), route_configuration(config)])


def test_engine_and_answer_agree_on_the_header() -> None:
    config = Config(upstreams={"default": "http://127.0.0.1:9"}, identity=Identity(device_cookie=DeviceCookie()))
    assert '{"exact": "x-vedette-cookie"}' in json.dumps(_filters(config))
    assert device_cookie() in route_configuration(config)["virtual_hosts"][0]["response_headers_to_add"]


def test_an_empty_result_adds_no_header() -> None:
    assert device_cookie()["keep_empty_value"] is False
    assert ")%" not in device_cookie()["header"]["value"][:-2], "it would end the expression early"
