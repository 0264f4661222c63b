"""An observation as kernels take it: one array of keyed hashes, one of numbers; NaN where a signal is unknown."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from vedette.collect.devices import NO_DEVICE
from vedette.collect.endpoints import PURPOSES
from vedette.collect.observation import HEADER_SIGNALS, NETWORK_SIGNALS, Observation
from vedette.collect.robots import NOBODY
from vedette.collect.signatures import UNSIGNED
from vedette.collect.tokens import NO_TOKEN
from vedette.detect.habits import PARTNER
from vedette.detect.places import K_PARAMETERS, KEYS, PARAMETERS, S_DIRECT, SIGNALS

__all__ = ["Packing"]

NAN = float("nan")
_KEYS = struct.Struct(f"<{K_PARAMETERS}Q{PARAMETERS}s")
_REST = struct.Struct("<8d")
_ASIDE = _REST.pack(*[NAN] * 8)
"""What most requests show of round trips, country, robots, signatures, tokens and devices: nothing."""
_SIGNALS = struct.Struct(f"<{S_DIRECT}d{8 * len(HEADER_SIGNALS)}s2d{8 * len(NETWORK_SIGNALS)}s{_REST.size}sd")
_EARLY_S = 60 * 86_400.0
"""How long before a version's release day it may be seen: its maker's own testers have it by then."""
_SOUND_CLOCK = 1_228_953_600.0
"""The day of Chrome 1 (2008-12-11): a clock that shows an earlier one says nothing about versions."""
_PARTNER = int(PARTNER)
_PURPOSES = {purpose: float(place) for place, purpose in enumerate(PURPOSES)}
_TOKEN_VALID = {"attested": 1.0, "valid": 0.6, "absent": 0.0, "expired": 0.0, "bad_signature": 0.0}
_TOKEN_WRONG = {"attested": 0.0, "valid": 0.0, "expired": 0.4, "absent": 0.7, "bad_signature": 1.0}
_RETURNED = {"valid": 1.0, "absent": 0.0, "expired": 0.0, "forged": 0.0}
_FORGED = {"valid": 0.0, "absent": 0.0, "expired": 0.0, "forged": 1.0}
_UNLISTED = {"verified": 0.0, "unlisted": 1.0, "forged": 1.0}
_INVALID = {"verified": 0.0, "invalid": 1.0}


class Packing:
    """Two reused buffers.

    Attributes:
        keys: uint64, in the order of :data:`vedette.detect.places.KEYS`.
        signals: float64, in the order of :data:`vedette.detect.places.SIGNALS`.
    """

    def __init__(self) -> None:
        self._keys = bytearray(_KEYS.size)
        self._signals = bytearray(_SIGNALS.size)
        self.keys: np.ndarray[Any, np.dtype[np.uint64]] = np.frombuffer(self._keys, np.uint64)
        self.signals: np.ndarray[Any, np.dtype[np.float64]] = np.frombuffer(self._signals, np.float64)
        if (len(self.keys), len(self.signals)) != (len(KEYS), len(SIGNALS)):
            raise RuntimeError("what is packed is not what is named")

    def pack(self, seen: Observation, now: float) -> None:
        """Write one observation into the buffers."""
        known, route, place = seen.known, seen.route, seen.place
        _KEYS.pack_into(
            self._keys,
            0,
            seen.client,
            place.hash,
            place.network,
            seen.account,
            known.fingerprint,
            known.agent,
            known.order,
            known.tls,
            seen.item,
            seen.request,
            (seen.api_key | _PARTNER if seen.partner else seen.api_key & ~_PARTNER) if seen.api_key else 0,
            place.wide,
            seen.parameters,
        )
        is_idle = (
            seen.token is NO_TOKEN
            and seen.claim is NOBODY
            and seen.signed is UNSIGNED
            and seen.device is NO_DEVICE
            and seen.language != seen.language
            and seen.proxy_gap != seen.proxy_gap
        )
        released = known.facts.released
        is_early = released > now + _EARLY_S and now > _SOUND_CLOCK
        _SIGNALS.pack_into(
            self._signals,
            0,
            route.index,
            _PURPOSES[route.purpose],
            known.family,
            1.0 if seen.session or seen.api_key else 0.0,
            1.0 if route.purpose == "login" else 0.0,
            1.0 if route.purpose == "static" else 0.0,
            seen.item_number,
            seen.trap.weight,
            seen.operations,
            _RETURNED.get(seen.device.state, NAN),
            seen.catalogue,
            known.numbers,
            1.0 if is_early else known.facts.agent_impossible,
            math.log1p(max(now - released, 0.0)) if released == released else NAN,  # noqa: PLR0124 - NaN is unknown
            place.numbers,
            _ASIDE if is_idle else _aside(seen),
            seen.probe,
        )


def _aside(seen: Observation) -> bytes:
    device = seen.device
    return _REST.pack(
        math.log1p(seen.proxy_gap),
        seen.language,
        _UNLISTED.get(seen.claim.standing, NAN),
        _INVALID.get(seen.signed.standing, NAN),
        _TOKEN_VALID.get(seen.token.state, NAN),
        _TOKEN_WRONG.get(seen.token.state, NAN),
        math.log1p(device.age_s) if device.state == "valid" else NAN,
        _FORGED.get(device.state, NAN),
    )
