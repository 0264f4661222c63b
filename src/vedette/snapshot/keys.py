"""Public keys by the URL or file that they came from: JSON Web Key Sets (RFC 7517) and agents' key directories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from vedette.config.key_files import FILE, read_key_file
from vedette.config.schema import Config
from vedette.snapshot.files import seal, unseal

__all__ = ["MOST_KEYS", "KeySet", "KeySets", "directory_url", "parse_keys", "read_key_files", "sources_of"]

MOST_KEYS = 32
MOST_SETS = 1024
WELL_KNOWN = "/.well-known/http-message-signatures-directory"
NAME, VERSION = "vedette keys", 1
_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops", "nbf", "exp"})
"""Members of a JSON Web Key that are kept; whatever else stands there, private parts above all, is not."""
_KINDS = ("OKP", "EC", "RSA")
_MEMBER = 2048
"""Characters of a member; the modulus of an RSA key of 8192 bits has 1366."""


class KeySet(Struct, frozen=True):
    """The keys of one source.

    Attributes:
        source: ``file:PATH`` or URL.
        keys: As JSON Web Keys, public parts only.
        fetched: Unix seconds of the last success; 0 for never.
        failed: Unix seconds of the last failure since then, 0 for none.
        error: What went wrong, for the operator.
        note: What is odd about it but no failure, for the operator.
    """

    source: str
    keys: tuple[dict[str, Any], ...] = ()
    fetched: float = 0.0
    failed: float = 0.0
    error: str = ""
    note: str = ""


class KeySets:
    """Key sets by source."""

    def __init__(self, sets: Mapping[str, KeySet] | None = None) -> None:
        self._sets = dict(sets or {})

    def __len__(self) -> int:
        return len(self._sets)

    def get(self, source: str) -> KeySet | None:
        """Give the keys of a source, or ``None`` where it was never asked for.

        An origin (``https://bot.example``) stands for its key directory.
        """
        found = self._sets.get(source)
        return found if found is not None else self._sets.get(directory_url(source))

    def all(self) -> tuple[KeySet, ...]:
        """Give all sets."""
        return tuple(self._sets.values())

    def joined(self, others: Iterable[KeySet]) -> KeySets:
        """Give these sets and others, which win."""
        return KeySets(self._sets | {one.source: one for one in others})

    def encode(self) -> bytes:
        """Give the bytes of a file."""
        return seal(NAME, VERSION, msgspec.msgpack.encode(list(self._sets.values())[:MOST_SETS]))

    @classmethod
    def decode(cls, data: bytes) -> KeySets:
        """Read the bytes of a file.

        Raises:
            ValueError: It is damaged.
        """
        try:
            sets = msgspec.msgpack.decode(unseal(NAME, VERSION, data), type=list[KeySet])
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("it is damaged") from None
        return cls({one.source: one for one in sets[:MOST_SETS]})


def directory_url(url: str) -> str:
    """Give where an agent's keys are: at the well-known place of an origin, or at the URL itself if it has a path.

    (draft-ietf-webbotauth-httpsig-directory and draft-ietf-webbotauth-httpsig-protocol; both readings of a
    ``Signature-Agent`` are served.) What is no http or https URL is given back as it is.

    >>> directory_url("https://bot.example")
    'https://bot.example/.well-known/http-message-signatures-directory'
    >>> directory_url("https://bot.example/keys.json")
    'https://bot.example/keys.json'
    """
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or parts.path not in ("", "/") or parts.query or parts.fragment:
            return url
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        return url
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{WELL_KNOWN}"


def parse_keys(data: bytes) -> tuple[dict[str, Any], ...]:
    """Read a JSON Web Key Set: at most 32 keys, of each the members of a public key.

    Keys of unknown kinds are left out, as RFC 7517 (section 5) asks; symmetric ones, too: they are no public keys.

    Raises:
        ValueError: It is no key set, or too large a one; the text says why.
    """
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ValueError("not JSON") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('no list "keys"')
    if len(keys) > MOST_KEYS:
        raise ValueError(f"{len(keys)} keys, at most {MOST_KEYS}")
    return _public(keys)


def _public(keys: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {name: value for name, value in key.items() if name in _PUBLIC and _is_plain(value)}
        for key in keys
        if key.get("kty") in _KINDS
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 16 and all(isinstance(item, str) and len(item) <= 64 for item in value)
    return (isinstance(value, str) and len(value) <= _MEMBER) or (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1 << 53
    )


def sources_of(config: Config) -> tuple[tuple[str, str], ...]:
    """Give where a configuration's keys come from, each with the kind of inquiry: ``directory`` or ``jwks``."""
    found: dict[str, str] = {}
    for agent in config.good_bots.agents:
        if agent.keys:
            found[agent.keys] = "jwks"
        else:
            found[directory_url(agent.signature_agent)] = "directory"
    tokens = [getattr(token, "jwks", "") for token in config.identity.app_tokens]
    for source in (config.identity.jwt.jwks if config.identity.jwt is not None else "", *tokens):
        if source:
            found.setdefault(source, "jwks")
    return tuple(found.items())


def read_key_files(config: Config, now: float) -> tuple[KeySet, ...]:
    """Read the key files that a configuration names; one that cannot be read is an empty set with its error."""
    sets = []
    for source, _ in sources_of(config):
        if not source.startswith(FILE):
            continue
        try:
            keys = _public(read_key_file(Path(source.removeprefix(FILE))))
            sets.append(KeySet(source, keys, fetched=now))
        except OSError as error:
            sets.append(KeySet(source, failed=now, error=f"cannot be read: {error.strerror}"))
        except ValueError as error:
            sets.append(KeySet(source, failed=now, error=f"not a key set: {error}"))
    return tuple(sets)
