"""Handshakes: the specification's own example, what others compute, and bytes that lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.fingerprint import stable_ja4
from vedette.collect.ja4 import Hello, is_grease, ja3, ja4, ja4_stable, parse

GREASE = [0x0A0A + 0x1010 * step for step in range(16)]
SPECIFIED = Hello(
    version=0x0303,
    ciphers=(
        0x1301,
        0x1302,
        0x1303,
        0xC02B,
        0xC02F,
        0xC02C,
        0xC030,
        0xCCA9,
        0xCCA8,
        0xC013,
        0xC014,
        0x9C,
        0x9D,
        0x2F,
        0x35,
    ),
    extensions=(0x1B, 0, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 5, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15),
    curves=(0x1D, 0x17, 0x18),
    point_formats=(0,),
    signature_algorithms=(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
    supported_versions=(0x0304, 0x0303),
    alpn=(b"h2", b"http/1.1"),
    has_sni=True,
)
FIREFOX = Hello(  # with the JA3 that its describers publish beside it
    version=771,
    ciphers=(4865, 4867, 4866, 49195, 49199, 52393, 52392, 49196, 49200, 49162, 49161, 49171, 49172, 156, 157, 47, 53),
    extensions=(0, 23, 65281, 10, 11, 35, 16, 5, 34, 18, 51, 43, 13, 45, 28, 27, 65037),
    curves=(4588, 29, 23, 24, 25, 256, 257),
    point_formats=(0,),
)


def body_of(hello: Hello, kind: int) -> bytes:
    def pairs(values):
        return struct.pack(f">{len(values)}H", *values)

    def sized(data, form=">H"):
        return struct.pack(form, len(data)) + data

    if kind == 10:
        return sized(pairs(hello.curves))
    if kind == 11:
        return sized(bytes(hello.point_formats), ">B")
    if kind == 13:
        return sized(pairs(hello.signature_algorithms))
    if kind == 43:
        return sized(pairs(hello.supported_versions), ">B")
    if kind == 16:
        return sized(b"".join(sized(name, ">B") for name in hello.alpn))
    return b"\x00"


def written(hello: Hello, *, cut: int = 0) -> bytes:
    """Write a hello as a client would; with ``cut``, in records of so many bytes."""
    extensions = b""
    for kind in hello.extensions:
        body = body_of(hello, kind)
        extensions += struct.pack(">HH", kind, len(body)) + body
    message = struct.pack(">H", hello.version) + bytes(32) + b"\x20" + bytes(32)
    message += struct.pack(f">H{len(hello.ciphers)}H", 2 * len(hello.ciphers), *hello.ciphers) + b"\x01\x00"
    message += struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + len(message).to_bytes(3) + message
    parts = [message[at : at + cut] for at in range(0, len(message), cut)] if cut else [message]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(part)) + part for part in parts)


def test_the_specifications_example():
    assert ja4(SPECIFIED) == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert stable_ja4(ja4(SPECIFIED)) == "t13dh2_8daaf6152771"


def test_ja3_of_firefox_as_published():
    text, digest = ja3(FIREFOX)
    assert text.startswith("771,4865-4867-4866-") and text.endswith("-65037,4588-29-23-24-25-256-257,0")
    assert digest == "6f7889b9fb1a62a9577e685c1fcfa919"


def test_grease_is_sixteen_values_and_changes_nothing():
    assert [value for value in range(1 << 16) if is_grease(value)] == GREASE
    greased = {name: getattr(SPECIFIED, name) for name in SPECIFIED.__struct_fields__}
    for value in GREASE:
        for name in ("ciphers", "extensions", "curves", "supported_versions"):
            greased[name] = (value, *getattr(SPECIFIED, name))
        assert ja4(Hello(**greased)) == ja4(SPECIFIED)
        assert ja3(Hello(**greased)) == ja3(SPECIFIED)


def test_resumption_and_padding_change_ja4_but_not_the_stable_one():
    fields = {name: getattr(SPECIFIED, name) for name in SPECIFIED.__struct_fields__}
    resumed = Hello(**{**fields, "extensions": (*SPECIFIED.extensions[:-1], 0x29)})
    assert ja4(resumed) != ja4(SPECIFIED)
    assert ja4_stable(resumed) == ja4_stable(SPECIFIED)
    assert ja4(resumed)[:10] == "t13d1516h2", "one extension came, padding went"


def test_grease_among_signature_algorithms_varies_in_ja4_but_not_in_the_stable_one():
    fields = {name: getattr(SPECIFIED, name) for name in SPECIFIED.__struct_fields__}
    seen = [Hello(**{**fields, "signature_algorithms": (value, *SPECIFIED.signature_algorithms)}) for value in GREASE]
    assert len({ja4(hello) for hello in seen}) == len(GREASE)
    assert {ja4_stable(hello) for hello in seen} == {ja4_stable(SPECIFIED)}
    assert {stable_ja4(ja4(hello)) for hello in seen} == {stable_ja4(ja4(SPECIFIED))}


def test_the_order_of_extensions_is_in_ja3_alone():
    fields = {name: getattr(SPECIFIED, name) for name in SPECIFIED.__struct_fields__}
    permuted = Hello(**{**fields, "extensions": SPECIFIED.extensions[::-1]})
    assert ja4(permuted) == ja4(SPECIFIED)
    assert ja3(permuted) != ja3(SPECIFIED)


@pytest.mark.parametrize(
    ("alpn", "ends"),
    [
        ((), "00"),
        ((b"",), "00"),
        ((b"h2", b"http/1.1"), "h2"),
        ((b"http/1.1",), "h1"),
        ((b"x",), "xx"),
        ((b"\xab",), "ab"),
        ((b"\x0a\x0a",), "0a"),
        ((b"0\xab",), "3b"),
    ],
)
def test_protocol_names(alpn, ends):
    assert ja4(Hello(version=0x0303, alpn=alpn))[8:10] == ends


@pytest.mark.parametrize(
    ("version", "offered", "name"),
    [
        (0x0303, (), "12"),
        (0x0301, (), "10"),
        (0x0300, (), "s3"),
        (0x0303, (0x0304, 0x0303), "13"),
        (0xFEFD, (), "d2"),
        (0x0999, (), "00"),
    ],
)
def test_versions(version, offered, name):
    assert ja4(Hello(version=version, supported_versions=offered), "d") == f"d{name}i000000_000000000000_000000000000"


def test_counts_end_at_99():
    many = Hello(version=0x0303, ciphers=tuple(range(150)), extensions=tuple(range(100, 250)))
    assert ja4(many)[4:8] == "9999"


@pytest.mark.parametrize("cut", [0, 1, 50, 200])
def test_what_a_client_writes_is_read_back(cut):
    assert parse(written(SPECIFIED, cut=cut)) == SPECIFIED


def test_a_hello_without_extensions_is_one():
    plain = written(Hello(version=0x0301, ciphers=(47,)))
    message = plain[5:-2]
    message = b"\x01" + (len(message) - 4).to_bytes(3) + message[4:]
    found = parse(b"\x16\x03\x01" + struct.pack(">H", len(message)) + message)
    assert found == Hello(version=0x0301, ciphers=(47,))
    assert ja4(found).endswith("_000000000000")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_hello_or_a_value_error(data):
    try:
        ja4(parse(data))
    except ValueError:
        pass


@given(st.data())
def test_a_damaged_hello_is_a_hello_or_a_value_error(data):
    whole = bytearray(written(SPECIFIED))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(whole)))
    try:
        found = parse(bytes(whole[:end]))
    except ValueError:
        return
    assert len(ja4(found)) == 36
    assert len(found.ciphers) <= len(whole) and len(found.extensions) <= len(whole)


@pytest.mark.parametrize("end", range(len(written(SPECIFIED))))
def test_a_hello_that_is_cut_short_is_refused(end):
    with pytest.raises(ValueError, match="cut short"):
        parse(written(SPECIFIED)[:end])


def test_what_is_too_long_or_repeated_is_refused():
    with pytest.raises(ValueError, match="64 KiB"):
        parse(b"\x16\x03\x01\x40\x00" * 20_000)
    with pytest.raises(ValueError, match="twice"):
        parse(written(Hello(version=0x0303, ciphers=(47,), extensions=(23, 23))))
    with pytest.raises(ValueError, match="not a handshake"):
        parse(b"GET / HTTP/1.1\r\n\r\n")
