"""Firing a world: what is refused before anything is sent, and a whole drill with every kind of client."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from msgspec.structs import replace

from vedette.doors.drill import PATH, Bounds, Consent, Refused
from vedette.errors import ConfigError
from vedette.simulate import target as package
from vedette.simulate.target import fire, proof
from vedette.simulate.target.place import find_place, source_of

KEY = "k" * 32


@pytest.fixture
def world(world_of, call_of, client_of):
    """Thirty clients of five kinds behind ten addresses, three calls each."""

    def script(client, at):
        for number in range(3):
            reply = yield call_of(client=client, at=at, path=f"/p/{number}")
            at = reply.ended + 1.0

    def arrivals(count):
        families = ("chrome", "aiohttp", "requests", "go", "urllib")
        clients = [client_of(families[n % 5], f"203.0.113.{n % 10}") for n in range(count)]
        return [(1000.0 + n, script(client, 1000.0 + n)) for n, client in enumerate(clients)]

    made = world_of(arrivals(30))
    made.again = lambda: world_of(arrivals(10))
    return made


@pytest.fixture
def remote(target, monkeypatch):
    """Take the target for one that is not on this machine."""
    monkeypatch.setattr(package, "find_place", lambda url, ca: replace(find_place(url, ca), is_loopback=False))
    monkeypatch.setattr(proof, "PAUSE_S", 0.0)
    return target


def edge(key, bounds=None):
    consent = Consent(key, bounds)

    def answer(seen):
        if seen.target != PATH:
            return 200, {}, b"hello"
        try:
            return 202, {}, consent.grant(seen.body, seen["host"], time.time())
        except Refused:
            return 404, {}, b""

    return answer


def test_every_simulated_address_is_one_source(target, world):
    figures = fire(world, target.url, speed=1e4)
    assert (figures.ended, figures.requests, figures.stopped, figures.unanswered) == ("done", 90, 0, 0)
    assert {seen.source for seen in target.seen} == {source_of(f"203.0.113.{n}") for n in range(10)}
    assert "each simulated address was a loopback address of its own" in figures.text()
    assert figures.replaced == {("go", "aiohttp"): 18, ("urllib", "requests"): 18}
    assert figures.ledger is world.ledger


def test_over_tls_with_a_certificate_that_nobody_vouches_for(serving, world, tmp_path):
    import datetime as dt
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "self")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    builder = builder.add_extension(alternative, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    with serving(tls=context) as secure:
        figures = fire(world, secure.url, speed=1e4)
        assert (figures.ended, figures.unanswered, len(secure.seen)) == ("done", 0, 90)
        assert "the target's certificate was not looked at" in figures.notes
    with serving(tls=context) as secure:
        here = secure.url.replace("127.0.0.1", "localhost")
        known = fire(world.again(), here, speed=1e4, ca=str(chain))
        assert (known.ended, known.unanswered, len(secure.seen)) == ("done", 0, 30)
        wrong = fire(world.again(), secure.url, speed=1e4, ca=str(chain))
        assert wrong.unanswered == wrong.requests > 0, "the certificate is for localhost, not for 127.0.0.1"


def test_a_target_elsewhere_needs_a_key(remote, world):
    with pytest.raises(ConfigError, match="not a loopback address, 127.0.0.1, set drill.key"):
        fire(world, remote.url)
    with pytest.raises(ConfigError, match="--key: too short, 4 characters, at least 24"):
        fire(world, remote.url, key="abcd")
    with pytest.raises(ConfigError, match="--forwarded-for: not usable"):
        fire(world, remote.url, key=KEY, forwarded_for=True)
    assert remote.seen == []


def test_a_target_elsewhere_that_proves_nothing_is_not_fired_at(remote, world):
    remote.answer = edge("another key, of the right length")
    with pytest.raises(ConfigError, match="does not prove that a drill is wanted there, answered 404"):
        fire(world, remote.url, key=KEY)
    assert {seen.target for seen in remote.seen} == {PATH}


def test_a_target_elsewhere_that_wants_it_is_fired_at_within_its_bounds(remote, world):
    remote.answer = edge(KEY, Bounds(count=7))
    figures = fire(world, remote.url, key=KEY, speed=1e4)
    assert (figures.ended, figures.requests) == ("count", 7)
    assert {seen.source for seen in remote.seen} == {"127.0.0.1"}, "from this machine's own address"
    assert "all calls came from one address of this machine" in figures.notes


def test_nobody_is_there(world):
    figures = fire(world, "http://127.0.0.1:1")
    assert figures.is_failure
    assert (figures.ended, figures.detail) == ("unanswered", "http://127.0.0.1:1: Connection refused")


@pytest.mark.parametrize("speed", [0.0, -1.0, 1e6, float("nan")])
def test_a_speed_that_is_none(target, world, speed):
    with pytest.raises(ConfigError, match="--speed: not usable"):
        fire(world, target.url, speed=speed)


def test_bounds_are_looked_at_before_anything_is_sent(target, world):
    with pytest.raises(ConfigError, match="--rate: not usable, 6000, use more than 0 and at most 5000"):
        fire(world, target.url, rate=6000.0)
    assert target.seen == []


def test_ctrl_c_gives_what_there_is(target, world):
    seen = []

    def record(call, reply):
        seen.append(call)
        if len(seen) == 5:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    figures = fire(world, target.url, speed=1e4, record=record)
    assert figures.ended == "interrupted"
    assert 5 <= figures.requests < 90
    assert not figures.is_failure
    assert signal.getsignal(signal.SIGINT) is before


def test_beside_another_threads_loop(target, world):
    """Where signals cannot be had, a drill works all the same."""
    figures = asyncio.run(_in_a_thread(world, target.url))
    assert figures.requests == 90


async def _in_a_thread(world, url):
    return await asyncio.to_thread(fire, world, url, speed=1e4)
