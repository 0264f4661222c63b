"""Every key of ``identity`` and how it is read: selectors, app tokens, access tokens, proofs and the device cookie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vedette.config import schema
from vedette.config.document import Node
from vedette.config.expressions import compile_claims, compile_expected
from vedette.config.key_files import agent_keys
from vedette.config.reading import (
    MISSING,
    Key,
    Read,
    Reader,
    choice,
    expression,
    flag,
    notation,
    secret,
    several,
    structure,
    text,
)
from vedette.config.units import (
    format_duration,
    parse_cookie_name,
    parse_duration,
    parse_header_name,
    parse_selector,
)

__all__ = ["IDENTITY", "long_secret"]

SIGNING_KEY_LENGTH = 16
_SELECTOR = notation(parse_selector)
_HEADER = notation(parse_header_name)
_JWT_SCHEMES = ("jwt", "play_integrity")
_JWT_KEYS = ("jwks", "issuer", "audience", "claims", "attested", "once")
_TAKEN = ("dpop", "jwt")
"""Names that stand for proofs and access tokens."""
_INTEGRITY = (
    "'MEETS_STRONG_INTEGRITY' in claims.deviceIntegrity.deviceRecognitionVerdict"
    " && claims.appIntegrity.appRecognitionVerdict == 'PLAY_RECOGNIZED'"
)
"""Strong integrity alone is always backed by hardware."""


def long_secret(least: int) -> Read:
    """A secret that nobody finds by trying: who sees what it signs can try keys at leisure."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        found = secret(reader, node, path)
        if found is not MISSING and len(found.value) < least:
            fix = f"at least {least} characters, such as openssl rand -base64 32 makes"
            return reader.problem(node, path, f"a secret is too short, {node.text[:60]}, {fix}")
        return found

    return read


_APP_TOKEN = {
    "name": Key(text(100), is_required=True),
    "header": Key(_HEADER, is_required=True),
    "scheme": Key(choice("hmac", *_JWT_SCHEMES, "app_attest")),
    "key": Key(long_secret(SIGNING_KEY_LENGTH)),
    "expected_when": Key(expression(compile_expected)),
    "jwks": Key(agent_keys),
    "issuer": Key(text()),
    "audience": Key(text()),
    "claims": Key(expression(compile_claims)),
    "attested": Key(expression(compile_claims)),
    "once": Key(flag),
}


def _app_token(reader: Reader, node: Node, path: str) -> Any:
    found = reader.mapping(node, path, _APP_TOKEN)
    if node.kind != "map":
        return MISSING
    scheme = found.get("scheme", "hmac")
    needed = {"hmac": "key"}.get(scheme, "jwks")
    if scheme == "app_attest":
        what = (
            "is verified by your own server, which then gives the app a token of scheme jwt; this entry checks nothing"
        )
        reader.inactive.append((f"{path}.scheme", f"app_attest {what}"))
    elif needed not in node.entries:
        example = "such as env:NAME" if needed == "key" else "file:PATH or a URL"
        return reader.problem(node, path, f'a key is missing, "{needed}", scheme {scheme} needs one, {example}')
    else:
        for name in _JWT_KEYS if scheme == "hmac" else ("key",):
            if name in node.entries:
                reader.problem(node.entries[name][0], f"{path}.{name}", f"not used, scheme {scheme}, leave it out")
    if scheme == "play_integrity":
        found.setdefault("attested", _INTEGRITY)
        found.setdefault("once", True)
    return schema.AppToken(**found) if reader.is_whole(node, found, _APP_TOKEN) else MISSING


def _app_tokens(reader: Reader, node: Node, path: str) -> Any:
    found = several(_app_token, most=16)(reader, node, path)
    names: set[str] = set()
    for place, item in enumerate(node.items if node.kind == "list" else ()):
        line, name = item.entries.get("name", (0, item)) if item.kind == "map" else (0, item)
        if name.kind != "text":
            continue
        if name.text in (*names, *_TAKEN):
            reader.problem(line, f"{path}[{place}].name", f'used twice, "{name.text[:60]}", choose another')
        names.add(name.text)
    return found


def _switch(make: Callable[..., Any], keys: dict[str, Key], least_s: float, most_s: float) -> Read:
    """``true``, ``false``, or a mapping with ``max_age`` between bounds."""

    def read(reader: Reader, node: Node, path: str) -> Any:
        if node.kind == "text":
            wanted = flag(reader, node, path)
            return wanted if wanted is MISSING else (make() if wanted else None)
        found = reader.mapping(node, path, {**keys, "max_age": Key(notation(parse_duration))})
        if "max_age" in found:
            found["max_age_s"] = age = found.pop("max_age")
            if not least_s <= age <= most_s:
                allowed = f"use {format_duration(least_s)} to {format_duration(most_s)}"
                return reader.problem(node.entries["max_age"][0], f"{path}.max_age", f"not usable, the time, {allowed}")
        return make(**found)

    return read


_JWT = {"jwks": Key(agent_keys, is_required=True), "issuer": Key(text()), "audience": Key(text())}
IDENTITY: dict[str, Key] = {
    "session": Key(several(_SELECTOR, lone=True, most=16)),
    "device": Key(_SELECTOR),
    "api_key": Key(_SELECTOR),
    "app_tokens": Key(_app_tokens),
    "jwt": Key(
        structure(
            schema.Jwt, {"jwks": Key(agent_keys, is_required=True), "issuer": Key(text()), "audience": Key(text())}
        )
    ),
    "device_cookie": Key(
        _switch(
            schema.DeviceCookie,
            {"name": Key(notation(parse_cookie_name)), "key": Key(long_secret(SIGNING_KEY_LENGTH))},
            3600.0,
            400 * 86400.0,
        )
    ),
    "dpop": Key(_switch(schema.Dpop, {"header": Key(_HEADER)}, 1.0, 600.0)),
}
