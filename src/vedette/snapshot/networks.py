"""What is known of an address before it does anything: whose network, which country, what kind, who lists it."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["KINDS", "NOTHING", "NetworkFacts", "NetworkMap"]

KINDS = ("hosting", "vpn", "relay", "tor", "proxy", "anonymizer", "blocklist")
"""What a range may be said to be. ``relay``: a privacy relay of a browser maker, behind which people are."""


class NetworkFacts(Struct, frozen=True, gc=False):
    """What is known of one address.

    Attributes:
        asn: Number of the autonomous system, 0 where unknown.
        country: ISO 3166 code, or empty.
        kinds: Of :data:`KINDS`, in that order.
        listed: Of feeds of kind ``blocklist``: confidence between 0 and 1 that fades with age; NaN without feeds.
        robots: Names of crawlers whose published ranges hold it (``googlebot``).
        is_own: The operator's own network, a trusted proxy, or a partner's: no feed ever speaks against it.
        is_known: False where no range data was there at all: then nothing above means anything.
    """

    asn: int = 0
    country: str = ""
    kinds: tuple[str, ...] = ()
    listed: float = float("nan")
    robots: tuple[str, ...] = ()
    is_own: bool = False
    is_known: bool = False


NOTHING = NetworkFacts()


class NetworkMap:
    """Ranges of addresses, ready to be asked. This one knows nothing."""

    def lookup(self, address: str, now: float) -> NetworkFacts:
        """Give what is known of an address; what is no IP address is unknown."""
        return NOTHING
