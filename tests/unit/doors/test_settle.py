from __future__ import annotations

import pytest
from msgspec.structs import replace

from vedette.config import defaults
from vedette.config.schema import Console, Events, Listen, Privacy, Secret
from vedette.doors.settle import COLD, settle

OLD = defaults("http://127.0.0.1:1")
CHANGES = {
    "listen": {"listen": Listen(address="0.0.0.0:1")},
    "workers": {"workers": 3},
    "state": {"state": "valkey://x"},
    "events.directory": {"events": Events(directory="elsewhere", retain_s=60.0)},
    "privacy.key": {"privacy": Privacy(key=Secret("env:X", "x"), address="raw")},
    "console.listen": {"console": Console(listen="127.0.0.1:1")},
}


@pytest.mark.parametrize("key", COLD)
def test_a_key_that_is_not_hot_keeps_its_value(key):
    wanted = replace(OLD, mode="enforce", **CHANGES[key])
    config, restart_needed = settle(OLD, wanted)
    assert restart_needed == (key,)
    assert config.mode == "enforce"
    section, _, name = key.partition(".")
    kept, before = getattr(config, section), getattr(OLD, section)
    assert (
        (getattr(kept, name), kept != before) == (getattr(before, name), key != "console.listen")
        if name
        else kept == before
    )


def test_all_at_once_and_none():
    everything = {key: value for change in CHANGES.values() for key, value in change.items()}
    config, restart_needed = settle(OLD, replace(OLD, **everything))
    assert restart_needed == COLD
    assert config.events.retain_s == 60.0
    assert settle(OLD, replace(OLD, mode="enforce"))[1] == ()
