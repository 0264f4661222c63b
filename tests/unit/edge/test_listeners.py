from __future__ import annotations

import datetime as dt
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vedette.config.schema import Config, Listen
from vedette.edge.listeners import certificate_secret, forgeable, split_address
from vedette.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:8080", ("0.0.0.0", 8080)),
        ("[::1]:8443", ("::1", 8443)),
        ("[::]:80", ("::", 80)),
        (":8080", ("0.0.0.0", 8080)),
        ("localhost:8080", ("127.0.0.1", 8080)),
    ],
)
def test_addresses(text, expected):
    assert split_address(text) == expected


@pytest.mark.parametrize("text", ["8080", "shop.example:80", "1.2.3.4:x", "1.2.3.4", "1.2.3.4:70000", "1.2.3.4:-1"])
def test_what_is_no_address_is_said(text):
    with pytest.raises(ConfigError, match="is not an address to listen on; write IP:PORT"):
        split_address(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vedette-decision", True),
        ("vedette_decision", True),
        ("x-vedette-ja4", True),
        ("x_vedette_ja4", True),
        ("x-envoy-anything", True),
        ("x_forwarded_for", True),
        ("x-forwarded_for", True),
        ("x_forwarded-for", True),
        ("true-client_ip", True),
        ("cf_ja4", True),
        ("x-forwarded-for", False),
        ("true-client-ip", False),
        ("cf-ja4", False),
        ("api_key", False),
        ("my-vedette-note", False),
        ("vedette", False),
    ],
)
def test_what_no_client_may_send(name, expected):
    assert bool(re.fullmatch(forgeable("cf-ja4"), name)) is expected


def test_an_unreadable_certificate_is_said(tmp_path):
    config = Config(
        file="vedette.yaml", listen=Listen(certificate=str(tmp_path / "none.pem"), key=str(tmp_path / "key"))
    )
    with pytest.raises(ConfigError) as error:
        certificate_secret(config, tmp_path)
    assert str(error.value).startswith("vedette.yaml: listen.certificate: ")
    assert str(error.value).endswith(
        "cannot be read (No such file or directory); give a PEM file that this user may read"
    )


def issue(folder, name="localhost"):
    """Write a certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1)
    )
    (folder / "c.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    encryption = serialization.NoEncryption()
    (folder / "k.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return Config(file="vedette.yaml", listen=Listen(certificate=str(folder / "c.pem"), key=str(folder / "k.pem")))


def test_a_renewed_certificate_has_another_name(tmp_path):
    config = issue(tmp_path)
    first = certificate_secret(config, tmp_path / "run")
    assert certificate_secret(config, tmp_path / "run") == first
    issue(tmp_path)
    assert certificate_secret(config, tmp_path / "run") != first
    assert not [file for file in (tmp_path / "run").rglob("*") if file.is_file() and not file.is_symlink()]


@pytest.mark.parametrize("damage", ["other key", "no PEM"])
def test_an_unusable_pair_is_said(tmp_path, damage):
    config = issue(tmp_path)
    (tmp_path / "other").mkdir()
    issue(tmp_path / "other")
    (tmp_path / "k.pem").write_bytes(
        (tmp_path / "other" / "k.pem").read_bytes() if damage == "other key" else b"no key"
    )
    with pytest.raises(
        ConfigError, match="do not belong together or are damaged .*; give a certificate chain and its key"
    ):
        certificate_secret(config, tmp_path / "run")
