"""The first-party device cookie: made and signed by Vedette, it tells a returning device from one without memory.

Its value is ``1.KEY.TIME.DEVICE.MAC``: an id of the key, Unix seconds, 128 bits that name the device, and the first 128
bits of HMAC-SHA-256 over all before it. It holds nothing about anybody, and nobody else can make one.
"""

from __future__ import annotations

import hmac
import math
import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from vedette.collect.identity import cookie_value
from vedette.config.schema import Config

__all__ = ["NO_DEVICE", "DeviceFacts", "Devices"]

PAUSE_S = 10.0
"""Requests that a client sends at once get one cookie, not one each."""
REMEMBERED = 4096
VALUE_MAX = 128
FOREIGN, FORGED = -1, -2
_VALUE = re.compile(r"1\.([0-9a-f]{8})\.([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})")
_OURS = re.compile(r"1\.([0-9a-f]{8})\.")


class DeviceFacts(Struct, frozen=True, gc=False):
    """What a request shows of its device.

    Attributes:
        state: ``off``: no cookie is configured or headers are unknown. ``absent``, ``valid``, ``expired``, ``forged``.
            A cookie of that name which bears another key's id (an old key's, another program's) counts as ``absent``.
        id: The device's id where the cookie is valid, or empty.
        age_s: Seconds since the cookie was made, or NaN.
    """

    state: Literal["off", "absent", "valid", "expired", "forged"] = "off"
    id: str = ""
    age_s: float = math.nan


NO_DEVICE = DeviceFacts()
_ABSENT = DeviceFacts("absent")
_FORGED = DeviceFacts("forged")


class Devices:
    """Makes and checks device cookies.

    Args:
        key: From which the cookie's key is derived where the configuration has none: that of the identifier hashes.
    """

    def __init__(self, config: Config, key: bytes = b"") -> None:
        cookie = config.identity.device_cookie
        self._cookie = cookie
        self.name = cookie.name if cookie is not None else ""
        if cookie is None:
            return
        secret = cookie.key.value.encode() if cookie.key is not None else key
        if not secret:
            raise ValueError("a device cookie needs a key")
        self._prefix = f"{cookie.name}="
        self._key, self._ids, name = (_derive(secret, use) for use in ("device cookie", "device id", "device key id"))
        self._key_id = name[:4].hex()
        self._attributes = f"Max-Age={int(cookie.max_age_s)}; Path=/; HttpOnly; SameSite=Lax"
        self._given: dict[int, float] = {}
        self._read = lru_cache(maxsize=8192)(self._verify)

    def check(self, cookies: str, now: float) -> DeviceFacts:
        """Check the cookie in a Cookie header, the first where it is there more than once."""
        if self._cookie is None:
            return NO_DEVICE
        if self._prefix not in cookies:
            return _ABSENT
        made, device = self._read(cookie_value(cookies, self.name)[:VALUE_MAX])
        if made < 0:
            return _FORGED if made == FORGED else _ABSENT
        age = max(now - made, 0.0)
        return DeviceFacts("expired", "", age) if age > self._cookie.max_age_s else DeviceFacts("valid", device, age)

    def _verify(self, value: str) -> tuple[int, str]:
        """Give when a value was made and for which device; or that it is forged, or not ours."""
        found = _VALUE.fullmatch(value)
        claimed = _OURS.match(value)
        if claimed is None or claimed[1] != self._key_id:
            return FOREIGN, ""
        if found is None or not hmac.compare_digest(self._mac(value[: found.start(4) - 1]), found[4]):
            return FORGED, ""
        return int(found[2]), found[3]

    def wants(self, facts: DeviceFacts, method: str, purpose: str) -> bool:
        """Say whether the answer to a request should bring a cookie: it came without a good one, and is no preflight
        and no static file.
        """
        return facts.state in ("absent", "expired", "forged") and method != "OPTIONS" and purpose != "static"

    def issue(self, request_id: str, now: float, *, client: int = 0, is_secure: bool = False) -> str:
        """Give the ``Set-Cookie`` value of a new device; empty where none is configured or the client just got one.

        The id follows from the request's id and the key, so that the engine stays a function of its arguments.

        Args:
            client: Hash by which a client without a cookie is known; 0: unknown.
            is_secure: The request came over TLS, so that the cookie must, too.
        """
        if self._cookie is None:
            return ""
        if client:
            last = self._given.pop(client, -math.inf)
            if len(self._given) >= REMEMBERED:
                del self._given[next(iter(self._given))]
            is_due = not 0.0 <= now - last < PAUSE_S
            self._given[client] = now if is_due else last
            if not is_due:
                return ""
        device = _text(hmac.digest(self._ids, request_id.encode("utf-8", "surrogatepass"), "sha256"))
        value = f"1.{self._key_id}.{max(int(now), 1)}.{device}"
        return f"{self.name}={value}.{self._mac(value)}; {self._attributes}{'; Secure' if is_secure else ''}"

    def _mac(self, text: str) -> str:
        return _text(hmac.digest(self._key, text.encode("ascii"), "sha256"))


def _text(digest: bytes) -> str:
    """Write 128 bits in 22 characters."""
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")


def _derive(secret: bytes, use: str) -> bytes:
    """Derive one key from a secret by HKDF with SHA-256 (RFC 5869), one block."""
    extracted = hmac.digest(b"vedette", secret, "sha256")
    return hmac.digest(extracted, f"vedette {use}".encode() + b"\x01", "sha256")
