"""Handshakes: from ``captured.json``, from curl-impersonate's descriptions, and a few composed from documentation."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from vedette.collect.ja4 import Hello, is_grease, ja3, ja4

CAPTURED = Path(__file__).parent / "captured.json"
RESUMPTION = 0x0029
GREASE = tuple(0x0A0A + 0x1010 * step for step in range(16))
TYPES = {
    "server_name": 0, "status_request": 5, "supported_groups": 10, "ec_point_formats": 11, "signature_algorithms": 13,
    "application_layer_protocol_negotiation": 16, "signed_certificate_timestamp": 18, "padding": 21,
    "extended_master_secret": 23, "compress_certificate": 27, "record_size_limit": 28, "delegated_credentials": 34,
    "session_ticket": 35, "pre_shared_key": 41, "supported_versions": 43, "psk_key_exchange_modes": 45, "keyshare": 51,
    "application_settings": 17513, "application_settings_new": 17613, "encrypted_client_hello": 65037,
    "renegotiation_info": 65281, "GREASE": GREASE[0],
}  # fmt: skip
VERSIONS = {"TLS_VERSION_1_0": 0x301, "TLS_VERSION_1_1": 0x302, "TLS_VERSION_1_2": 0x303, "TLS_VERSION_1_3": 0x304}

CHROME_MODERN = (
    0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D, 0x2F, 0x35,
)  # fmt: skip
SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201)
COMPOSED: dict[str, Hello] = {
    # OkHttp 4 and 5: ConnectionSpec MODERN_TLS over Conscrypt, whose hello has no GREASE and is not permuted.
    "okhttp4": Hello(
        version=0x303, ciphers=CHROME_MODERN, extensions=(0, 23, 65281, 10, 11, 35, 16, 5, 13, 51, 45, 43),
        curves=(29, 23, 24), point_formats=(0,), signature_algorithms=SIGNATURES, supported_versions=(0x304, 0x303),
        alpn=(b"h2", b"http/1.1"), has_sni=True,
    ),
    # The same on Android 9 and older, whose Conscrypt ends at TLS 1.2.
    "okhttp3": Hello(
        version=0x303, ciphers=CHROME_MODERN[3:], extensions=(65281, 0, 23, 35, 13, 16, 11, 10),
        curves=(29, 23, 24), point_formats=(0,), signature_algorithms=SIGNATURES, alpn=(b"h2", b"http/1.1"), has_sni=True,
    ),
    # Dart's BoringSSL with its own defaults.
    "dart": Hello(
        version=0x303, ciphers=(0x1301, 0x1302, 0x1303, *CHROME_MODERN[3:], 0xC009, 0xC00A),
        extensions=(0, 23, 65281, 10, 11, 35, 13, 51, 45, 43),
        curves=(29, 23, 24), point_formats=(0,), signature_algorithms=SIGNATURES[:-1], supported_versions=(0x304, 0x303),
        has_sni=True,
    ),
    # Programs that open TLS in the middle: antivirus on OpenSSL, an office gateway of TLS 1.2, one of TLS 1.3.
    "antivirus": Hello(
        version=0x303, ciphers=(0x1302, 0x1303, 0x1301, 0xC02C, 0xC030, 0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC024, 0xC028,
                                0xC023, 0xC027, 0x9F, 0x9E, 0x9D, 0x9C, 0x3D, 0x3C, 0x35, 0x2F, 0xFF),
        extensions=(0, 11, 10, 35, 16, 22, 23, 13, 43, 45, 51), curves=(29, 23, 30, 25, 24), point_formats=(0, 1, 2),
        signature_algorithms=(0x403, 0x503, 0x603, 0x807, 0x808, 0x809, 0x80A, 0x80B, 0x804, 0x805, 0x806, 0x401, 0x501,
                              0x601),
        supported_versions=(0x304, 0x303), alpn=(b"http/1.1",), has_sni=True,
    ),
    "gateway12": Hello(
        version=0x303, ciphers=(0xC030, 0xC02C, 0xC028, 0xC024, 0xC014, 0xC00A, 0x9D, 0x3D, 0x35, 0xC02F, 0xC02B, 0xC027,
                                0xC023, 0xC013, 0xC009, 0x9C, 0x3C, 0x2F, 0xFF),
        extensions=(0, 11, 10, 35, 13, 23), curves=(23, 24, 25, 29), point_formats=(0, 1, 2),
        signature_algorithms=(0x601, 0x603, 0x501, 0x503, 0x401, 0x403, 0x301, 0x303, 0x201, 0x203), has_sni=True,
    ),
    "gateway13": Hello(
        version=0x303, ciphers=(0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC009, 0xC013,
                                0xC00A, 0xC014, 0x9C, 0x9D, 0x2F, 0x35),
        extensions=(0, 5, 10, 11, 13, 65281, 16, 18, 43, 51), curves=(29, 23, 24, 25), point_formats=(0,),
        signature_algorithms=(0x804, 0x403, 0x807, 0x805, 0x806, 0x401, 0x501, 0x601, 0x503, 0x603, 0x201, 0x203),
        supported_versions=(0x304, 0x303), alpn=(b"h2", b"http/1.1"), has_sni=True,
    ),
    # Python's ssl over OpenSSL 1.1.1, and curl over OpenSSL 1.1.1 and GnuTLS' predecessor: older servers.
    "openssl111": Hello(
        version=0x303, ciphers=(0x1302, 0x1303, 0x1301, 0xC02C, 0xC030, 0x9F, 0xCCA9, 0xCCA8, 0xCCAA, 0xC02B, 0xC02F, 0x9E,
                                0xC024, 0xC028, 0x6B, 0xC023, 0xC027, 0x67, 0xC00A, 0xC014, 0x39, 0xC009, 0xC013, 0x33, 0x9D,
                                0x9C, 0x3D, 0x3C, 0x35, 0x2F, 0xFF),
        extensions=(0, 11, 10, 16, 22, 23, 49, 13, 43, 45, 51, 21), curves=(29, 23, 30, 25, 24), point_formats=(0, 1, 2),
        signature_algorithms=(0x403, 0x503, 0x603, 0x807, 0x808, 0x809, 0x80A, 0x80B, 0x804, 0x805, 0x806, 0x401, 0x501,
                              0x601, 0x303, 0x203, 0x301, 0x201, 0x302, 0x202, 0x402, 0x502, 0x602),
        supported_versions=(0x304, 0x303, 0x302, 0x301), alpn=(b"http/1.1",), has_sni=True,
    ),
    "java8": Hello(
        version=0x303, ciphers=(0xC024, 0xC028, 0x3D, 0xC026, 0xC02A, 0x6B, 0x6A, 0xC00A, 0xC014, 0x35, 0xC005, 0xC00F, 0x39,
                                0x38, 0xC023, 0xC027, 0x3C, 0xC025, 0xC029, 0x67, 0x40, 0xC009, 0xC013, 0x2F, 0xC004, 0xC00E,
                                0x33, 0x32, 0xC02C, 0xC02B, 0xC030, 0x9D, 0xC02E, 0xC032, 0x9F, 0xA3, 0xC02F, 0x9C, 0xC02D,
                                0xC031, 0x9E, 0xA2, 0xFF),
        extensions=(10, 11, 13, 23, 0), curves=(23, 24, 25, 9, 10, 11, 12, 13, 14, 22), point_formats=(0,),
        signature_algorithms=(0x603, 0x601, 0x503, 0x501, 0x403, 0x401, 0x402, 0x303, 0x301, 0x302, 0x203, 0x201, 0x202),
        has_sni=True,
    ),
}  # fmt: skip


class Hellos:
    """All handshakes by name; each is written once, as the edge would see it."""

    def __init__(self, data: Path) -> None:
        self.captured: dict[str, Any] = json.loads(CAPTURED.read_text())
        self._impersonate = data / "fingerprints" / "curl-impersonate"
        self.used: dict[str, dict[str, Any]] = {}

    def name(self, name: str, *, resumes: float = 0.35, is_greased: bool = False) -> str:
        """Register a handshake: ``captured NAME``, ``described FILE`` or the name of a composed one; give its key."""
        if name not in self.used:
            hello, permutes = self._read(name)
            self.used[name] = written(hello, permutes, resumes, is_greased)
        return name

    def _read(self, name: str) -> tuple[Hello, bool]:
        sort, _, rest = name.partition(" ")
        if sort == "captured":
            given = self.captured[rest]
            return with_name(told(given["hello"])), given["permutes"]
        if sort == "described":
            return described(yaml.safe_load((self._impersonate / f"{rest}.yaml").read_text())["signature"])
        return COMPOSED[name], False


def written(hello: Hello, permutes: bool, resumes: float, is_greased: bool) -> dict[str, Any]:
    """Give the JA4 and JA3 of a handshake's variants with their shares, largest first.

    A client that sends a random GREASE value among its signature algorithms has sixteen JA4s.
    """
    is_13 = 0x304 in hello.supported_versions
    plain = [kind for kind in hello.extensions if kind != RESUMPTION]
    again = [*plain, RESUMPTION]
    if permutes is False and is_grease(plain[-1]):  # resumption must be the last extension
        again = [*plain, RESUMPTION]
    lists = [(plain, 1.0 - resumes), (again, resumes)] if is_13 and resumes else [(plain, 1.0)]
    algorithms = [hello.signature_algorithms]
    if is_greased:
        rest = tuple(value for value in hello.signature_algorithms if not is_grease(value))
        algorithms = [(value, *rest) for value in GREASE]
    variants = []
    for kinds, share in lists:
        for chosen in algorithms:
            fields = {name: getattr(hello, name) for name in Hello.__struct_fields__}
            one = Hello(**{**fields, "extensions": tuple(kinds), "signature_algorithms": chosen})
            variants.append((ja4(one), round(share / len(algorithms), 6), ja3(one)[1]))
    return {
        "version": "1.3" if is_13 else "1.2",
        "ja4": [[value, share] for value, share, _ in variants],
        "ja3": [] if permutes else [value for _, _, value in variants],
    }


def told(given: dict[str, Any]) -> Hello:
    """Read a hello as ``captured.json`` holds it."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    fields["alpn"] = tuple(name.encode("latin-1") for name in given["alpn"])
    return Hello(**fields, has_sni=0 in given["extensions"])


def with_name(hello: Hello) -> Hello:
    """Add the server's name where it was left out: Java does so for ``localhost``, which has no dot."""
    if hello.has_sni:
        return hello
    fields = {name: getattr(hello, name) for name in Hello.__struct_fields__}
    return Hello(**{**fields, "extensions": (0, *hello.extensions), "has_sni": True})


def described(signature: dict[str, Any]) -> tuple[Hello, bool]:
    """Read the hello of one of curl-impersonate's descriptions, and whether its extensions are permuted."""
    given = signature["tls_client_hello"]
    fields: dict[str, Any] = {"version": VERSIONS[given["handshake_version"]]}
    fields["ciphers"] = _numbers(given["ciphersuites"])
    kinds = []
    for extension in given["extensions"]:
        kind = extension["type"]
        kinds.append(TYPES[kind] if isinstance(kind, str) else kind)
        if kind == "supported_groups":
            fields["curves"] = _numbers(extension["supported_groups"])
        elif kind == "ec_point_formats":
            fields["point_formats"] = tuple(extension["ec_point_formats"])
        elif kind == "signature_algorithms":
            fields["signature_algorithms"] = tuple(extension["sig_hash_algs"])
        elif kind == "application_layer_protocol_negotiation":
            fields["alpn"] = tuple(name.encode() for name in extension["alpn_list"])
        elif kind == "supported_versions":
            versions = [VERSIONS[name] for name in extension["supported_versions"] if name != "GREASE"]
            fields["supported_versions"] = tuple(versions)
    permutes = bool(signature.get("options", {}).get("tls_permute_extensions"))
    return Hello(**fields, extensions=tuple(kinds), has_sni=True), permutes


def _numbers(given: list[Any]) -> tuple[int, ...]:
    return tuple(GREASE[0] if value == "GREASE" else int(value) for value in given)
