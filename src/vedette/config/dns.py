"""``good_bots.dns``: whose DNS confirms crawlers, and how often it is asked; ``false`` asks nobody."""

from __future__ import annotations

import ipaddress
from typing import Any

from vedette.config.document import Node
from vedette.config.reading import MISSING, Key, Reader, flag, notation, several
from vedette.config.schema import Dns
from vedette.config.units import parse_address, parse_rate

__all__ = ["dns", "parse_server"]

PORT = 53


def parse_server(text: str) -> str:
    """Check the address of a name server; the port is 53 where none is given.

    >>> parse_server("192.0.2.53"), parse_server("[2001:db8::53]:5353")
    ('192.0.2.53:53', '[2001:db8::53]:5353')
    """
    try:
        ip = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        if text.rpartition(":")[2] == "0":
            raise ValueError('"0" is not a port; use 1 to 65535') from None
        return parse_address(text)
    return f"[{ip}]:{PORT}" if ip.version == 6 else f"{ip}:{PORT}"


_KEYS = {
    "servers": Key(several(notation(parse_server), lone=True, most=8)),
    "budget": Key(notation(parse_rate)),
}


def dns(reader: Reader, node: Node, path: str) -> Any:
    """``true``, ``false``, or a mapping."""
    if node.kind != "map":
        value = flag(reader, node, path)
        return value if value is MISSING or not value else Dns()
    return Dns(**reader.mapping(node, path, _KEYS))
