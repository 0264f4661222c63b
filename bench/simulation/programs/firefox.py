"""Ask with the real Firefox, headless, driven over its Marionette socket: a page, its assets, calls, the next page.

Further arguments are preferences to set to true, or ``NAME=VALUE`` in JSON.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

url, _, *preferences = sys.argv[1:]
DONE = "return document.title"


class Marionette:
    """The socket by which Firefox is driven: ``LENGTH:[kind, id, command, arguments]``."""

    def __init__(self, port: int) -> None:
        self._socket = next(_connections(port))
        self._count = 0
        self._read()

    def ask(self, command: str, **arguments: object) -> object:
        self._count += 1
        data = json.dumps([0, self._count, command, arguments]).encode()
        self._socket.sendall(f"{len(data)}:".encode() + data)
        _, _, error, value = self._read()
        if error:
            raise OSError(f"{error['error']}: {error['message']}")
        return value

    def _read(self) -> list:
        size = b""
        while not size.endswith(b":"):
            size += self._socket.recv(1)
        data = b""
        while len(data) < int(size[:-1]):
            data += self._socket.recv(int(size[:-1]) - len(data))
        return json.loads(data)


def _connections(port: int):
    for _ in range(150):
        with contextlib.suppress(OSError):
            yield socket.create_connection(("127.0.0.1", port), timeout=20)
        time.sleep(0.2)
    raise SystemExit("Firefox does not answer")


with tempfile.TemporaryDirectory() as profile, socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
    free.close()
    (Path(profile) / "user.js").write_text(
        f'user_pref("marionette.port", {port});\nuser_pref("app.update.enabled", false);\n'
        'user_pref("network.captive-portal-service.enabled", false);\nuser_pref("remote.active-protocols", 2);\n'
        + "".join(
            f'user_pref("{name}", {text or "true"});\n'
            for name, _, text in (preference.partition("=") for preference in preferences)
        )
    )
    command = ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", profile, "about:blank"]
    own = {**os.environ, "HOME": profile}
    process = subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        firefox = Marionette(port)
        firefox.ask("WebDriver:NewSession", acceptInsecureCerts=True)
        firefox.ask("WebDriver:SetTimeouts", pageLoad=8000)
        with contextlib.suppress(OSError):
            firefox.ask("WebDriver:Navigate", url=f"{url}/page")
            for _ in range(50):
                if firefox.ask("WebDriver:ExecuteScript", script=DONE, args=[])["value"] == "done":
                    break
                time.sleep(0.2)
            firefox.ask("WebDriver:ExecuteScript", script="document.getElementById('next').click()", args=[])
            time.sleep(2)
    finally:
        process.terminate()
        process.wait()
