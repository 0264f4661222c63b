"""DPoP: proof that a client holds the private key that its access token was given to (RFC 9449).

Everybody can make a key, so a proof by itself only says that the request was made just now, for this method and URL,
by whoever holds the key. It says more where a verified access token names the key (``cnf.jkt``).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from vedette.collect.jwt import Budget, is_signed, parse, public_key, refused_header
from vedette.types import Request

__all__ = ["Proof", "check_proof", "normal_target", "token_hash"]

JTI_MAX = 256
_PORTS = {"http": "80", "https": "443"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Proof(Struct, frozen=True, gc=False):
    """What came of a proof.

    Attributes:
        state: ``expired``: made too long ago or in the future; ``refused``: wrong in any other way.
        key: Thumbprint of the key (RFC 7638), or empty.
        once: What may be used once: key and ``jti``.
        made: Unix seconds, or 0.
        is_bound: A verified access token names the key.
        why: For the operator: what is wrong with it.
    """

    state: Literal["valid", "expired", "refused", "unverified"]
    key: str = ""
    once: str = ""
    made: float = 0.0
    is_bound: bool = False
    why: str = ""


def token_hash(access_token: str) -> str:
    """Give ``ath`` of an access token (RFC 9449, section 4.2): its SHA-256 in Base64url."""
    digest = sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def normal_target(url: str) -> tuple[str, str, str] | None:
    """Give scheme, host with port, and path of a URL in the form in which they are compared, or ``None``.

    Syntax-based and scheme-based normalisation (RFC 3986, sections 6.2.2 and 6.2.3); the edge also merges slashes, so
    this does. Query and fragment do not count.

    >>> normal_target("HTTPS://API.example:443/%7euser/./a?b#c")
    ('https', 'api.example', '/~user/a')
    """
    if len(url) > 4096 or not url.isascii():
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    if port is not None and str(port) != _PORTS[parts.scheme]:
        host = f"{host}:{port}"
    return parts.scheme, host, _normal(parts.path)


def _normal(path: str) -> str:
    path = _ESCAPE.sub(_unescape, path)
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment not in (".", ""):
            kept.append(segment)
    ends = "/" if kept and segments[-1] in ("", ".", "..") else ""
    return "/" + "/".join(kept) + ends


def _unescape(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()


def _is_target(request: Request, host: str, url: Any) -> bool:
    """Say whether ``htu`` names the request's own URL.

    TLS may have ended before us, so ``https`` is right where we see plain HTTP; the reverse is not.
    """
    claimed = normal_target(url) if isinstance(url, str) else None
    if claimed is None:
        return False
    seen = normal_target(f"{claimed[0]}://{host}{request.path.partition('?')[0]}")
    return claimed == seen and not (claimed[0] == "http" and request.scheme == "https")


def check_proof(
    text: str,
    request: Request,
    host: str,
    now: float,
    *,
    max_age_s: float,
    budget: Budget,
    access_token: str = "",
    claims: Mapping[str, Any] | None = None,
) -> Proof:
    """Check the proof in a ``DPoP`` header, in the order of RFC 9449, section 4.3; the engine remembers ``once``.

    Args:
        max_age_s: How far ``iat`` may be from ``now``, either way.
        access_token: Which the request carries, or empty.
        claims: Of that token if it has been verified.
    """
    parsed = parse(text)
    if parsed is None:
        return Proof("refused", why="not a token")
    header, body = parsed.header, parsed.claims
    jwk = header.get("jwk")
    if why := _malformed(header, body):
        return Proof("refused", why=why)
    if body.get("htm") != request.method:
        return Proof("refused", why="htm")
    if not _is_target(request, host, body.get("htu")):
        return Proof("refused", why="htu")
    if access_token:
        claimed = body.get("ath")
        right = token_hash(access_token).encode()
        if not isinstance(claimed, str) or not hmac.compare_digest(claimed.encode("utf-8", "replace"), right):
            return Proof("refused", why="ath")
    if not budget.spend(now):
        return Proof("unverified", why="too many signatures in this second")
    key = public_key({**jwk, "use": "sig", "kid": ""}) if isinstance(jwk, dict) else None
    if key is None:
        return Proof("refused", why="jwk")
    if not is_signed(parsed, key):
        return Proof("refused", why="signature")
    thumbprint = key.native.thumbprint()
    bound = (claims or {}).get("cnf")
    named = bound.get("jkt") if isinstance(bound, dict) else None
    if named is not None and named != thumbprint:
        return Proof("refused", why="the access token names another key")
    made = float(body["iat"])
    if abs(now - made) > max_age_s:
        return Proof("expired", key=thumbprint, made=made, why="iat")
    return Proof("valid", thumbprint, f"{thumbprint}:{body['jti']}", made, named is not None)


def _malformed(header: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    if header.get("typ") != "dpop+jwt":
        return "typ"
    if why := refused_header(header):
        return why
    identifier, made = body.get("jti"), body.get("iat")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= JTI_MAX:
        return "jti"
    if isinstance(made, bool) or not isinstance(made, int | float) or not 0 <= made < 1e12:
        return "iat"
    return ""
