"""After the warm-up no decision compiles anything: that would stop the engine for seconds, and look like a hang."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = '''
import hmac
import sys
from pathlib import Path
from typing import get_args

from vedette.collect.tokens import hmac_text
from vedette.config import load
from vedette.doors.http import Setup, open_service, warm_up
from vedette.types import Answer, Outcome, OutcomeName, Request

warm_up()
from numba.core.dispatcher import Dispatcher

late, compile_ = [], Dispatcher.compile

def watched(self, signature):
    before = len(self.overloads)
    result = compile_(self, signature)
    if len(self.overloads) != before:
        late.append(self.py_func.__name__)
    return result

Dispatcher.compile = watched
data = Path(sys.argv[1])
(data / "app.key").write_text("0123456789abcdef")
(data / "vedette.yaml").write_text("""
upstream: http://127.0.0.1:9
mode: enforce
identity:
  app_tokens: [{name: app, header: x-app-token, key: file:app.key, expected_when: "request.path == '/x'"}]
  device_cookie: true
  dpop: true
honeypots: {paths: [/trap], accounts: [a@b.c], objects: ["product:9"]}
rate_limits: [{name: few, key: session, match: GET /few, limit: 2/hour, burst: 2}]
endpoints:
  - {name: login, match: POST /login, purpose: login, account: body.email, success: status == 200}
  - {name: product, match: "GET /p/{id}", purpose: product, object: path.id}
  - {name: pay, match: POST /pay, purpose: payment}
policy:
  - {name: a, when: "request.path == '/limited'", then: {rate_limit: 1/minute, key: fingerprint}}
  - {name: b, when: "request.path == '/block'", then: block}
  - {name: c, when: "request.path == '/delay'", then: {delay: 10ms}}
  - {name: rest, then: allow}
""")
service = open_service(
    Setup(config=load(data / "vedette.yaml", {}, data=data), key=b"k" * 16, data=str(data), socket=str(data / "s"))
)
engine, number = service.engine, 0
clients = ((("user-agent", "curl/8"),), (("user-agent", "Mozilla/5.0 Chrome/131"), ("cookie", "sid=1")), None)
for path in ("/trap", "/few", "/login", "/p/9", "/p/1", "/pay", "/limited", "/block", "/delay", "/x", "/a.css") * 2:
    for method in ("GET", "POST", "OPTIONS"):
        for headers in clients:
            number += 1
            now = 1e9 + number
            if headers is not None and method != "OPTIONS":
                text = hmac_text(10**9, f"{number - number % 2:016}", method, path)  # each is used by two
                mac = hmac.digest(b"0123456789abcdef", text.encode(), "sha256").hex()
                headers = (*headers, ("x-app-token", f"v1.{10**9}.{number - number % 2:016}.{mac}"))
            request = Request(
                timestamp=now, id=f"q{number}", method=method, path=path, client_address=f"192.0.2.{number % 7}",
                headers=headers, body=b'{"email": "a@b.d"}', ja4="t13d1516h2_8daaf6152771_b0da82dd1658",
                peer_is_client=False,
            )
            decision = engine.decide(request, now)
            engine.reply(decision, request)
            status = (200, 401, 404, 500, 429)[number % 5]
            engine.observe(Answer(timestamp=now + 0.1, id=request.id, status=status, duration=0.1), now + 0.2)
for name in get_args(OutcomeName):
    for reference in ({"session_id": "1"}, {"request_id": f"q{number}"}):
        engine.observe(Outcome(timestamp=1e9, outcome=name, **reference), 1e9 + number)
service.events.close()
print(engine.degraded, late)
'''


def test_nothing_is_compiled_later(tmp_path):
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0 []"
