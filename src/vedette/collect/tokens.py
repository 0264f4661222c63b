"""App tokens and proofs of possession: what a client shows to be the app, or the holder of a key.

Four kinds are checked: an app's HMAC token (contract, section 4), an app's JWT, the access token of the API itself
(``identity.jwt``, whose claims then name sessions), and DPoP proofs. Only a token that the operator calls ``attested``
is more than evidence: a secret that is in every copy of an app is known to whoever takes one apart.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from vedette.collect.dpop import Proof, check_proof
from vedette.collect.identity import claim_text
from vedette.collect.jwt import LEEWAY_S, Budget, Jwts, Verified, load_library
from vedette.collect.normalize import normal_path
from vedette.config.expressions import Facts, compile_claims, compile_expected
from vedette.config.schema import AppToken, Config, Selector
from vedette.snapshot.gathered import Gathered
from vedette.types import Request

__all__ = ["NO_TOKEN", "TokenFacts", "TokenState", "Tokens", "conjuncts", "hmac_text", "request_hash"]

TokenState = Literal["none", "attested", "valid", "absent", "expired", "bad_signature", "replayed", "unverified"]
"""``absent``: expected by ``expected_when`` and not there. ``expired``: well made, but not of now. ``bad_signature``:
wrong in any other way. ``unverified``: its keys are not at hand. ``attested``: proven by hardware, the only state that
is a certainty. ``replayed`` is found by the engine, which remembers ``once``."""

HMAC_WINDOW_S = 120
REMEMBERED_S = 30 * 86_400.0
"""How long a token that may be used once is remembered at most."""
_HMAC = re.compile(r"v1\.([0-9]{1,12})\.([A-Za-z0-9_-]{16,128})\.([0-9a-f]{64})")
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_LITERAL = re.compile(r"request\.header\s*\[\s*(?:'([^'\\]*)'|\"([^\"\\]*)\")\s*\]")
_MENTION = re.compile(r"(?:'([^'\\]*)'|\"([^\"\\]*)\")\s+in\s+request\.header\b")
_BRACKETS = re.compile(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}")
CACHED_CHARACTERS = 1024
_WEIGHT: dict[str, int] = {"bad_signature": 3, "expired": 2, "absent": 1}


class TokenFacts(Struct, frozen=True, gc=False):
    """What came of the tokens of a request.

    Attributes:
        name: Of the configured app token; ``dpop``; or ``jwt`` where the access token itself is wrong.
        once: Text that may be used once, or empty; ``until``: Unix seconds until when it has to be remembered.
        age_s: Seconds since it was made, or NaN.
        subject: What the token stands for (an install key, a JWT's ``sub`` or ``cnf``), or empty.
        session: Value of the first claim that ``identity.session`` names before anything that is no claim, or empty.
        ask: URL of a key set that should be fetched, or empty.
        claims: Values of all claims that a ``jwt.CLAIM`` selector names, by ``jwt.CLAIM``; of a verified access token.
        is_bound: The verified access token names the key of the DPoP proof.
        why: For the operator: what is wrong with it.
    """

    state: TokenState = "none"
    name: str = ""
    once: str = ""
    until: float = 0.0
    age_s: float = math.nan
    subject: str = ""
    session: str = ""
    ask: str = ""
    claims: Mapping[str, str] = {}
    is_bound: bool = False
    why: str = ""


NO_TOKEN = TokenFacts()


def hmac_text(timestamp: int | str, nonce: str, method: str, path: str) -> str:
    """Give the text that an app token's MAC is over (contract, section 4); ``path`` as sent, without the query."""
    return f"{timestamp}.{nonce}.{method}.{path}"


def request_hash(method: str, path: str) -> str:
    """Give ``request.hash`` of the rules over claims: Base64url of the SHA-256 of ``METHOD.PATH``."""
    digest = hashlib.sha256(f"{method}.{path}".encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class _Condition:
    """One expression over ``request.*``; where it asks for headers alone, its answer is remembered by their values."""

    def __init__(self, source: str) -> None:
        self._expression = compile_expected(source)
        names = [one or other for pattern in (_LITERAL, _MENTION) for one, other in pattern.findall(source)]
        mentions = len(re.findall(r"request\s*\.\s*header\b", source))
        self._names = tuple(dict.fromkeys(names))
        is_cachable = mentions == len(names) and self._expression.names <= {"request.header", "request.method"}
        self.cost = 0 if self._expression.is_simple else 1 if is_cachable else 2
        self._remembered = lru_cache(maxsize=2048)(self._evaluate_few)

    def holds(self, request: Request, values: Mapping[str, str]) -> bool:
        """Say whether it is true of a request."""
        if self.cost == 1:
            few = tuple([values.get(name) for name in self._names])
            if sum([len(value) for value in few if value]) + len(request.method) <= CACHED_CHARACTERS:
                return self._remembered(request.method, few)
        headers = () if self.cost == 0 else tuple(values.items())
        return self._expression.evaluate(_facts(request, values, headers))

    def _evaluate_few(self, method: str, few: tuple[str | None, ...]) -> bool:
        headers = tuple((name, value) for name, value in zip(self._names, few, strict=True) if value is not None)
        return self._expression.evaluate(Facts(method=method, headers=headers))


class _Expected:
    """``expected_when`` of one app token; of conditions that must all hold, the cheap ones are asked first."""

    def __init__(self, source: str) -> None:
        try:
            conditions = [_Condition(part) for part in conjuncts(source)]
        except ValueError:  # a part that means something only in its place
            conditions = [_Condition(source)]
        self._conditions = sorted(conditions, key=lambda condition: condition.cost)

    def holds(self, request: Request, values: Mapping[str, str]) -> bool:
        """Say whether a request ought to carry the token."""
        for condition in self._conditions:  # noqa: SIM110 - a generator costs half as much again
            if not condition.holds(request, values):
                return False
        return True


def conjuncts(source: str) -> list[str]:
    """Split an expression at those ``&&`` that join all of it; one that is not plain stays whole.

    An error counts as false, so it does not matter which of the parts is asked first.

    >>> conjuncts("a == 'x && y' && (b || c) && d")
    ["a == 'x && y'", '(b || c)', 'd']
    """
    if "\\" in source or "//" in source or "'''" in source or '"""' in source:
        return [source]
    # what is within quotes and brackets is masked, innermost brackets first
    masked = re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: "_" * len(found[0]), source)
    while (hidden := _BRACKETS.sub(lambda found: "_" * len(found[0]), masked)) != masked:
        masked = hidden
    if re.search(r"\|\||[?'\"()\[\]{}]", masked):
        return [source]
    ends = [found.start() for found in re.finditer("&&", masked)]
    starts = [0, *[end + 2 for end in ends]]
    return [source[start:end].strip() for start, end in zip(starts, [*ends, len(source)], strict=True)]


def _facts(request: Request, values: Mapping[str, str], headers: tuple[tuple[str, str], ...], **more: Any) -> Facts:
    host = (request.host or values.get("host", "")).lower()
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return Facts(method=request.method, path=normal_path(request.path), host=host, headers=headers, **more)


class _App:
    """One app token of the configuration."""

    def __init__(self, token: AppToken, budget: Budget) -> None:
        self.name = token.name
        self.header = token.header
        self.expected = _Expected(token.expected_when) if token.expected_when else None
        self.jwts: Jwts | None = None
        self._key = token.key.value.encode() if token.key is not None else b""
        self._claims = compile_claims(token.claims) if token.claims else None
        self._attested = compile_claims(token.attested) if token.attested else None
        self._once = bool(token.once)
        if token.jwks:
            self.jwts = Jwts(token.jwks, token.issuer, token.audience, budget)

    def check(self, text: str, request: Request, values: Mapping[str, str], now: float) -> TokenFacts:
        """Check the value of the header."""
        if self.jwts is None:
            return self._check_hmac(text, request, now)
        verified = self.jwts.verify(text.removeprefix("Bearer "), now)
        facts = TokenFacts(_state(verified), self.name, ask=verified.ask, why=verified.why)
        return facts if verified.state != "valid" else self._check_claims(verified.claims, request, values, now)

    def _check_hmac(self, text: str, request: Request, now: float) -> TokenFacts:
        found = _HMAC.fullmatch(text)
        if found is None:
            return TokenFacts("bad_signature", self.name, why="not a token")
        stamp, nonce, given = found.groups()
        message = hmac_text(stamp, nonce, request.method, request.path).encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(hmac.digest(self._key, message, "sha256").hex(), given):
            return TokenFacts("bad_signature", self.name, why="signature")
        age = now - int(stamp)
        if abs(age) > HMAC_WINDOW_S:
            return TokenFacts("expired", self.name, age_s=age, why="time")
        return TokenFacts("valid", self.name, f"{self.name}:{nonce}", float(int(stamp) + HMAC_WINDOW_S), age)

    def _check_claims(
        self, claims: Mapping[str, Any], request: Request, values: Mapping[str, str], now: float
    ) -> TokenFacts:
        wrong = TokenFacts("bad_signature", self.name)
        rules = [rule for rule in (self._claims, self._attested) if rule is not None]
        facts = Facts()
        if rules:
            needs_hash = any("request.hash" in rule.names for rule in rules)
            bound = request_hash(request.method, request.path) if needs_hash else ""
            facts = _facts(request, values, tuple(values.items()), claims=claims, request_hash=bound)
        if self._claims is not None and not self._claims.evaluate(facts):
            return replace(wrong, why="claims")
        once, until = "", 0.0
        if self._once:
            identifier = claims.get("jti")
            if not isinstance(identifier, str) or not 0 < len(identifier) <= 256:
                return replace(wrong, why="no jti")
            once, until = f"{self.name}:{identifier}", min(float(claims["exp"]) + LEEWAY_S, now + REMEMBERED_S)
        made = claims.get("iat")
        return TokenFacts(
            "attested" if self._attested is not None and self._attested.evaluate(facts) else "valid",
            self.name,
            once,
            until,
            now - made if isinstance(made, int | float) else math.nan,
            claim_text(claims, "sub"),
        )


def _state(verified: Verified) -> TokenState:
    return "bad_signature" if verified.state == "refused" else verified.state


class Tokens:
    """Checks the configured tokens; never fetches.

    It remembers which signatures it has verified, so keep it while the configuration stays and hand it what has been
    gathered with :meth:`take`.

    Attributes:
        is_idle: True where no token is ever looked for.
    """

    def __init__(self, config: Config, gathered: Gathered) -> None:
        identity = config.identity
        self._budget = Budget()
        self._apps = tuple(_App(token, self._budget) for token in identity.app_tokens if token.scheme != "app_attest")
        self._expecting = tuple(app for app in self._apps if app.expected is not None)
        jwt = identity.jwt
        self._access = Jwts(jwt.jwks, jwt.issuer, jwt.audience, self._budget) if jwt else None
        self._dpop = identity.dpop
        if self._dpop is not None:
            load_library()
        first = takewhile(lambda where: where.source == "jwt", identity.session)
        self._session_claims = tuple(where.name for where in first)
        self._claims = _claims_named(config)
        self.is_idle = not self._apps and self._access is None and self._dpop is None
        self.take(gathered)

    def take(self, gathered: Gathered) -> None:
        """Use what has been gathered from now on."""
        for jwts in (self._access, *(app.jwts for app in self._apps)):
            if jwts is not None:
                jwts.take(gathered.keys)

    def check(self, request: Request, values: Mapping[str, str], now: float) -> TokenFacts:
        """Check the tokens that a request carries, or should carry; ``values`` are headers, names in lower case.

        The first app token whose header is there decides, and a proof (or access token) that is worse. Where headers
        are unknown, so is everything about tokens.
        """
        if self.is_idle or not values:
            return NO_TOKEN
        facts = self._check_apps(request, values, now)
        authorization = values.get("authorization", "")
        if not authorization and (self._dpop is None or self._dpop.header not in values):
            return facts
        kind, _, access_token = authorization.partition(" ")
        kind, access_token = kind.lower(), access_token.strip()
        if kind not in ("bearer", "dpop"):
            access_token = ""
        verified = None
        if self._access is not None and access_token and _SHAPE.fullmatch(access_token[:8193]):
            verified = self._access.verify(access_token, now)
        if self._dpop is not None:
            facts = _worse(facts, self._check_dpop(request, values, now, kind, access_token, verified))
        return facts if verified is None else self._with_access(facts, verified)

    def _check_apps(self, request: Request, values: Mapping[str, str], now: float) -> TokenFacts:
        for app in self._apps:
            text = values.get(app.header)
            if text:
                return app.check(text, request, values, now)
        for app in self._expecting:
            if app.expected is not None and app.expected.holds(request, values):
                return TokenFacts("absent", app.name)
        return NO_TOKEN

    def _check_dpop(
        self,
        request: Request,
        values: Mapping[str, str],
        now: float,
        kind: str,
        access_token: str,
        verified: Verified | None,
    ) -> TokenFacts:
        if self._dpop is None:
            return NO_TOKEN
        name = self._dpop.header
        claims = verified.claims if verified is not None else {}
        if name not in values:
            confirmation = claims.get("cnf")
            is_bound = isinstance(confirmation, dict) and "jkt" in confirmation
            return TokenFacts("absent", "dpop") if kind == "dpop" or is_bound else NO_TOKEN
        if sum([1 for field, _ in request.headers or () if field.lower() == name]) > 1:
            return TokenFacts("bad_signature", "dpop", why="given twice")
        proof = check_proof(
            values[name],
            request,
            request.host or values.get("host", ""),
            now,
            max_age_s=self._dpop.max_age_s,
            budget=self._budget,
            access_token=access_token,
            claims=claims,
        )
        return _proof_facts(proof, now, self._dpop.max_age_s)

    def _with_access(self, facts: TokenFacts, verified: Verified) -> TokenFacts:
        """Add what a verified access token says; one that only looks like ours speaks against the client."""
        if verified.state == "valid":
            named = {f"jwt.{name}": claim_text(verified.claims, name) for name in self._claims}
            session = next((named[f"jwt.{name}"] for name in self._session_claims if named[f"jwt.{name}"]), "")
            subject = facts.subject or claim_text(verified.claims, "sub")
            return replace(facts, session=session, claims=named, subject=subject)
        if verified.why in ("signature", "algorithm"):
            return _worse(facts, TokenFacts("bad_signature", "jwt", why=verified.why))
        return replace(facts, ask=facts.ask or verified.ask)


def _proof_facts(proof: Proof, now: float, max_age_s: float) -> TokenFacts:
    return TokenFacts(
        "bad_signature" if proof.state == "refused" else proof.state,
        "dpop",
        f"dpop:{proof.once}" if proof.once else "",
        proof.made + max_age_s if proof.once else 0.0,
        now - proof.made if proof.made else math.nan,
        proof.key,
        is_bound=proof.is_bound,
        why=proof.why,
    )


def _worse(one: TokenFacts, other: TokenFacts) -> TokenFacts:
    """Give the facts that speak more against the client, or else the first that are any; ``once`` of either counts."""
    if one.state == "none":
        return other
    if _WEIGHT.get(other.state, 0) > _WEIGHT.get(one.state, 0):
        return other
    if other.state != "valid" or one.state not in ("valid", "attested"):
        return one
    once, until = (one.once, one.until) if one.once else (other.once, other.until)
    return replace(one, once=once, until=until, subject=one.subject or other.subject, is_bound=other.is_bound)


def _claims_named(config: Config) -> tuple[str, ...]:
    identity = config.identity
    selectors: list[Selector | None] = [*identity.session, identity.device, identity.api_key]
    for endpoint in config.endpoints:
        selectors += [endpoint.account, endpoint.object, endpoint.operation]
    return tuple(dict.fromkeys(where.name for where in selectors if where is not None and where.source == "jwt"))
