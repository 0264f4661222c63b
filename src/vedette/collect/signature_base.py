"""What a signature signs: the lines of covered components of a request (RFC 9421, sections 2 and 2.5).

Derived components of requests (section 2.2), whole fields and members of dictionary fields (section 2.1.2) are known.
What else a signer may cover (trailers, ``bs``, ``sf``, components of another message) is :class:`NotKnown`: the
signature may be good, but cannot be checked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl, quote

import http_sf

from vedette.types import Request

__all__ = ["Broken", "Component", "NotKnown", "authority_of", "base_of", "combine", "dictionary", "serialize"]

MOST_PARAMETERS = 128
LONGEST_BASE = 65_536
Component = tuple[str, tuple[tuple[str, Any], ...]]
"""Name and parameters of a covered component."""
_PORTS = {"https": ":443", "http": ":80"}


class Broken(ValueError):
    """The signature cannot be right: the text says what is wrong with it."""


class NotKnown(ValueError):
    """The signature may be right, but not enough is known to tell; the text says what is missing."""


def dictionary(text: str) -> dict[str, Any]:
    """Read a dictionary field (RFC 9651, section 4.2.2).

    Raises:
        Broken: It is none, or a key or parameter stands in it twice: two readers must not see two things.
    """

    def refuse(name: str, what: str) -> None:
        raise Broken(f"{what} {name[:40]} stands twice")

    try:
        return cast("dict[str, Any]", http_sf.parse(text.encode("ascii"), tltype="dictionary", on_duplicate_key=refuse))
    except Broken:
        raise
    except (http_sf.StructuredFieldError, ValueError, OverflowError):
        raise Broken("not a dictionary") from None


def serialize(member: Any) -> str:
    """Write an item or inner list with its parameters, strictly (RFC 9651, section 4.1)."""
    try:
        return http_sf.ser({"x": member})[2:] if isinstance(member[0], list) else http_sf.ser(member)
    except (http_sf.StructuredFieldError, ValueError, TypeError):
        raise Broken("cannot be written again") from None


def combine(request: Request) -> dict[str, str]:
    """Give every field by its name in lower case, lines of one field joined (RFC 9421, section 2.1)."""
    found: dict[str, str] = {}
    for raw_name, value in (request.headers or ())[:128]:
        name = raw_name.lower()
        value = value.strip(" \t")
        found[name] = f"{found[name]}, {value}" if name in found else value
    found.setdefault("host", request.host)
    if request.request_body_size >= 0:
        found.setdefault("content-length", str(request.request_body_size))
    return found


def authority_of(request: Request, fields: Mapping[str, str], scheme: str) -> str:
    """Give ``@authority``: the host in lower case, without the default port (RFC 9421, section 2.2.3).

    Raises:
        NotKnown: The door does not know the host.
    """
    host = (request.host or fields.get("host", "")).lower()
    if not host:
        raise NotKnown("the host of the request is not known")
    return host.removesuffix(_PORTS.get(scheme, ":443"))


def base_of(
    request: Request, fields: Mapping[str, str], scheme: str, covered: Sequence[Component], parameters: str
) -> bytes:
    """Build the signature base; ``parameters`` is the value of ``@signature-params``.

    Raises:
        Broken: A component is not there, or cannot be written as one line of ASCII.
        NotKnown: A component that is not understood.
    """
    lines = []
    for name, given in covered:
        value = _value(name, dict(given), request, fields, scheme)
        lines.append(f"{serialize((name, dict(given)))}: {value}")
        if "\n" in value or "\r" in value:
            raise Broken(f"{name[:40]} holds a line break")
    lines.append(f'"@signature-params": {parameters}')
    text = "\n".join(lines)
    if not text.isascii() or len(text) > LONGEST_BASE:
        raise Broken("what is signed is not ASCII or too long")
    return text.encode("ascii")


def _value(name: str, given: dict[str, Any], request: Request, fields: Mapping[str, str], scheme: str) -> str:
    if name.startswith("@"):
        if name == "@query-param" and set(given) == {"name"}:
            return _query_parameter(request.query, given["name"])
        if given:
            raise NotKnown(f"covers {name[:40]} with parameters that are not checked here")
        return _derived(name, request, fields, scheme)
    if name != name.lower():
        raise Broken(f"covers {name[:40]}, which is not in lower case")
    if name not in fields or (name == "host" and not fields[name]):
        raise Broken(f"covers {name[:40]}, which is not there")
    if not given:
        return fields[name]
    if set(given) != {"key"}:
        raise NotKnown(f"covers {name[:40]} in a way that is not checked here")
    members = dictionary(fields[name])
    if not isinstance(given["key"], str) or given["key"] not in members:
        raise Broken(f"covers a member of {name[:40]} that is not there")
    return serialize(members[given["key"]])


def _derived(name: str, request: Request, fields: Mapping[str, str], scheme: str) -> str:
    path = request.path or "/"
    question = f"?{request.query}" if request.query else ""
    match name:
        case "@authority":
            return authority_of(request, fields, scheme)
        case "@method":
            return request.method
        case "@path":
            return path
        case "@query":
            return question or "?"
        case "@scheme":
            return scheme
        case "@target-uri":
            return f"{scheme}://{authority_of(request, fields, scheme)}{path}{question}"
        case "@request-target":
            return path + question
    raise NotKnown(f"covers {name[:40]}, which is not checked here")


def _query_parameter(query: str, wanted: Any) -> str:
    """Give the one value of a query parameter, encoded as RFC 9421, section 2.2.8 says."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise NotKnown("more parameters in the query than are looked at") from None
    values = [value for name, value in pairs if _encode(name) == wanted]
    if len(values) != 1:
        raise Broken("covers a query parameter that is not there once")
    return _encode(values[0])


def _encode(text: str) -> str:
    return quote(text, safe="*-._", errors="replace").replace("~", "%7E")
