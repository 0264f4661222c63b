"""Who may call what: bearer tokens of the console, and feedback keys for outcomes."""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Literal

from vedette.config.keys import ensure_key
from vedette.config.schema import Config

__all__ = ["Access"]

Kind = Literal["console", "feedback"]
READING = frozenset({"GET", "HEAD"})


class Access:
    """The tokens in force. Comparing takes the same time whatever is presented."""

    def __init__(self, config: Config, data: Path) -> None:
        tokens = [(token.token.value, token.role) for token in config.console.tokens]
        keys = [key.value for key in config.feedback.keys]
        self._tokens = [
            (_digest(value), role) for value, role in tokens or [(ensure_key(data, "console").value, "operator")]
        ]
        self._keys = [_digest(value) for value in keys or [ensure_key(data, "feedback").value]]

    def check(self, kind: Kind, method: str, authorization: str) -> int:
        """Return 200, or 401 where no token is presented, or 403 where it is a wrong one or its role is too low.

        A role ``viewer`` may only read.
        """
        scheme, _, presented = authorization.partition(" ")
        presented = presented.strip()
        if scheme.lower() != "bearer" or not presented:
            return 401
        digest = _digest(presented)
        if kind == "feedback":
            matches = [hmac.compare_digest(digest, known) for known in self._keys]
            return 200 if any(matches) else 403
        allowed = [
            hmac.compare_digest(digest, known) and (method in READING or role != "viewer")
            for known, role in self._tokens
        ]
        return 200 if any(allowed) else 403


def _digest(value: str) -> bytes:
    return sha256(value.encode("utf-8", "surrogatepass")).digest()
