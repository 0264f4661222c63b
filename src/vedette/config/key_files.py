"""Key sets in files (``file:PATH``): JSON Web Key Sets (RFC 7517) that a configuration names, read and checked.

The path in the configuration is relative to its file; what is kept is absolute, so that whoever reads the keys again
later needs nothing else. The file is checked when the configuration is loaded, so that a mistake in it is found then; a
file that is not there yet is none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vedette.config.document import Node
from vedette.config.reading import MISSING, SHOWN, Reader, notation, text
from vedette.config.units import parse_url

__all__ = ["FILE", "agent_keys", "key_set", "read_key_file", "signature_agent"]

FILE = "file:"
KEY_FILE_BYTES = 65_536
KEY_FILE_KEYS = 32
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JSON Web Key that no public key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4; RFC 8037)."""


def read_key_file(path: Path) -> tuple[dict[str, Any], ...]:
    """Read a JSON Web Key Set: at most 64 KiB and 32 keys.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no key set; the text says why.
    """
    with path.open("rb") as file:
        data = file.read(KEY_FILE_BYTES + 1)
    if len(data) > KEY_FILE_BYTES:
        raise ValueError("more than 64 KiB")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('no list "keys"')
    if len(keys) > KEY_FILE_KEYS:
        raise ValueError(f"{len(keys)} keys, at most {KEY_FILE_KEYS}")
    return tuple(keys)


def key_set(reader: Reader, node: Node, path: str) -> Any:
    """``file:PATH`` of a key set, or the URL where it is fetched."""
    value = text(2048)(reader, node, path)
    if value is MISSING:
        return MISSING
    if value.startswith("http:"):
        return reader.problem(node, path, f"keys in the clear, {_shown(node)}, write an https URL or file:PATH")
    if not value.startswith(FILE):
        return notation(parse_url)(reader, node, path)
    name = value.removeprefix(FILE)
    if not name:
        return reader.problem(node, path, "not a key set, file:, write file:PATH or a URL")
    file = reader.base.absolute() / name
    return MISSING if _read(reader, node, path, file) is MISSING else f"{FILE}{file}"


def signature_agent(reader: Reader, node: Node, path: str) -> Any:
    """The URL by which an agent names itself: https, as the keys that are found there are its identity."""
    value = text(2048)(reader, node, path)
    if value is not MISSING and not value.startswith("https://"):
        example = "the URL of its Signature-Agent field, such as https://bot.example"
        return reader.problem(node, path, f"not https, {_shown(node)}, write {example}")
    return value if value is MISSING else notation(parse_url)(reader, node, path)


def agent_keys(reader: Reader, node: Node, path: str) -> Any:
    """As :func:`key_set`; a file holds public keys alone, because who signs keeps the other half to itself."""
    value = key_set(reader, node, path)
    if value is MISSING or not value.startswith(FILE):
        return value
    keys = _read(reader, node, path, Path(value.removeprefix(FILE)))
    if keys is MISSING:
        return MISSING
    if any(_SECRET_MEMBERS & set(key) for key in keys):
        return reader.problem(node, path, f"a secret in a key file, {_shown(node)}, keep only the public halves there")
    if not keys:
        what = "no key is there" if Path(value.removeprefix(FILE)).exists() else f"{_shown(node)} does not exist"
        reader.inactive.append((path, f"{what}, so nothing can be verified"))
    return value


def _read(reader: Reader, node: Node, path: str, file: Path) -> Any:
    try:
        return read_key_file(file)
    except FileNotFoundError:
        return ()  # it may be put there later; whoever keeps the keys looks again
    except OSError as error:
        return reader.problem(node, path, f"keys cannot be read, {_shown(node)}, {error.strerror}")
    except ValueError as error:
        return reader.problem(node, path, f'not a key set, {_shown(node)}, {error}, write {{"keys": [...]}} (RFC 7517)')


def _shown(node: Node) -> str:
    return node.text[:SHOWN]
