"""JSON Web Tokens: whose signature they bear, and whether they are of now, for us, and from whom we expect.

Compact JWS (RFC 7515) with an asymmetric signature: RS256, PS256, ES256 (RFC 7518) and EdDSA over Ed25519 (RFC 8037,
9864). ``none`` and the HMAC algorithms are refused: whoever can check those can also sign. Keys are JSON Web Keys
(RFC 7517). A token of up to 8 KiB is read; nothing that a client sends raises.
"""

from __future__ import annotations

import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from vedette.snapshot.keys import KeySets

__all__ = [
    "ALGORITHMS",
    "Budget",
    "Jwts",
    "Parsed",
    "PublicKey",
    "Verified",
    "is_signed",
    "load_library",
    "parse",
    "public_key",
]

LEEWAY_S = 60.0
"""How far two clocks may be apart (RFC 7519, section 4.1.4: "no more than a few minutes")."""
TOKEN_MAX = 8192
KEYS_MAX = 64
CANDIDATES = 4
"""Keys that are tried where a token does not name its key."""
CACHED = 4096
REFUSED = 512
SIGNATURES_PER_SECOND = 200
"""What an engine spends at most on signatures: 20 ms of a second at 100 µs each."""
STALE_S = 60.0
"""A key set older than this is worth fetching again when a token names a key that is not in it."""
RSA_BITS = (2048, 4096)
ALGORITHMS: dict[str, str] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""Accepted signature algorithms and the type of key that each needs."""
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}
_EXAMPLE = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""The key of RFC 7515, appendix A.3."""
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")
_PART = re.compile(r"[A-Za-z0-9_-]{1,1400}")


class Parsed(Struct, frozen=True):
    """A token taken apart; nothing of it is believed yet. ``signed`` is what the signature is over."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


class PublicKey(Struct, frozen=True):
    """A usable public key. ``algorithm`` is empty where its JWK does not name one."""

    kind: str
    id: str
    algorithm: str
    native: Any


class Verified(Struct, frozen=True):
    """What came of a token.

    Attributes:
        state: ``valid``; ``expired``: well signed, but not of now; ``refused``: wrong in any other way;
            ``unverified``: nobody can say, for want of keys or of time.
        claims: Of a valid token, else empty.
        is_signed: Its signature is right, whatever else is wrong with it.
        why: For the operator: what is wrong with it.
        ask: URL of the key set that should be fetched, or empty.
    """

    state: Literal["valid", "expired", "refused", "unverified"]
    claims: Mapping[str, Any] = {}
    is_signed: bool = False
    why: str = ""
    ask: str = ""


class Budget:
    """How many signatures are verified in one second of ``now``; beyond it tokens stay unverified."""

    def __init__(self, per_second: int = SIGNATURES_PER_SECOND) -> None:
        self._per_second = per_second
        self._second = 0
        self._spent = 0

    def spend(self, now: float) -> bool:
        """Take one, or say that none is left."""
        second = int(now)
        if second != self._second:
            self._second, self._spent = second, 0
        if self._spent >= self._per_second:
            return False
        self._spent += 1
        return True


def parse(token: str) -> Parsed | None:
    """Take a compact JWS apart, or give ``None`` where it is none: too long, malformed, not JSON objects."""
    if len(token) > TOKEN_MAX or (found := _COMPACT.fullmatch(token)) is None:
        return None
    try:
        header = msgspec.json.decode(_decode(found[1]))
        claims = msgspec.json.decode(_decode(found[2]))
        signature = _decode(found[3])
    except (ValueError, RecursionError):  # msgspec's DecodeError is a ValueError
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return Parsed(header, claims, token[: found.end(2)].encode("ascii"), signature)


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_key(jwk: Mapping[str, Any]) -> PublicKey | None:
    """Read a JSON Web Key that can verify one of :data:`ALGORITHMS`; ``None`` where it cannot, or is private.

    RSA keys have 2048 to 4096 bits: shorter ones are unsafe, longer ones an attack on the verifier.
    """
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS or not PRIVATE.isdisjoint(jwk):
        return None
    public: dict[str, Any] = {"kty": kind}
    for name in _MEMBERS[kind]:
        value = jwk.get(name)
        if not isinstance(value, str) or not _PART.fullmatch(value):
            return None
        public[name] = value
    operations, identifier, algorithm = jwk.get("key_ops"), jwk.get("kid", ""), jwk.get("alg", "")
    if (
        (kind in _CURVES and public["crv"] != _CURVES[kind])
        or jwk.get("use", "sig") != "sig"
        or (operations is not None and not (isinstance(operations, list) and "verify" in operations))
        or not isinstance(identifier, str)
        or not isinstance(algorithm, str)
        or (algorithm and ALGORITHMS.get(algorithm) != kind)
        or (kind == "RSA" and not (RSA_BITS[0] <= (len(public["n"]) * 3 // 4) * 8 <= RSA_BITS[1] + 8))
        or (kind == "RSA" and len(public["e"]) > 6)
    ):
        return None
    from joserfc.jwk import import_key  # 20 ms: only where a token is expected

    try:
        native = import_key(public, cast("Any", kind))
        native.get_op_key("verify")
    except Exception:  # a library's own errors, a point off the curve, an even modulus: all mean the same
        return None
    return PublicKey(kind, identifier, algorithm, native)


def is_signed(parsed: Parsed, key: PublicKey) -> bool:
    """Say whether a token bears the signature of a key, by the algorithm that its header names."""
    algorithm = parsed.header.get("alg")
    if not isinstance(algorithm, str) or ALGORITHMS.get(algorithm) != key.kind:
        return False
    if key.algorithm and key.algorithm != algorithm and key.kind != "OKP":  # Ed25519 has two names (RFC 9864)
        return False
    from joserfc.jws import JWSRegistry

    try:
        return bool(JWSRegistry.algorithms[algorithm].verify(parsed.signed, parsed.signature, key.native))
    except Exception:  # a library's own errors on a signature of the wrong shape
        return False


def load_library() -> None:
    """Import what verifies signatures and use it once, now rather than while a request waits for it."""
    key = public_key(_EXAMPLE)
    if key is None or is_signed(Parsed({"alg": "ES256"}, {}, b"", b"\0" * 64), key):
        raise RuntimeError("signatures cannot be verified: joserfc or cryptography is damaged")
    key.native.thumbprint()


def refused_header(header: Mapping[str, Any]) -> str:
    """Say what in a header makes a token unusable, whoever signed it; empty where nothing does."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return "algorithm"
    return "crit" if "crit" in header else ""  # an extension that must be understood, and is not


class Jwts:
    """Verifies the tokens of one issuer with its keys, and remembers those that it has verified.

    Args:
        source: ``file:PATH`` or URL of the key set, by which it is found among those gathered.
        issuer: Value that ``iss`` must have; empty: any. ``audience`` must be ``aud`` or one of it; empty: any.
        budget: Shared by all that verify signatures in one engine.
    """

    def __init__(self, source: str, issuer: str, audience: str, budget: Budget) -> None:
        load_library()
        self.source = source
        self.issuer = issuer
        self._audience = audience
        self._budget = budget
        self._fetched = -math.inf
        self._jwks: tuple[dict[str, Any], ...] = ()
        self._keys: tuple[PublicKey, ...] = ()
        self._good: dict[bytes, dict[str, Any]] = {}
        self._bad: dict[bytes, str] = {}

    def take(self, keysets: KeySets) -> None:
        """Use the key sets that have been gathered; what was verified is forgotten if this one has changed."""
        found = keysets.get(self.source)
        if found is None:
            return
        self._fetched = max(self._fetched, found.fetched or -math.inf)
        if not found.keys or found.keys == self._jwks:
            return
        self._jwks = found.keys
        read = [public_key(jwk) for jwk in found.keys[:KEYS_MAX]]
        self._keys = tuple(key for key in read if key is not None)
        self._good.clear()
        self._bad.clear()

    def verify(self, token: str, now: float) -> Verified:
        """Verify one token; of 8 KiB at most, in 2 µs where it has been seen before."""
        if len(token) > TOKEN_MAX:
            return Verified("refused", why="too long")
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._good.get(digest)
        if claims is not None:
            return self._judge(claims, now)
        if (why := self._bad.get(digest)) is not None:
            return Verified("refused", why=why)
        parsed = parse(token)
        if parsed is None:
            return Verified("refused", why="not a token")
        if why := refused_header(parsed.header) or self._foreign(parsed.claims):
            return Verified("refused", why=why)
        candidates = self._candidates(parsed.header)
        if not candidates:
            if not self._keys or now - self._fetched > STALE_S:
                ask = "" if self.source.startswith("file:") else self.source
                if ask or not self._keys:
                    return Verified("unverified", why="its key is not known", ask=ask)
            return Verified("refused", why="its key is not in the key set")
        for key in candidates:
            if not self._budget.spend(now):
                return Verified("unverified", why="too many signatures in this second")
            if is_signed(parsed, key):
                _remember(self._good, digest, parsed.claims, CACHED)
                return self._judge(parsed.claims, now)
        _remember(self._bad, digest, "signature", REFUSED)
        return Verified("refused", why="signature")

    def _candidates(self, header: Mapping[str, Any]) -> list[PublicKey]:
        kind, identifier = ALGORITHMS[header["alg"]], header.get("kid")
        fitting = [key for key in self._keys if key.kind == kind]
        if identifier is not None:
            fitting = [key for key in fitting if key.id == identifier]
        return fitting[:CANDIDATES]

    def _foreign(self, claims: Mapping[str, Any]) -> str:
        if self.issuer and claims.get("iss") != self.issuer:
            return "issuer"
        audience = claims.get("aud")
        if self._audience and audience != self._audience:
            return "" if isinstance(audience, list) and self._audience in audience else "audience"
        return ""

    def _judge(self, claims: dict[str, Any], now: float) -> Verified:
        """Check the times of a well signed token (RFC 7519, section 4.1)."""
        expires = _time(claims, "exp")
        if expires is None:
            return Verified("refused", is_signed=True, why="no exp")
        for name in ("nbf", "iat"):
            if name in claims:
                begins = _time(claims, name)
                if begins is None:
                    return Verified("refused", is_signed=True, why=name)
                if begins > now + LEEWAY_S:
                    return Verified("expired", is_signed=True, why=f"{name} is in the future")
        if now >= expires + LEEWAY_S:
            return Verified("expired", is_signed=True, why="exp is past")
        return Verified("valid", claims, True)


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        moment = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return moment if math.isfinite(moment) else None


def _remember(cache: dict[bytes, Any], digest: bytes, value: Any, most: int) -> None:
    """Keep a value; the oldest makes way. Invented tokens never push out verified ones: these are kept apart."""
    if len(cache) >= most:
        del cache[next(iter(cache))]
    cache[digest] = value
