"""The container without a container engine: the Containerfile's promises, and its way of running.

A wheel is built and installed as the Containerfile says, and run without any capability and with one writable directory.
Root runs it in a mount namespace of its own in which everything else is read-only, as user 65532 where that user may
execute this Python; anybody else runs it on packages without write permission. What was written elsewhere is looked
for afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
FILE = (ROOT / "Containerfile").read_text("utf-8")
NOBODY = 65532
READ_ONLY = """
set -e
data=$1; shift
mount --make-rprivate /
mount --bind "$data" "$data"
awk '{print $5}' /proc/self/mountinfo | while read -r at; do
  case "$at" in "$data"|/proc*|/dev*|/sys*) ;; *) mount -o remount,bind,ro "$at" ;; esac
done
cd "$data"
exec "$@"
"""
STEPS = [
    (words[0], words[1])
    for line in re.sub(r"\\\n", " ", FILE).splitlines()
    if len(words := line.split(maxsplit=1)) == 2 and words[0].isupper()
]


# -- what it says -----------------------------------------------------------------------------------------------


def test_it_ends_as_a_user_without_rights():
    users = [value for step, value in STEPS if step == "USER"]
    assert users[-1] == f"{NOBODY}:{NOBODY}"
    assert [step for step, _ in STEPS].index("USER") > max(n for n, (step, _) in enumerate(STEPS) if step == "RUN")


def test_one_directory_is_writable_and_all_caches_go_there():
    assert [value for step, value in STEPS if step == "VOLUME"] == ["/data"]
    environment = next(value for step, value in STEPS if step == "ENV")
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
        assert re.search(rf"{name}=/data\b", environment), name
    assert "PYTHONDONTWRITEBYTECODE=1" in environment


def test_packages_are_pinned_and_the_product_is_a_wheel():
    runs = " ".join(value for step, value in STEPS if step == "RUN")
    assert "--require-hashes --no-deps -r requirements/run.txt" in runs
    assert "pip wheel --no-index --no-deps" in runs
    assert "dist/vedette-*.whl" in runs
    assert "editable" not in runs
    assert "apt-get" not in runs


def test_images_are_named_with_a_version():
    images = [value.split()[0] for step, value in STEPS if step == "FROM"]
    assert len(images) == 2
    assert [image for image in images if not re.search(r":\d", image)] == []


def test_no_secret_and_no_machine_is_in_it():
    assert not re.search(r"(?i)(?:token|secret|password|key)\s*=", FILE)
    assert not re.search(r"https?://(?!api:8000)", FILE)


def test_what_is_copied_exists_and_what_is_not_needed_is_ignored():
    for step, value in STEPS:
        if step == "COPY" and not value.startswith("--from"):
            assert [name for name in value.split()[:-1] if not (ROOT / name).exists()] == []
    assert {".venv", ".git", "vedette-data"} <= set((ROOT / ".containerignore").read_text("utf-8").split())


def test_signals_and_health():
    steps = dict(STEPS)
    assert steps["STOPSIGNAL"] == "SIGTERM"
    assert steps["ENTRYPOINT"] == '["vedette"]', "exec form: the process gets the signal itself"
    assert '"doctor"' in steps["HEALTHCHECK"]


# -- what it does -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A wheel of this tree, built and installed without an index, then made read-only."""
    work = tmp_path_factory.mktemp("container")
    tree = work / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", tree / "src", ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(work / "dist"), "."], cwd=tree, check=True
    )
    wheel = next((work / "dist").glob("vedette-*.whl"))
    site = work / "site"
    subprocess.run([*pip, "install", *offline, "--no-compile", "--target", str(site), str(wheel)], check=True)
    for path in [site, *site.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    _open(work)
    return site


def _open(directory: Path) -> None:
    """Let others pass through the temporary directories above ``directory``."""
    for parent in [directory, *directory.parents]:
        if parent.stat().st_uid == os.getuid() and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)


def _files(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.rglob("*")}


def test_the_wheel_holds_all_that_the_source_holds(site):
    source = ROOT / "src" / "vedette"
    wanted = {
        str(path.relative_to(source.parent))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - _files(site) == set()


def test_the_wheel_names_its_dependencies(site):
    metadata = next(site.glob("vedette-*.dist-info/METADATA")).read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", metadata, re.MULTILINE)
    assert len(told) == len(project["dependencies"])


class _Api(BaseHTTPRequestHandler):
    seen: list[str] = []

    def do_GET(self):
        type(self).seen.append(self.headers.get("vedette-decision", ""))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _Api.seen.clear()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answer(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status
    except OSError:
        return 0


def test_it_runs_read_only_as_somebody_else(site, api, tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    _open(tmp_path)
    listen, console = _free_port(), _free_port()
    prefix = _confined(data) if os.getuid() == 0 else []
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(site),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(data),
        "TMPDIR": str(data),
        "XDG_CACHE_HOME": str(data / "cache"),
    }
    command = [
        *prefix,
        sys.executable,
        "-P",
        "-c",
        "from vedette.cli import main; main()",
        "serve",
        "--data",
        str(data),
    ]
    command += ["--upstream", f"http://127.0.0.1:{api}", "--listen", f"127.0.0.1:{listen}"]
    command += ["--console", f"127.0.0.1:{console}"]
    where = [sys.executable, "-P", "-c", "import vedette; print(vedette.__file__)"]
    told = subprocess.run(where, cwd=data, env=environment, capture_output=True, text=True, check=True).stdout
    assert told.startswith(str(site)), "the wheel is what runs, not the source"
    before = _files(site)
    with (tmp_path / "log").open("wb") as log:
        served = subprocess.Popen(command, cwd=data, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while _answer(f"http://127.0.0.1:{console}/readyz") != 200:
            told = (tmp_path / "log").read_text("utf-8", "replace")
            assert served.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.1)
        while not any(
            "verdict=" in seen and "degraded" not in seen for seen in _Api.seen
        ):  # a busy machine is slow at first
            assert _answer(f"http://127.0.0.1:{listen}/hello") == 200
            assert time.monotonic() < deadline, _Api.seen
        health = [sys.executable, "-P", "-c", "from vedette.cli import main; main()", "doctor", "--data", str(data)]
        healthy = subprocess.run(health, cwd=data, env=environment, capture_output=True, text=True, check=False)
    finally:
        served.send_signal(signal.SIGTERM)
        status = served.wait(60)
    told = (tmp_path / "log").read_text("utf-8", "replace")
    assert status == 0, told
    assert healthy.returncode == 0, healthy.stdout
    assert subprocess.run(health, cwd=data, env=environment, capture_output=True, check=False).returncode == 1
    assert _files(site) == before, "nothing was written into the packages"


def _confined(data: Path) -> list[str]:
    """The command that runs another one as the container would; hands ``data`` to the user that it will run as."""
    limits = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    try:
        subprocess.run([sys.executable, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], check=True)
    except OSError:  # this Python lies in a directory of root's own: root without capabilities it is
        user = []
    else:
        user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        os.chown(data, NOBODY, NOBODY)
    return ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(data), "setpriv", *user, *limits]
