"""Which library stands for which stack, and what is said where one is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec.structs import replace

from vedette.errors import ConfigError
from vedette.simulate.target import programs
from vedette.simulate.target.programs import Program, choose, require


@pytest.mark.parametrize(
    ("family", "program"),
    [
        ("chrome", Program("curl_cffi", "chrome142")),
        ("aiohttp", Program("aiohttp")),
        ("requests", Program("requests")),
        ("firefox", Program("curl_cffi", "firefox", is_replaced=True)),
        ("okhttp", Program("curl_cffi", "chrome_android", is_replaced=True)),
        ("curl", Program("curl_cffi", is_replaced=True)),
        ("php", Program("curl_cffi", is_replaced=True)),
        ("urllib", Program("requests", is_replaced=True)),
        ("go", Program("aiohttp", is_replaced=True)),
    ],
)
def test_the_nearest_program(stack_of, family, program):
    assert choose(stack_of(family)) == program


def test_a_target_of_impersonation_is_no_app(stack_of):
    attacker = replace(stack_of("curl_cffi"), impersonate="chrome142", kind="impersonator")
    assert choose(attacker) == Program("curl_cffi", "chrome142")
    app = replace(stack_of("okhttp"), impersonate="okhttp4_android")
    assert choose(app) == Program("curl_cffi", "okhttp4_android", is_replaced=True)
    assert choose(replace(app, kind="browser")) == Program("curl_cffi", "okhttp4_android")


def test_what_is_missing_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(programs, "find_spec", lambda name: None if name != "requests" else object())
    with pytest.raises(ConfigError, match=r"needs curl_cffi, aiohttp, not installed, run: .*install curl_cffi aiohttp"):
        require()


def test_nothing_of_them_is_imported_before():
    script = "import sys, vedette.simulate.target; print({'curl_cffi', 'aiohttp', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
