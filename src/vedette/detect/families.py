"""How features are described: families of evidence, groups with one innocent cause, and the row of the table.

The table itself is ``vedette.detect.measures``; what is done with it stands in ``vedette.detect.features``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["FAMILIES", "GROUPS", "Family", "Feature", "Group", "Unit"]

Unit = Literal["count", "share", "flag", "bits", "seconds", "number"]


class Family(NamedTuple):
    """A family of evidence: its name, and the most it may say for (``cap``) and against (``floor``) malice."""

    name: str
    cap: float
    floor: float
    doc: str


class Group(NamedTuple):
    """Features of one family that one innocent cause can set off together: all say no more than ``cap``."""

    name: str
    cap: float
    features: tuple[str, ...]
    doc: str


class Feature(NamedTuple):
    """One feature: see the module's docstring for ``none``, ``full`` and ``weight``.

    Attributes:
        entity: Whose record it is read from; ``request`` for what one request shows by itself.
        window: How long its memory is.
        unit: How the value is shown to people; ``count`` values are stored as ``log1p``.
        doc: What it measures; the formula where it is not plain.
        says: What its evidence means, for explanations.
        signal: What it is made of (``vedette.collect.signals``).
    """

    name: str
    family: str
    entity: str
    window: str
    unit: Unit
    none: float
    full: float
    weight: float
    doc: str
    says: str
    signal: str


FAMILIES: tuple[Family, ...] = (
    Family("rate and timing", 4.5, -1.5, "how fast, how regular, how deaf to refusals"),
    Family("header and TLS", 4.0, -1.5, "whether the client is what it says"),
    Family("identity and token", 3.5, -2.0, "sessions, their age, honeypots touched"),
    Family("cardinality", 4.0, 0.0, "how many accounts, addresses, agents stand behind one another"),
    Family("outcome", 4.5, 0.0, "what the API answered"),
    Family("sequence and objects", 4.0, -1.0, "which calls, in which order, over which objects"),
    Family("network", 2.0, 0.0, "what is known of the network"),
)

GROUPS: tuple[Group, ...] = (
    Group(
        "middlebox", 1.5,
        ("tls_conflict", "tls_unlike", "tls_rarity", "protocol_downgrade", "case_conflict", "order_conflict"),
        "what an office's proxy or an antivirus program does to honest browsers, too: nothing else that happens in an "
        "office, such as a few failed logins behind one address, may add up with it to a stop",
    ),
)  # fmt: skip
