"""What a script yields and is sent: a call, its reply, and the truth that travels beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from vedette.simulate.clients import Client
from vedette.types import Actor, OutcomeName

__all__ = ["Arrival", "Call", "Counterpart", "Level", "Reply", "Script", "Truth", "Word"]

Level = Literal[0, 1, 2, 3]
"""0 where nobody attacks; else how well a campaign hides: plain script, copied headers, full impersonation."""


class Truth(Struct, frozen=True, gc=False):
    """Who really sends a call.

    Attributes:
        session: The true session: one visit of one person, one run of one bot, one worker of a campaign.
        campaign: Name of the campaign, or empty.
        threat: OWASP Automated Threat code, or empty.
        segment: Population, such as ``web`` or ``office``; for a campaign its family.
    """

    actor: Actor
    session: str
    segment: str
    campaign: str = ""
    threat: str = ""
    level: Level = 0


class Word(NamedTuple):
    """What the application will report about a call, ``after_s`` seconds later."""

    outcome: OutcomeName
    after_s: float = 0.0


class Call(Struct, gc=False):
    """One HTTP call that somebody is about to make.

    Attributes:
        at: When it is sent, Unix seconds; never before the call that the script yielded last.
        endpoint: Name of the shop's endpoint (``login``, ``product`` …), or empty for a path that the shop lacks.
        headers: In the order and case of the wire.
        body: A JSON object, or ``None``; its encoded size is in the record, its content only ever reaches a target.
        account: The account that is tried, on a login.
        is_right: Whether the shop would accept it: the right password, a good card, an object that exists.
        status: What the shop answers where that is not a matter of ``is_right``; 0 leaves it to the endpoint.
        prize: What the sender has won if the call reaches the shop and is accepted, as ``KIND:ID`` with the kind one
            of ``account``, ``card``, ``gift_card``, ``token``, ``object``, ``stock``, ``signup``, ``message``.
        words: What the application reports later if the call reaches it and is accepted or refused as modelled.
    """

    at: float
    client: Client
    truth: Truth
    endpoint: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    query: str = ""
    body: dict[str, Any] | None = None
    body_size: int = 0
    account: str = ""
    is_right: bool = True
    status: int = 0
    prize: str = ""
    words: tuple[Word, ...] = ()


class Reply(Struct, frozen=True, gc=False):
    """What came back.

    Attributes:
        status: 0 where no answer came.
        ended: When it had arrived, Unix seconds.
        size: Bytes of its body.
        is_stopped: The defender answered instead of the shop. Only a duel and a target can tell; a log never does.
        retry_after_s: Of a ``Retry-After`` field, or 0.
    """

    status: int
    ended: float
    size: int = 0
    is_stopped: bool = False
    retry_after_s: float = 0.0


Script = Generator[Call, Reply, None]
Arrival = tuple[float, Script]
Arrivals = Iterator[Arrival]
Counterpart = Callable[[Call], Reply]
"""Whoever answers: the modelled shop, or an engine in front of it."""
