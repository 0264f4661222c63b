"""Signed agents: Web Bot Auth, which is HTTP Message Signatures (RFC 9421) with Ed25519 under a key of the agent.

Three forms of the field ``Signature-Agent`` are in use, and each of the world's agents sends one: a quoted origin, a
dictionary whose member is the agent's origin, and a dictionary whose member is the URL of its keys. Private keys come
from the world's seed; their public halves go into files beside the configuration, as JSON Web Key Sets.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from vedette.simulate.world import World

__all__ = ["AGENTS", "Agent", "Signer", "agents", "jwks", "signer", "thumbprint"]

TAG = "web-bot-auth"
Form = Literal["string", "dictionary", "keys"]


class Agent(Struct, frozen=True):
    """One signed agent; names and hosts are invented.

    Attributes:
        url: What its ``Signature-Agent`` names; ``origin`` is the same without a path.
        lasts_s: How long a signature is valid; ``reuses_s``: how long it is sent again, 0: one for each call.
        covers: Components besides the agent's own field.
    """

    name: str
    form: Form
    url: str
    user_agent: str
    covers: tuple[str, ...] = ("@authority",)
    lasts_s: int = 60
    label: str = "sig1"


AGENTS = (
    Agent(
        "errand",
        "string",
        "https://errand.example",
        "Mozilla/5.0 (compatible; ErrandAgent/1.4; +https://errand.example/agent)",
        lasts_s=3600,
    ),
    Agent(
        "basket",
        "dictionary",
        "https://agents.basket.example",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0 Safari/537.36"
        " BasketAgent/2.0",
        covers=("@authority", "@method", "@path"),
        label="agent2",
    ),
    Agent(
        "lookup",
        "keys",
        "https://lookup.example/.well-known/keys.json",
        "lookup-fetcher/0.9 (+https://lookup.example/bots)",
        covers=("@authority", "@method", "@path"),
        lasts_s=300,
        label="lookup",
    ),
)


def thumbprint(x: str) -> str:
    """Give the name of a key (RFC 7638): the hash of its public half in canonical JSON.

    >>> thumbprint("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")
    'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U'
    """
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _unpadded(sha256(canonical.encode()).digest())


def _unpadded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """Signs calls of one agent.

    Attributes:
        x: The public key, ``kid`` its name.
    """

    def __init__(self, agent: Agent, secret: bytes) -> None:
        self.agent = agent
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.x = _unpadded(self._key.public_key().public_bytes_raw())
        self.kid = thumbprint(self.x)

    def fields(self, authority: str, method: str, path: str, created: int, nonce: str) -> tuple[tuple[str, str], ...]:
        """Give the three fields of one signed call; ``nonce`` is 64 bytes in base64, used once."""
        agent = self.agent
        if agent.form == "string":
            sent, own, value = f'"{agent.url}"', '"signature-agent"', f'"{agent.url}"'
        else:
            sent = f'{agent.label}="{agent.url}"'
            own, value = f'"signature-agent";key="{agent.label}"', f'"{agent.url}"'
        known = {"@authority": authority, "@method": method, "@path": path}
        lines = [f'"{name}": {known[name]}' for name in agent.covers]
        lines.append(f"{own}: {value}")
        covered = " ".join((*(f'"{name}"' for name in agent.covers), own))
        params = (
            f'({covered});created={created};keyid="{self.kid}";alg="ed25519";expires={created + agent.lasts_s}'
            f';nonce="{nonce}";tag="{TAG}"'
        )
        lines.append(f'"@signature-params": {params}')
        signature = b64encode(self._key.sign("\n".join(lines).encode())).decode()
        return (
            ("signature-agent", sent),
            ("signature-input", f"{agent.label}={params}"),
            ("signature", f"{agent.label}=:{signature}:"),
        )


def agents(world: World) -> tuple[Agent, ...]:
    """Name the signed agents that visit a world: all, where it has any."""
    return AGENTS if any(part.kind == "signed_agent" for part in world.scenario.parts) else ()


def signer(world: World, agent: Agent) -> Signer:
    """Give the agent with its private key of this world."""
    return _signer(agent, world.rng(f"signing key/{agent.name}").randbytes(32))


@lru_cache(maxsize=64)
def _signer(agent: Agent, secret: bytes) -> Signer:
    return Signer(agent, secret)


def jwks(world: World) -> Mapping[str, str]:
    """Give the key set of each signed agent of a world as JSON text, by name of the agent."""
    begin = int(world.start) - 30 * 86_400
    found = {}
    for agent in agents(world):
        own = signer(world, agent)
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": own.kid,
            "x": own.x,
            "use": "sig",
            "nbf": begin,
            "exp": begin + 365 * 86_400,
        }
        found[agent.name] = json.dumps({"keys": [key]}, indent=1) + "\n"
    return found
