"""Web Bot Auth: requests that an agent signs (RFC 9421, tag ``web-bot-auth``).

Three forms of ``Signature-Agent`` are in use, and all are read: a string (an early draft; also without its quotes), a
dictionary whose member is an origin, whose keys are under ``/.well-known``, and one whose member is the URL of the keys
(draft-meunier-webbotauth-httpsig-protocol-02, draft-ietf-webbotauth-httpsig-protocol-01). The rules beyond RFC 9421:

- exactly one signature of that tag; ``created``, ``expires``, ``keyid`` and ``tag`` must be there, nothing twice;
- ``@authority`` or ``@target-uri`` is covered, and the agent's own member of ``Signature-Agent``, where that is sent;
- ``created`` at most 60 s ahead; good until ``expires``, but never longer than 24 h after ``created``;
- the key is one that this very URL publishes, or one in the operator's file, named by its thumbprint;
- ``ed25519`` or ``rsa-pss-sha512``; shared secrets and the example keys of the standards are refused;
- anything but ``GET``, ``HEAD`` and ``OPTIONS`` needs method and path (or target URI) covered: else whoever sees one
  signed request could send another in the agent's name;
- a nonce is good once: the engine remembers ``once``. Without one a signature may be sent again, as the drafts allow.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256, sha512
from typing import Any, Literal
from urllib.parse import urlsplit

import http_sf
from msgspec import Struct, structs

from vedette.collect.signature_base import Broken, Component, NotKnown, base_of, combine, dictionary, serialize
from vedette.collect.signing_keys import PublicKey, read_keys
from vedette.config.schema import Agent, Config
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import WELL_KNOWN, KeySet, directory_url
from vedette.types import Request

__all__ = ["UNSIGNED", "Signatures", "Signed", "key_url"]

TAG = "web-bot-auth"
LONGEST_FIELD = 8192
LONGEST_URL = 2048
LONGEST_NONCE = 512
MOST_COMPONENTS = 32
MOST_SIGNATURES = 8
CLOCK_SKEW_S = 60.0
LIFETIME_S = 86_400.0
REMEMBERED = 4096
PER_SECOND = 200
"""Signatures that are really verified in one second; about 0.1 ms each. Those seen before cost next to nothing."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PARAMETERS = {"created": int, "expires": int, "keyid": str, "tag": str, "nonce": str, "alg": str}
_URL = re.compile(r"https://[!-~]+")
_DIGESTS = {"sha-256": sha256, "sha-512": sha512}


class Signed(Struct, frozen=True, gc=False):
    """What a signature proves.

    Attributes:
        standing: ``none``: there is no such signature. ``invalid``: it is there and wrong, expired or malformed.
            ``unverified``: its keys are not known (yet), it does not cover what it would have to, or too many had to be
            checked in this second.
        name: Of the configured agent (``good_bots.agents``), or the origin of its directory. Unless the standing is
            ``verified`` it is a claim only.
        is_configured: The operator named this agent; anybody else's signature proves an identity, not good will.
        once: Text that may be used once (agent and nonce), or empty; ``until`` is how long it has to be remembered.
        ask: URL of a directory that should be fetched, or empty.
        why: For the operator: what is wrong with it.
        is_forged: The key is the agent's, the signature is not: somebody else made it, or what was signed was changed
            on its way, or the agent's program has a mistake. Strong evidence, no certainty.
    """

    standing: Literal["none", "verified", "invalid", "unverified"] = "none"
    name: str = ""
    is_configured: bool = False
    once: str = ""
    until: float = 0.0
    ask: str = ""
    why: str = ""
    is_forged: bool = False


UNSIGNED = Signed()


class _Read(Struct, frozen=True):
    """A signature as it stands in the request, before any key is looked at."""

    label: str
    covered: tuple[Component, ...]
    parameters: str
    created: int
    expires: int
    key: str
    nonce: str
    algorithm: str
    signature: bytes


class _Owner(Struct, frozen=True):
    """Whose signature it says it is, and where that one's keys are."""

    name: str
    is_configured: bool
    keys: Mapping[str, PublicKey]
    source: str


class _NoKey(NotKnown):
    """The key is not at hand; its directory may have it."""


class Signatures:
    """Verifies signatures with keys that are at hand; never fetches."""

    def __init__(self, config: Config, gathered: Gathered) -> None:
        self._gathered = gathered
        self._agents: dict[str, Agent] = {}
        self._by_key: dict[str, Agent] = {}
        self._sets: OrderedDict[str, tuple[KeySet, dict[str, PublicKey]]] = OrderedDict()
        for agent in config.good_bots.agents:
            self._agents.setdefault(key_url(agent.signature_agent) or agent.signature_agent, agent)
            if agent.keys.startswith("file:"):
                for name in self._keys(agent.keys):
                    self._by_key.setdefault(name, agent)
        self._known: OrderedDict[bytes, bool] = OrderedDict()
        self._second = 0
        self._spent = 0

    def verify(self, request: Request, values: Mapping[str, str], now: float) -> Signed:
        """Verify the signature of a request, if it has one; ``values`` are its headers, names in lower case."""
        if "signature-input" not in values:
            return UNSIGNED
        return self._verify(request, now)

    def _verify(self, request: Request, now: float) -> Signed:
        fields = combine(request)
        given, sent = fields["signature-input"], fields.get("signature-agent", "")
        owner = None
        try:
            read = _read(given, fields.get("signature", ""))
            if read is None:
                return UNSIGNED
            owner = self._owner(read, sent)
            until = _check_times(read, now)
            key = _choose(owner, read, now)
            return self._check(request, fields, read, owner, key, until, now)
        except _NoKey as error:
            found = _failed("unverified", owner, str(error))
            return structs.replace(found, ask=owner.source) if owner is not None else found
        except Broken as error:
            if owner is None and TAG not in given and not sent:
                return UNSIGNED
            return _failed("invalid", owner, str(error))
        except NotKnown as error:
            return _failed("unverified", owner, str(error))

    def _owner(self, read: _Read, sent: str) -> _Owner:
        own = [dict(given) for name, given in read.covered if name == "signature-agent"]
        if not sent:
            agent = self._by_key.get(read.key)
            if agent is None or own:
                raise (Broken if own else NotKnown)("there is no Signature-Agent")
            return _Owner(agent.name, True, self._keys(agent.keys), agent.keys)
        url = _member(sent, own, read.label)
        agent = self._agents.get(url)
        if agent is not None:
            source = agent.keys or url
            keys = self._keys(source) or ({} if agent.keys else self._keys(agent.signature_agent))
            return _Owner(agent.name, True, keys, "" if source.startswith("file:") else source)
        return _Owner(_origin(url), False, self._keys(url), url)

    def _keys(self, source: str) -> Mapping[str, PublicKey]:
        """Give the usable keys of a source; read once as long as they do not change."""
        found = self._gathered.keys.get(source)
        if found is None:
            return {}
        known = self._sets.get(source)
        if known is None or known[0] is not found:
            known = (found, read_keys(found.keys))
            self._sets[source] = known
            if len(self._sets) > REMEMBERED // 8:
                self._sets.popitem(last=False)
        return known[1]

    def _check(
        self,
        request: Request,
        fields: Mapping[str, str],
        read: _Read,
        owner: _Owner,
        key: PublicKey,
        until: float,
        now: float,
    ) -> Signed:
        # where TLS ends before Vedette the scheme that is seen is not the one that was signed
        schemes = [request.scheme or "https"]
        if any(name in ("@target-uri", "@scheme") for name, _ in read.covered) and schemes[0] != "https":
            schemes.append("https")
        for scheme in schemes:
            base = base_of(request, fields, scheme, read.covered, read.parameters)
            if self._verifies(key, read.signature, base, now):
                break
        else:
            return Signed(
                "invalid", owner.name, owner.is_configured, why="the signature does not fit the key", is_forged=True
            )
        if any(name == "content-digest" for name, _ in read.covered):
            _check_digest(fields["content-digest"], request)
        _check_reach(read, request)
        once = f"{owner.name}\n{key.name}\n{read.nonce}" if read.nonce else ""
        return Signed("verified", owner.name, owner.is_configured, once, until if once else 0.0)

    def _verifies(self, key: PublicKey, signature: bytes, base: bytes, now: float) -> bool:
        """Verify, or remember; at most so many new ones a second, because a stranger decides how many there are."""
        seen = sha256(b"%b\0%d\0%b%b" % (key.name.encode(), len(signature), signature, base)).digest()
        known = self._known.get(seen)
        if known is not None:
            self._known.move_to_end(seen)
            return known
        if int(now) != self._second:
            self._second, self._spent = int(now), 0
        if self._spent >= PER_SECOND:
            raise NotKnown("too many signatures in this second")
        self._spent += 1
        known = self._known[seen] = key.verifies(signature, base)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known


def _failed(standing: Literal["invalid", "unverified"], owner: _Owner | None, why: str) -> Signed:
    if owner is None:
        return Signed(standing, why=why)
    return Signed(standing, owner.name, owner.is_configured, why=why)


@lru_cache(maxsize=1024)
def _read(given: str, signatures: str) -> _Read | None:
    """Read ``Signature-Input`` and ``Signature``; ``None`` where no signature has the tag."""
    if len(given) > LONGEST_FIELD or len(signatures) > LONGEST_FIELD:
        raise Broken("longer than 8192 characters")
    if not given.isascii() or not signatures.isascii():
        raise Broken("not ASCII")
    inputs = dictionary(given)
    if len(inputs) > MOST_SIGNATURES:
        raise Broken("too many signatures")
    tagged = [label for label, member in inputs.items() if _has_tag(member)]
    if not tagged:
        return None
    if len(tagged) > 1:
        raise Broken("several signatures with the same tag")
    label = tagged[0]
    signature = dictionary(signatures).get(label, (None,))[0]
    if not isinstance(signature, bytes):
        raise Broken("the signature with that label is not there")
    covered, parameters = inputs[label]
    for name, kind in _PARAMETERS.items():
        if name in parameters and type(parameters[name]) is not kind:
            raise Broken(f"{name} is of the wrong type")
    for name in ("created", "expires", "keyid"):
        if name not in parameters:
            raise Broken(f"{name} is missing")
    unknown = set(parameters) - set(_PARAMETERS)
    if unknown:
        raise Broken(f"a parameter that is not known, {min(unknown)[:40]}")
    if len(parameters.get("nonce", "")) > LONGEST_NONCE:
        raise Broken("the nonce is too long")
    return _Read(
        label,
        _components(covered),
        serialize(inputs[label]),
        parameters["created"],
        parameters["expires"],
        parameters["keyid"],
        parameters.get("nonce", ""),
        parameters.get("alg", ""),
        signature,
    )


def _has_tag(member: Any) -> bool:
    return isinstance(member[0], list) and member[1].get("tag") == TAG


def _components(covered: list[Any]) -> tuple[Component, ...]:
    if len(covered) > MOST_COMPONENTS:
        raise Broken("too many components")
    if not all(isinstance(name, str) for name, _ in covered):
        raise Broken("a component that is not a string")
    found = [(str(name), tuple(given.items())) for name, given in covered]
    if len({(name, frozenset(given)) for name, given in found}) != len(found):
        raise Broken("a component is covered twice")
    if not any(name in ("@authority", "@target-uri") and not given for name, given in found):
        raise Broken("covers neither @authority nor @target-uri")
    return tuple(found)


def _check_times(read: _Read, now: float) -> float:
    """Give until when the signature is good."""
    if read.created > now + CLOCK_SKEW_S:
        raise Broken("created in the future")
    if read.expires <= read.created:
        raise Broken("expires before it is created")
    until = min(float(read.expires), read.created + LIFETIME_S)
    if now > until:
        raise Broken("expired")
    return until


def _check_reach(read: _Read, request: Request) -> None:
    names = {name for name, _ in read.covered}
    if request.method not in _SAFE and not ("@method" in names and names & {"@path", "@target-uri"}):
        raise NotKnown("this method needs @method and @path covered")


def _choose(owner: _Owner, read: _Read, now: float) -> PublicKey:
    if read.algorithm.startswith("hmac"):
        raise Broken("a shared secret proves nobody's identity")
    key = owner.keys.get(read.key)
    if key is None or not key.begins <= now < key.ends:
        raise _NoKey("the key is not known" if key is None else "the key is not valid now")
    if read.algorithm not in ("", key.algorithm):
        raise Broken("the algorithm is not the key's")
    return key


def _check_digest(text: str, request: Request) -> None:
    """Compare the body with its digest (RFC 9530), where the whole body is at hand; else that is left to the API."""
    if len(request.body) != request.request_body_size:
        return
    for name, (value, _) in dictionary(text).items():
        digest = _DIGESTS.get(name)
        if digest is not None and value != digest(request.body).digest():
            raise Broken("the body does not fit its digest")


def _member(sent: str, own: list[dict[str, Any]], label: str) -> str:
    """Give the URL of the member of ``Signature-Agent`` that a signature covers, as it is fetched."""
    if len(sent) > LONGEST_URL or not sent.isascii():
        raise Broken("Signature-Agent is too long or not ASCII")
    if not own:
        raise Broken("Signature-Agent is not covered")
    if sent.startswith('"') or _URL.fullmatch(sent):
        if any(own):
            raise Broken("covers a member of Signature-Agent, which has none")
        try:
            value = http_sf.parse(sent.encode(), tltype="item")[0] if sent.startswith('"') else sent  # type: ignore[index] # an item is a pair
        except http_sf.StructuredFieldError:
            raise Broken("Signature-Agent is no string") from None
        return _checked(value)
    members = dictionary(sent)
    wanted = [str(given["key"]) for given in own if set(given) == {"key"}]
    if len(wanted) == 1:
        name = wanted[0]
    elif label in wanted or ({} in own and label in members):
        name = label
    elif len(members) == 1 and {} in own:
        name = next(iter(members))
    else:
        raise Broken("no member of Signature-Agent is this signature's")
    if name not in members:
        raise Broken("covers a member of Signature-Agent that is not there")
    value, given = members[name]
    if set(given) - {"type"} or str(given.get("type", "directory")) not in ("directory", "jwks_uri"):
        raise NotKnown("Signature-Agent has parameters that are not known")
    return _checked(value)


def _checked(value: Any) -> str:
    url = key_url(value) if isinstance(value, str) else ""
    if not url:
        raise Broken("Signature-Agent is no https URL")
    return url


@lru_cache(maxsize=1024)
def key_url(text: str) -> str:
    """Give the URL where an agent's keys are: its own, or under ``/.well-known`` where it names a mere origin.

    Host in lower case, without the default port. Empty where it is no ``https`` URL, holds a password or a fragment.

    >>> key_url("https://Bot.example:443/")
    'https://bot.example/.well-known/http-message-signatures-directory'
    >>> key_url("https://bot.example/keys.json?v=1")
    'https://bot.example/keys.json?v=1'
    """
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text:
        return ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme != "https" or not host or "@" in parts.netloc or parts.fragment:
        return ""
    if ":" in host:
        host = f"[{host}]"
    where = host if port in (None, 443) else f"{host}:{port}"
    return directory_url(f"https://{where}{parts.path}" + (f"?{parts.query}" if parts.query else ""))


def _origin(url: str) -> str:
    """Give the origin of a directory, or the whole URL of a key set that is elsewhere, without its query."""
    return url.partition("?")[0].removesuffix(WELL_KNOWN)
