"""The attack tools: how each is called, where it comes from, and how soon it must be stopped."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from bench.drill import wordlists

__all__ = ["EXTRA", "TOOLS", "Scene", "Tool", "missing"]

Command = Callable[["Scene"], list[str]]


class Scene(Struct, frozen=True):
    """What a command line is made from.

    Attributes:
        url: Where the tool is pointed: its relay, or the edge itself for a client that binds its own address.
        address: The tool's source address.
        seconds: How long it should go on; most tools take this as a hint.
    """

    url: str
    address: str
    seconds: int
    directory: Path
    sent: Path
    name: str

    @property
    def place(self) -> str:
        """``host:port`` of ``url``."""
        return self.url.split("://")[1]


class Tool(Struct, frozen=True, kw_only=True):
    """One program of the drill.

    Attributes:
        owner: Second byte of its loopback addresses.
        within_s: Bound on the time until it is stopped; 0 where none is promised and the figure is only reported.
        is_honest: True for a client that should never be stopped.
        package: Debian package, or empty for a Python program; ``module`` is what that needs.
        binds: True where the program chooses its own source address and counts its own requests.
    """

    name: str
    what: str
    owner: int
    within_s: float
    seconds: int
    command: Command
    is_honest: bool = False
    program: str = ""
    package: str = ""
    module: str = ""
    binds: bool = False


def _hydra(scene: Scene) -> list[str]:
    users = wordlists.write_users(scene.directory / "users.txt", 4000)
    host, port = scene.place.split(":")
    form = "/api/login:email=^USER^&password=^PASS^:S=token_type"
    return ["hydra", "-I", "-t", "8", "-C", str(users), "-s", port, host, "http-post-form", form]


def _ffuf(scene: Scene) -> list[str]:
    paths = wordlists.write_paths(scene.directory / "paths.txt", 60 * scene.seconds)
    return ["ffuf", "-u", f"{scene.url}/FUZZ", "-w", str(paths), "-t", "8", "-p", "0.1", "-mc", "200,301,302"]


def _gobuster(scene: Scene) -> list[str]:
    paths = wordlists.write_paths(scene.directory / "paths.txt", 80 * scene.seconds, seed=21)
    command = ["gobuster", "dir", "-u", scene.url, "-w", str(paths), "-t", "10", "--delay", "100ms", "-q", "-z"]
    return [*command, "-b", "404,403,429"]


def _whatweb(scene: Scene) -> list[str]:
    targets = wordlists.write_targets(scene.directory / "targets.txt", scene.url, 400)
    return ["whatweb", "-a", "3", "-t", "4", "--no-errors", "-q", "-i", str(targets)]


def _wrk(scene: Scene) -> list[str]:
    script = scene.directory / "search.lua"
    script.write_text(
        "local words = {'tent', 'boot', 'stove', 'map', 'lamp', 'rope', 'pack', 'jacket'}\n"
        "request = function()\n"
        "  return wrk.format('GET', '/api/search?q=' .. words[math.random(#words)] .. '+' .. math.random(99))\n"
        "end\n"
    )
    return ["wrk", "-t", "2", "-c", "24", "-d", f"{scene.seconds}s", "-s", str(script), scene.url]


def _scrapy(scene: Scene) -> list[str]:
    command = [sys.executable, "-m", "bench.drill.spider", "--url", scene.url, "--address", scene.address]
    return [*command, "--log", str(scene.sent), "--population", scene.name, "--seconds", str(scene.seconds)]


def _bot(name: str) -> Command:
    def command(scene: Scene) -> list[str]:
        return [
            *(sys.executable, "-m", "demo.bots", name, "--url", scene.url, "--address", scene.address),
            *("--log", str(scene.sent), "--seconds", str(scene.seconds)),
        ]

    return command


def _from_apt(name: str, what: str, owner: int, within_s: float, seconds: int, command: Command) -> Tool:
    return Tool(
        name=name,
        what=what,
        owner=owner,
        within_s=within_s,
        seconds=seconds,
        command=command,
        program=name,
        package=name,
    )


def _python(
    name: str, what: str, owner: int, within_s: float, seconds: int, module: str = "requests", honest: bool = False
) -> Tool:
    return Tool(
        name=name,
        what=what,
        owner=owner,
        within_s=within_s,
        seconds=seconds,
        command=_bot(name),
        is_honest=honest,
        module=module,
        binds=True,
    )


TOOLS = (
    _from_apt("hydra", "guesses passwords on the login form", 31, 2.0, 30, _hydra),
    _python("stuffer", "Python `requests`, leaked credentials, four threads", 32, 2.0, 30),
    _from_apt("ffuf", "looks for hidden paths, eight threads", 33, 5.0, 30, _ffuf),
    _from_apt("gobuster", "looks for hidden paths, ten threads", 34, 5.0, 30, _gobuster),
    _from_apt("whatweb", "asks which software runs, over 400 addresses", 35, 5.0, 40, _whatweb),
    Tool(
        name="scrapy",
        what="reads the whole catalogue, four a second",
        owner=36,
        within_s=30.0,
        seconds=90,
        command=_scrapy,
        module="scrapy",
        binds=True,
    ),
    _from_apt("wrk", "floods the search, 24 connections", 37, 2.0, 20, _wrk),
)

EXTRA = (
    _python("slow-scraper", "one product a second, browser's user agent on `requests`", 41, 0.0, 180),
    _python("httpx-stuffer", "credentials over 50 addresses, five a second in all", 42, 0.0, 90, "httpx"),
    _python("aiohttp-stuffer", "the same with a browser's user agent, ten a second", 43, 0.0, 90, "aiohttp"),
    _python("impersonating-stuffer", "credentials with Chrome's handshake and headers", 44, 0.0, 60, "curl_cffi"),
    _python("order-walker", "signed in, walks over order numbers, four a second", 45, 0.0, 60),
    _python("card-guesser", "guesses gift cards, three a second", 46, 0.0, 60),
    _python("office", "thirty people behind one address", 47, 0.0, 180, "curl_cffi", honest=True),
    _python("partner", "a partner's price script on `requests`, one every 4 s", 48, 0.0, 180, honest=True),
    _python("old-app", "the old mobile app: okhttp, one session", 49, 0.0, 180, honest=True),
)


def missing(tools: tuple[Tool, ...], *, with_people: bool) -> list[str]:
    """Say what must be installed before ``tools`` can run: full commands, or nothing."""
    packages = [tool.package for tool in tools if tool.package and shutil.which(tool.program) is None]
    modules = {tool.module for tool in tools if tool.module}
    if with_people:
        modules |= {"curl_cffi", "playwright"}
        if shutil.which("chromium") is None:
            packages.append("chromium")
    absent = sorted(module for module in modules if importlib.util.find_spec(module) is None)
    commands = []
    if packages:
        commands.append("sudo apt-get install -y " + " ".join(sorted(packages)))
    if absent:
        commands.append(f"{sys.executable} -m pip install " + " ".join(absent))
    return commands
