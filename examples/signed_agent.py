"""An agent that signs its requests (Web Bot Auth, RFC 9421), as a program of its own.

    python examples/signed_agent.py keys price-robot
    python examples/signed_agent.py get price-robot.key https://bot.example http://127.0.0.1:8080/api/products/7

``keys`` makes a key pair: ``price-robot.key`` stays with the agent, ``price-robot.jwks`` goes to whoever verifies.
``get`` and ``post`` send one signed request and print the answer. Needs the package ``cryptography``.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key


def public_key(key: Ed25519PrivateKey) -> dict[str, str]:
    """Give the public half as a JSON Web Key, its ``kid`` the thumbprint (RFC 7638, RFC 8037)."""
    x = urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    name = urlsafe_b64encode(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()).rstrip(b"=")
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": name.decode(), "use": "sig"}


def sign(key: Ed25519PrivateKey, agent: str, method: str, url: str, now: int) -> dict[str, str]:
    """Sign method, host and path of one request for a minute; a nonce makes the signature good once."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    authority = parts.hostname if parts.port in (None, default) else f"{parts.hostname}:{parts.port}"
    covered = {
        '"@method"': method,
        '"@authority"': authority,
        '"@path"': parts.path or "/",
        '"signature-agent";key="sig1"': f'"{agent}"',
    }
    parameters = (
        f'({" ".join(covered)});created={now};expires={now + 60};keyid="{public_key(key)["kid"]}"'
        f';alg="ed25519";nonce="{secrets.token_urlsafe(32)}";tag="web-bot-auth"'
    )
    lines = [f"{name}: {value}" for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    return {
        "Signature-Agent": f'sig1="{agent}"',
        "Signature-Input": f"sig1={parameters}",
        "Signature": f"sig1=:{b64encode(key.sign(base.encode())).decode()}:",
    }


def make_keys(name: str) -> None:
    """Write a new key pair into the working directory."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        sys.exit(f"{name}.key: {error.strerror}")
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
    Path(f"{name}.jwks").write_text(json.dumps({"keys": [public_key(key)]}, indent=1) + "\n", encoding="utf-8")
    print(f"{name}.key (keep it) and {name}.jwks (give it away) written")


def send(key_file: Path, agent: str, method: str, url: str) -> int:
    """Send one signed request; print status and body."""
    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except OSError as error:
        sys.exit(f"{key_file}: {error.strerror}")
    except (ValueError, TypeError):
        sys.exit(f"{key_file}: not a private key as PEM, without a password")
    if not isinstance(key, Ed25519PrivateKey):
        sys.exit(f"{key_file}: not an Ed25519 key")
    headers = {"User-Agent": "price-robot/1.0", **sign(key, agent, method, url, int(time.time()))}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - the caller's own URL
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    except OSError as error:
        sys.exit(f"{url}: {getattr(error, 'reason', error)}")
    print(status, body.decode(errors="replace"))
    return 0 if status < 400 else 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("keys", help="make a key pair").add_argument("name")
    for method in ("get", "post"):
        command = commands.add_parser(method, help=f"send a signed {method.upper()}")
        command.add_argument("key", type=Path, help="the private key")
        command.add_argument("agent", help="https URL by which the agent names itself")
        command.add_argument("url")
    given = parser.parse_args()
    if given.command == "keys":
        make_keys(given.name)
    else:
        sys.exit(send(given.key, given.agent, given.command.upper(), given.url))


if __name__ == "__main__":
    main()
