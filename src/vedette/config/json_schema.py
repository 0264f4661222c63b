"""The shape of ``vedette.yaml`` as JSON Schema (2020-12), for editors; made from the Structs of ``schema``.

An editor's check is a first help; ``vedette check`` knows more (notations, expressions, what belongs together).
"""

from __future__ import annotations

import json
import types
import typing
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from vedette.config import schema
from vedette.config.policies import PRESETS

__all__ = ["json_schema"]

_RENAMED = {"retain_s": "retain", "refresh_s": "refresh", "half_life_s": "half_life", "max_age_s": "max_age"}
_TEXTS: dict[type, dict[str, Any]] = {
    schema.Secret: {"type": "string", "pattern": "^(env|file):.+", "description": "env:NAME or file:PATH"},
    schema.Rate: {"type": "string", "pattern": r"^\s*[0-9]+\s*/\s*(second|minute|hour|day)\s*$"},
    schema.Match: {"type": "string", "pattern": r"^\s*(\*|[A-Z]+)\s+[^\s]*/[^\s]*\s*$"},
    schema.Selector: {"type": "string", "pattern": r"^(body|header|cookie|query|path|jwt)\..+"},
}
_DURATION = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)\s*$"}
_SHARE = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$"}
_BARE_ACTIONS = ["allow", "monitor", "block", "challenge", "decoy"]
_OPTIONAL = {"burst", "key", "match"}


def json_schema() -> str:
    """Write the JSON Schema."""
    top = _struct(schema.Config)
    properties = top["properties"]
    for internal in ("file", "policy_name"):
        del properties[internal]
    properties["upstream"] = {"type": "string", "pattern": "^https?://"}
    properties["policy"] = {"anyOf": [{"enum": list(PRESETS)}, {"type": "array", "items": _struct(schema.Rule)}]}
    properties["listen"] = {"anyOf": [{"type": "string"}, properties["listen"]]}
    properties["trusted_proxies"] = _or_one(properties["trusted_proxies"])
    properties["networks"]["properties"]["own"] = _or_one(properties["networks"]["properties"]["own"])
    properties["learning"] = _object({"explore": _SHARE})
    properties["breaker"] = _object({"factor": {"type": "number"}})
    properties["alerts"] = {
        "type": "array",
        "items": _object({"url": {"type": "string"}, "key": _TEXTS[schema.Secret]}, required=["url"]),
    }
    properties["openapi"] = {"type": "string"}
    partner = properties["partners"]["items"]["properties"]
    partner["networks"] = _or_one(partner["networks"])
    feed = properties["feeds"]["items"]["properties"]
    feed["column"] = {"type": ["string", "integer"]}
    feed["weight"] = {"type": "number", "minimum": 0, "maximum": 1}
    bots = properties["good_bots"]["properties"]
    bots["dns"]["properties"]["servers"] = _or_one(bots["dns"]["properties"]["servers"])
    bots["dns"] = {"anyOf": [{"type": "boolean"}, bots["dns"]]}
    identity = properties["identity"]["properties"]
    identity["session"] = _or_one(identity["session"])
    identity["device_cookie"] = {"anyOf": [{"type": "boolean"}, identity["device_cookie"]]}
    identity["dpop"] = {"anyOf": [{"type": "boolean"}, identity["dpop"]]}
    attested = identity["app_tokens"]["items"]["properties"]["attested"]
    identity["app_tokens"]["items"]["properties"]["attested"] = {"anyOf": [{"type": "boolean"}, attested]}
    properties["console"]["properties"]["token"] = _TEXTS[schema.Secret]
    secret_or_scoped = {
        "anyOf": [
            _TEXTS[schema.Secret],
            _object(
                {"key": _TEXTS[schema.Secret], "scopes": {"type": "array", "items": {"type": "string"}}},
                required=["key"],
            ),
        ]
    }
    properties["feedback"]["properties"]["keys"] = _or_one({"type": "array", "items": secret_or_scoped})
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vedette.yaml",
        **top,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _struct(struct: type) -> dict[str, Any]:
    if struct is schema.Then:
        return _then()
    hints = get_type_hints(struct)
    properties: dict[str, Any] = {}
    required = []
    for field in msgspec.structs.fields(struct):
        if struct is schema.Rule and field.name == "line":
            continue
        name = _RENAMED.get(field.name, field.name)
        properties[name] = (
            _SHARE if name == "share" else _DURATION if field.name.endswith("_s") else _of(hints[field.name])
        )
        if field.required and not (struct is schema.RateLimit and name in _OPTIONAL):
            required.append(name)
    return _object(properties, required=required)


def _of(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _TEXTS:
        return _TEXTS[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _struct(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, typing.Union):
        return _of(next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    kinds = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return {"type": kinds[hint]} if hint in kinds else {}


def _then() -> dict[str, Any]:
    return {
        "anyOf": [
            {"enum": _BARE_ACTIONS},
            _object({"delay": _DURATION}, required=["delay"]),
            _object({"redirect": {"type": "string"}, "status": {"enum": [302, 307]}}, required=["redirect"]),
            _object(
                {
                    "rate_limit": _TEXTS[schema.Rate],
                    "key": {"enum": list(get_args(schema.LimitKey))},
                    "burst": {"type": "integer", "minimum": 1},
                },
                required=["rate_limit"],
            ),
        ]
    }


def _object(properties: dict[str, Any], *, required: list[str] | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        shape["required"] = required
    return shape


def _or_one(several: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [several["items"], several]}
