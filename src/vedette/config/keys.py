"""Keys that nobody configured: made once, kept under ``<data>/keys``, readable by their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from vedette.config.schema import Secret
from vedette.errors import ConfigError

__all__ = ["ensure_key"]

KEY_BYTES = 32


def ensure_key(data: Path, name: str) -> Secret:
    """Return the key ``<data>/keys/NAME``; make it if it is not there.

    Two processes that start together get the same key. The value is 43 URL-safe characters, so that it may also serve
    as a bearer token. Raises :class:`ConfigError` where the file cannot be made, read, or is empty.
    """
    path = data / "keys" / name
    try:
        value = _read(path)
    except FileNotFoundError:
        try:
            _make(path)
            value = _read(path)
        except OSError as error:
            raise ConfigError([f"{path}: cannot be made: {_cause(error)}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {_cause(error)}"]) from None
    if not value:
        raise ConfigError([f"{path}: is empty, remove it and a new key is made"])
    return Secret(f"generated:{path}", value)


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _make(path: Path) -> None:
    """Write a new key under another name first, then link it: the key appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its key counts
    finally:
        draft.unlink()


def _cause(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not text"
