"""``vedette`` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vedette.cli import COMMANDS, LATER, main
from vedette.errors import ConfigError


def vedette(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vedette.cli", *words], capture_output=True, text=True, check=False, cwd=cwd, timeout=60
    )


def test_check_prints_yaml_with_every_default(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("upstream: http://127.0.0.1:8000\nworkers: 3\n")
    done = vedette("check", cwd=tmp_path)
    assert done.returncode == 0
    shown = yaml.safe_load(done.stdout)
    assert (shown["workers"], shown["mode"], shown["events"]["retain"]) == (3, "monitor", "30d")
    assert "# not yet active: workers" in done.stdout


def test_check_names_all_mistakes_and_exits_2(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("mode: x\nworkers: none\n")
    done = vedette("check", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'bad.yaml:1: mode: not known, "x", use one of monitor, enforce',
        'bad.yaml:2: workers: not a usable number, "none", use 1 to 256',
    ]


def test_schema_is_json() -> None:
    done = vedette("check", "--schema")
    assert json.loads(done.stdout)["title"] == "vedette.yaml"


def test_overview_names_every_command_and_none_that_comes_later() -> None:
    done = vedette("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert not any(f"  {name} " in done.stdout for name in LATER)


@pytest.mark.parametrize("name", LATER)
def test_later_commands_say_so(name: str) -> None:
    done = vedette(name)
    assert (done.returncode, done.stderr.strip()) == (2, f"vedette {name}: not in this version")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Usage"),
        (("chek",), 2, "did you mean check?"),
        (("check", "--bogus"), 2, "Unknown option"),
        (("check", "/nowhere.yaml"), 2, "cannot be read"),
        (("--version",), 0, "vedette "),
        (("--completion",), 2, "name one shell"),
    ],
)
def test_usage(words: tuple[str, ...], code: int, said: str) -> None:
    done = vedette(*words)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_loads_nothing_heavy() -> None:
    program = (
        "import sys\nsys.argv = ['vedette', 'check', '--quiet']\n"
        "try:\n    import vedette.cli; vedette.cli.main()\nexcept SystemExit: pass\n"
        "print([name for name in ('numba', 'numpy', 'duckdb', 'pyarrow', 'starlette', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_check_opens_the_certificate_that_serve_will_need(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("listen: {address: 127.0.0.1:1, certificate: c.pem, key: k.pem}\n")
    (tmp_path / "k.pem").write_text("a key")
    done = vedette("check", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        done.stderr
        == f"vedette.yaml: listen.certificate: cannot be read, {tmp_path / 'c.pem'}, No such file or directory\n"
    )
    (tmp_path / "c.pem").write_text("a certificate")
    assert vedette("check", cwd=tmp_path).returncode == 0


def test_a_feed_whose_file_is_not_there_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("feeds: [{name: mine, url: file:mine.txt, kind: vpn}]\n")
    warning = f"# warning: feeds.mine: no such file, {tmp_path / 'mine.txt'}"
    assert warning in vedette("check", cwd=tmp_path).stdout.splitlines()
    (tmp_path / "mine.txt").write_text("192.0.2.1\n")
    assert warning not in vedette("check", cwd=tmp_path).stdout


def test_what_a_preset_cannot_do_yet_is_said(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("policy: balanced\ntrusted_proxies: [10.0.0.0/8]\n")
    notes = [line for line in vedette("check", cwd=tmp_path).stdout.splitlines() if line.startswith("# ")]
    assert "# not yet active: policy: challenge answers 403 for that one request in this version" in notes
    assert not any("good_bots" in line for line in notes)
    assert any(line.startswith("# not yet active: trusted_proxies:") for line in notes)
    assert "# no upstream: vedette serve needs one here or as --upstream" in notes


def test_what_check_prints_is_a_configuration(tmp_path: Path) -> None:
    first = vedette("check", cwd=tmp_path)
    (tmp_path / "vedette.yaml").write_text(first.stdout)
    second = vedette("check", cwd=tmp_path)
    assert (second.returncode, yaml.safe_load(second.stdout)) == (0, yaml.safe_load(first.stdout))


def test_secrets_are_shown_as_where_they_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "hunter2")
    (tmp_path / "vedette.yaml").write_text("privacy: {key: env:A_KEY}\nfeedback: {keys: [env:A_KEY]}\n")
    done = vedette("check", cwd=tmp_path)
    assert done.stdout.count("env:A_KEY") == 2
    assert "hunter2" not in done.stdout + done.stderr


def test_a_reader_that_goes_away_is_no_mistake() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "vedette.cli", "check", "--schema"],
            stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vedette.cli", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1,
        "vedette: cannot write: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("raised", "code"), [(KeyboardInterrupt(), 130), (ConfigError(["a: b", "c: d"]), 2), (None, 0), (3, 3)]
)
def test_how_a_command_ends(
    raised: BaseException | int | None, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int | None:
        """End."""
        if isinstance(raised, BaseException):
            raise raised
        return raised

    monkeypatch.setattr("vedette.cli.check.command", command)
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    assert ended.value.code == code
    assert capsys.readouterr().err == ("a: b\nc: d\n" if isinstance(raised, ConfigError) else "")


def test_only_the_command_that_is_asked_for_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vedette.cli.replay", None)  # importing it now fails
    with pytest.raises(SystemExit) as ended:
        main(["check", "--schema"])
    assert ended.value.code == 0
    with pytest.raises(ModuleNotFoundError):
        main(["replay", "x"])


def test_decoys_to_paste(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text('honeypots: {paths: [/api/export, "/api/admin/**"]}\n')
    lines = vedette("check", "--decoys", cwd=tmp_path).stdout
    assert "Disallow: /api/export\nDisallow: /api/admin/\n" in lines
    assert 'Link: </api/export>; rel="service-meta"' in lines
    document = yaml.safe_load(lines[lines.index("paths:") :])
    assert set(document["paths"]) == {"/api/export", "/api/admin/{path}"}
    (tmp_path / "vedette.yaml").write_text("mode: monitor\n")
    assert "honeypots.paths" in vedette("check", "--decoys", cwd=tmp_path).stdout


LOG = """192.0.2.1 - - [27/Nov/2026:03:00:00 +0000] "GET /products/%d HTTP/1.1" 200 5 "-" "curl/8"
192.0.2.1 - - [27/Nov/2026:03:00:01 +0000] "GET /.env HTTP/1.1" 404 5 "-" "curl/8"
"""


def test_endpoints_of_a_log_are_proposed(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("".join(LOG % number for number in range(30)) + "nonsense\n")
    done = vedette("check", "--endpoints", "access.log", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("malformed lines: 1; they were skipped\n")
    shown = yaml.safe_load(done.stdout)["endpoints"]
    assert shown == [
        {"name": "product", "match": "GET /products/{id}", "purpose": "product", "object": "path.id"},
    ]
    assert "# 30 requests, 100 % answered well, about 30 objects" in done.stdout
    (tmp_path / "vedette.yaml").write_text("endpoints: [{name: mine, match: GET /products/7}]\n")
    again = vedette("check", "vedette.yaml", "--endpoints", "access.log", "--format", "combined", cwd=tmp_path)
    assert "of which 1 belong to endpoints that are configured" in again.stdout
    (tmp_path / "vedette.yaml").write_text("endpoints: [{name: all, match: GET /**}]\n")
    nothing = vedette("check", "vedette.yaml", "--endpoints", "access.log", cwd=tmp_path)
    assert nothing.returncode == 0
    assert nothing.stdout.endswith("# Nothing that is not configured was asked for and answered well.\n")


def test_what_was_made_of_an_openapi_document_is_said(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("openapi: api.yaml\n")
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.1.0\n"
        "paths:\n"
        "  /login:\n"
        "    post:\n"
        "      operationId: signIn\n"
        "      requestBody: {content: {application/json: {schema: {type: object, properties: {email: {type: string}}}}}}\n"
        + "".join(f"  /products{n}/{{id}}:\n    get: {{operationId: product{n}}}\n" for n in range(50))
    )
    said = vedette("check", cwd=tmp_path).stdout
    assert "\n# operation signIn: POST /login, purpose login, account body.email\n" in said
    assert "\n# operation product0: GET /products0/{id}, purpose other, object path.id\n" in said
    assert "\n# and 1 operations more\n" in said


def test_endpoints_of_standard_input_are_proposed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vedette.cli", "check", "--endpoints", "-"],
        input=LOG % 7, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "GET /products/{id}" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--endpoints", "absent.log"], 1, "vedette check: absent.log: No such file or directory"),
        (["--endpoints", "empty.log"], 1, "vedette check: no valid request in the input"),
        (["--endpoints", "a.log", "--data", "."], 2, "vedette check: --endpoints and --data: name one of the two"),
        (["--data", "absent"], 1, "vedette check: absent: no event log there"),
    ],
)
def test_what_endpoints_cannot_be_had_from(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_text("")
    done = vedette("check", *words, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith(said)


def test_endpoints_of_a_running_system_are_proposed(tmp_path: Path) -> None:
    from vedette.config.schema import Config
    from vedette.engine import Engine
    from vedette.events.log import EventLog
    from vedette.types import Answer, Request

    engine = Engine.open(Config(policy=()), key=b"k" * 32, shrink=8)
    log = EventLog(tmp_path)
    for number in range(20):
        now = 1_800_000_000.0 + number
        request = Request(
            timestamp=now, id=f"r{number}", method="GET", path=f"/products/{number}", client_address="192.0.2.1"
        )
        log.append_decision(engine.decide(request, now), request)
        log.append_answer(Answer(timestamp=now, id=request.id, status=200))
    log.close()
    done = vedette("check", "--data", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["endpoints"] == [
        {"name": "product", "match": "GET /products/{id}", "purpose": "product", "object": "path.id"},
    ]
    assert "# 20 requests, 100 % answered well\n" in done.stdout


def test_check_looks_for_the_apis_robots_txt(tmp_path: Path) -> None:
    (tmp_path / "vedette.yaml").write_text("honeypots: {paths: [/x], advertise: robots, robots: file:robots.txt}\n")
    done = vedette("check", cwd=tmp_path)
    assert (done.returncode, "honeypots.robots: no such file" in done.stderr) == (2, True)
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    assert vedette("check", cwd=tmp_path).returncode == 0
