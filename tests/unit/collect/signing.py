"""A signing agent for tests: signs what it is told, right or wrong."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vedette.collect.signatures import Signatures, Signed
from vedette.collect.signing_keys import thumbprint
from vedette.config.schema import Agent, Config, GoodBots
from vedette.snapshot.findings import Findings
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import KeySet, KeySets
from vedette.snapshot.networks import NetworkMap
from vedette.types import Request

NOW = 1_800_000_000.0
ORIGIN = "https://bot.example"
DIRECTORY = f"{ORIGIN}/.well-known/http-message-signatures-directory"
SECRET = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


def public(secret: Ed25519PrivateKey) -> dict[str, Any]:
    """The public half as a JSON Web Key."""
    x = urlsafe_b64encode(secret.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x}


KEY = public(SECRET)
OWN = '"signature-agent";key="sig1"'


def verifier(
    sets: Mapping[str, list[dict[str, Any]]] | None = None, *agents: Agent, configured: bool = True
) -> Signatures:
    """Signatures that know key sets by source, by default those of the one agent ``price-robot``."""
    if not agents and configured:
        agents = (Agent(name="price-robot", signature_agent=ORIGIN),)
    known = {DIRECTORY: [KEY]} if sets is None else sets
    keys = KeySets({source: KeySet(source, tuple(keys), NOW) for source, keys in known.items()})
    return Signatures(Config(good_bots=GoodBots(agents=agents)), Gathered(NetworkMap(), Findings(), keys))


def sign(
    covered: Mapping[str, str] | None = None,
    *,
    sent: str | None = f'sig1="{ORIGIN}"',
    secret: Any = SECRET,
    created: float = NOW - 10,
    expires: float | None = NOW + 50,
    more: str = "",
    keyid: str = "",
    tag: str = "web-bot-auth",
    label: str = "sig1",
) -> list[tuple[str, str]]:
    """The three fields; ``covered`` is component and value as signed."""
    lines = {'"@authority"': "api.example", OWN: f'"{ORIGIN}"'} if covered is None else dict(covered)
    parameters = f"({' '.join(lines)});created={created:.0f}"
    if expires is not None:
        parameters += f";expires={expires:.0f}"
    parameters += f';keyid="{keyid or thumbprint(public(secret))}"{more};tag="{tag}"'
    base = "\n".join([*(f"{name}: {value}" for name, value in lines.items()), f'"@signature-params": {parameters}'])
    signature = b64encode(secret.sign(base.encode())).decode()
    own = [] if sent is None else [("Signature-Agent", sent)]
    return [*own, ("Signature-Input", f"{label}={parameters}"), ("Signature", f"{label}=:{signature}:")]


def request(headers: list[tuple[str, str]], **given: Any) -> Request:
    """A request to ``https://api.example/products/7?a=1``."""
    fields: dict[str, Any] = {
        "timestamp": NOW,
        "id": "r",
        "method": "GET",
        "path": "/products/7",
        "query": "a=1",
        "client_address": "192.0.2.1",
        "scheme": "https",
        "host": "api.example",
        "headers": tuple(headers),
    }
    return Request(**(fields | given))


def verify(signatures: Signatures, asked: Request, now: float = NOW) -> Signed:
    """Verify as the collector does."""
    values: dict[str, str] = {}
    for name, value in asked.headers or ():
        values.setdefault(name.lower(), value)
    return signatures.verify(asked, values, now)
