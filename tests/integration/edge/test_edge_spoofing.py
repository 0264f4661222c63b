"""What a client may say of itself, through a real Envoy into the real trust boundary: nothing that only others may.

The engine's stand-in hands each question to the door and the collector of the engine, so that what is compared is what
the engine would have gone by.
"""

from __future__ import annotations

import contextlib
import re

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
import stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vedette.collect.normalize import normal_path, read_address
from vedette.collect.observation import Collector
from vedette.config.schema import Config, Forwarded
from vedette.doors.connection import Call
from vedette.doors.forwarded import read_question

CHROME_JA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"
TRUST = ("127.0.0.9/32",)


class Reading:
    """Answers as the engine's stand-in and keeps what the engine would have observed."""

    def __init__(self, config: Config) -> None:
        self.collector = Collector(config, b"k" * 32)
        self.observed = []

    def __call__(self, seen):
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in seen.headers]
        call = Call(seen.method.encode(), seen.target.encode("latin-1"), headers, seen.body, len(seen.body))
        request, from_edge = read_question(call, 1.0, lambda: "none")
        assert from_edge
        self.observed.append((request, self.collector.observe(request, 1.0)))
        return stage.allowed(seen)

    @property
    def key(self):
        """What the client's address is kept under."""
        key = read_address(self.last.place.text).key
        assert self.last.place.hash == self.collector.hash("address", key)
        return key

    @property
    def last(self):
        return self.observed[-1][1]


@pytest.fixture
def reading(plain):
    plain.engine.decide = Reading(Config())
    return plain.engine.decide


def over_h2(running, headers, source="127.0.0.1"):
    """Send one HTTP/2 request made of raw header fields; return its status, or 0 where the stream was reset."""
    settings_ = h2.config.H2Configuration(
        client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding="latin-1"
    )
    connection = h2.connection.H2Connection(settings_)
    connection.initiate_connection()
    connection.send_headers(1, headers, end_stream=True)
    with running.connect(source, alpn=("h2",)) as link:
        link.sendall(connection.data_to_send())
        status = 0
        with contextlib.suppress(ConnectionError):
            while data := link.recv(65535):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.ResponseReceived):
                        status = int(dict(event.headers)[":status"])
                    if isinstance(
                        event, h2.events.StreamEnded | h2.events.StreamReset | h2.events.ConnectionTerminated
                    ):
                        return status
    return status


def pseudo(running, path="/", method="GET", authority="shop.example"):
    scheme = "https" if running.authority else "http"
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]


def ask(running, version, fields, **options):
    if version == "2":
        return over_h2(running, [*pseudo(running), *((name.lower(), value) for name, value in fields)], **options)
    return running.ask("/", *(f"{name}: {value}" for name, value in fields), **options).status


# -- headers that only the edge may set

SIGNALS = [
    "vedette-decision", "vedette-signature", "vedette-anything", "x-vedette-id", "x-vedette-peer", "x-vedette-ja3",
    "x-vedette-ja4", "x-vedette-tls", "x-vedette-scheme", "x-vedette-protocol", "x-vedette-size", "x-vedette-order",
    "x-envoy-original-path", "x-envoy-fault-delay-request", "x-envoy-internal", "x-envoy-external-address",
    "x-envoy-decorator-operation", "x-envoy-upstream-rq-timeout-ms", "x-envoy-retry-on", "x-envoy-max-retries",
    "x-envoy-force-trace", "x-envoy-auth-partial-body", "x-envoy-expected-rq-timeout-ms", "x-envoy-original-host",
]  # fmt: skip


def spellings(name):
    words = name.split("-")
    return [name, name.upper(), name.title(), "_".join(words), words[0] + "_" + "-".join(words[1:])]


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("listener", ["plain", "secure"])
def test_a_signal_is_the_edges_alone_in_any_spelling(request, listener, name, version):
    running = request.getfixturevalue(listener)
    forged = [(spelling, f"forged{place}") for place, spelling in enumerate(spellings(name))]
    assert ask(running, version, [*forged, ("x-own", "kept"), *forged]) == 200
    asked, reached = running.engine.seen[0], running.api.seen[0]
    assert "forged" not in str(asked.headers) + str(reached.headers)
    assert reached["x-own"] == "kept"
    ours = [key for key, _ in asked.headers if key.replace("_", "-").startswith(("x-vedette-", "vedette-"))]
    assert len(ours) == len(set(ours)), "each of ours once"
    assert re.fullmatch(r"[0-9a-f-]{36}", asked["x-vedette-id"])
    assert asked["x-vedette-peer"] == "127.0.0.1"


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_plain_listener_has_no_handshake_to_show(plain, version):
    forged = [
        ("x-vedette-ja4", CHROME_JA4),
        ("X_Vedette_JA4", CHROME_JA4),
        ("x-ja4", CHROME_JA4),
        ("cf-ja4", CHROME_JA4),
    ]
    plain.engine.decide = reading = Reading(Config())
    ask(plain, version, forged)
    ask(plain, version, [("x-a", "1"), ("x-b", "1"), ("x-ja4", "1"), ("cf-ja4", "1")])
    first, second = (request for request, _ in reading.observed)
    assert (first.ja4, first.ja3, first.tls_version) == ("", "", "")
    assert (second.ja4, first.scheme) == ("", "http")


def test_a_fingerprint_is_believed_from_a_trusted_proxy_only(tmp_path):
    trust = {"trusted_proxies": TRUST, "forwarded": Forwarded(address="x-forwarded-for", ja3="x-ja3", ja4="cf-ja4")}
    with stage.edge(tmp_path, **trust) as running:
        running.engine.decide = reading = Reading(Config(**trust))
        plain_key = 0
        for source, fields in (
            ("127.0.0.3", ["X-A: 1"]),
            ("127.0.0.3", [f"Cf-Ja4: {CHROME_JA4}"]),
            ("127.0.0.3", [f"cf_ja4: {CHROME_JA4}", f"Cf_Ja4: {CHROME_JA4}"]),
            ("127.0.0.9", [f"cf_ja4: {CHROME_JA4}"]),
        ):
            running.ask("/", *fields, source=source)
            assert reading.last.known.tls == plain_key
        assert "cf_ja4" not in str(running.engine.seen) + str(running.api.seen)
        running.ask("/", f"Cf-Ja4: {CHROME_JA4}", source="127.0.0.9")
        assert reading.last.known.tls != plain_key


# -- who the client is

WORDS = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"]


def forms(name, address):
    """The forms in which a forged address may be written."""
    bare = [
        address, f" {address} ", f"{address}:80", f"::ffff:{address}", f"[::ffff:{address}]:80", f'"{address}"',
        f"{address}, {address}", f"unknown, {address}", f"_hidden, {address}", f"{address}%eth0", "::1", "127.0.0.9",
        ", ".join([address] * 30), "", ",", "unknown", "_hidden", "fe80::1%25eth0", "a" * 9000,
    ]  # fmt: skip
    if name != "forwarded":
        return bare
    return [f'for="{text}";proto=https;host=evil' for text in bare] + [
        f"for={address}",
        f'for="{address}',
        "for=_hidden",
        '"',
    ]


@pytest.fixture(scope="module")
def believing(tmp_path_factory):
    """One edge for each header that may be believed, with a trusted proxy at 127.0.0.9."""
    with contextlib.ExitStack() as stack:
        running = {}
        for name in WORDS:
            trust = {"trusted_proxies": TRUST, "forwarded": Forwarded(address=name)}
            edge = stack.enter_context(stage.edge(tmp_path_factory.mktemp("believing"), **trust))
            edge.engine.decide = Reading(Config(**trust))
            running[name] = edge
        yield running


@pytest.mark.parametrize("sent", WORDS)
@pytest.mark.parametrize("believed", WORDS)
def test_an_untrusted_peer_is_who_it_is(believing, believed, sent):
    running = believing[believed]
    reading = running.engine.decide
    variants = {sent, sent.title(), sent.replace("-", "_"), sent.replace("-", "_", 1)}
    for value in forms(sent, "198.51.100.7"):
        running.ask("/", *(f"{name}: {value}" for name in variants), source="127.0.0.3")
        assert reading.key == "127.0.0.3", (believed, sent, value)
    assert running.api.seen[-1].all("x-forwarded-for")[-1].endswith("127.0.0.3"), "the API is told as well"
    running.engine.seen.clear()
    running.api.seen.clear()


@pytest.mark.parametrize("believed", WORDS)
def test_a_trusted_peers_word_holds_whatever_the_client_had_said_before(believing, believed):
    running = believing[believed]
    reading = running.engine.decide
    real = 'for="198.51.100.7"' if believed == "forwarded" else "198.51.100.7"
    for value in forms(believed, "203.0.113.66"):
        running.ask("/", f"{believed}: {value}", f"{believed}: {real}", source="127.0.0.9")
        assert reading.key == "198.51.100.7", value
    for other in WORDS:
        if other != believed:
            running.ask("/", f"{other}: 203.0.113.66", source="127.0.0.9")
            assert reading.key == "127.0.0.9"
    running.engine.seen.clear()
    running.api.seen.clear()


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7%eth0", "2001:db8:1:2::/64"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("unknown", "127.0.0.9"),
        ("_hidden", "127.0.0.9"),
        ("", "127.0.0.9"),
    ],
)
@pytest.mark.parametrize("believed", WORDS)
def test_forms_of_a_trusted_peers_word(believing, believed, value, key):
    running = believing[believed]
    running.ask("/", f"{believed}: " + (f'for="{value}"' if believed == "forwarded" else value), source="127.0.0.9")
    assert running.engine.decide.key == key


def test_nor_do_headers_change_it_over_tls_and_http_2(tmp_path, authority):
    trust = {"trusted_proxies": TRUST, "forwarded": Forwarded(address="x-forwarded-for")}
    with stage.edge(tmp_path, authority=authority, **trust) as running:
        running.engine.decide = reading = Reading(Config(**trust))
        for value in forms("x-forwarded-for", "198.51.100.7"):
            forged = [
                (name, value.strip()[:500]) for name in (*WORDS, "x_forwarded_for", "x-vedette-peer", "x_vedette-peer")
            ]
            assert over_h2(running, [*pseudo(running), *forged, *forged], source="127.0.0.3") == 200
            assert reading.key == "127.0.0.3", value
            named = [*forged, ("x-forwarded-for", "203.0.113.9")]
            assert over_h2(running, [*pseudo(running), *named], source="127.0.0.9") == 200
            assert reading.key == "203.0.113.9", value


HEADER = st.tuples(
    st.sampled_from([*WORDS, "x_forwarded_for", "X-VEDETTE-PEER", "x-vedette_peer", "x-envoy-external-address", "via"]),
    st.lists(
        st.sampled_from(
            ["198.51.100.7", "127.0.0.9", "::1", "for=198.51.100.7", '"', ";", "unknown", "[", "]:80", "=", "%"]
        ),
        max_size=12,
    ).map(",".join),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(believed=st.sampled_from(WORDS), headers=st.lists(HEADER, max_size=6))
def test_no_headers_change_an_untrusted_peer(believing, believed, headers):
    running = believing[believed]
    got = running.ask("/", *(f"{name}: {value}" for name, value in headers), source="127.0.0.3")
    assert got.status == 200
    assert running.engine.decide.key == "127.0.0.3"
    assert running.engine.seen[-1]["x-vedette-peer"] == "127.0.0.3"


# -- which path is meant

SAME = {
    "/api/login": "/api/login",
    "//api///login": "/api/login",
    "/api/./login": "/api/login",
    "/api/x/../login": "/api/login",
    "/../../api/login": "/api/login",
    "/api/%2e/login": "/api/login",
    "/api/x/%2e%2E/login": "/api/login",
    "/api/x/.%2e/login": "/api/login",
    "/api/%6Cogin": "/api/login",
    "/api\\login": "/api/login",
    "/api/..;/api/login": "/api/login",
    "/api/login/.": "/api/login/",
    "/api/login?next=/../admin": "/api/login",
    "http://shop.example/api/login": "/api/login",
    "http://other.example//api/login": "/api/login",
}
"""Sent → what the API receives; both mean the same to the engine and to any API."""
LOOSER = {
    "/api%2flogin": "/api/login",
    "/api%5Clogin": "/api/login",
    "/api/login;x=1": "/api/login",
    "/api;v=2/login": "/api/login",
    "/api/x/%2e%2e;/login": "/api/login",
    "/api/login/": "/api/login",
    "/api/login//": "/api/login",
    "/api/login/%2f": "/api/login",
    "/;a/api/login": "/api/login",
    "/api/%2E%2fapi/..%2fapi/login": "/api/api/login",
}
"""The API receives these as they are (in part): some APIs take them for the plain path, so the engine does."""
OTHER = {
    "/api/login.": "/api/login.",
    "/api/login%20": "/api/login ",
    "/api/%252e%252e/login": "/api/%2e%2e/login",
    "/api%252flogin": "/api%2flogin",
    "/api/%c0%ae%c0%ae/login": "/api/\ufffd\ufffd\ufffd\ufffd/login",
    "/api/login%0a": "/api/login\n",
    "/api/login%3fx": "/api/login?x",
    "/api/login%23x": "/api/login#x",
    "/api/%zz": "/api/%zz",
}
"""Paths of their own: no API that follows RFC 3986 takes them for the plain one."""
REFUSED = [
    "/api/login%00", "/api/%00/login", "/api/login#x", "/api/login?a#b", "*", "api/login", "?x", "/api login", "/api\tlogin",
    "/api/\x01login", "/\xe4pi/login", "shop.example:443", "",
]  # fmt: skip


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("sent", [*SAME, *LOOSER, *OTHER])
def test_engine_and_api_are_given_the_same_path(plain, reading, sent, version):
    if version == "2":
        target = sent.removeprefix("http://shop.example").removeprefix("http://other.example")
        assert over_h2(plain, pseudo(plain, target)) == 200
    else:
        assert plain.ask(sent).status == 200
    (reached,) = plain.api.seen
    assert plain.engine.seen[0].target == "/v1/decide" + reached.target
    seen = reading.last.path
    assert seen == normal_path(reached.target.partition("?")[0])
    if sent in SAME:
        assert reached.target.partition("?")[0] == SAME[sent]
        assert seen == SAME[sent].rstrip("/")
    else:
        assert seen == (LOOSER.get(sent) or OTHER[sent])


def test_case_is_the_apis_matter_and_no_way_around_an_endpoint(plain, reading):
    plain.ask("/API/Login")
    assert plain.api.seen[0].target == "/API/Login"
    assert reading.last.path == "/API/Login"  # endpoints and decoys are matched without regard to it


@pytest.mark.parametrize("sent", REFUSED)
def test_what_is_no_path_ends_at_the_edge(plain, reading, sent):
    assert plain.send(f"GET {sent} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode("latin-1")).status in (
        400,
        404,
    )
    assert (plain.api.seen, reading.observed) == ([], [])


@pytest.mark.parametrize("sent", ["/api/login%00", "/api/login#x", "api/login", "", "/api login", "/api/\x01login"])
def test_nor_over_http_2(plain, reading, sent):
    assert over_h2(plain, pseudo(plain, sent)) in (0, 400, 404)
    assert (plain.api.seen, reading.observed) == ([], [])


PIECES = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2F",
        "%5c",
        "\\",
        ";x=1",
        ";",
        "a",
        "login",
        "API",
        "%61",
        "%25",
        "%252e",
        "%c0%ae",
        "%0a",
        "%20",
    ]
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=10))
def test_any_path_is_the_same_to_both(plain, pieces):
    reading = Reading(Config())
    plain.engine.decide = reading
    plain.engine.seen.clear()
    plain.api.seen.clear()
    status = plain.ask("/" + "".join(pieces)).status
    if status != 200:
        assert (plain.api.seen, reading.observed) == ([], [])
        return
    assert plain.engine.seen[0].target == "/v1/decide" + plain.api.seen[0].target
    assert reading.last.path == normal_path(plain.api.seen[0].target)


# -- which host is meant, and where a request ends


@pytest.mark.parametrize(
    "lines",
    [
        b"Host: a\r\nHost: b",
        b"Host: a\r\nHost: a",
        b"Host: a, b",
        b"Host: a/api/public",
        b"Host: a b",
        b"Host: user@a",
        b"Host: a;for=198.51.100.7",
        b"Host: [::1",
        b"Host: a\\b",
        b"X: 1",
    ],
)
def test_a_host_is_one_host(plain, reading, lines):
    got = plain.send(b"GET /x HTTP/1.1\r\n" + lines + b"\r\nConnection: close\r\n\r\n")
    assert got.status == 400
    assert plain.api.seen == []


@pytest.mark.parametrize(
    "host", ["a", "A.example", "a.example:8080", "a.example.", "[::1]:80", "[2001:db8::1]", "x_y.example", "127.0.0.1"]
)
def test_any_host_passes(plain, host):
    assert plain.send(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()).status == 200
    assert plain.api.seen[0]["host"] == host


def test_host_and_authority_are_one_over_http_2(plain, reading):
    assert over_h2(plain, [*pseudo(plain, authority="a.example"), ("host", "b.example")]) in (0, 200, 400)
    for reached in plain.api.seen:
        assert reached.all("host") == ["a.example"]
        assert reading.last.host == "a.example"


@pytest.mark.parametrize(
    "extra",
    [
        [("Uppercase", "1")],
        [("connection", "close")],
        [("transfer-encoding", "chunked")],
        [(":path", "/second")],
        [(":authority", "second.example")],
        [("x", "1\r\nvedette-decision: forged")],
        [("x\r\nvedette-decision", "forged")],
        [("x", "1\x002")],
    ],
)
def test_what_http_2_forbids_is_reset(plain, extra):
    assert over_h2(plain, [*pseudo(plain), *extra]) in (0, 400)
    assert plain.api.seen == []


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
FRAMINGS = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5",
    "one length twice": b"Content-Length: 4\r\nContent-Length: 4",
    "a list of lengths": b"Content-Length: 4, 4",
    "a signed length": b"Content-Length: +4",
    "a hexadecimal length": b"Content-Length: 0x4",
    "an endless length": b"Content-Length: 99999999999999999999",
    "an unknown coding": b"Transfer-Encoding: xchunked",
    "a coding twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "a coding that is none": b"Transfer-Encoding: identity",
    "a coding behind a tab": b"Transfer-Encoding: \x0bchunked",
    "a name with a space": b"Transfer-Encoding : chunked",
    "no name": b": x",
    "a zero byte": b"X: 1\x002",
}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_request_that_could_end_in_two_places_ends_at_the_edge(plain, framing):
    head = b"POST / HTTP/1.1\r\nHost: a\r\n" + FRAMINGS[framing] + b"\r\n\r\n0\r\n\r\n"
    assert plain.send(head + SMUGGLED).status in (400, 501)
    assert plain.api.seen == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Vedette-Decision: forged\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rVedette-Decision: forged\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\nVedette-Decision: forged\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\nVedette-Decision: forged\nConnection: close\n\n",
    ],
)
def test_odd_line_ends_are_written_anew(plain, head):
    """RFC 9112 (2.2 and 5.2) lets a server read these; what goes on to the API is whole lines of the edge's own."""
    assert plain.send(head).status == 200
    (reached,) = plain.api.seen
    assert not any("\r" in value or "\n" in value for _, value in reached.headers)
    assert reached["vedette-decision"].endswith("action=allow")
    assert reached.all("vedette-decision") == [reached["vedette-decision"]]


def test_chunks_end_where_they_say(plain):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert plain.send(head + b"2;a=b\r\nab\r\n0\r\n\r\n").status == 200
    assert plain.api.seen[0].body == b"ab"
    plain.api.seen.clear()
    for chunks in (b"2\nab\n0\n\n", b"-2\r\nab\r\n0\r\n\r\n", b"fffffffffffffffff\r\n", b"2;\rx\r\nab\r\n0\r\n\r\n"):
        assert plain.send(head + chunks).status == 400
    assert not [reached for reached in plain.api.seen if reached.body]
