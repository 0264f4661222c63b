"""Endpoints that an OpenAPI document describes, with the purposes, accounts and objects that their words suggest."""

from __future__ import annotations

from vedette.collect.endpoints import Described
from vedette.collect.purposes import guess
from vedette.config.schema import Config, Endpoint, Operation, Selector

__all__ = ["ACCOUNT_NAMES", "describe", "described"]

ACCOUNT_NAMES = (
    "email", "e-mail", "username", "user_name", "login", "user", "account", "identifier", "phone", "benutzername",
    "mail", "usuario", "utilisateur", "gebruikersnaam", "utilizador", "uzytkownik", "userid", "user_id",
)  # fmt: skip
"""Names of the field that holds the account of a login, the most telling first."""
_TRIES_ACCOUNT = ("login", "signup", "password_reset")
SURE = 0.7
"""Confidence from which a guessed login has its account read from the body."""


def described(config: Config) -> tuple[Described, ...]:
    """Give the endpoints of the configuration's OpenAPI document, in the order in which they are tried."""
    return tuple(map(describe, config.openapi.operations)) if config.openapi is not None else ()


def describe(operation: Operation) -> Described:
    """Make an endpoint of an operation: what its path, method, name and parameters suggest it is for."""
    segments = operation.match.segments
    template = "/" + "/".join(segments)
    found = guess(operation.match.method, template, parameters=operation.parameters)
    if found.purpose == "other":
        by_name = guess(operation.match.method, f"/{operation.name}", parameters=operation.parameters)
        if by_name.purpose != "other":
            found = by_name
    last = segments[-1] if segments else ""
    place = Selector("path", last[1:-1]) if last[:1] == "{" else None
    account = _account(operation) if found.purpose in _TRIES_ACCOUNT and found.confidence >= SURE else None
    endpoint = Endpoint(
        name=operation.name, match=operation.match, purpose=found.purpose, account=account, object=place
    )
    return Described(endpoint, operation.parameters, found.confidence)


def _account(operation: Operation) -> Selector | None:
    if operation.match.method not in ("POST", "PUT", "PATCH"):
        return None
    names = {name.lower(): name for name in reversed(operation.fields)}
    return next((Selector("body", names[name]) for name in ACCOUNT_NAMES if name in names), None)
