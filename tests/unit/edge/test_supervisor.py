"""The supervisor's judgement without its processes: those are started for real in tests/integration/serve."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from vedette.config import defaults, load
from vedette.config.schema import Listen
from vedette.edge.children import Child
from vedette.edge.place import Place
from vedette.edge.supervisor import Supervisor
from vedette.errors import ConfigError

CONFIG = defaults("http://127.0.0.1:9")


class Dead(Child):
    """A child whose every start ends at once."""

    def __init__(self, name):
        super().__init__(name, "unused")
        self.starts, self.told = 0, []

    def start(self, environment):
        self.starts += 1
        self.process = type("Process", (), {"returncode": 1, "poll": lambda self: 1, "stdin": None, "stdout": None})()

    def tell(self, message):
        self.told.append(message)


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path / "data", is_given=True)
    yield place
    place.forget()


def supervised(place, script, file=None):
    said = []

    async def run():
        supervisor = Supervisor(CONFIG, file, {}, place, said.append)
        supervisor._children = [Dead("console"), Dead("archive")]
        return await script(supervisor)

    result = asyncio.run(run())
    return result, "\n".join(said)


def routes(place):
    return (place.run / "routes.json").read_bytes(), (place.run / "clusters.json").read_bytes()


def test_a_configuration_that_the_engine_refuses_leaves_the_edge_as_it_was(place):
    async def script(supervisor):
        before = routes(place)

        async def refuse(_setup):
            assert routes(place) != before, "the edge had it already"
            return False, "line 1: unknown name"

        supervisor._engines.reload = refuse
        with pytest.raises(ConfigError, match="the engine refuses it: line 1: unknown name"):
            await supervisor._take(replace(CONFIG, upstreams={"default": "http://127.0.0.1:10"}))
        assert routes(place) == before
        assert supervisor.config is CONFIG

    supervised(place, script)


def test_what_only_the_edge_can_see_is_refused_before_the_engine_is_told(place):
    async def script(supervisor):
        supervisor._engines.reload = None  # would fail if it were called
        with pytest.raises(ConfigError, match="not an address of an API"):
            await supervisor._take(replace(CONFIG, upstreams={"default": "ftp://x"}))

    supervised(place, script)


def test_a_valid_one_reaches_engine_console_and_state(place):
    wanted = replace(CONFIG, mode="enforce", listen=Listen(address="127.0.0.1:1"))

    async def script(supervisor):
        taken = []

        async def take(setup):
            taken.append(setup.config)
            return True, ""

        supervisor._engines.reload = take
        await supervisor._take(wanted)
        assert taken == [replace(wanted, listen=CONFIG.listen)] == [supervisor.config]
        (told,) = supervisor._children[0].told
        assert told["config"].mode == "enforce"
        assert supervisor._children[1].told == []
        state = json.loads((place.data / "run" / "serve.json").read_bytes())
        assert (state["mode"], state["listen"]) == ("enforce", CONFIG.listen.address)

    _, said = supervised(place, script)
    assert "the new configuration is in force" in said
    assert "restart needed for: listen" in said


def test_children_that_keep_dying_are_started_ever_less_often(place):
    async def script(supervisor):
        console = supervisor._children[0]
        supervisor._start_child(console)
        for _ in range(20):
            await supervisor._tick()
        return console.starts, console.retry_at > asyncio.get_running_loop().time()

    (starts, waits), _ = supervised(place, script)
    assert starts == 2, "once more at once, then after a pause"
    assert waits


def test_changes_of_the_file_and_of_what_it_names_are_seen(place, tmp_path):
    file = tmp_path / "vedette.yaml"
    file.write_text("upstream: http://127.0.0.1:9\n")

    async def script(supervisor):
        seen = [supervisor._stamps()]
        file.write_text("upstream: http://127.0.0.1:10\n")
        seen.append(supervisor._stamps())
        draft = tmp_path / "draft"
        draft.write_text("upstream: http://127.0.0.1:10\n")
        draft.replace(file)
        seen.append(supervisor._stamps())
        file.unlink()
        seen.append(supervisor._stamps())
        assert seen[-1] == {file: None}
        return len({str(stamps) for stamps in seen})

    assert supervised(place, script, file)[0] == 4


def test_the_watch_reports_what_is_invalid_and_goes_on(place, tmp_path):
    file = tmp_path / "vedette.yaml"
    file.write_text("upstream: http://127.0.0.1:9\n")

    async def script(supervisor):
        taken = asyncio.Event()

        async def take(wanted):
            if wanted.mode == "enforce":
                taken.set()

        supervisor._take = take
        watching = asyncio.create_task(supervisor._watch())
        file.write_text("mode: sometimes\n")
        supervisor._reload.set()
        while supervisor._reload.is_set():
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        file.write_text("upstream: http://127.0.0.1:9\nmode: enforce\n")
        async with asyncio.timeout(20):
            await taken.wait()
        watching.cancel()

    supervised(place, script, file)
    assert load(Path(file)).mode == "enforce"


def test_its_own_metrics_say_which_processes_are_up(place):
    async def script(supervisor):
        supervisor._restarts["console"] = 3
        return (await supervisor._report()).decode()

    text, _ = supervised(place, script)
    assert 'vedette_process_up{process="engine"} 0.0' in text
    assert 'vedette_process_restarts_total{process="console"} 3.0' in text
