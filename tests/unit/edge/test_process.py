from __future__ import annotations

import os
import socket

import pytest

from vedette.config.schema import Config, Listen
from vedette.edge import envoy
from vedette.edge.process import Envoy, admin, envoy_binary
from vedette.errors import ConfigError


def files(tmp_path, address):
    run = tmp_path / "run"
    config = Config(upstreams={"default": "http://127.0.0.1:1"}, listen=Listen(address=address))
    return envoy.write(config, run, tmp_path / "engine.sock", run / "answers.pipe")


def test_the_binary_is_there():
    assert os.access(envoy_binary(), os.X_OK)


def test_a_silent_admin_socket_is_an_oserror(tmp_path):
    with pytest.raises(OSError):
        admin(tmp_path / "none.sock", "/ready")


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_said_before_anything_starts(tmp_path, family, address):
    with socket.socket(family) as other:
        other.bind((address, 0))
        other.listen()
        where = f"[{address}]" if ":" in address else address
        with pytest.raises(ConfigError) as error:
            Envoy.start(files(tmp_path, f"{where}:{other.getsockname()[1]}"))
        assert str(error.value).endswith("is taken by another process; stop that one or choose another port")


def test_a_foreign_address_is_said(tmp_path):
    with pytest.raises(ConfigError, match="is not an address of this machine; use one of its own or 0.0.0.0"):
        Envoy.start(files(tmp_path, "192.0.2.1:8080"))
