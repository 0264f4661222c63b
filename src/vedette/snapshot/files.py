"""How a snapshot lies on the disk: sealed with a checksum, replaced whole, never believed when it is damaged.

A file is MessagePack of a name, a version, a digest (BLAKE2b, RFC 7693) and a body. It finds damage, not forgery: who
may write into the data directory may write anything.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

__all__ = ["Stamp", "read", "seal", "stamp", "unseal", "write"]

DIGEST_BYTES = 16
Stamp = tuple[int, int, int]
"""Time of the last change, size and inode of a file: another stamp, another file."""


class _Sealed(Struct, frozen=True, array_like=True):
    name: str
    version: int
    digest: bytes
    body: bytes


def seal(name: str, version: int, body: bytes) -> bytes:
    """Give the bytes of a file."""
    digest = blake2b(body, digest_size=DIGEST_BYTES).digest()
    return msgspec.msgpack.encode(_Sealed(name, version, digest, body))


def unseal(name: str, version: int, data: bytes) -> bytes:
    """Give the body back.

    Raises:
        ValueError: It is damaged, of another version, or something else; the text says which.
    """
    try:
        sealed = msgspec.msgpack.decode(data, type=_Sealed)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("it is damaged") from None
    if sealed.name != name:
        raise ValueError(f"it holds {sealed.name[:32]!r}")
    if sealed.version != version:
        raise ValueError(f"it is of version {sealed.version}, this is version {version}")
    if blake2b(sealed.body, digest_size=DIGEST_BYTES).digest() != sealed.digest:
        raise ValueError("it is damaged")
    return sealed.body


def write(path: Path, data: bytes) -> None:
    """Replace a file in one step, readable by this user alone; raises OSError where the disk does not take it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def stamp(path: Path) -> Stamp | None:
    """Give the stamp of a file, or ``None`` where there is none."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def read(path: Path, most: int) -> bytes:
    """Read a file of at most ``most`` bytes.

    Raises:
        OSError: It cannot be read.
        ValueError: It is larger.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it is larger than {most} bytes")
    return data
