"""Reads ``vedette.yaml``: the whole file, every mistake at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vedette.config.document import SIZE_MAX, Node, SourceError, flag_node, parse_document
from vedette.config.policies import preset
from vedette.config.reading import CONTROL, Reader
from vedette.config.schema import Config
from vedette.config.sections import TOP
from vedette.errors import ConfigError

__all__ = ["load", "load_with_notes", "raise_problems", "read_document"]

LINE_MAX = 1000
FLAGS: dict[str, str] = {
    "mode": "--mode",
    "upstream": "--upstream",
    "listen": "--listen",
    "listen.certificate": "--tls-cert",
    "listen.key": "--tls-key",
    "console.listen": "--console",
    "events.directory": "--data",
}
"""Dotted key → the flag of ``vedette serve`` that sets it."""


def load(file: Path | None, overrides: Mapping[str, Any] | None = None, *, data: Path | None = None) -> Config:
    """Read a configuration; without a file, the defaults.

    Args:
        file: ``vedette.yaml``, or ``None``.
        overrides: Dotted key → text, from command-line flags (:data:`FLAGS`); they win over the file.
        data: Where events and state are kept, before anything that the file says.

    Raises:
        ConfigError: With one line a mistake, ``file:line: key.path: what, value, fix``.
    """
    return load_with_notes(file, overrides, data=data)[0]


def load_with_notes(
    file: Path | None, overrides: Mapping[str, Any] | None = None, *, data: Path | None = None
) -> tuple[Config, list[tuple[str, str]]]:
    """Read a configuration as :func:`load` does, and say which of its keys are not yet active and why."""
    name = str(file) if file is not None else ""
    root = Node("map", 1)
    if file is not None:
        root = read_document(file)
    flags = dict(overrides or {})
    if data is not None:
        flags["events.directory"] = str(data)
    for dotted, value in flags.items():
        _override(root, dotted, str(value))
    reader = Reader(file)
    found = reader.mapping(root, "", TOP)
    config = _assemble(reader, root, found, name)
    _check_together(reader, root, config)
    _note_limits(reader, config)
    raise_problems(reader, name)
    return config, reader.inactive


def read_document(file: Path) -> Node:
    """Read a YAML file into nodes that know their lines; raises :class:`ConfigError`."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(SIZE_MAX + 1)
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}"]) from None
    try:
        return parse_document(raw)
    except SourceError as error:
        raise ConfigError([_one_line(f"{file}:{line}: {what}") for line, what in sorted(error.problems)]) from None


def raise_problems(reader: Reader, name: str) -> None:
    """Raise :class:`ConfigError` with every problem that a reader of the file ``name`` has noted, if any."""
    if reader.problems:
        problems = sorted(set(reader.problems))
        raise ConfigError([_one_line(f"{name}:{line}: {what}" if line and name else what) for line, what in problems])


def _one_line(problem: str) -> str:
    """Keep a mistake on one line of bearable length, whatever was written in the file."""
    plain = CONTROL.sub(lambda found: ascii(found[0])[1:-1], problem)
    return plain if len(plain) <= LINE_MAX else plain[: LINE_MAX - 1] + "…"


def _override(root: Node, dotted: str, value: str) -> None:
    """Put a flag's value into the tree, in place of what the file says."""
    node = flag_node(FLAGS.get(dotted, dotted), value)
    top, _, rest = dotted.partition(".")
    if top == "upstream":
        root.entries.pop("upstreams", None)
    if not rest:
        present = root.entries.get(top)
        if top == "listen" and present is not None and present[1].kind == "map":
            present[1].entries["address"] = (0, node)
        else:
            root.entries[top] = (0, node)
        return
    line, present_node = root.entries.get(top, (0, Node("map", 0)))
    if present_node.kind != "map":  # `listen: 0.0.0.0:8080` and a flag for the certificate
        present_node = Node("map", present_node.line, entries={"address": (present_node.line, present_node)})
    present_node.entries[rest] = (0, node)
    root.entries[top] = (line, present_node)


def _assemble(reader: Reader, root: Node, found: dict[str, Any], name: str) -> Config:
    upstream = found.pop("upstream", None)
    if upstream is not None:
        if "upstreams" in root.entries:
            reader.problem(root.entries["upstreams"][0], "upstreams", "given twice, upstream too, keep one of the two")
        found["upstreams"] = {"default": upstream}
    policy_name, rules = found.pop("policy", ("balanced", preset("balanced")))
    return Config(file=name, policy=rules, policy_name=policy_name, **found)


def _note_limits(reader: Reader, config: Config) -> None:
    """Note what is in force without having been written, and does less than its name says."""
    if config.policy_name != "custom":
        for action in sorted({rule.then.action for rule in config.policy} & {"challenge", "decoy"}):
            reader.inactive.append(("policy", f"{action} answers 403 for that one request in this version"))
    if config.trusted_proxies and not config.forwarded.address:
        reader.inactive.append(("trusted_proxies", "nothing they say is read before forwarded.address names a header"))


def _check_together(reader: Reader, root: Node, config: Config) -> None:
    """Find what no key shows by itself: names used twice, selectors that need another section."""

    def named(key: str) -> None:
        entry = root.entries.get(key)
        names: set[str] = set()
        for place, item in enumerate(entry[1].items if entry is not None else ()):
            line, node = item.entries.get("name", (0, None)) if item.kind == "map" else (0, None)
            if node is None or node.kind != "text":
                continue
            if node.text in names:
                reader.problem(line, f"{key}[{place}].name", f'used twice, "{node.text[:60]}", choose another')
            names.add(node.text)

    for key in ("endpoints", "partners", "rate_limits", "feeds", "policy"):
        named(key)
    identity = config.identity
    selectors = [*identity.session, identity.device, identity.api_key]
    for endpoint in config.endpoints:
        selectors += [endpoint.account, endpoint.object, endpoint.operation]
        for selector in (endpoint.account, endpoint.object):
            if selector is not None and selector.source == "path":
                parameter = "{" + selector.name + "}"
                if parameter not in endpoint.match.segments:
                    reader.problem(
                        root.entries["endpoints"][0],
                        f"endpoints.{endpoint.name}",
                        f'not in the match, "path.{selector.name}", write {parameter} in the path',
                    )
    if identity.jwt is None and any(selector is not None and selector.source == "jwt" for selector in selectors):
        reader.problem(
            root.entries.get("identity", root.entries.get("endpoints", (1, root)))[0],
            "identity.jwt",
            "a key is missing, a jwt selector is used, say with identity.jwt how tokens are verified",
        )
    if config.partners and identity.api_key is None:
        reader.problem(
            root.entries["partners"][0],
            "partners",
            "a key is missing, identity.api_key, say where partners send their key, such as header.x-api-key",
        )
    if config.honeypots.robots and "robots" not in config.honeypots.advertise:
        reader.problem(
            root.entries["honeypots"][0],
            "honeypots.robots",
            "not used, nothing is added to it, write advertise: [robots] or leave it out",
        )
    if config.honeypots.advertise and not config.honeypots.paths:
        reader.problem(root.entries["honeypots"][0], "honeypots.paths", "nothing to advertise, no paths, name some")
    if config.forwarded.address and not config.trusted_proxies:
        reader.problem(
            root.entries["forwarded"][0],
            "forwarded",
            "nobody is trusted, trusted_proxies is empty, name the networks of your proxies there",
        )
