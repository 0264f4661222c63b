from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.snapshot.files import read, seal, stamp, unseal, write


@given(st.binary(max_size=300), st.data())
def test_whatever_byte_changes_is_noticed(body, data):
    sealed = seal("name", 1, body)
    assert unseal("name", 1, sealed) == body
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.integers(1, 255))
    damaged = sealed[:place] + bytes([sealed[place] ^ other]) + sealed[place + 1 :]
    with pytest.raises(ValueError):
        unseal("name", 1, damaged)


@given(st.binary(max_size=300))
def test_garbage_is_no_snapshot(data):
    with pytest.raises(ValueError):
        unseal("name", 1, data)


def test_another_name_or_version_is_said():
    with pytest.raises(ValueError, match="it holds 'other'"):
        unseal("name", 1, seal("other", 1, b""))
    with pytest.raises(ValueError, match="of version 2, this is version 1"):
        unseal("name", 1, seal("name", 2, b""))


def test_a_file_is_replaced_whole_and_read_by_this_user_alone(tmp_path):
    path = tmp_path / "deep" / "file"
    assert stamp(path) is None
    write(path, b"one")
    before = stamp(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write(path, b"two")
    assert stamp(path) != before
    assert read(path, 3) == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
    with pytest.raises(ValueError, match="larger than 2 bytes"):
        read(path, 2)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError):
        write(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
