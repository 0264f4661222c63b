"""Public keys of signing agents: JSON Web Keys that verify a signature, each under its thumbprint.

Sources: RFC 7517 (key sets), RFC 7518 section 6.3 (RSA), RFC 8037 (Ed25519), RFC 7638 (thumbprints), RFC 9421 section
3.3 (algorithms). A key that is not understood, too weak, too large, a standard's example or not for signatures is left
out, never an error: key sets come from strangers.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA512
from msgspec import Struct

__all__ = ["EXAMPLE_KEYS", "PublicKey", "read_keys", "thumbprint"]

MOST_KEYS = 32
ED25519 = "ed25519"
RSA_PSS = "rsa-pss-sha512"
EXAMPLE_KEYS = frozenset(
    {
        "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U",  # RFC 9421, B.1.4: Ed25519
        "oD0HwocPBSfpNy5W3bpJeyFGY_IQ_YpqxSjQ3Yd-CLA",  # RFC 9421, B.1.2: RSA-PSS
        "BHj8s0GPnMEQtkaULIM-PLgEhLBbuGUQ1vMxmBWZzEo",  # RFC 9421, B.1.1: RSA
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",  # RFC 8037, A.1: Ed25519
    }
)
"""Thumbprints of keys whose private halves are printed in standards: whoever uses one proves nothing."""
_PSS = PSS(mgf=MGF1(SHA512()), salt_length=64)
_ALGORITHMS = {"EdDSA": ED25519, "Ed25519": ED25519, "ed25519": ED25519, "PS512": RSA_PSS, RSA_PSS: RSA_PSS}


class PublicKey(Struct, frozen=True):
    """One key.

    Attributes:
        name: Its thumbprint, which signatures name as ``keyid``.
        algorithm: ``ed25519`` or ``rsa-pss-sha512``; a key is for one algorithm only.
        begins: Unix seconds from which it is good, and ``ends`` until when.
    """

    name: str
    algorithm: str
    key: Any
    begins: float = 0.0
    ends: float = float("inf")

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Say whether the owner of the key signed the data."""
        try:
            if self.algorithm == ED25519:
                self.key.verify(signature, data)
            else:
                self.key.verify(signature, data, _PSS, SHA512())
        except InvalidSignature:
            return False
        return True


def thumbprint(key: Mapping[str, Any]) -> str:
    """Name a key by the hash of its public half (RFC 7638 section 3; RFC 8037 appendix A.3); empty where it has none.

    >>> thumbprint({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    """
    members = {"OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}.get(str(key.get("kty")), ())
    texts = [key.get(name) for name in members]
    if not members or not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts):
        return ""
    canonical = ",".join(f'"{name}":"{text}"' for name, text in zip(members, texts, strict=True))
    return urlsafe_b64encode(sha256(f"{{{canonical}}}".encode()).digest()).rstrip(b"=").decode()


def read_keys(keys: Iterable[Mapping[str, Any]]) -> dict[str, PublicKey]:
    """Read the usable keys of a set, at most 32, by thumbprint."""
    found: dict[str, PublicKey] = {}
    for place, raw in enumerate(keys):
        if place >= MOST_KEYS:
            break
        key = _read(raw)
        if key is not None and key.name not in EXAMPLE_KEYS:
            found[key.name] = key
    return found


def _read(raw: Mapping[str, Any]) -> PublicKey | None:
    kind, use, operations = raw.get("kty"), raw.get("use", "sig"), raw.get("key_ops")
    if use != "sig" or (operations is not None and not (isinstance(operations, list) and "verify" in operations)):
        return None
    material: Ed25519PublicKey | RSAPublicKey
    try:
        begins, ends = (float(raw.get(name, other)) for name, other in (("nbf", 0.0), ("exp", float("inf"))))
        if kind == "OKP" and raw.get("crv") == "Ed25519":
            algorithm, material = ED25519, Ed25519PublicKey.from_public_bytes(_decode(raw.get("x"), 64))
        elif kind == "RSA":
            algorithm, material = RSA_PSS, _rsa(raw)
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        return None
    if _ALGORITHMS.get(str(raw.get("alg", algorithm))) != algorithm:
        return None
    return PublicKey(thumbprint(raw), algorithm, material, begins, ends)


def _rsa(raw: Mapping[str, Any]) -> RSAPublicKey:
    modulus = int.from_bytes(_decode(raw.get("n"), 1024), "big")
    exponent = int.from_bytes(_decode(raw.get("e"), 8), "big")
    if not 2048 <= modulus.bit_length() <= 4096:
        raise ValueError("too small to be safe or too large to be checked often")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _decode(text: Any, longest: int) -> bytes:
    """Decode base64url without padding (RFC 7515, section 2)."""
    if not isinstance(text, str) or not 0 < len(text) <= longest or not text.isascii() or "=" in text:
        raise ValueError("not base64url")
    if not text.replace("-", "").replace("_", "").isalnum():
        raise ValueError("not base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
