"""Fetching: what is an answer, what is a failure, and where nothing may connect to."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gather.serving import Web, answer, serving
from vedette.gather.fetching import Fetched, FetchError, fetch, inflate, is_public


def got(pages: dict, path: str = "/", *, hangs: tuple[str, ...] = (), **options) -> tuple[Fetched | str, Web]:
    """Fetch a path of a server with these pages; the text of the failure where it fails."""

    async def run():
        async with serving(options.pop("server_tls", None)) as web:
            web.pages.update({name: page(web) if callable(page) else page for name, page in pages.items()})
            web.hangs.update(hangs)
            try:
                found = await fetch(
                    options.pop("url", web.url)(path), **({"size_max": 1000, "timeout_s": 10.0} | options)
                )
            except FetchError as error:
                return str(error), web
            return found, web

    return asyncio.run(run())


def test_a_document_with_its_headers():
    found, web = got({"/a?b=1": answer(b"hello", etag='"x"')}, "/a?b=1", headers={"If-None-Match": '"w"'})
    assert (found.status, found.body, found.headers["etag"]) == (200, b"hello", '"x"')
    path, sent = web.asked[0]
    assert path == "/a?b=1"
    assert sent["host"] == f"127.0.0.1:{web.port}"
    assert sent["if-none-match"] == '"w"'
    assert sent["user-agent"].startswith("vedette/")


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_any_final_status_is_an_answer(status):
    assert got({"/": answer(status=status)})[0].status == status


def test_chunks_and_the_end_of_the_connection_frame_a_body():
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n"
    assert got({"/": chunked})[0].body == b"abcde"
    assert got({"/": b"HTTP/1.0 200 OK\r\n\r\nabc"})[0].body == b"abc"


def test_gzip_is_decoded_within_the_limit():
    packed = gzip.compress(b"a" * 900)
    assert got({"/": answer(packed, content_encoding="gzip")})[0].body == b"a" * 900
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert got({"/": answer(bomb, content_encoding="gzip")}, size_max=100_000)[0] == (
        "larger than 100000 bytes when decompressed"
    )


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (answer(b"a" * 1001), "larger than 1000 bytes"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b"a" * 200_000, "larger than 1000 bytes"),
        (answer(b"abc", content_length=10), "the answer is cut short"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab", "the answer is cut short"),
        (b"", "the answer is cut short"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 103 Hints\r\n\r\n", "an interim answer, which nobody asked for"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 30_000, "headers too large"),
        (answer(b"abc", content_encoding="br"), "in an encoding that was not asked for, br"),
        (answer(b"abc", content_encoding="gzip"), "not valid gzip"),
        (answer(gzip.compress(b"a" * 500)[:-9], content_encoding="gzip"), "ends within its gzip stream"),
    ],
)
def test_failures_are_told_in_a_line(page, told):
    assert got({"/": page})[0] == told


def test_a_slow_answer_is_given_up():
    found, _ = got({"/": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"}, hangs=("/",), timeout_s=0.2)
    assert found == "took longer than 0.2 s"


def test_redirects():
    def to(target: str):
        return answer(status=302, location=target)

    assert got({"/": to("/b"), "/b": answer(b"b")}, redirects=1)[0].body == b"b"
    assert got({"/": to("/b")})[0].startswith("redirected, to http://127.0.0.1")
    assert got({"/": to("/")}, redirects=3)[0] == "redirected more than 3 times"
    for target in ("file:///etc/passwd", "https://127.0.0.1/", "ftp://a.example/"):
        assert got({"/": to(target)}, redirects=3)[0] == f"redirected to another scheme, {target}"
    assert got({"/": answer(status=302)}, redirects=3)[0].startswith("redirected to another scheme")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/", "http://", "http://u:p@a.example/", "http://a b/", "http://[::1/", "http://a.example/ b"])  # fmt: skip
def test_what_is_no_url_for_us(url):
    found, _ = got({}, url=lambda path: url)
    assert "URL" in found or "not found" in found


def test_nobody_there():
    found, _ = got({}, url=lambda path: "http://127.0.0.1:9/")
    assert found.startswith("cannot be reached")


def test_a_public_host_is_asked_for_where_that_is_demanded():
    found, web = got({"/": answer(b"secret")}, public_only=True)
    assert found == "the host 127.0.0.1 has an address that is not public"
    assert web.asked == []


def test_the_address_that_was_checked_is_connected_to():
    asked = []

    async def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async def run():
        async with serving() as web:
            web.pages["/"] = answer(b"ok")
            first = await fetch(f"http://keys.example:{web.port}/", size_max=10, timeout_s=10.0, resolve=once)
            with pytest.raises(FetchError, match="not public"):
                await fetch(
                    f"http://keys.example:{web.port}/", size_max=10, timeout_s=10.0, resolve=mixed, public_only=True
                )
            return first

    async def mixed(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    assert asyncio.run(run()).body == b"ok"
    assert asked == ["keys.example"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1", True),
        ("::ffff:93.184.216.34", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("168.63.129.16", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_which_addresses_are_public(address, expected):
    assert is_public(address) is expected


@given(st.ip_addresses(v=4))
def test_every_private_address_is_private_in_disguise_too(address: ipaddress.IPv4Address):
    for form in (f"::ffff:{address}", str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80)))):
        assert is_public(form) == is_public(str(address))


@given(st.binary(max_size=300))
def test_inflating_garbage_fails_in_one_way(data):
    try:
        assert len(inflate(data, 50)) <= 50
    except FetchError:
        pass


@given(st.lists(st.binary(max_size=50), max_size=4))
def test_inflating_several_members(parts):
    assert inflate(b"".join(map(gzip.compress, parts)), 1000) == b"".join(parts)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A server's and a client's context: a certificate for 127.0.0.1 that only this client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "all.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=file)


def test_tls_is_verified(tls):
    server, client = tls
    assert got({"/": answer(b"ok")}, server_tls=server, tls=client)[0].body == b"ok"
    assert got({"/": answer(b"ok")}, server_tls=server)[0].startswith("TLS failed: self-signed")


@pytest.mark.parametrize(
    "address",
    """10.1.2.3 172.31.255.255 192.168.0.1 127.0.0.1 127.9.9.9 100.64.0.1 100.100.100.200 169.254.169.254 0.0.0.0
    224.0.0.1 240.0.0.1 255.255.255.255 192.0.2.7 198.18.0.1 192.0.0.170 192.0.0.192 168.63.129.16 192.88.99.1 :: ::1
    ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:192.0.0.192 64:ff9b::7f00:1 64:ff9b::169.254.169.254
    64:ff9b:1::1 2002:7f00:1::1 2002:a00:1:: 2001::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1
    2001:db8::1 3fff::1 5f00::1""".split(),
)
def test_addresses_that_are_never_public(address):
    assert not is_public(address)
