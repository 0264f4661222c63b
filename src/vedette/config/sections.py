"""Every key of ``vedette.yaml`` and how it is read (contract, section 5). The order is that of the contract."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, get_args

from vedette.config import schema
from vedette.config.document import Node
from vedette.config.expressions import compile_success, compile_when
from vedette.config.feeds import FEEDS_MOST, feed, own
from vedette.config.good_bots import GOOD_BOTS
from vedette.config.identity import IDENTITY, long_secret
from vedette.config.openapi import OpenApiError, read_openapi
from vedette.config.policies import PRESETS, preset
from vedette.config.reading import (
    MISSING,
    Key,
    Reader,
    choice,
    decimal,
    expression,
    later,
    notation,
    number,
    secret,
    several,
    structure,
    text,
)
from vedette.config.units import (
    parse_address,
    parse_duration,
    parse_header_name,
    parse_match,
    parse_network,
    parse_rate,
    parse_selector,
    parse_share,
    parse_url,
)
from vedette.types import Mode, Purpose

__all__ = ["TOP"]

_NAME = text(100)
_MODE = choice(*get_args(Mode))
_PURPOSE = choice(*get_args(Purpose))
_LIMIT_KEY = choice(*get_args(schema.LimitKey))
_RATE = notation(parse_rate)
_MATCH = notation(parse_match)
_SELECTOR = notation(parse_selector)
_ADVICE = ("step-up", "hide-price", "no-hold", "defer-capture", "read-only")
DRILL_KEY_LENGTH = 24
"""128 random bits in Base64."""
_ACTIONS = ("allow", "monitor", "block", "challenge", "decoy")


def _header(reader: Reader, node: Node, path: str) -> Any:
    return notation(parse_header_name)(reader, node, path)


def _advice(reader: Reader, node: Node, path: str) -> Any:
    if node.kind == "text" and node.text.startswith("x-") and node.text[2:].replace("-", "").isalnum():
        return node.text if len(node.text) <= 64 else reader.problem(node, path, "too long, x-…, at most 64 characters")
    return choice(*_ADVICE, "x-…")(reader, node, path)


def _path(reader: Reader, node: Node, path: str) -> Any:
    """A file: beside the configuration where it is named there, in the working directory where a flag names it."""
    value = text(4096)(reader, node, path)
    return value if value is MISSING or node.origin else str(reader.base.absolute() / value)


def _listen(reader: Reader, node: Node, path: str) -> Any:
    if node.kind == "text":
        address = notation(parse_address)(reader, node, path)
        return MISSING if address is MISSING else schema.Listen(address)
    keys = {"address": Key(notation(parse_address)), "certificate": Key(_path), "key": Key(_path)}
    found = reader.mapping(node, path, keys)
    for one, other in (("certificate", "key"), ("key", "certificate")):
        if one in found and other not in node.entries:
            reader.problem(node, path, f'a key is missing, "{other}", TLS needs both certificate and key')
    return schema.Listen(**found)


def _upstreams(reader: Reader, node: Node, path: str) -> Any:
    if node.kind != "map" or not node.entries:
        return reader.problem(node, path, "not a mapping, no hosts, write {default: http://127.0.0.1:8000}")
    found: dict[str, str] = {}
    for host, (line, value) in node.entries.items():
        if host != "default":
            try:
                parse_match(f"GET {host}/")
            except ValueError as error:
                reader.problem(line, f"{path}.{host}", str(error).replace("; ", ", "))
        url = notation(partial(parse_url, base=True))(reader, value, f"{path}.{host}")
        if url is not MISSING:
            found[host.lower()] = url
    return found


def _forwarded_address(reader: Reader, node: Node, path: str) -> Any:
    if node.kind == "text" and node.text == "proxy_protocol":
        return node.text
    return _header(reader, node, path)


def _then(reader: Reader, node: Node, path: str) -> Any:
    if node.kind == "text":
        action = choice(*_ACTIONS, "{delay: …}", "{redirect: …}", "{rate_limit: …}")(reader, node, path)
        if action is MISSING:
            return MISSING
        if action in ("challenge", "decoy"):
            reader.inactive.append((path, f"{action} answers 403 for that one request in this version"))
        return schema.Then(action=action)
    if node.kind == "map":
        if "rate_limit" in node.entries:
            keys = {
                "rate_limit": Key(_RATE, is_required=True),
                "key": Key(_LIMIT_KEY),
                "burst": Key(number(1, 1_000_000)),
            }
            found = reader.mapping(node, path, keys)
            if "rate_limit" not in found:
                return MISSING
            rate = found["rate_limit"]
            return schema.Then(
                action="rate_limit", rate=rate, key=found.get("key", "address"), burst=found.get("burst", rate.count)
            )
        if "delay" in node.entries:
            found = reader.mapping(node, path, {"delay": Key(notation(parse_duration), is_required=True)})
            if not 0.0 < found.get("delay", 1.0) <= 10.0:
                return reader.problem(node, f"{path}.delay", "not usable, the delay, use more than 0 and at most 10s")
            return schema.Then(action="delay", delay_s=found["delay"]) if found else MISSING
        if "redirect" in node.entries:
            keys = {"redirect": Key(text(2048), is_required=True), "status": Key(choice("302", "307"))}
            found = reader.mapping(node, path, keys)
            target = found.get("redirect", "/")
            if not target.startswith(("/", "http://", "https://")) or not all("!" <= c <= "~" for c in target):
                return reader.problem(
                    node, f"{path}.redirect", f'not a target, "{target[:60]}", write a path or an http(s) URL in ASCII'
                )
            if "redirect" not in found:
                return MISSING
            return schema.Then(action="redirect", redirect=target, status=int(found.get("status", "302")))
    return reader.problem(
        node, path, "not an action, a list or mapping, use a word or one of {delay: 500ms}, {redirect: URL}, "
        "{rate_limit: 10/minute, key: session}"
    )  # fmt: skip


_RULE = {
    "name": Key(_NAME, is_required=True),
    "when": Key(expression(compile_when)),
    "then": Key(_then, is_required=True),
    "advice": Key(_advice),
    "mode": Key(choice("monitor")),
}


def _rule(reader: Reader, node: Node, path: str) -> Any:
    found = reader.mapping(node, path, _RULE)
    if not reader.is_whole(node, found, _RULE) or ("when" in node.entries and "when" not in found):
        return MISSING
    return schema.Rule(**found, line=node.line)


def _policy(reader: Reader, node: Node, path: str) -> Any:
    if node.kind == "text":
        name = choice(*PRESETS)(reader, node, path)
        if name is MISSING:
            return MISSING
        return name, preset(name)
    rules = several(_rule, most=200)(reader, node, path)
    return MISSING if rules is MISSING else ("custom", rules)


def _rate_limit(reader: Reader, node: Node, path: str) -> Any:
    keys = {
        "name": Key(_NAME, is_required=True),
        "key": Key(_LIMIT_KEY),
        "match": Key(_MATCH),
        "limit": Key(_RATE, is_required=True),
        "burst": Key(number(1, 1_000_000)),
    }
    found = reader.mapping(node, path, keys)
    if not reader.is_whole(node, found, keys):
        return MISSING
    return schema.RateLimit(
        name=found["name"],
        key=found.get("key", "address"),
        match=found.get("match", schema.Match("* /**", "*", "", ("**",))),
        limit=found["limit"],
        burst=found.get("burst", found["limit"].count),
    )


def _feedback_key(reader: Reader, node: Node, path: str) -> Any:
    if node.kind != "map":
        return secret(reader, node, path)
    keys = {
        "key": Key(secret, is_required=True),
        "scopes": Key(later("scopes of feedback keys come later", several(text(64)))),
    }
    return reader.mapping(node, path, keys).get("key", MISSING)


def _openapi(reader: Reader, node: Node, path: str) -> Any:
    file = _path(reader, node, path)
    if file is MISSING:
        return MISSING
    try:
        return read_openapi(Path(file))
    except OpenApiError as error:
        for line, what in error.problems:
            reader.problem(node, path, f"not usable, {node.text[:60]}{f':{line}' if line else ''}, {what}")
        return MISSING


def _object(reader: Reader, node: Node, path: str) -> Any:
    value = text(256)(reader, node, path)
    if value is not MISSING and (not value.partition(":")[0] or not value.partition(":")[2]):
        return reader.problem(node, path, f'not an object, "{value[:60]}", write kind:id, such as product:99999999')
    return value


def _trap_path(reader: Reader, node: Node, path: str) -> Any:
    value = text(1024)(reader, node, path)
    if value is MISSING:
        return value
    if not value.startswith("/"):
        return reader.problem(node, path, f'not a path, "{value[:60]}", begin it with /')
    segments = value.strip("/").split("/")
    patterns = [segment == "**" or (segment[:1] == "{" and segment[-1:] == "}") for segment in segments]
    if patterns[0]:
        return reader.problem(node, path, f'catches everybody, "{value[:60]}", begin it with a segment of its own')
    if "**" in segments[:-1]:
        return reader.problem(node, path, f'not a pattern, "{value[:60]}", write ** only at the end')
    return value


def _robots_file(reader: Reader, node: Node, path: str) -> Any:
    value = text(4096)(reader, node, path)
    if value is MISSING:
        return value
    if not value.startswith("file:") or len(value) == 5:
        return reader.problem(node, path, f'not a file, "{value[:60]}", write file:PATH, such as file:robots.txt')
    return "file:" + str(reader.base.absolute() / value[5:])


def _console_token(reader: Reader, node: Node, path: str) -> Any:
    return structure(
        schema.ConsoleToken,
        {
            "name": Key(_NAME, is_required=True),
            "role": Key(choice("viewer", "analyst", "operator"), is_required=True),
            "token": Key(secret, is_required=True),
        },
    )(reader, node, path)


def _console(reader: Reader, node: Node, path: str) -> Any:
    keys = {
        "listen": Key(notation(parse_address)),
        "token": Key(secret),
        "tokens": Key(several(_console_token)),
    }
    found = reader.mapping(node, path, keys)
    token = found.pop("token", None)
    if token is not None:
        lone = schema.ConsoleToken(name="console", role="operator", token=token)
        found["tokens"] = (lone, *found.get("tokens", ()))
    return schema.Console(**found)


def _state(reader: Reader, node: Node, path: str) -> Any:
    value = text()(reader, node, path)
    if value is MISSING or value == "memory":
        return value
    if "@" in value:
        return reader.problem(node, path, "a password in the clear, (not shown), leave user and password out")
    if not value.startswith(("valkey://", "valkeys://", "redis://", "rediss://")):
        return reader.problem(node, path, f'not known, "{value[:60]}", use memory or valkey://host:6379/0')
    reader.inactive.append((path, "state is kept in memory until the state room is built"))
    return value


def _workers(reader: Reader, node: Node, path: str) -> Any:
    value = number(1, 256)(reader, node, path)
    if value is not MISSING and value > 1:
        reader.inactive.append((path, "one engine process runs whatever the number says"))
    return value


_ENDPOINT = {
    "name": Key(_NAME, is_required=True),
    "match": Key(_MATCH, is_required=True),
    "purpose": Key(_PURPOSE),
    "account": Key(_SELECTOR),
    "object": Key(_SELECTOR),
    "operation": Key(_SELECTOR),
    "success": Key(expression(compile_success)),
    "unknown": Key(expression(compile_success)),
    "mode": Key(_MODE),
    "on_failure": Key(choice("allow", "block")),
}


def _events(reader: Reader, node: Node, path: str) -> Any:
    found = reader.mapping(node, path, {"directory": Key(text(4096)), "retain": Key(notation(parse_duration))})
    retain = found.pop("retain", None)
    if retain is not None:
        if retain < 3600.0:
            return reader.problem(node, f"{path}.retain", "too short, the time, keep events for at least 1h")
        found["retain_s"] = retain
    return schema.Events(**found)


TOP: dict[str, Key] = {
    "mode": Key(_MODE),
    "upstream": Key(notation(partial(parse_url, base=True))),
    "upstreams": Key(_upstreams),
    "workers": Key(_workers),
    "listen": Key(_listen),
    "trusted_proxies": Key(several(notation(parse_network), lone=True)),
    "forwarded": Key(
        structure(
            schema.Forwarded,
            {"address": Key(_forwarded_address), "ja3": Key(_header), "ja4": Key(_header)},
        )
    ),
    "enforce": Key(structure(schema.Enforce, {"share": Key(notation(parse_share))})),
    "endpoints": Key(several(structure(schema.Endpoint, _ENDPOINT), most=190)),
    "identity": Key(structure(schema.Identity, IDENTITY)),
    "partners": Key(
        several(
            structure(
                schema.Partner,
                {
                    "name": Key(_NAME, is_required=True),
                    "api_key": Key(secret, is_required=True),
                    "limit": Key(_RATE),
                    "networks": Key(own),
                },
            )
        )
    ),
    "good_bots": Key(structure(schema.GoodBots, GOOD_BOTS)),
    "honeypots": Key(
        structure(
            schema.Honeypots,
            {
                "paths": Key(several(_trap_path)),
                "accounts": Key(several(text(512))),
                "objects": Key(several(_object)),
                "advertise": Key(several(choice("robots", "link"), lone=True)),
                "robots": Key(_robots_file),
                "answer": Key(choice("policy", "decoy")),
            },
        )
    ),
    "rate_limits": Key(several(_rate_limit, most=100)),
    "policy": Key(_policy),
    "feeds": Key(several(feed, most=FEEDS_MOST)),
    "state": Key(_state),
    "events": Key(_events),
    "privacy": Key(structure(schema.Privacy, {"key": Key(secret), "address": Key(choice("hash", "truncate", "raw"))})),
    "console": Key(_console),
    "feedback": Key(structure(schema.Feedback, {"keys": Key(several(_feedback_key, lone=True))})),
    "drill": Key(structure(schema.Drill, {"key": Key(long_secret(DRILL_KEY_LENGTH), is_required=True)})),
    "openapi": Key(_openapi),
    "networks": Key(structure(schema.Networks, {"own": Key(own)})),
    "alerts": Key(
        later(
            "alerts come later",
            several(structure(dict, {"url": Key(notation(parse_url), is_required=True), "key": Key(secret)})),
        )
    ),
    "learning": Key(structure(dict, {"explore": Key(later("exploration comes later", notation(parse_share)))})),
    "breaker": Key(structure(dict, {"factor": Key(later("the circuit breaker comes later", decimal(1, 1000)))})),
}
