"""What goes over the wire for a call, and what comes back: the modelled shop's names become the target's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Struct

from vedette.simulate.calls import Call, Reply
from vedette.simulate.target.place import Place
from vedette.types import Headers

__all__ = ["Answer", "Message", "is_stop", "message_of", "reply_of"]

_encode = msgspec.json.Encoder().encode
_HOP_BY_HOP = frozenset({"transfer-encoding", "proxy-connection", "keep-alive", "upgrade"})
_ABOUT_US = frozenset({"origin", "referer"})


class Message(Struct, frozen=True):
    """A request as it is handed to a client library.

    Attributes:
        target: Path and query, as they are to be on the wire.
        headers: In the order of the wire; ``content-length`` among them where there is a body.
    """

    method: str
    target: str
    headers: Headers
    body: bytes | None


class Answer(NamedTuple):
    """What a library got back; names of ``headers`` in lower case. Status 0: no answer, and ``error`` says why."""

    status: int
    headers: Mapping[str, str] = {}
    size: int = 0
    error: str = ""


def message_of(call: Call, place: Place, shop: str, *, forwarded_for: bool = False) -> Message:
    """Address a call to a target: host, origin and referrer of the shop (its host is ``shop``) become the target's.

    ``forwarded_for`` adds the simulated address as ``X-Forwarded-For``, for an edge that trusts loopback as a proxy.
    """
    body = None if call.body is None else _encode(call.body)
    ours = f"https://{shop}"
    fields: list[tuple[str, str]] = []
    has_length = has_type = False
    for name, value in call.headers:
        known = name.lower()
        if known in _HOP_BY_HOP or (known == "connection" and place.scheme == "https"):
            continue
        if known == "host":
            value = place.authority
        elif known in _ABOUT_US and (value == ours or value.startswith(ours + "/")):
            value = place.origin + value[len(ours) :]
        elif known == "content-length":
            if body is None:
                continue
            value, has_length = str(len(body)), True
        has_type = has_type or known == "content-type"
        fields.append((name, value))
    if body is not None and not has_type:
        fields.append(("content-type", "application/json"))
    if body is not None and not has_length:
        fields.append(("content-length", str(len(body))))
    if forwarded_for:
        fields.append(("x-forwarded-for", call.client.address))
    target = f"{call.path}?{call.query}" if call.query else call.path
    return Message(call.method, target, tuple(fields), body)


def is_stop(answer: Answer, message: Message, place: Place) -> bool:
    """Whether the defender answered: a problem document with 401, 403 or 429, or a redirect to another place.

    >>> here = Place(scheme="http", host="127.0.0.1", port=80, address="127.0.0.1", is_loopback=True)
    >>> problem = {"content-type": "application/problem+json"}
    >>> asked = Message("GET", "/a", (), None)
    >>> [is_stop(Answer(status, problem), asked, here) for status in (403, 429, 404)]
    [True, True, False]
    """
    if answer.status in (401, 403, 429):
        return answer.headers.get("content-type", "").lower().startswith("application/problem+json")
    if answer.status not in (302, 307):
        return False
    asked = place.origin + message.target
    try:
        here, there = urlsplit(asked), urlsplit(urljoin(asked, answer.headers.get("location", "")))
    except ValueError:
        return True
    return here.hostname != there.hostname or here.path.rstrip("/") != there.path.rstrip("/")


def reply_of(answer: Answer, *, ended: float, is_stopped: bool, speed: float = 1.0) -> Reply:
    """What a script is told. ``Retry-After`` is real time, so it is longer in virtual time that runs faster."""
    wait = answer.headers.get("retry-after", "").strip()
    return Reply(
        status=answer.status,
        ended=ended,
        size=answer.size,
        is_stopped=is_stopped,
        retry_after_s=float(wait[:6]) * speed if wait.isdecimal() and wait.isascii() else 0.0,
    )
