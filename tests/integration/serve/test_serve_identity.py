"""The example clients against the real edge and engine: what they sign passes, once; what is not signed does not."""

from __future__ import annotations

import http.client
import importlib.util
import itertools
import json
import secrets
import shutil
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from serving import Api, Serve, eventually

from tests.peers.web import Authority, Web, answer
from vedette.collect.tokens import request_hash

ROOT = Path(__file__).parents[3]
PROVIDER, BACKEND = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("p-1", "b-1"))
PYTHON, SCRIPT = ROOT / "examples" / "sign_request.py", ROOT / "examples" / "sign_request.mjs"
KEY = "0123456789abcdef0123456789abcdef"
VECTORS = [
    (1700000000, "AAAAAAAAAAAAAAAA", "POST", "https://shop.example/api/login", "f37f65cd647877801ca1f6baf8c325ef9faf23a6d3b4d442769c6d883cce3551"),
    (1700000001, "abcDEF_-0123456789", "GET", "http://127.0.0.1:8080/api/search?q=shoes#top", "b666a268149f4ccb1c06b569ae193000def1c8594fcea567a9e22b03e01f9e80"),
    (1800000000, "nonce-nonce-nonce", "DELETE", "https://shop.example", "0ecd6053801f87cc2ef81a4a5c7cd4eb2e53877d8ddab6aefa99b0d5ff37d459"),
    (1800000000, "nonce-nonce-nonce", "PUT", "https://shop.example/a%2Fb/%C3%BC%20x;v=1", "bce2bea699f89bc59a08def3dc3d54ad4f178c04192f94b9368a2b30dc16d1de"),
]  # fmt: skip
CONFIG = """
mode: enforce
upstream: {url}
identity:
  app_tokens:
    - {{name: app, header: x-app-token, key: file:app.key, expected_when: "request.path.startsWith('/api/')"}}
    - {{name: web, header: x-web, scheme: jwt, jwks: file:keys.jwks, claims: "claims.hash == request.hash", once: true}}
  session: [jwt.sid, cookie.sid]
  jwt: {{jwks: "https://127.0.0.1:{port}/jwks.json", issuer: https://id.example}}
  dpop: true
  device_cookie: true
policy:
  - {{name: named, when: "identity.session == 'of-anna'", then: block}}
  - {{name: certain, when: "low >= 0.9", then: block}}
  - {{name: unsigned, when: "'token_wrong' in reasons", then: block}}
  - {{name: rest, then: allow}}
"""
NUMBERS = itertools.count()
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: the client cannot run")


def example():
    spec = importlib.util.spec_from_file_location("sign_request", PYTHON)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command: str | Path) -> str:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60, check=True
    ).stdout


@pytest.mark.parametrize(("stamp", "nonce", "method", "url", "mac"), VECTORS)
def test_python_makes_the_tokens_of_the_vectors(stamp, nonce, method, url, mac):
    assert example().app_token(KEY, method, url, now=stamp, nonce=nonce) == f"v1.{stamp}.{nonce}.{mac}"


@needs_node
def test_javascript_makes_the_tokens_of_the_vectors():
    calls = json.dumps([[method, url, {"now": stamp, "nonce": nonce}] for stamp, nonce, method, url, _ in VECTORS])
    program = (
        f"import {{ appToken }} from {json.dumps(SCRIPT.as_uri())};"
        f"for (const [method, url, fixed] of {calls}) console.log(await appToken({json.dumps(KEY)}, method, url, fixed));"
    )
    made = run("node", "--input-type=module", "-e", program).split()
    assert made == [f"v1.{stamp}.{nonce}.{mac}" for stamp, nonce, _, _, mac in VECTORS]


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A running edge that wants signatures below ``/api/``."""
    folder = tmp_path_factory.mktemp("identity")
    (folder / "app.key").write_text(KEY)
    (folder / "keys.jwks").write_text(json.dumps({"keys": [BACKEND.as_dict(private=False)]}))
    authority = Authority(folder)
    provider = Web(authority.server("127.0.0.1"))
    provider.pages["/jwks.json"] = answer(json.dumps({"keys": [PROVIDER.as_dict(private=False)]}).encode())
    api = Api()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", str(authority.file))
        serve = Serve(folder / "data", config=CONFIG.format(url=api.url, port=provider.port))
        yield serve
        status = serve.stop()
    provider.close()
    api.close()
    assert status == 0, serve.text()


def ask(serve, method, path, *lines):
    """Send a request with header lines, until one is decided: on a starved machine some pass undecided.

    Each comes from an address of its own, because whoever is stopped stays stopped for a while. A line may be a function
    that makes it, because a signature that was seen late is used up all the same. Gives status, cookies that were set,
    and the lines that were sent.
    """
    deadline = time.monotonic() + 60.0
    while True:
        sent = [line if isinstance(line, str) else line() for line in lines]
        status, told, cookies = ask_once(serve, method, path, *sent)
        if "degraded" not in told:
            return status, cookies, sent
        assert time.monotonic() < deadline, "no request was decided"
        time.sleep(0.25)


def ask_once(serve, method, path, *lines):
    number = next(NUMBERS)
    source = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=15, source_address=source)
    try:
        connection.putrequest(method, path)
        for line in ("user-agent: ShopApp/5.2", *lines):
            name, _, value = line.partition(": ")
            connection.putheader(name, value)
        connection.endheaders()
        got = connection.getresponse()
        got.read()
        return got.status, got.getheader("x-told", ""), got.headers.get_all("set-cookie") or []
    finally:
        connection.close()


CLIENTS = [
    pytest.param((sys.executable, PYTHON), id="python"),
    pytest.param(("node", SCRIPT), id="node", marks=needs_node),
]
PATHS = ["/api/orders", "/api/orders?x=1&y=%20", "/api/a%2Fb/%C3%BC%20x;v=1/~me", "/api/x/", "/api/(a)*'!,$@:+"]


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_examples_sign_passes_once(signed, client, tmp_path):
    (tmp_path / "key").write_text(f"{KEY}\n")
    for path in PATHS:

        def sign(path=path):
            url = f"http://127.0.0.1:{signed.port}{path}"
            return run(*client, "hmac", "--key-file", tmp_path / "key", "GET", url).strip()

        status, _, (header,) = ask(signed, "GET", path, sign)
        assert status == 200, path
        assert ask(signed, "GET", path, header)[0] == 403, f"the same token again, {path}"
    assert ask(signed, "POST", path, sign)[0] == 403, "a token for another method"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_proofs_of_the_examples_pass_once(signed, client):
    url, token = f"http://127.0.0.1:{signed.port}/orders", f"token-of-{Path(client[0]).name}"

    def prove():
        return run(*client, "dpop", "--access-token", token, "GET", f"{url}?page=2").strip()

    status, _, (proof, access) = ask(signed, "GET", "/orders?page=2", prove, f"authorization: DPoP {token}")
    assert status == 200
    assert ask(signed, "GET", "/orders?page=2", proof, access)[0] == 403, "the same proof again"
    assert ask(signed, "GET", "/orders", prove, f"authorization: DPoP other-{token}")[0] == 403, "for another token"
    assert ask(signed, "GET", "/orders", f"authorization: DPoP third-{token}")[0] == 403, "no proof"


def make_jwt(key, **claims):
    now = int(time.time())
    header = {"alg": "ES256", "kid": key.kid}
    parts = (header, {"iat": now, "exp": now + 300, "jti": secrets.token_hex(8)} | claims)
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    signature = JWSRegistry.algorithms["ES256"].sign(signed.encode(), key)
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_token_that_the_backend_signed_passes_once(signed):
    def sign():
        return f"x-web: {make_jwt(BACKEND, hash=request_hash('GET', '/shop'))}"

    status, _, (token,) = ask(signed, "GET", "/shop", sign)
    assert status == 200
    assert ask(signed, "GET", "/shop", token)[0] == 403, "the same token again"
    assert ask(signed, "GET", "/cart", sign)[0] == 403, "a token for another call"
    assert ask(signed, "GET", "/shop", f"x-web: {make_jwt(PROVIDER)}")[0] == 403, "somebody else's key"


def test_a_session_is_known_by_the_claim_of_a_verified_access_token(signed):
    def ask_as(key, **claims):
        token = make_jwt(key, iss="https://id.example", **claims)
        return ask(signed, "GET", "/free", f"authorization: Bearer {token}")[0]

    eventually(lambda: ask_as(PROVIDER, sid="of-anna") == 403, "the keys of the provider are fetched")
    for _ in range(3):
        assert ask_as(PROVIDER, sid="of-anna") == 403, "a refreshed token of the same session"
    assert ask_as(PROVIDER, sid="of-otto") == 200
    assert ask(signed, "GET", "/free", "cookie: sid=of-anna")[0] == 403, "the cookie, where there is no token"
    forger = ECKey.generate_key("P-256", {"kid": PROVIDER.kid})
    assert ask_as(forger, sid="of-otto") == 403, "a forged one is evidence of its own"
    assert ask_as(BACKEND, sid="of-anna") == 200, "nothing is believed of one whose key is unknown"


def test_no_token_and_a_wrong_one_are_stopped(signed):
    assert ask(signed, "GET", "/api/orders")[0] == 403
    assert ask(signed, "GET", "/api/orders", "x-app-token: v1.x")[0] == 403
    other = example().app_token("another key of the app", "GET", "/api/orders")
    assert ask(signed, "GET", "/api/orders", f"x-app-token: {other}")[0] == 403
    assert ask(signed, "GET", "/free")[0] == 200, "none is expected there"


def test_a_device_gets_a_cookie_and_is_known_by_it(signed):
    status, cookies, _ = ask(signed, "GET", "/shop")
    assert status == 200
    assert len(cookies) == 1
    assert cookies[0].startswith("vdt=1.")
    pair = cookies[0].partition(";")[0]
    assert ask(signed, "GET", "/shop", f"cookie: {pair}")[:2] == (200, [])
    assert ask(signed, "OPTIONS", "/shop")[1] == []
    assert ask(signed, "GET", "/style.css")[1] == []


def test_the_key_of_a_proof_is_the_clients_own():
    key = derive_private_key(7, SECP256R1())
    one, other = (example().dpop_proof(key, "GET", "https://a.example/x?y", jti=jti) for jti in ("1", "2"))
    assert one.split(".")[0] == other.split(".")[0]
