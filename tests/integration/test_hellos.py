"""The handshakes of real programs: what of them stays the same when a session is resumed, padded or greased."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.collect.fingerprint import stable_ja4
from vedette.collect.ja4 import Hello, ja3, ja4, ja4_stable, parse

WAIT_S = 30
PADDING, RESUMPTION = 21, 41

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
needs_chromium = pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="Chromium is not installed")


class Tap:
    """A TLS server on loopback that keeps the first bytes of each connection, then shakes hands and answers."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.first: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(WAIT_S)
                    size = 5
                    while len(data := connection.recv(65536, socket.MSG_PEEK)) < size and data:
                        size = 5 + int.from_bytes(data[3:5]) if len(data) >= 5 else 5
                        if len(data) >= size:
                            break
                    self.first.append(data)
                    with self._context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(65536)
                        secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

    def hellos(self) -> list[Hello]:
        return [parse(data) for data in self.first if data[:1] == b"\x16"]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(WAIT_S)


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[Tap]:
    found = Tap(tmp_path)
    yield found
    found.close()


def openssl(tap: Tap, folder: Path, *options: str) -> None:
    subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{tap.port}", "-servername", "localhost", "-quiet", *options],
        cwd=folder, input=b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", timeout=WAIT_S, check=False,
        capture_output=True,
    )  # fmt: skip


@needs_openssl
def test_a_resumed_session_has_the_same_stable_handshake(tap: Tap, tmp_path: Path) -> None:
    openssl(tap, tmp_path, "-sess_out", "session.pem")
    openssl(tap, tmp_path, "-sess_in", "session.pem")
    fresh, resumed = tap.hellos()
    assert RESUMPTION not in fresh.extensions
    assert RESUMPTION in resumed.extensions
    assert ja4(fresh) != ja4(resumed)
    assert ja4_stable(fresh) == ja4_stable(resumed) == ja4(fresh)
    assert stable_ja4(ja4(fresh)) == stable_ja4(ja4(resumed))
    assert ja3(fresh) != ja3(resumed)


@needs_openssl
def test_a_padded_hello_has_the_same_stable_handshake(tap: Tap, tmp_path: Path) -> None:
    for _ in range(2):
        openssl(tap, tmp_path)
    openssl(tap, tmp_path, "-bugs")
    plain, again, padded = tap.hellos()
    assert (ja4(plain), ja3(plain)) == (ja4(again), ja3(again))
    assert PADDING in padded.extensions
    assert ja4(plain) != ja4(padded)
    assert ja4_stable(plain) == ja4_stable(padded)
    assert stable_ja4(ja4(plain)) == stable_ja4(ja4(padded))


@needs_openssl
def test_curl_is_told_from_openssl_by_what_it_offers(tap: Tap, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    for _ in range(2):
        subprocess.run(
            ["curl", "-ks", "--noproxy", "*", f"https://localhost:{tap.port}/"],
            timeout=WAIT_S, check=False, capture_output=True,
        )  # fmt: skip
    openssl(tap, tmp_path)
    curl, again, plain = tap.hellos()
    assert (ja4(curl), ja3(curl)) == (ja4(again), ja3(again))
    assert stable_ja4(ja4(curl)) != stable_ja4(ja4(plain)), "curl asks for HTTP/2"


@needs_openssl
@needs_chromium
def test_chromium_permutes_and_greases_and_is_one_program_all_the_same(tap: Tap, tmp_path: Path) -> None:
    from playwright.sync_api import Error, sync_playwright

    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments, timeout=WAIT_S * 1000)
        for _ in range(6):  # each context has a pool of connections of its own
            page = browser.new_context(ignore_https_errors=True).new_page()
            with contextlib.suppress(Error):
                page.goto(f"https://localhost:{tap.port}/", timeout=WAIT_S * 1000)
        browser.close()
    hellos = tap.hellos()
    assert len(hellos) >= 6
    assert len({ja3(hello)[1] for hello in hellos}) > 1, "the order of extensions changes"
    assert len({stable_ja4(ja4(hello)) for hello in hellos}) == 1
    fresh = [hello for hello in hellos if len(hello.alpn) == len(hellos[0].alpn)]
    assert len({ja4_stable(hello) for hello in fresh}) == 1
