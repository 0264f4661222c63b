"""The section ``good_bots``: verified bots and signed agents, where they may go and how fast."""

from __future__ import annotations

from typing import Any, get_args

from vedette.config import schema
from vedette.config.dns import dns
from vedette.config.document import Node
from vedette.config.key_files import agent_keys, signature_agent
from vedette.config.reading import MISSING, SHOWN, Key, Reader, choice, flag, notation, several, structure, text
from vedette.config.units import parse_rate
from vedette.types import Purpose

__all__ = ["GOOD_BOTS"]

_AGENT = {
    "name": Key(text(100), is_required=True),
    "signature_agent": Key(signature_agent, is_required=True),
    "keys": Key(agent_keys),
    "limit": Key(notation(parse_rate)),
}


def _agents(reader: Reader, node: Node, path: str) -> Any:
    """Signed agents, each with a name and an identity of its own."""
    agents = several(structure(schema.Agent, _AGENT))(reader, node, path)
    if agents is MISSING or len(agents) != len(node.items):
        return agents
    for name in ("name", "signature_agent"):
        known: set[str] = set()
        for place, agent in enumerate(agents):
            value = getattr(agent, name)
            if value in known:
                what = f'used twice, "{value[:SHOWN]}", choose another'
                reader.problem(node.items[place], f"{path}[{place}].{name}", what)
            known.add(value)
    return agents


GOOD_BOTS = {
    "builtin": Key(flag),
    "limit": Key(notation(parse_rate)),
    "purposes": Key(several(choice(*get_args(Purpose)))),
    "agents": Key(_agents),
    "dns": Key(dns),
    "discover": Key(flag),
}
