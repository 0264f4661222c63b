"""A configuration written back as YAML, every default in place, secrets as where they come from."""

from __future__ import annotations

from typing import Any

import yaml

from vedette.config.schema import Config, ConsoleToken, Listen, Match, OpenApi, Rate, Rule, Secret, Selector, Then
from vedette.config.units import format_duration, format_rate, format_selector, format_share

__all__ = ["effective"]

_RENAMED = {"retain_s": "retain", "refresh_s": "refresh", "half_life_s": "half_life", "max_age_s": "max_age"}
_HIDDEN = ("file", "policy_name", "line")


def effective(config: Config) -> str:
    """Write the configuration that is in force. Reading it again gives the same configuration, policy spelt out."""
    plain = _plain(config)
    for name in ("drill", "openapi", "alerts", "learning", "breaker"):
        if plain[name] is None:
            del plain[name]
    if not config.upstreams:
        del plain["upstreams"]
    if "explore" in plain.get("learning", {}):
        plain["learning"] = {"explore": format_share(plain["learning"]["explore"])}
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None))


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return value.origin
        case Rate():
            return format_rate(value)
        case Match():
            return value.text
        case OpenApi():
            return value.file
        case Selector():
            return format_selector(value)
        case Listen(certificate=""):
            return value.address
        case Then():
            return _then(value)
        case Rule():
            rule = {"name": value.name, "when": value.when, "then": _then(value.then)}
            rule |= {"advice": value.advice, "mode": value.mode}
            return {name: part for name, part in rule.items() if part}
        case ConsoleToken():
            return {"name": value.name, "role": value.role, "token": value.token.origin}
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _ if hasattr(value, "__struct_fields__"):
            return _struct(value)
        case _:
            return value


def _struct(value: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in value.__struct_fields__:
        part = getattr(value, name)
        if name in _HIDDEN or ((part is None or part == "") and not isinstance(value, Config)):
            continue
        if name.endswith("_s"):
            part = format_duration(part)
        elif name == "share":
            part = format_share(part)
        shown[_RENAMED.get(name, name)] = _plain(part)
    return shown


def _then(then: Then) -> Any:
    if then.action == "rate_limit" and then.rate is not None:
        return {"rate_limit": format_rate(then.rate), "key": then.key, "burst": then.burst}
    if then.action == "delay":
        return {"delay": format_duration(then.delay_s)}
    if then.action == "redirect":
        return {"redirect": then.redirect, "status": then.status}
    return then.action
