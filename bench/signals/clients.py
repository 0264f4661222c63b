"""The clients: how each is asked to ask, in which modes it can, and what must be installed for it."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path

from msgspec import Struct

__all__ = ["AGENT", "CLIENTS", "MODES", "Ask", "Client", "chrome", "missing"]

PROGRAMS = Path(__file__).parent / "programs"
JARS = Path("/usr/share/java")
MODES = {"plain": "plain, HTTP/1.1", "h1": "TLS, HTTP/1.1", "h2": "TLS, HTTP/2"}
BODY = json.dumps({"email": "anna@example.com", "password": "wrong"})
JSON = "Content-Type: application/json"
OWN = "-"
"""In the place of a User-Agent: the client's own."""
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
LATEST = "150"
"""Chrome's version in a lie where no Chromium is here to say what is current."""


class Ask(Struct, frozen=True):
    """What a command line is made from: ``agent`` is :data:`OWN` or a lie, ``many`` asks for a whole attack."""

    url: str
    mode: str
    agent: str
    directory: Path
    many: bool = False

    @property
    def version(self) -> str:
        return "2" if self.mode == "h2" else "1"

    @property
    def is_lie(self) -> bool:
        return self.agent != OWN


Command = Callable[[Ask], list[str]]


class Client(Struct, frozen=True, kw_only=True):
    """One client.

    Attributes:
        kind: ``browser`` and ``app`` are good and must show nothing while they tell the truth; ``library`` and
            ``tool`` say who they are; ``disguise`` pretends to be a browser of its own accord.
        package: Debian packages, or an empty text for a Python module.
        version: Gives the version as text, by a command whose output is searched, or of a Python module.
        lies: False where a lie would be the truth.
        many: True for an attack tool that can also be let loose.
    """

    name: str
    kind: str
    command: Command
    program: str = ""
    package: str = ""
    module: str = ""
    says: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("plain", "h1", "h2")
    lies: bool = True
    many: bool = False
    jar: str = ""

    @property
    def is_good(self) -> bool:
        return self.kind in ("browser", "app")

    @property
    def is_here(self) -> bool:
        if self.module:
            return importlib.util.find_spec(self.module) is not None
        return shutil.which(self.program) is not None and (not self.jar or (JARS / self.jar).exists())

    @property
    def version(self) -> str:
        """The installed version, as it says itself."""
        if self.module:
            return version_of(self.module)
        if self.jar:
            found = re.search(
                r"-([\d.]+)\.jar", " ".join(path.name for path in JARS.glob(f"{self.jar[:-4]}-[0-9]*.jar"))
            )
            return found[1] if found else "?"
        done = subprocess.run(self.says, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        found = re.search(r"\d+(?:\.\d+)+[\w.]*|\b\d+\b", done.stdout + done.stderr)
        return found[0] if found else "?"


def chrome() -> str:
    """Give the User-Agent of the Chrome that is current: of the Chromium that is here."""
    if not shutil.which("chromium"):
        return AGENT.format(LATEST)
    said = subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Chromium (\d+)", said)
    return AGENT.format(found[1] if found else LATEST)


def missing(clients: list[Client]) -> list[str]:
    """Say what must be installed for ``clients``: full commands, or nothing."""
    absent = [client for client in clients if not client.is_here]
    packages = sorted({client.package for client in absent if client.package})
    modules = sorted({client.module for client in absent if client.module})
    commands = [f"sudo apt install {' '.join(packages)}"] if packages else []
    return commands + ([f"{sys.executable} -m pip install {' '.join(modules)}"] if modules else [])


def _agent(ask: Ask, *flag: str) -> list[str]:
    """The words that set a User-Agent: ``flag`` with ``{}`` in the place of its value; none for the client's own."""
    return [word.replace("{}", ask.agent) for word in flag] if ask.is_lie else []


def _shell(*commands: list[str]) -> list[str]:
    """Run one after the other, whatever becomes of each."""
    import shlex

    return ["sh", "-c", "; ".join(shlex.join(command) for command in commands)]


def _curl(ask: Ask) -> list[str]:
    first = ["curl", "-ks", "-m", "10", "--http2" if ask.mode == "h2" else "--http1.1", *_agent(ask, "-A", "{}")]
    return _shell([*first, f"{ask.url}/api/products"], [*first, "-H", JSON, "-d", BODY, f"{ask.url}/api/login"])


def _wget(ask: Ask) -> list[str]:
    first = ["wget", "-qO-", "-t1", "-T10", "--no-check-certificate", *_agent(ask, "-U", "{}")]
    login = [*first, f"--header={JSON}", f"--post-data={BODY}", f"{ask.url}/api/login"]
    return _shell([*first, f"{ask.url}/api/products"], login)


def _program(*words: str) -> Command:
    return lambda ask: [*words, ask.url, ask.version, ask.agent]


def _python(name: str) -> Command:
    return _program(sys.executable, str(PROGRAMS / "python.py"), name)


def _chromium(window: str) -> Command:
    ask = _program(sys.executable, str(PROGRAMS / "chromium.py"))
    return lambda given: [*ask(given), window]


def _firefox(ask: Ask) -> list[str]:
    preferences = [] if ask.mode == "h2" else ["network.http.http2.enabled=false"]
    lie = [f"general.useragent.override={json.dumps(ask.agent)}"] if ask.is_lie else []
    return [
        sys.executable,
        str(PROGRAMS.parents[1] / "simulation/programs/firefox.py"),
        ask.url,
        "-",
        *preferences,
        *lie,
    ]


def _okhttp(ask: Ask) -> list[str]:
    jars = ":".join(str(JARS / jar) for jar in ("okhttp.jar", "okio.jar"))
    return ["java", "-cp", jars, str(PROGRAMS / "App.java"), ask.url, ask.version, ask.agent]


def _words(ask: Ask, few: int, many: int) -> str:
    path = ask.directory / "words.txt"
    path.write_text("".join(f"word{number}\n" for number in range(many if ask.many else few)))
    return str(path)


def _ffuf(ask: Ask) -> list[str]:
    command = ["ffuf", "-s", "-t", "4", "-w", _words(ask, 3, 600), "-u", f"{ask.url}/FUZZ", "-mc", "200"]
    return [*command, *_agent(ask, "-H", "User-Agent: {}")]


def _gobuster(ask: Ask) -> list[str]:
    command = ["gobuster", "dir", "-qzk", "-t", "4", "-u", ask.url, "-w", _words(ask, 3, 600)]
    return [*command, *_agent(ask, "-a", "{}")]


def _hydra(ask: Ask) -> list[str]:
    host, port = ask.url.split("://")[1].split(":")
    service = "http-post-form" if ask.mode == "plain" else "https-post-form"
    lie = _agent(ask, ":H=User-Agent\\: {}")
    form = f"/api/login:email=^USER^&password=^PASS^{''.join(lie)}:S=token_type"
    words = _words(ask, 2, 200)
    return ["hydra", "-I", "-t", "4", "-l", "anna@example.com", "-P", words, "-s", port, host, service, form]


def _wrk(ask: Ask) -> list[str]:
    size = ["-t1", "-c8", "-d3s"] if ask.many else ["-t1", "-c1", "-d1s"]
    return ["wrk", *size, *_agent(ask, "-H", "User-Agent: {}"), f"{ask.url}/api/products"]


def _debian(name: str, kind: str, command: Command, *says: str, **others: object) -> Client:
    return Client(name=name, kind=kind, command=command, program=name, package=name, says=(name, *says), **others)  # type: ignore[arg-type]  # fields by name


def _module(name: str, kind: str, command: Command, module: str, **others: object) -> Client:
    return Client(name=name, kind=kind, command=command, module=module, **others)  # type: ignore[arg-type]  # fields by name


_BROWSER = ("chromium", "--version")
_H1 = ("plain", "h1")

CLIENTS: tuple[Client, ...] = (
    Client(
        name="Chromium (a page in a window)", kind="browser", command=_chromium("yes"), program="Xvfb",
        package="chromium xvfb", says=_BROWSER, lies=False,
    ),
    Client(
        name="Firefox (a page)", kind="browser", command=_firefox, program="firefox-esr", package="firefox-esr",
        says=("firefox-esr", "--version"),
    ),
    Client(
        name="OkHttp (an app)", kind="app", command=_okhttp, program="java", jar="okhttp.jar",
        package="default-jdk-headless libokhttp-java",
    ),
    _debian("curl", "library", _curl, "--version"),
    _debian("wget", "library", _wget, "--version", modes=_H1),
    _module("Python requests", "library", _python("requests"), "requests", modes=_H1),
    _module("Python httpx", "library", _python("httpx"), "httpx"),
    _module("Python aiohttp", "library", _python("aiohttp"), "aiohttp", modes=_H1),
    Client(
        name="Python urllib", kind="library", command=_python("urllib"), program=sys.executable, package="python3",
        says=(sys.executable, "--version"), modes=_H1,
    ),
    Client(
        name="Node.js fetch", kind="library", command=_program("node", str(PROGRAMS / "fetch.mjs")), program="node",
        package="nodejs", says=("node", "--version"), modes=_H1,
    ),
    Client(
        name="Java HttpClient", kind="library", command=_program("java", str(PROGRAMS / "Ask.java")), program="java",
        package="default-jdk-headless", says=("java", "-version"),
    ),
    Client(
        name="Go net/http", kind="library", command=_program("go", "run", str(PROGRAMS / "ask.go")), program="go",
        package="golang-go", says=("go", "version"),
    ),
    Client(
        name="Chromium (headless)", kind="library", command=_chromium("no"), program="chromium", package="chromium",
        says=_BROWSER,
    ),
    _module("curl_cffi as Chrome", "disguise", _python("chrome"), "curl_cffi"),
    _module("curl_cffi as Chrome on Android", "disguise", _python("chrome_android"), "curl_cffi"),
    _module("curl_cffi as Safari", "disguise", _python("safari"), "curl_cffi"),
    _module("curl_cffi as Firefox", "disguise", _python("firefox"), "curl_cffi"),
    _debian("ffuf", "tool", _ffuf, "-V", modes=_H1, many=True),
    _debian("gobuster", "tool", _gobuster, "version", modes=_H1, many=True),
    _debian("hydra", "tool", _hydra, "-h", modes=_H1, many=True),
    _debian("wrk", "tool", _wrk, "-v", modes=_H1, many=True),
)  # fmt: skip
