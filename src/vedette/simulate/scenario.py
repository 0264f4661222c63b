"""Reads a scenario: which parts make up a world, how many of each, and when.

A scenario is YAML with the notations of ``vedette.yaml``. Every mistake is reported at once, with its line.
``docs/reference/scenario.md`` describes each key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from vedette.config.document import Node
from vedette.config.load import raise_problems, read_document
from vedette.config.reading import MISSING, Key, Read, Reader, choice, decimal, notation, number, several, text
from vedette.config.units import parse_duration, parse_share
from vedette.simulate.networks import load_networks
from vedette.simulate.options import OPTIONS
from vedette.simulate.shop import DIALECTS, ENDPOINTS

__all__ = ["Part", "Scenario", "find", "names", "read_scenario"]

Section = Literal["people", "robots", "campaigns", "cases"]
SECTIONS: tuple[Section, ...] = ("people", "robots", "campaigns", "cases")
_SUFFIX = ".yaml"
_HOST = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_REST = DIALECTS["rest"].paths


class Part(Struct, frozen=True, kw_only=True):
    """One population of a world.

    Attributes:
        kind: A name of the section's registry: ``web``, ``search_engine``, ``credential_stuffing``, ``office`` …
        name: Unique in the world; a campaign's name in the labels.
        count: Sessions of people and cases, requests of robots and campaigns; before the world's scale.
        at_s: When it begins, seconds after the world; negative: whenever chance has it. ``lasts_s``: how long it
            goes on (0: until the end).
        level: Of a campaign, 1 to 3; 0 elsewhere.
        retool_s: A campaign changes its tools that often; 0 never. ``adapts``: also whenever it is stopped.
        options: What else this kind understands; each kind names its own and its defaults.
    """

    section: Section
    kind: str
    name: str
    count: int
    at_s: float = 0.0
    lasts_s: float = 0.0
    level: Literal[0, 1, 2, 3] = 0
    retool_s: float = 0.0
    adapts: bool = True
    options: Mapping[str, str] = {}

    def option(self, name: str, default: float) -> float:
        """A number among the options."""
        return float(self.options.get(name, default))


class Scenario(Struct, frozen=True, kw_only=True):
    """A world before chance has played.

    Attributes:
        start: Unix seconds; 0 leaves it to the world (midnight UTC of the date that the client data is from).
        dialect: Of the shop, or empty: by seed.
        paths: Endpoint → ``/path?query`` template that replaces the dialect's.
        first_product: Number of the first product; -1 leaves it to chance. ``product_id``: template with ``{number}``
            that replaces the dialect's.
        outages: (at, lasts, share of calls that fail).
        missing: Share of outcomes that are never reported; ``wrong``: share that say the opposite.
        late: Factor on the delay of every outcome.
    """

    name: str
    description: str = ""
    start: float = 0.0
    lasts_s: float = 86_400.0
    country: str = "DE"
    dialect: str = ""
    host: str = "shop.example"
    paths: Mapping[str, str] = {}
    first_product: int = -1
    product_id: str = ""
    products: int = 20_000
    accounts: int = 200_000
    capacity: float = 400.0
    outages: tuple[tuple[float, float, float], ...] = ()
    missing: float = 0.05
    wrong: float = 0.01
    late: float = 1.0
    parts: tuple[Part, ...] = ()


def names() -> tuple[str, ...]:
    """The worlds that ship, by name."""
    folder = files("vedette") / "data" / "scenarios"
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)))


def find(name: str) -> Path:
    """The file of a shipped world, or the path itself. Raises ``ValueError`` where there is neither."""
    if name in names():
        return Path(str(files("vedette") / "data" / "scenarios" / (name + _SUFFIX)))
    path = Path(name)
    if name and (path.suffix in (".yaml", ".yml") or path.exists()):
        return path
    raise ValueError(f"no scenario {name[:80]!r}; name one of {', '.join(names())}, or a YAML file")


def read_scenario(file: Path, kinds: Mapping[Section, Mapping[str, Any]]) -> Scenario:
    """Read a scenario file; ``kinds`` are the populations that exist, by section.

    Raises:
        ConfigError: One line a mistake.
    """
    root = read_document(file)
    reader = Reader(file)
    places: list[tuple[Part, Node, str]] = []
    found = reader.mapping(root, "", _top(kinds, places))
    parts = tuple(part for section in SECTIONS for part in found.pop(section, ()))
    shop = found.pop("shop", {})
    outcomes = found.pop("outcomes", {})
    seen: set[str] = set()
    for part, node, path in places:
        if part.name in seen:
            reader.problem(node, path, f'two parts of one name, "{part.name}", give one of them a name')
        seen.add(part.name)
    if not parts and root.kind == "map":
        reader.problem(root, "", f"nobody is in it, nothing, add one of {', '.join(SECTIONS)}")
    if "lasts" in found:
        found["lasts_s"] = found.pop("lasts")
    scenario = Scenario(name=file.stem, parts=parts, **found, **shop, **outcomes)
    for part, node, path in places:
        if part.at_s >= scenario.lasts_s:
            reader.problem(node, path, f"{part.name} begins after the world has ended, its at, start it sooner")
    raise_problems(reader, str(file))
    return scenario


def _moment(value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("not a time; write one such as 2026-03-02T00:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("no time zone; end it with Z")
    if not 1970 < moment.year < 2100:
        raise ValueError("before 1971 or after 2099; replay takes such a time for a mistake")
    return moment.timestamp()


def _length(value: str) -> float:
    found = parse_duration(value)
    if found <= 0.0:
        raise ValueError("no time at all; write one such as 24h")
    return found


def _template(value: str) -> str:
    if not value.startswith("/") or any(letter.isspace() for letter in value):
        raise ValueError("not a path; write one such as /api/products/{id}")
    fields = ("id", "slug", "q", "page", "offset", "category", "order", "file")
    try:
        value.format_map(dict.fromkeys(fields, "x"))
    except (KeyError, ValueError, IndexError, AttributeError):
        raise ValueError(f"an unknown field in braces; use {', '.join(fields)}") from None
    return value


def _product_id(value: str) -> str:
    try:
        shown = value.format(number=7)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise ValueError("not a template; write one such as SKU-{number:07d}") from None
    if "7" not in shown or not re.fullmatch(r"[A-Za-z0-9._~-]{1,40}", shown):
        raise ValueError("not an id; use letters, digits and . _ ~ - around {number}")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value) or len(value) > 253:
        raise ValueError("not a host name; write one such as api.example.com")
    return value


def _paths(reader: Reader, node: Node, path: str) -> Any:
    found = reader.mapping(node, path, {name: Key(notation(_template)) for name in ENDPOINTS})
    seen: dict[tuple[str, str], str] = {}
    for name, template in found.items():
        for field in ("id", "order"):
            if f"{{{field}}}" in _REST[name] and f"{{{field}}}" not in template:
                reader.problem(
                    node, f"{path}.{name}", f'names no single one, "{template[:60]}", put {{{field}}} into it'
                )
        other = seen.setdefault((ENDPOINTS[name].method, template.partition("?")[0]), name)
        if other != name:
            reader.problem(node, f"{path}.{name}", f'the same as {other}, "{template[:60]}", tell them apart')
    return found


def _as_it_is(_reader: Reader, node: Node, _path: str) -> Any:
    return node


def _country(reader: Reader, node: Node, path: str) -> Any:
    networks = load_networks()
    return choice(*sorted(set(networks.countries("home")) & set(networks.countries("mobile"))))(reader, node, path)


def _options(reader: Reader, node: Node, path: str, kind: str) -> Mapping[str, str]:
    """Check options against what the kind understands; they are kept as they are written."""
    known = OPTIONS.get(kind, {})
    if not known:
        reader.problem(node, path, f"no options, {kind} has none, leave them out")
        return {}
    found = reader.mapping(node, path, known)
    return {name: str(value) for name, value in found.items()}


def _outage(reader: Reader, node: Node, path: str) -> Any:
    keys = {"at": Key(_DURATION, True), "lasts": Key(_DURATION, True), "share": Key(_SHARE, True)}
    found = reader.mapping(node, path, keys)
    return (found["at"], found["lasts"], found["share"]) if reader.is_whole(node, found, keys) else MISSING


def _renamed(keys: Mapping[str, tuple[str, Key]]) -> Read:
    """A mapping whose keys have other names inside."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        found = reader.mapping(node, path, {name: key for name, (_, key) in keys.items()})
        return {keys[name][0]: value for name, value in found.items()}

    return read


_DURATION = notation(parse_duration)
_SHARE = notation(parse_share)


def _retool(value: str) -> float:
    return 0.0 if value == "never" else parse_duration(value)


def _part(section: Section, kinds: Mapping[str, Any], places: list[tuple[Part, Node, str]]) -> Read:
    kind, count = (
        ("family", "requests")
        if section == "campaigns"
        else ("kind", "requests" if section == "robots" else "sessions")
    )
    keys = {
        kind: Key(choice(*kinds), True),
        count: Key(number(1, 100_000_000), True),
        "name": Key(text(60)),
        "at": Key(_DURATION),
        "lasts": Key(_DURATION),
        "options": Key(_as_it_is),
    }
    if section == "campaigns":
        keys |= {
            "levels": Key(several(choice("1", "2", "3"), lone=True)),
            "stagger": Key(_DURATION),
            "retool": Key(notation(_retool)),
            "adapts": Key(choice("true", "false")),
        }

    open_at = -1.0 if section == "campaigns" else 0.0

    def read(reader: Reader, node: Node, path: str) -> Any:
        found = reader.mapping(node, path, keys)
        if not reader.is_whole(node, found, keys):
            return MISSING
        if "stagger" in found and "at" not in found:
            reader.problem(node, path, "stagger counts from at, which is missing, add it or leave both to chance")
        name = found.get("name", found[kind])
        options = _options(reader, found["options"], f"{path}.options", found[kind]) if "options" in found else {}
        levels = found.get("levels", ("1", "2", "3")) if section == "campaigns" else ("0",)
        if not levels:
            reader.problem(node, f"{path}.levels", "none, [], name some of 1, 2, 3 or leave it out")
        parts = tuple(
            Part(
                section=section,
                kind=found[kind],
                name=name if section != "campaigns" else f"{name}-{level}",
                count=found[count],
                at_s=found["at"] + place * found.get("stagger", 0.0) if "at" in found else open_at,
                lasts_s=found.get("lasts", 0.0),
                level=int(level),  # type: ignore[arg-type]  # one of the choices
                retool_s=found.get("retool", 0.0),
                adapts=found.get("adapts", "true") == "true",
                options=options,
            )
            for place, level in enumerate(levels)
        )
        places.extend((part, node, path) for part in parts)
        return parts

    return read


def _flat(read: Read) -> Read:
    def flat(reader: Reader, node: Node, path: str) -> Any:
        found = read(reader, node, path)
        return MISSING if found is MISSING else tuple(part for group in found for part in group)

    return flat


def _top(kinds: Mapping[Section, Mapping[str, Any]], places: list[tuple[Part, Node, str]]) -> dict[str, Key]:
    return {
        "description": Key(text(2000)),
        "start": Key(notation(_moment)),
        "lasts": Key(notation(_length)),
        "country": Key(_country),
        "shop": Key(
            _renamed(
                {
                    "dialect": ("dialect", Key(choice(*DIALECTS))),
                    "host": ("host", Key(notation(_host))),
                    "paths": ("paths", Key(_paths)),
                    "first_product": ("first_product", Key(number(0, 10**12))),
                    "product_id": ("product_id", Key(notation(_product_id))),
                    "products": ("products", Key(number(100, 10_000_000))),
                    "accounts": ("accounts", Key(number(100, 100_000_000))),
                    "capacity": ("capacity", Key(decimal(1, 1e6))),
                }
            )
        ),
        "outages": Key(several(_outage)),
        "outcomes": Key(
            _renamed(
                {
                    "missing": ("missing", Key(_SHARE)),
                    "wrong": ("wrong", Key(_SHARE)),
                    "late": ("late", Key(decimal(0, 1000))),
                }
            )
        ),
        **{section: Key(_flat(several(_part(section, kinds[section], places)))) for section in SECTIONS},
    }
