"""Record what the browsers of this machine send in every kind of call: pages, frames, assets, calls, sockets, workers.

    python -m bench.client_contexts [--out FILE]

Each browser opens ``bench/clients/page.html`` of a local server of Node.js: over TLS in HTTP/2 and in HTTP/1.1, and in
the clear under a name that is no secure origin. Nothing leaves the machine. ``bench/client_data.py`` builds from it
what ships.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "clients"
OUT = FOLDER / "contexts.json"
PROGRAMS = Path(__file__).parent / "simulation" / "programs"
NAME = "shop.test"
WAIT_S = 90

CHROMIUM = [sys.executable, str(PROGRAMS / "chromium.py"), "URL", "PLACE", "-"]
FIREFOX = [sys.executable, str(PROGRAMS / "firefox.py"), "URL", "PLACE"]
HERE = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
WAYS = {
    "chromium": (True, CHROMIUM),
    "chromium-http1": (True, [*CHROMIUM, "--disable-http2"]),
    "chromium-clear": (False, [*CHROMIUM, HERE]),
    "firefox": (True, FIREFOX),
    "firefox-http1": (True, [*FIREFOX, "network.http.http2.enabled=false"]),
    "firefox-clear": (False, [*FIREFOX, f'network.dns.localDomains="{NAME}"']),
}


def record(is_secure: bool, command: list[str]) -> list[dict[str, Any]]:
    """Let a browser visit the page; give each different request once."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "page.html").write_bytes((FOLDER / "page.html").read_bytes())
        (place / "seen.jsonl").touch()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
            cwd=place, check=True, capture_output=True,
        )  # fmt: skip
        server = subprocess.Popen(
            ["node", str(FOLDER / "server.js"), name, "yes" if is_secure else "no"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            url = f"https://localhost:{port}" if is_secure else f"http://{NAME}:{port}"
            parts = [part.replace("URL", url).replace("PLACE", name) for part in command]
            done = subprocess.run(parts, cwd=place, timeout=WAIT_S, check=False, capture_output=True, text=True)
            print(done.stderr[-300:], end="", file=sys.stderr)
        finally:
            server.terminate()
            server.wait()
        rows: dict[str, dict[str, Any]] = {}
        for line in (place / "seen.jsonl").read_text().splitlines():
            row = json.loads(line.replace(f":{port}", ":1"))
            raw = row.pop("raw")
            pairs = [pair for pair in zip(raw[::2], raw[1::2], strict=True) if pair[0][:1] != ":"]
            row["headers"] = [[key, "x" if key.lower() == "sec-websocket-key" else value] for key, value in pairs]
            rows.setdefault(json.dumps(row), row)
        return list(rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", nargs="*", default=[], help="names of ways")
    given = parser.parse_args()
    kept = json.loads(given.out.read_text()) if given.out.exists() else {}
    for way, (is_secure, command) in WAYS.items():
        if not given.only or way in given.only:
            kept[way] = record(is_secure, command)
            print(f"{way}: {len(kept[way])} requests")
    given.out.write_text(json.dumps(kept, separators=(",", ":")).replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
