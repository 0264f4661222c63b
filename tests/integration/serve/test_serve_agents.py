"""A signed agent at a real edge: what it signed arrives as it was signed."""

from __future__ import annotations

import json
import time
import urllib.request

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from serving import eventually

from examples.signed_agent import public_key, sign

CONFIG = """
upstream: {api}
good_bots:
  agents: [{{name: price-robot, signature_agent: "https://bot.example", keys: file:agent.jwks}}]
endpoints:
  - {{name: product, match: "GET /api/products/{{id}}", purpose: product}}
  - {{name: note, match: POST /api/notes, purpose: other}}
"""


def test_a_signed_agent_is_verified_through_the_edge(serve, api, tmp_path):
    key = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    (tmp_path / "agent.jwks").write_text(json.dumps({"keys": [public_key(key)]}))
    one = serve(config=CONFIG.format(api=api.url))
    base = f"http://127.0.0.1:{one.port}"

    def decided(method: str, url: str, headers: dict[str, str]) -> str:
        call = urllib.request.Request(base + url, method=method, headers={"User-Agent": "robot/1.0", **headers})
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.headers["x-told"]

    def signed(method: str, url: str) -> str:
        return decided(method, url, sign(key, "https://bot.example", method, base + url, int(time.time())))

    eventually(lambda: "verdict=good_bot" in signed("GET", "/api/products/7"), "the key file is read")
    assert "verdict=good_bot" in signed("GET", "/api/products/8?colour=red&size=%C3%A4")
    assert "verdict=good_bot" in signed("GET", "/api/products/a%20b")
    assert "verdict=good_bot" in signed("POST", "/api/notes")
    headers = sign(key, "https://bot.example", "GET", f"{base}/api/products/9", int(time.time()))
    assert "verdict=good_bot" not in decided("GET", "/api/products/10", headers)
    assert "verdict=good_bot" in decided("GET", "/api/products/9", headers)
    assert "verdict=bad_bot" in decided("GET", "/api/products/9", headers), "a nonce is good once"
