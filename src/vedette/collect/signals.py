"""The one table of signals: what is taken from a request, where it comes from, how private it is, how it is evaded.

A *signal* is a raw observation. Each is *known*, *unknown* (the door does not see it, or the request cannot show it) or
*contradicted* (another signal of the same request shows it to be false); unknown is never taken for innocent or guilty.
What is measured from signals over time, the features, stands in ``vedette.detect.features``; each names the signal that
it is made of. Documentation and explanations are written from the two tables.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["PRIVACY", "SIGNALS", "Privacy", "Signal", "signal"]

Privacy = Literal["none", "transient", "pseudonymous", "shared"]
PRIVACY: dict[Privacy, str] = {
    "none": "says nothing of a person: a property of software or of the service",
    "transient": "read while the request is decided, then forgotten; only numbers made of it stay",
    "pseudonymous": "kept as a keyed hash alone, as long as its table holds it; personal data still (GDPR, recital 26)",
    "shared": "kept for a whole network, program or endpoint, not for one person",
}


class Signal(NamedTuple):
    """One signal.

    Attributes:
        unit: Of the raw value.
        source: Where it is read, and which doors know it.
        contradicts: Which other signals it can show to be false, or empty.
        evasion: What attackers do about it.
    """

    name: str
    meaning: str
    unit: str
    source: str
    privacy: Privacy
    contradicts: str
    evasion: str


# fmt: off
SIGNALS: tuple[Signal, ...] = (
    Signal(
        "arrival", "when the request came", "seconds", "clock of the door; timestamp of a log", "transient", "",
        "random pauses, which cost throughput; many addresses, each slow",
    ),
    Signal(
        "address", "who sent it, behind trusted proxies: IPv4 whole, IPv6 as /64", "address",
        "transport peer, or the configured header of a trusted proxy", "pseudonymous", "",
        "clouds, VPNs, residential and mobile proxies; one request an address",
    ),
    Signal(
        "network", "the /24 (IPv6: /48) and, where an ASN table is at hand, the autonomous system", "prefix",
        "address; MMDB feeds of kind asn", "pseudonymous", "", "networks rented by the hour, proxies over many",
    ),
    Signal(
        "network kind", "hosting, VPN, privacy relay, Tor, public proxy, anonymizer", "set of words",
        "ranges that ship, feeds; unknown for opaque addresses", "shared", "",
        "residential and mobile proxies, which people share",
    ),
    Signal(
        "reputation", "whether a feed lists the address, fading with the feed's age", "0 to 1",
        "feeds of kind blocklist", "shared", "", "fresh addresses; lists are hours behind",
    ),
    Signal(
        "country", "country of the address against the languages asked for", "ISO 3166 code",
        "MMDB feeds of kind country, Accept-Language", "transient", "Accept-Language",
        "an Accept-Language to match the exit, or English",
    ),
    Signal(
        "round trips", "TLS round trip less TCP round trip: a proxy ends the one and not the other", "seconds",
        "network.tcp.rtt and network.tls.rtt of a record, where the edge measures them; the embedded edge does not",
        "transient", "address", "proxies near the client, or ones that end TLS",
    ),
    Signal(
        "user agent", "which program the client says it is", "text", "User-Agent", "transient", "user agent",
        "copies of a browser's",
    ),
    Signal(
        "headers", "which headers come, in which order, with which values, and in HTTP/1 logs in which case",
        "ordered names and values", "edge, middleware, records with headers; unknown in access logs", "transient",
        "user agent", "copies of a captured request, in order; whole browsers",
    ),
    Signal(
        "client hints", "brand, version, platform and form as Chromium tells them", "text",
        "Sec-CH-UA and its kin, Fetch Metadata; secure origins only", "transient", "user agent",
        "copies that agree with the user agent",
    ),
    Signal(
        "TLS handshake", "JA4 of the ClientHello, in a stable form without resumption, padding and counts", "JA4",
        "edge with TLS, or the header of a trusted proxy; unknown in plain HTTP", "pseudonymous", "user agent",
        "curl-impersonate, uTLS, real browsers under remote control",
    ),
    Signal(
        "protocol", "HTTP version spoken, against the one that the client offered", "HTTP version", "edge, logs",
        "transient", "user agent", "speaking HTTP/2",
    ),
    Signal(
        "robot claim", "whether a claimed crawler is one: by published ranges, forward-confirmed DNS or signature",
        "verified, forged, unlisted or unverifiable", "User-Agent, address, feeds of ranges, DNS off the request path",
        "transient", "user agent", "claiming robots that publish no check; renting space in a crawler's cloud",
    ),
    Signal(
        "signature", "Web Bot Auth: an agent's key signed the request (RFC 9421)", "verified, invalid or unverified",
        "Signature, Signature-Input, Signature-Agent; key files and directories", "none", "robot claim",
        "a key of one's own, which proves who one is, not that one is welcome",
    ),
    Signal(
        "session", "cookie, bearer token or claim that holds requests together", "text",
        "selectors of identity.session", "pseudonymous", "", "dropping cookies; replaying those of people",
    ),
    Signal(
        "device", "first-party cookie, made and signed here", "absent, valid, expired or forged",
        "identity.device_cookie", "pseudonymous", "", "dropping it; farming jars of old ones",
    ),
    Signal(
        "app token", "proof that the app, or the holder of a key, made the request: HMAC, JWT, DPoP",
        "attested, valid, absent, expired, badly signed, replayed", "identity.app_tokens, identity.dpop",
        "pseudonymous", "user agent", "keys taken out of the app; real devices in farms",
    ),
    Signal(
        "API key", "which partner or integrator calls, and whether as it usually does", "text",
        "identity.api_key, partners", "pseudonymous", "", "stolen keys, used from elsewhere and for more",
    ),
    Signal(
        "account", "which account a login tries, or acts", "text", "endpoints[].account", "pseudonymous", "",
        "one attempt an account; lists of pairs that once were right",
    ),
    Signal(
        "endpoint", "which operation of the API, for which purpose", "one of 256",
        "configuration, OpenAPI document, templates learned from traffic, GraphQL operation", "shared", "",
        "replaying a recorded visit whole",
    ),
    Signal(
        "object", "which product, order or record, and how many the endpoint has", "text",
        "path parameters, endpoints[].object", "pseudonymous", "", "shuffled ids; a share of them for each identity",
    ),
    Signal(
        "parameters", "names and types of parameters, against those that the endpoint usually has", "names with types",
        "query, form, JSON body where it is read", "shared", "", "copies of real calls",
    ),
    Signal(
        "path", "whether path or query ask for what only scanners look for", "text", "request line", "transient", "",
        "guesses that look like the API's own paths",
    ),
    Signal(
        "honeypot", "a decoy path, canary account or canary object was touched, and who may have caused it",
        "certain, doubtful or none", "honeypots", "pseudonymous", "", "never following what no page links to",
    ),
    Signal(
        "answer", "status, size and time of the API's answer, and what it means for a login or payment",
        "status, bytes, seconds", "edge, logs, middleware", "pseudonymous", "", "valid accounts of one's own mixed in",
    ),
    Signal(
        "outcome", "what the application reports: conversions, chargebacks, labels", "word", "/v1/outcomes, log lines",
        "pseudonymous", "", "cheap conversions; complaints that a block was wrong",
    ),
)
# fmt: on

_BY_NAME = {found.name: found for found in SIGNALS}


def signal(name: str) -> Signal:
    """Give a signal by its name.

    Raises:
        KeyError: There is no such signal.
    """
    return _BY_NAME[name]
