"""Starting, reloading and ending a real serve."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading

from serving import Load, eventually


def test_it_says_where_everything_is_and_never_a_secret(serve, api):
    one = serve()
    text = one.text()
    assert f"protects   {api.url}" in text
    assert f"listens    http://127.0.0.1:{one.port}" in text
    assert f"console    http://127.0.0.1:{one.console}  (token: generated:{one.data}/keys/console)" in text
    for name in ("console", "feedback", "privacy"):
        key = one.data / "keys" / name
        assert key.stat().st_mode & 0o777 == 0o600
        assert one.key(name) not in text
    titles = {name: title_of(one.pid(name)) for name in ("engine", "console")}
    assert titles == {"engine": "vedette: engine", "console": "vedette: console"}


def title_of(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().rstrip(b"\0 ").decode()


def limits(api, count, mode="enforce"):
    return f"""
mode: {mode}
upstream: {api.url}
policy: observe
rate_limits:
  - {{name: few, key: address, match: GET /limited, limit: {count}/hour, burst: {count}}}
"""


def test_a_changed_file_is_in_force_without_a_lost_request(serve, api):
    one = serve(config=limits(api, 100000))
    with Load(one.port) as load:
        load.wait_answered(50)
        draft = one.file.with_suffix(".new")
        draft.write_text(limits(api, 2))
        draft.replace(one.file)
        eventually(lambda: "the new configuration is in force" in one.text(), "the file was noticed")
        eventually(lambda: one.get("/limited")[0] == 429, "the new limit acts")
        load.wait_answered(50)
        one.file.write_text("mode: sometimes\npolicy: [")
        eventually(lambda: "the new configuration is invalid" in one.text(), "the invalid file was reported")
        assert one.get("/limited")[0] == 429, "the old configuration stays in force"
        one.file.write_text(limits(api, 2, "monitor"))
        eventually(lambda: one.get("/limited")[0] == 200, "monitor acts on nothing")
        load.wait_answered(50)
    assert load.failures == []
    degraded = sum("degraded" in headers["vedette-decision"] for _, _, headers in api.seen)
    assert degraded <= len(api.seen) // 20, "decisions went on; a starved machine may miss the 50 ms of a few"


def test_keys_that_are_not_hot_keep_their_value_and_hangup_reloads(serve, api):
    one = serve(config=f"upstream: {api.url}\nworkers: 1\n")
    one.file.write_text(f"upstream: {api.url}\nworkers: 2\nmode: enforce\n")
    os.kill(one.process.pid, signal.SIGHUP)
    eventually(lambda: "restart needed for: workers" in one.text(), "the key is named")
    eventually(lambda: one.state()["mode"] == "enforce", "the others are in force")


def test_console_tokens_are_hot(serve, api, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("another-token-for-the-console\n")
    one = serve(config=f"upstream: {api.url}\n")
    assert one.call("GET", "/openapi.json")[0] == 200
    one.file.write_text(f"upstream: {api.url}\nconsole: {{token: 'file:{secret}'}}\n")
    eventually(lambda: one.call("GET", "/openapi.json")[0] == 403, "the old token is refused")
    bearer = "Bearer another-token-for-the-console"
    assert one.call("GET", "/openapi.json", token=None, authorization=bearer)[0] == 200


def test_sigterm_under_load_drops_nothing(serve, api):
    one = serve()
    answers = []

    def slow():
        answers.append(one.get("/slow"))

    waiting = [threading.Thread(target=slow) for _ in range(4)]
    for thread in waiting:
        thread.start()
    eventually(lambda: sum(path == "/slow" for _, path, _ in api.seen) == 4, "slow requests are at the API")
    assert one.stop(signal.SIGTERM) == 0
    for thread in waiting:
        thread.join()
    assert answers == [(200, b"ok")] * 4
    assert not (one.data / "run" / "serve.json").exists()


def test_interrupt_ends_it_the_same_way(serve, api):
    one = serve()
    assert one.stop(signal.SIGINT) == 0
    assert "stopping: the edge drains first" in one.text()


def refused(one):
    code = one.process.wait(60)
    one.expected_status = code
    return code, one.text()


def test_a_second_serve_on_the_same_directory_or_port_is_refused(serve, api, tmp_path):
    one = serve()
    code, text = refused(serve(wait=False))
    assert code == 1
    assert f"another vedette serve (process {one.process.pid}) uses the data directory {one.data}" in text
    command = [sys.executable, "-m", "vedette.cli", "serve", "--upstream", api.url, "--data", str(tmp_path / "other")]
    for flag, port in (("--listen", one.port), ("--console", one.console)):
        done = subprocess.run([*command, flag, f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done.stdout
        assert f"127.0.0.1:{port} is taken by another process" in done.stderr
    assert one.get("/x")[0] == 200


def test_wrong_usage_is_exit_two(api, tmp_path):
    for flags, words in (
        ((), "upstream: missing"),
        (("--upstream", "ftp://x"), "ftp://x"),
        (("--upstream", api.url, "--config", str(tmp_path / "absent.yaml")), "absent.yaml"),
    ):
        command = [sys.executable, "-m", "vedette.cli", "serve", "--data", str(tmp_path / "data"), *flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2, (flags, done.stdout)
        assert words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_a_long_data_path_works(serve, api):
    one = serve(name="d" * 120)
    assert one.get("/x")[0] == 200
    assert one.call("GET", "/readyz", token=None)[0] == 200


def test_a_full_disk_stops_no_request(serve, api):
    """Writing fails with the largest allowed file size, as it does on a full disk."""
    sound = serve()
    resource.prlimit(sound.pid("engine"), resource.RLIMIT_FSIZE, (0, 0))
    with Load(sound.port) as load:
        load.wait_answered(300)
        eventually(lambda: sound.metric("vedette_decisions_total") >= 300, "decisions go on")
    assert load.failures == []
    status, headers, _ = sound.call("POST", "/v1/outcomes", OUTCOME, token="feedback")
    assert status == 503, "an outcome is acknowledged only once it is written"
    assert headers["retry-after"] == "5"


OUTCOME = b'{"outcome": "conversion", "session.id": "s1"}'
