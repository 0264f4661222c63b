"""Record what real programs on this machine send: their ClientHello and their header fields, in order and case.

    python -m bench.capture_clients [--out FILE] [--only NAME ...]

Each program is asked twice for ``https://localhost``: once of a socket that only keeps the first bytes (the hello),
once of a server of Node.js that speaks HTTP/1.1 and HTTP/2 and notes the fields of each request. Programs that are not
installed are left out, what was recorded of them before stays. Nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vedette.collect.ja4 import Hello, is_grease, parse

OUT = Path(__file__).parent / "simulation" / "captured.json"
PROGRAMS = Path(__file__).parent / "simulation" / "programs"
WAIT_S = 60
JARS = Path("/usr/share/java")
NEEDED = {"okhttp": ("okio",), "apache-httpclient": ("httpcore", "commons-logging", "commons-codec")}

SERVER = """
const http2 = require('http2'), fs = require('fs'), [dir] = process.argv.slice(2);
const page = fs.readFileSync(dir + '/page.html');
const server = http2.createSecureServer({allowHTTP1: true, key: fs.readFileSync(dir + '/key.pem'),
  cert: fs.readFileSync(dir + '/cert.pem')}, (request, response) => {
  let body = '';
  request.on('data', part => body += part);
  request.on('end', () => {
    fs.appendFileSync(dir + '/seen.jsonl', JSON.stringify({version: request.httpVersion, method: request.method,
      path: request.url, raw: request.rawHeaders}) + '\\n');
    const origin = request.headers.origin;
    if (origin) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-allow-headers', 'content-type,authorization');
      response.setHeader('access-control-max-age', '600');
    }
    if (request.url.startsWith('/page')) {
      response.setHeader('content-type', 'text/html');
      response.setHeader('set-cookie', 'sid=0123456789abcdef; Secure; SameSite=None; Path=/');
      response.end(page);
    } else {
      response.setHeader('content-type', request.url.endsWith('.js') ? 'text/javascript'
        : request.url.endsWith('.css') ? 'text/css' : request.url.endsWith('.png') ? 'image/png' : 'application/json');
      response.end('{}'.slice(0, request.url.includes('api') ? 2 : 0));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""
PAGE = """<!doctype html><title>Shop</title><link rel=stylesheet href=/a.css><script src=/a.js></script>
<script>addEventListener('load', async () => {
  for (const base of ['', 'https://127.0.0.1:' + location.port])
    for (const way of ['', '-auth', '-post', '-auth-post', '-json', '-auth-json', '-post-json', '-auth-post-json']) {
      const headers = {};
      if (way.includes('-json')) headers['Accept'] = 'application/json, text/plain, */*';
      if (way.includes('-auth')) headers['Authorization'] = 'Bearer abc';
      if (way.includes('-post')) headers['Content-Type'] = 'application/json';
      const body = way.includes('-post') ? '{"a":1}' : undefined, method = body ? 'POST' : 'GET';
      await fetch(base + '/api/' + (base ? 'cross' : 'fetch') + way, {method, headers, body});
    }
  document.title = 'done';
});</script><img src=/a.png><a id=next href=/page2>next</a>"""

Ask = Callable[[str, Path], None]


class Server:
    """The server of Node.js, in a directory of its own, and what it has seen."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "page.html").write_text(PAGE)
        (place / "server.js").write_text(SERVER)
        (place / "seen.jsonl").touch()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
            cwd=place, check=True, capture_output=True,
        )  # fmt: skip
        self._process = subprocess.Popen(
            ["node", "server.js", str(place)], cwd=place, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = f"https://localhost:{self._process.stdout.readline().strip()}"

    def seen(self) -> list[dict[str, Any]]:
        """Give the requests since the last time."""
        lines = (self.place / "seen.jsonl").read_text().splitlines()
        (self.place / "seen.jsonl").write_text("")
        found = []
        for line in lines:
            row = json.loads(line)
            raw = row.pop("raw")
            row["headers"] = [list(pair) for pair in zip(raw[::2], raw[1::2], strict=True) if pair[0][:1] != ":"]
            found.append(row)
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def sink() -> Iterator[tuple[str, list[bytes]]]:
    """Listen, keep the first bytes of each connection, answer nothing."""
    found: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(3)
                    data = b""
                    with contextlib.suppress(OSError):
                        while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5]):
                            if not (part := connection.recv(65536)):
                                break
                            data += part
                    found.append(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{listener.getsockname()[1]}", found
    finally:
        listener.close()


def run(*command: str) -> Ask:
    """Ask by running a program; ``URL`` and ``PLACE`` in its arguments are replaced."""

    def ask(url: str, place: Path) -> None:
        parts = [part.replace("URL", url).replace("PLACE", str(place)) for part in command]
        own = {name: value for name, value in os.environ.items() if not name.endswith(("_BUNDLE", "_CERTS", "_FILE"))}
        subprocess.run(
            parts, cwd=place, timeout=WAIT_S, check=False, capture_output=True,
            env={**own, "NODE_TLS_REJECT_UNAUTHORIZED": "0", "NO_PROXY": "*"},
        )  # fmt: skip

    return ask


def python(program: str) -> Ask:
    return run(sys.executable, str(PROGRAMS / program), "URL", "PLACE")


def impersonated(target: str) -> Ask:
    return run(sys.executable, str(PROGRAMS / "impersonate.py"), "URL", "PLACE", target)


def programs() -> dict[str, Ask]:
    """Name each program that is here, and how it is asked."""
    found: dict[str, Ask] = {
        "python-requests": python("requests_client.py"),
        "httpx": python("httpx_client.py"),
        "aiohttp": python("aiohttp_client.py"),
        "urllib": python("urllib_client.py"),
        "scrapy": run(sys.executable, "-m", "scrapy", "fetch", "--nolog", "URL/api/get"),
    }
    json_type = ("-H", "Content-Type: application/json", "-d", '{"a":1}')
    if shutil.which("curl"):
        found["curl"] = run(
            "sh", "-c", "curl -ks URL/api/get; curl -ks URL/api/post " + " ".join(f"'{p}'" for p in json_type)
        )
    if shutil.which("wget"):
        wget = "wget -qO- --no-check-certificate"
        posted = "--header 'Content-Type: application/json' --post-data '{}'"
        found["wget"] = run("sh", "-c", f"{wget} URL/api/get; {wget} {posted} URL/api/post")
    if shutil.which("node"):
        found["node"] = run("node", str(PROGRAMS / "fetch.mjs"), "URL")
        found["node-https"] = run("node", str(PROGRAMS / "https.mjs"), "URL")
    if shutil.which("java"):
        found["java"] = run("java", str(PROGRAMS / "Ask.java"), "URL")
        for name, program, first in (
            ("okhttp", "OkHttp.java", "okhttp"),
            ("apache-httpclient", "Apache.java", "httpclient"),
        ):
            if (JARS / f"{first}.jar").exists():
                jars = ":".join(str(JARS / f"{jar}.jar") for jar in (first, *NEEDED[name]))
                found[name] = run("java", "-cp", jars, str(PROGRAMS / program), "URL")
    if shutil.which("go"):
        found["go"] = run("go", "run", str(PROGRAMS / "ask.go"), "URL")
    if shutil.which("php"):
        found["php"] = run("php", str(PROGRAMS / "ask.php"), "URL")
    if shutil.which("ruby"):
        found["ruby"] = run("ruby", str(PROGRAMS / "ask.rb"), "URL")
    if Path("/usr/bin/chromium").exists():
        chromium = (sys.executable, str(PROGRAMS / "chromium.py"), "URL", "PLACE")
        found["headless-chrome"] = run(*chromium, "-")
        found["headless-chrome-locale"] = run(*chromium, "de-DE")
        found["headless-chrome-http1"] = run(*chromium, "-", "--disable-http2")
    if shutil.which("firefox-esr"):
        firefox = (sys.executable, str(PROGRAMS / "firefox.py"), "URL", "PLACE")
        found["firefox"] = run(*firefox)
        found["firefox-private"] = run(
            *firefox, "privacy.globalprivacycontrol.enabled", "privacy.donottrackheader.enabled"
        )
    from curl_cffi.requests.impersonate import BrowserTypeLiteral

    for target in BrowserTypeLiteral.__args__:  # type: ignore[attr-defined]  # a Literal
        if any(letter.isdigit() for letter in target) and "_" not in target.replace("_ios", "").replace(
            "_android", ""
        ).replace("_macos", ""):
            found[f"curl_cffi:{target}"] = impersonated(target)
    return found


def told(hello: Hello) -> dict[str, Any]:
    """Write a hello as JSON."""
    return {
        "version": hello.version,
        "ciphers": hello.ciphers,
        "extensions": hello.extensions,
        "curves": hello.curves,
        "point_formats": hello.point_formats,
        "signature_algorithms": hello.signature_algorithms,
        "supported_versions": hello.supported_versions,
        "alpn": [name.decode("latin-1") for name in hello.alpn],
    }


def version_of(headers: list[list[str]]) -> str:
    return next((value for name, value in headers if name.lower() == "user-agent"), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="*", default=[], help="names of programs")
    given = parser.parse_args()
    kept = json.loads(given.out.read_text()) if given.out.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name))
        try:
            for program, ask in programs().items():
                if given.only and program not in given.only:
                    continue
                server.seen()
                ask(server.url, Path(name))
                requests = server.seen()
                with sink() as (url, hellos):
                    ask(url, Path(name))
                whole = [parse(data) for data in hellos if data[:1] == b"\x16"]
                if not whole or not requests:
                    print(f"{program}: {len(whole)} hellos, {len(requests)} requests; kept as it was")
                    continue
                last = next((at for at, row in enumerate(requests, 1) if row["path"] == "/page2"), len(requests))
                kept[program] = {"hello": told(whole[0]), "requests": requests[: 1 if ":" in program else last]}
                orders = {tuple(kind for kind in hello.extensions if not is_grease(kind)) for hello in whole}
                last = next((at for at, row in enumerate(requests, 1) if row["path"] == "/page2"), len(requests))
                kept[program] = {"hello": told(whole[0]), "requests": requests[: 1 if ":" in program else last]}
                orders = {tuple(kind for kind in hello.extensions if not is_grease(kind)) for hello in whole}
                kept[program]["permutes"] = len({frozenset(order) for order in orders}) < len(orders)
                counts = f"{len(whole)} hellos, {len(orders)} orders, {len(requests)} requests"
                print(f"{program}: {counts}, {version_of(requests[0]['headers'])}")
        finally:
            server.close()
    given.out.write_text(json.dumps(kept, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
