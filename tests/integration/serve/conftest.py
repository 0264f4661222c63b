from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from serving import Api, Serve


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    yield api
    api.close()


@pytest.fixture
def serve(tmp_path: Path, api: Api) -> Iterator[Callable[..., Serve]]:
    running: list[Serve] = []

    def start(*flags: str, config: str = "", name: str = "data", wait: bool = True) -> Serve:
        upstream = () if "upstream" in config else ("--upstream", api.url)
        one = Serve(tmp_path / name, *upstream, *flags, config=config, wait=False)
        running.append(one)
        if wait:
            one.wait_ready()
        return one

    yield start
    for one in running:
        assert one.stop() == one.expected_status, one.text()
