"""Sign requests: an app token by HMAC, or a DPoP proof (RFC 9449).

    python sign_request.py hmac --key-file app.key POST https://api.example/api/login
    python sign_request.py dpop --access-token "$TOKEN" GET https://api.example/orders

prints the header to send. As a module: ``app_token`` and ``dpop_proof``.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import secrets
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


def app_token(key: str, method: str, url: str, *, now: float | None = None, nonce: str | None = None) -> str:
    """Make the app token of one request; its MAC is over ``TS.NONCE.METHOD.PATH``, the path without the query."""
    stamp = int(time.time() if now is None else now)
    nonce = nonce or secrets.token_urlsafe(18)
    text = f"{stamp}.{nonce}.{method}.{urlsplit(url).path or '/'}"
    return f"v1.{stamp}.{nonce}.{hmac.new(key.encode(), text.encode(), 'sha256').hexdigest()}"


def dpop_proof(
    key: EllipticCurvePrivateKey,
    method: str,
    url: str,
    *,
    access_token: str = "",
    now: float | None = None,
    jti: str | None = None,
) -> str:
    """Prove that one request is made by the holder of ``key`` (on P-256); ``access_token`` is the one it carries."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    public = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": _base64url(_bytes(public.x)), "y": _base64url(_bytes(public.y))}
    claims = {
        "jti": jti or secrets.token_urlsafe(18),
        "htm": method,
        "htu": url.partition("?")[0].partition("#")[0],
        "iat": int(time.time() if now is None else now),
    }
    if access_token:
        claims["ath"] = _base64url(hashlib.sha256(access_token.encode()).digest())
    parts = ({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, claims)
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    return f"{signed}.{_base64url(_bytes(r) + _bytes(s))}"


def _bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(parser: argparse.ArgumentParser, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        parser.error(f"{file}: {error.strerror}")


def main() -> None:
    """Print the header of one request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["hmac", "dpop"])
    parser.add_argument("method")
    parser.add_argument("url")
    parser.add_argument("--header", help="name of the header (x-app-token, dpop)")
    parser.add_argument("--key-file", type=Path, help="the app's key (else $APP_KEY); PEM for dpop (else a new key)")
    parser.add_argument("--access-token", default="", help="dpop: the access token that the request carries")
    given = parser.parse_args()
    if given.kind == "hmac":
        key = _read(parser, given.key_file).decode().strip() if given.key_file else os.environ.get("APP_KEY", "")
        if not key:
            parser.error("no key: give --key-file or set APP_KEY")
        print(f"{given.header or 'x-app-token'}: {app_token(key, given.method, given.url)}")
        return
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = _read(parser, given.key_file) if given.key_file else b""
        held = load_pem_private_key(pem, None) if given.key_file else generate_private_key(SECP256R1())
    except (ValueError, TypeError):
        parser.error(f"{given.key_file}: not a private key as PEM, without a password")
    if not isinstance(held, EllipticCurvePrivateKey) or held.curve.name != "secp256r1":
        parser.error(f"{given.key_file}: not a key on P-256")
    print(f"{given.header or 'dpop'}: {dpop_proof(held, given.method, given.url, access_token=given.access_token)}")


if __name__ == "__main__":
    main()
