from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import stage


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return stage.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """An edge without TLS, as `vedette serve --upstream URL` makes it."""
    with stage.edge(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="module")
def secure(tmp_path_factory, authority):
    """An edge with TLS."""
    with stage.edge(tmp_path_factory.mktemp("secure"), authority=authority) as running:
        yield running


@pytest.fixture(autouse=True)
def _calm(request):
    """Give a shared engine and API back as they were."""
    yield
    for name in ("plain", "secure"):
        if name in request.fixturenames:
            running = request.getfixturevalue(name)
            running.engine.decide = stage.allowed
            running.engine.seen.clear()
            running.api.seen.clear()
