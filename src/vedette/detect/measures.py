"""The table of features: what each is, of which family, and how much it says before any label exists.

See ``vedette.detect.features`` for how a value becomes evidence. Counts are shown as counts and stored as ``log1p``.
"""

from __future__ import annotations

import numpy as np

from vedette.detect.families import FAMILIES, Feature

__all__ = ["FEATURES"]


def _count(value: float) -> float:
    return float(np.log1p(value))


_RATE, _HEADER, _IDENTITY, _CARDINALITY, _OUTCOME, _SEQUENCE, _NETWORK = (family.name for family in FAMILIES)

# fmt: off
FEATURES: tuple[Feature, ...] = (
    Feature(
        "client_rate_10s", _RATE, "client", "10 s", "count", _count(60), _count(400), 3.0,
        "decayed number of requests; a page with its assets is 20 to 40", "requests in 10 s",
        "arrival",
    ),
    Feature(
        "client_rate_1m", _RATE, "client", "1 min", "count", _count(120), _count(900), 3.0,
        "decayed number of requests; 1 % of real logins pass 60 a minute", "requests in a minute",
        "arrival",
    ),
    Feature(
        "client_rate_1h", _RATE, "client", "1 h", "count", _count(1500), _count(10_000), 2.0,
        "decayed number of requests", "requests in an hour",
        "arrival",
    ),
    Feature(
        "address_rate_10s", _RATE, "address", "10 s", "count", _count(100), _count(700), 2.5,
        "decayed number of requests for each established client behind it", "requests in 10 s from the address",
        "arrival",
    ),
    Feature(
        "address_rate_1m", _RATE, "address", "1 min", "count", _count(180), _count(1200), 2.5,
        "the same over a minute", "requests in a minute from the address",
        "arrival",
    ),
    Feature(
        "burst", _RATE, "client", "1 min", "number", 0.0, 1.0, 0.0,
        "share of the last minute's requests that came in its last 10 s", "share of the minute in 10 s",
        "arrival",
    ),
    Feature(
        "gap_deviation", _RATE, "client", "about 10 requests", "number", 0.45, 0.05, 0.8,
        "standard deviation of the natural logarithm of the gaps between requests", "gaps are all alike",
        "arrival",
    ),
    Feature(
        "gap_entropy", _RATE, "client", "64 requests", "bits", 0.9, 0.1, 0.5,
        "entropy of the octave histogram of gaps", "gaps fall into one octave",
        "arrival",
    ),
    Feature(
        "gap_repeat", _RATE, "client", "about 20 requests", "share", 0.5, 0.95, 0.5,
        "share of gaps within 5 % of the mean gap", "gaps repeat",
        "arrival",
    ),
    Feature(
        "fast_follow", _RATE, "client", "about 20 requests", "share", 0.6, 0.98, 1.0,
        "share of requests within 50 ms after the end of the answer before", "next request right after an answer",
        "answer",
    ),
    Feature(
        "human_pace", _RATE, "client", "about 20 requests", "flag", 0.0, 1.0, -1.0,
        "1 where gaps have a typical length of 1 to 300 s and spread over more than an octave", "pace of a person",
        "arrival",
    ),
    Feature(
        "ignored_limits", _RATE, "client", "1 h", "count", _count(3), _count(15), 2.5,
        "requests before the Retry-After of a 429 had passed", "requests despite Retry-After",
        "answer",
    ),
    Feature(
        "fingerprint_lift", _RATE, "fingerprint", "1 min against 24 h", "bits", 3.0, 7.0, 0.0,
        "log2 of the fingerprint's rate now over its rate of the day", "rise of the fingerprint",
        "arrival",
    ),
    Feature(
        "client_class", _HEADER, "request", "", "number", 0.3, 1.0, 1.3,
        "claimed client: browser 0, app 0.2, unknown 0.5, HTTP library or headless browser 1", "names itself a library",
        "user agent",
    ),
    Feature(
        "attack_tool", _HEADER, "request", "", "flag", 0.0, 1.0, 3.0,
        "the user agent names an attack tool or a scraping framework", "names itself an attack tool",
        "user agent",
    ),
    Feature(
        "agent_absent", _HEADER, "request", "", "flag", 0.0, 1.0, 1.5,
        "headers are known and have no User-Agent", "no User-Agent",
        "user agent",
    ),
    Feature(
        "headers_missing", _HEADER, "request", "", "number", 0.5, 3.0, 2.5,
        "sum of weights of headers that the claimed browser always sends and this request has not",
        "headers of the claimed browser are missing",
        "headers",
    ),
    Feature(
        "hints_conflict", _HEADER, "request", "", "flag", 0.0, 1.0, 2.5,
        "client hints and User-Agent disagree on brand, version or platform", "client hints contradict the agent",
        "client hints",
    ),
    Feature(
        "headers_extra", _HEADER, "request", "", "number", 0.0, 2.0, 1.5,
        "headers that the claimed client never sends", "headers that the claimed browser never sends",
        "headers",
    ),
    Feature(
        "order_conflict", _HEADER, "request", "", "share", 0.0, 0.3, 1.0,
        "share of pairs of headers that stand in another order than the claimed browser's",
        "headers are in another order",
        "headers",
    ),
    Feature(
        "values_conflict", _HEADER, "request", "", "number", 0.0, 2.0, 2.5,
        "header values that the claimed client never sends, or that rule each other out",
        "header values are not the claimed browser's",
        "headers",
    ),
    Feature(
        "case_conflict", _HEADER, "request", "", "flag", 0.0, 1.0, 1.0,
        "names of headers are not in the case that the claimed browser uses; HTTP/1 logs only",
        "header names are in another case",
        "headers",
    ),
    Feature(
        "agent_impossible", _HEADER, "request", "", "flag", 0.0, 1.0, 2.0,
        "the User-Agent contradicts itself or names a version or system that does not exist",
        "the User-Agent cannot be",
        "user agent",
    ),
    Feature(
        "agent_age", _HEADER, "request", "", "seconds", _count(200 * 86400.0), _count(1500 * 86400.0), 0.6,
        "log1p of the seconds since the claimed browser version became stable", "the browser is old",
        "user agent",
    ),
    Feature(
        "tls_conflict", _HEADER, "request", "", "flag", 0.0, 1.0, 1.5,
        "a browser of today over a handshake without HTTP/2 or TLS 1.3; office proxies do it too",
        "TLS handshake is not the claimed browser's",
        "TLS handshake",
    ),
    Feature(
        "tls_unlike", _HEADER, "request", "", "flag", 0.0, 1.0, 1.0,
        "the stable JA4 is none of those known for the claimed browser; office proxies do it too",
        "handshake is not known for the browser",
        "TLS handshake",
    ),
    Feature(
        "tls_library", _HEADER, "request", "", "flag", 0.0, 1.0, 1.0,
        "a browser is claimed over the handshake of an HTTP library; office proxies do it too",
        "handshake is that of an HTTP library",
        "TLS handshake",
    ),
    Feature(
        "protocol_downgrade", _HEADER, "request", "", "flag", 0.0, 1.0, 0.7,
        "a browser of today speaking HTTP/1 over TLS although it offered HTTP/2", "old protocol for the browser",
        "protocol",
    ),
    Feature(
        "header_rarity", _HEADER, "request", "life", "bits", 6.0, 13.0, 1.5,
        "-log2 p(header order | claimed client), learned once an address", "header order is rare for the client",
        "headers",
    ),
    Feature(
        "tls_rarity", _HEADER, "request", "life", "bits", 6.0, 13.0, 1.5,
        "-log2 p(stable JA4 | claimed client), learned once an address", "handshake is rare for the client",
        "TLS handshake",
    ),
    Feature(
        "browser_whole", _HEADER, "request", "", "flag", 0.0, 1.0, -0.8,
        "a browser is claimed and headers, hints and handshake all agree", "looks like the browser it claims",
        "headers",
    ),
    Feature(
        "signature_invalid", _IDENTITY, "request", "", "flag", 0.0, 1.0, 2.0,
        "a Web Bot Auth signature is there and wrong, expired or malformed", "its signature is wrong",
        "signature",
    ),
    Feature(
        "robot_unlisted", _IDENTITY, "request", "", "flag", 0.0, 1.0, 3.5,
        "names itself a crawler that publishes its ranges, from elsewhere; the list may be some time old",
        "not among the published addresses of the crawler",
        "robot claim",
    ),
    Feature(
        "token_valid", _IDENTITY, "request", "", "number", 0.0, 1.0, -1.5,
        "app token or proof of possession: attested by hardware 1, valid 0.6, none 0", "app token is valid",
        "app token",
    ),
    Feature(
        "token_wrong", _IDENTITY, "request", "", "number", 0.0, 1.0, 3.0,
        "app token: expired 0.4, expected and absent 0.7, badly signed 1", "app token is missing or wrong",
        "app token",
    ),
    Feature(
        "device_returned", _IDENTITY, "request", "", "seconds", _count(60.0), _count(86_400.0), -0.8,
        "log1p of the age of the device cookie that came back", "a device seen before",
        "device",
    ),
    Feature(
        "device_forged", _IDENTITY, "request", "", "flag", 0.0, 1.0, 3.0,
        "a device cookie that was not made here", "its device cookie is forged",
        "device",
    ),
    Feature(
        "device_missing", _IDENTITY, "client", "life", "count", _count(4), _count(30), 1.5,
        "requests of a client that never brings its device cookie back, where half of the API's clients do",
        "never brings the device cookie back",
        "device",
    ),
    Feature(
        "session_moves", _IDENTITY, "client", "1 h", "count", _count(0.7), _count(4), 2.0,
        "how often the session went to another network and client program at once, or back and forth between two "
        "networks within a minute", "session moves between networks",
        "session",
    ),
    Feature(
        "key_network", _IDENTITY, "key", "7 d", "flag", 0.0, 1.0, 2.5,
        "an API key from a network that it was not used from before", "key from a network new to it",
        "API key",
    ),
    Feature(
        "key_fingerprint", _HEADER, "key", "7 d", "flag", 0.0, 1.0, 2.0,
        "an API key with a client program that it was not used with before", "key with a program new to it",
        "API key",
    ),
    Feature(
        "key_volume", _RATE, "key", "1 h against its busiest", "bits", 1.0, 4.0, 2.0,
        "log2 of the key's requests of an hour over those of its busiest hour so far", "key is used more than ever",
        "API key",
    ),
    Feature(
        "sessionless", _IDENTITY, "client", "life", "count", _count(8), _count(60), 1.5,
        "requests without a session, where at least 30 % of the API's requests have one", "never takes up a session",
        "session",
    ),
    Feature(
        "client_fingerprints", _IDENTITY, "client", "life", "count", _count(2), _count(6), 2.0,
        "changes of agent or handshake within the session", "session changes its agent or handshake",
        "session",
    ),
    Feature(
        "client_addresses", _IDENTITY, "client", "1 h", "count", _count(8), _count(40), 2.5,
        "distinct addresses of the session", "session from many addresses",
        "session",
    ),
    Feature(
        "fleeting_clients", _IDENTITY, "address", "1 h", "count", _count(15), _count(50), 2.5,
        "clients of the address beyond three for each established one: sessions invented for one call and dropped",
        "sessions that come and go",
        "session",
    ),
    Feature(
        "client_taint", _IDENTITY, "client", "24 h", "number", 0.0, 1.0, 3.5,
        "decayed honeypot and canary hits of the client; those that somebody else may have caused count 0.25 in all, "
        "those of a client that the application vouches for 0.5", "touched a honeypot",
        "honeypot",
    ),
    Feature(
        "address_taint", _IDENTITY, "address", "24 h", "number", 0.0, 2.0, 1.0,
        "the same for the address, for each established client behind it", "its address touched a honeypot",
        "honeypot",
    ),
    Feature(
        "fingerprint_taint", _IDENTITY, "fingerprint", "24 h", "number", 0.0, 1.0, 1.0,
        "the same for the client program, for each address that it was seen at within 10 minutes",
        "its client program touched a honeypot",
        "honeypot",
    ),
    Feature(
        "account_taint", _IDENTITY, "account", "24 h", "number", 0.0, 1.0, 0.7,
        "taint of the clients that logged in to the account lately",
        "account was used by a client that touched a honeypot",
        "honeypot",
    ),
    Feature(
        "session_age", _IDENTITY, "client", "life", "seconds", _count(120), _count(1800), -0.7,
        "log1p of the seconds since the session was first seen, after 5 requests", "session of long standing",
        "session",
    ),
    Feature(
        "welcome", _IDENTITY, "client", "life", "flag", 0.0, 1.0, -1.0,
        "the session has logged in, converted or passed a challenge", "logged in or bought",
        "outcome",
    ),
    Feature(
        "accounts_per_address", _CARDINALITY, "address", "1 h", "count", _count(4), _count(20), 3.0,
        "distinct accounts tried, for each established client behind the address", "accounts tried from the address",
        "account",
    ),
    Feature(
        "agents_per_address", _CARDINALITY, "address", "1 h", "count", _count(6), _count(30), 1.5,
        "distinct user agents, for each established client behind the address", "user agents on the address",
        "user agent",
    ),
    Feature(
        "fingerprints_per_address", _CARDINALITY, "address", "1 h", "count", _count(6), _count(30), 1.5,
        "distinct fingerprints, for each established client behind the address", "fingerprints on the address",
        "address",
    ),
    Feature(
        "addresses_per_account", _CARDINALITY, "account", "24 h", "count", _count(6), _count(30), 0.8,
        "distinct addresses that tried the account", "addresses that tried the account",
        "account",
    ),
    Feature(
        "requests_per_rotation", _CARDINALITY, "fingerprint", "10 min", "number", 3.0, 1.1, 1.2,
        "requests of the fingerprint for each of its addresses, from 30 addresses on: near 1 means rotation",
        "one address a request",
        "address",
    ),
    Feature(
        "client_refusals", _OUTCOME, "client", "1 h", "count", _count(2), _count(7), 3.0,
        "failed logins", "failed logins",
        "answer",
    ),
    Feature(
        "address_refusals", _OUTCOME, "address", "1 h", "count", _count(5), _count(25), 2.5,
        "failed logins for each established client behind the address", "failed logins from the address",
        "answer",
    ),
    Feature(
        "account_refusals", _OUTCOME, "account", "since success", "count", _count(5), _count(20), 0.6,
        "failed logins to the account since it last succeeded", "failed logins to the account",
        "answer",
    ),
    Feature(
        "fingerprint_excess", _OUTCOME, "fingerprint", "1 h", "share", 0.2, 0.7, 1.2,
        "lower bound (5 %) of the malicious share m = 1 - s(x)/s0 of the fingerprint's logins, from 30 attempts on",
        "logins of the fingerprint fail more than others",
        "answer",
    ),
    Feature(
        "client_errors", _OUTCOME, "client", "10 min", "share", 0.4, 0.85, 1.5,
        "share of answers with status 4xx, smoothed, from 8 answers on", "answers are errors",
        "answer",
    ),
    Feature(
        "client_missing", _OUTCOME, "client", "10 min", "count", _count(6), _count(30), 3.0,
        "answers 404 or 410", "asks for what is not there",
        "answer",
    ),
    Feature(
        "address_missing", _OUTCOME, "address", "10 min", "count", _count(15), _count(80), 2.0,
        "answers 404 or 410 for each established client behind the address", "address asks for what is not there",
        "answer",
    ),
    Feature(
        "client_declines", _OUTCOME, "client", "1 h", "count", _count(3), _count(10), 2.5,
        "payments refused", "payments refused",
        "answer",
    ),
    Feature(
        "unknown_accounts", _OUTCOME, "address", "1 h", "count", _count(2), _count(12), 2.5,
        "logins to accounts that do not exist, for each established client behind the address",
        "tries accounts that do not exist",
        "answer",
    ),
    Feature(
        "answer_slow", _OUTCOME, "client", "about 20 answers", "number", 1.0, 3.0, 0.0,
        "mean of ln(duration of an answer), in standard deviations of the endpoint's", "asks for what is slow",
        "answer",
    ),
    Feature(
        "answer_same", _OUTCOME, "client", "about 20 answers", "share", 0.5, 0.95, 0.0,
        "share of answers of the size of the one before", "answers are all of one size",
        "answer",
    ),
    Feature(
        "route_surprise", _SEQUENCE, "client", "about 20 requests", "bits", 6.0, 10.0, 1.0,
        "mean of -log2 P(this endpoint | the one before)", "order of calls is unusual",
        "endpoint",
    ),
    Feature(
        "route_entropy", _SEQUENCE, "client", "about 100 requests", "bits", 0.7, 0.05, 1.0,
        "entropy over endpoints, from 25 requests on", "calls one endpoint only",
        "endpoint",
    ),
    Feature(
        "prerequisite_missing", _SEQUENCE, "client", "life", "flag", 0.0, 1.0, 1.0,
        "an endpoint without one that came before it in 95 % of 200 or more visits", "skips the usual call before",
        "endpoint",
    ),
    Feature(
        "coverage", _SEQUENCE, "client", "visit", "count", _count(70), _count(450), 3.0,
        "distinct objects in this visit; 95 % of shop sessions stay under 117 pages", "objects fetched",
        "object",
    ),
    Feature(
        "address_coverage", _SEQUENCE, "address", "1 h", "count", _count(60), _count(200), 2.0,
        "distinct objects, for each established client behind the address", "objects fetched from the address",
        "object",
    ),
    Feature(
        "fresh_objects", _SEQUENCE, "client", "50 objects", "share", 0.85, 1.0, 1.0,
        "share of objects never seen before in the visit, from 20 on", "never returns to an object",
        "object",
    ),
    Feature(
        "object_step", _SEQUENCE, "client", "50 objects", "share", 0.3, 0.8, 2.5,
        "share of successive numeric ids that differ by 1 or 2", "walks ids one by one",
        "object",
    ),
    Feature(
        "probe", _SEQUENCE, "request", "", "flag", 0.0, 1.0, 2.5,
        "the path or query asks for secrets, shells or other products' admin pages", "probes for weaknesses",
        "path",
    ),
    Feature(
        "parameter_novelty", _SEQUENCE, "request", "life", "count", _count(1), _count(6), 1.5,
        "parameters (name and type) that fewer than 0.5 % of 200 or more visits to the endpoint had",
        "parameters new to the endpoint",
        "parameters",
    ),
    Feature(
        "catalogue_share", _SEQUENCE, "client", "visit", "share", 0.1, 0.5, 0.0,
        "distinct objects of the visit over those that the endpoint is known to have", "share of the catalogue",
        "object",
    ),
    Feature(
        "static_share", _SEQUENCE, "client", "life", "share", 0.02, 0.15, -0.6,
        "share of static files, from 10 requests on", "loads what a page needs",
        "endpoint",
    ),
    Feature(
        "network_refusals", _NETWORK, "network", "1 h", "count", _count(15), _count(80), 1.5,
        "failed logins from the /24 (IPv6: /48)", "failed logins from the network",
        "network",
    ),
    Feature(
        "network_history", _NETWORK, "network", "7 d", "count", _count(3), _count(20), 1.0,
        "clients of the /24 (IPv6: /48) that were certain or nearly certain to be bots, for each established client",
        "bots were found in its network",
        "network",
    ),
    Feature(
        "network_hosting", _NETWORK, "request", "", "number", 0.0, 1.0, 0.8,
        "the address is in a range of a hosting or cloud provider: 1; 0.25 for who claims to be no browser and no "
        "app, because programs are at home there", "comes from a hosting provider",
        "network kind",
    ),
    Feature(
        "network_anonymous", _NETWORK, "request", "", "number", 0.0, 1.0, 1.3,
        "Tor exit or public proxy 1, other anonymizer 0.8, VPN 0.5, privacy relay 0", "comes through an anonymizer",
        "network kind",
    ),
    Feature(
        "network_listed", _NETWORK, "request", "", "share", 0.0, 1.0, 1.3,
        "greatest confidence of a reputation feed that lists the address, fading with the feed's age",
        "is on a reputation list",
        "reputation",
    ),
    Feature(
        "proxy_gap", _NETWORK, "request", "", "seconds", _count(0.025), _count(0.15), 1.0,
        "log1p of TLS round trip less TCP round trip: a proxy stands between", "a proxy stands between",
        "round trips",
    ),
    Feature(
        "language_conflict", _NETWORK, "request", "", "flag", 0.0, 1.0, 0.3,
        "none of the languages asked for is usual in the country of the address, nor English",
        "language is unusual for the country",
        "country",
    ),
)
# fmt: on
