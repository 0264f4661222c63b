"""The first-party device cookie: made and signed by Vedette, it tells a returning device from one without memory."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from vedette.config.schema import Config

__all__ = ["NO_DEVICE", "DeviceFacts", "Devices"]


class DeviceFacts(Struct, frozen=True, gc=False):
    """What a request shows of its device.

    Attributes:
        state: ``off``: no cookie is configured or headers are unknown. ``absent``, ``valid``, ``expired``, ``forged``.
        id: The device's id where the cookie is valid, or empty.
        age_s: Seconds since the cookie was made, or NaN.
    """

    state: Literal["off", "absent", "valid", "expired", "forged"] = "off"
    id: str = ""
    age_s: float = float("nan")


NO_DEVICE = DeviceFacts()


class Devices:
    """Makes and checks device cookies."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def check(self, cookies: str, now: float) -> DeviceFacts:
        """Check the cookie in a Cookie header."""
        return NO_DEVICE

    def issue(self, request_id: str, now: float) -> str:
        """Give the ``Set-Cookie`` value of a new device, or an empty string where none is configured.

        The id follows from the request's id and the key, so that the engine stays a function of its arguments.
        """
        return ""
