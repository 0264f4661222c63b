"""How clients come in: TLS, HTTP/2, fingerprints, IPv6, and proxies in front of the edge."""

from __future__ import annotations

import ipaddress
import re
import struct

import pytest
import stage
from curl_cffi import requests

JA4 = re.compile(r"t1[23][di]\d{4}(h1|h2|00)_[0-9a-f]{12}_[0-9a-f]{12}")


def browser(running, name, path="/"):
    return requests.get(
        f"https://localhost:{running.port}{path}", impersonate=name, verify=str(running.authority.file), timeout=20
    )


@pytest.mark.parametrize(("name", "prefix"), [("chrome", "t13d151"), ("firefox", "t13d1"), ("safari", "t13d2")])
def test_a_browsers_fingerprints_reach_the_engine(secure, name, prefix):
    got = browser(secure, name)
    assert got.status_code == 200
    assert got.http_version == 3  # libcurl's number for HTTP/2
    (asked,) = secure.engine.seen
    assert JA4.fullmatch(asked["x-vedette-ja4"])
    assert asked["x-vedette-ja4"].startswith(prefix)
    assert asked["x-vedette-ja4"].split("_")[0].endswith("h2")
    assert re.fullmatch("[0-9a-f]{32}", asked["x-vedette-ja3"])
    assert (asked["x-vedette-tls"], asked["x-vedette-scheme"], asked["x-vedette-protocol"]) == (
        "TLSv1.3",
        "https",
        "HTTP/2",
    )
    assert secure.api.seen[0]["x-forwarded-proto"] == "https"


def test_browsers_differ_in_fingerprint_and_order(secure):
    for name in ("chrome", "firefox", "safari"):
        browser(secure, name)
    assert len({asked["x-vedette-ja4"] for asked in secure.engine.seen}) == 3
    assert len({tuple(asked.order) for asked in secure.engine.seen}) == 3


def test_http_2_header_order_is_the_clients(secure):
    browser(secure, "chrome")
    names = secure.engine.seen[0].order
    assert names.index("sec-ch-ua") < names.index("user-agent") < names.index("accept") < names.index("accept-encoding")
    assert not [name for name in names if name.startswith((":", "x-vedette", "x-forwarded"))]


def test_python_over_tls_speaks_http_1(secure):
    got = secure.ask("/", "X-Vedette-Ja4: t13d1516h2_8daaf6152771_e5627efa2ab1", "X-Vedette-Ja3: forged")
    assert got.status == 200
    (asked,) = secure.engine.seen
    assert asked["x-vedette-ja4"].split("_")[0].endswith("h1")
    assert asked.all("x-vedette-ja4") != ["t13d1516h2_8daaf6152771_e5627efa2ab1"]
    assert re.fullmatch("[0-9a-f]{32}", asked["x-vedette-ja3"])
    assert asked["x-vedette-protocol"] == "HTTP/1.1"


def test_a_renewed_certificate_is_served_without_a_restart(tmp_path, authority):
    with stage.edge(tmp_path, authority=authority) as running:

        def serial():
            with running.connect() as link:
                return link.getpeercert()["serialNumber"]

        before = serial()
        authority.issue(tmp_path, "localhost")
        assert running.reload() == ("certificate.json",)
        stage.eventually(lambda: serial() != before, "the new certificate")


def test_ipv6(tmp_path):
    with stage.edge(tmp_path, address="::1") as running:
        assert running.ask("/").status == 200
        assert running.engine.seen[0]["x-vedette-peer"] == "::1"
        assert running.api.seen[0]["x-forwarded-for"] == "::1"


def test_the_ipv6_wildcard_takes_ipv4_too(tmp_path):
    with stage.edge(tmp_path, address="::") as running:
        assert running.ask("/").status == 200
        with stage.socket.create_connection(("127.0.0.1", running.port), 20) as link, link.makefile("rb") as stream:
            link.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert stage.read_answer(stream).status == 200
        assert [asked["x-vedette-peer"] for asked in running.engine.seen] == ["::1", "127.0.0.1"]


def test_a_trusted_proxy_keeps_its_word_about_the_scheme(tmp_path):
    with stage.edge(tmp_path, trusted_proxies=("127.0.0.8/30", "fd00::/8")) as running:
        running.ask(
            "/",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Client-Cert: Hash=1",
            "X-Forwarded-For: 192.0.2.7",
            source="127.0.0.9",
        )
        running.ask("/", "X-Forwarded-Proto: https", "X-Forwarded-Client-Cert: Hash=1", source="127.0.0.3")
        trusted, other = running.api.seen
        assert trusted["x-forwarded-proto"] == "https"
        assert trusted["x-forwarded-client-cert"] == "Hash=1"
        assert trusted["x-forwarded-for"].replace(" ", "") == "192.0.2.7,127.0.0.9"
        assert other["x-forwarded-proto"] == "http"
        assert other["x-forwarded-client-cert"] is None
        assert [asked["x-vedette-peer"] for asked in running.engine.seen] == ["127.0.0.9", "127.0.0.3"]


def proxy_v2(source, port=4711):
    address = ipaddress.ip_address(source)
    family = 0x11 if address.version == 4 else 0x21
    target = ipaddress.ip_address("192.0.2.99" if address.version == 4 else "2001:db8::99")
    payload = address.packed + target.packed + struct.pack("!HH", port, 443)
    return b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack("!BBH", 0x21, family, len(payload)) + payload


REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    from vedette.config.schema import Forwarded

    with stage.edge(
        tmp_path_factory.mktemp("proxied"),
        trusted_proxies=("127.0.0.9/32",),
        forwarded=Forwarded(address="proxy_protocol"),
    ) as running:
        yield running


@pytest.mark.parametrize("client", ["198.51.100.7", "2001:db8::7"])
def test_a_trusted_proxys_proxy_protocol_names_the_peer(proxied, client):
    assert proxied.send(REQUEST, "127.0.0.9", proxy_v2(client)).status == 200
    assert proxied.engine.seen[-1]["x-vedette-peer"] == client
    assert proxied.api.seen[-1]["x-forwarded-for"] == client


def test_anybody_elses_proxy_protocol_is_not_believed(proxied):
    assert proxied.send(REQUEST, "127.0.0.3", proxy_v2("198.51.100.7")).status == 200
    assert proxied.engine.seen[-1]["x-vedette-peer"] == "127.0.0.3"
    assert proxied.api.seen[-1]["x-forwarded-for"] == "127.0.0.3"
    assert "198.51.100.7" not in str(proxied.engine.seen[-1].headers)


def test_a_proxy_may_leave_the_protocol_out(proxied):
    """A load balancer's own health check does."""
    assert proxied.send(REQUEST, "127.0.0.9").status == 200
    assert proxied.engine.seen[-1]["x-vedette-peer"] == "127.0.0.9"


def test_without_the_setting_the_protocol_is_no_request(plain):
    assert plain.send(REQUEST, "127.0.0.9", proxy_v2("198.51.100.7")).status == 400
    assert plain.engine.seen == []


def test_oversized_http_2_headers_end_at_the_edge(secure):
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(
            f"https://localhost:{secure.port}/",
            headers={"x-big": "x" * 70_000},
            verify=str(secure.authority.file),
            timeout=20,
        ).raise_for_status()
    assert secure.engine.seen == []
    assert secure.api.seen == []


def test_a_forged_decision_over_http_2_is_removed(secure):
    requests.get(
        f"https://localhost:{secure.port}/",
        headers={"vedette-decision": "forged", "x-vedette-ja4": "forged", "x_vedette_peer": "forged"},
        verify=str(secure.authority.file),
        timeout=20,
    )
    assert "forged" not in str(secure.engine.seen[0].headers) + str(secure.api.seen[0].headers)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://shop.example/absolute HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
        b"GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        b"POST /expect HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nab",
    ],
)
def test_unusual_requests_pass(plain, request_):
    assert plain.send(request_).status == 200
    assert len(plain.api.seen) == 1


def test_proxy_protocol_in_front_of_tls(tmp_path, authority):
    from vedette.config.schema import Forwarded

    trust = {"trusted_proxies": ("127.0.0.9/32",), "forwarded": Forwarded(address="proxy_protocol")}
    with stage.edge(tmp_path, authority=authority, **trust) as running, stage.socket.socket() as raw:
        raw.settimeout(20)
        raw.bind(("127.0.0.9", 0))
        raw.connect(("127.0.0.1", running.port))
        raw.sendall(proxy_v2("198.51.100.7"))
        with authority.client().wrap_socket(raw, server_hostname="localhost") as link, link.makefile("rb") as stream:
            link.sendall(REQUEST)
            assert stage.read_answer(stream).status == 200
        (asked,) = running.engine.seen
        assert asked["x-vedette-peer"] == "198.51.100.7"
        assert JA4.fullmatch(asked["x-vedette-ja4"])
