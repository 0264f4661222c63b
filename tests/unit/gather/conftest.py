from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.web import Authority, Web


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def web(authority) -> Iterator[Web]:
    """A TLS server whose certificate is for bot.example and 127.0.0.1."""
    web = Web(authority.server("bot.example", "127.0.0.1"))
    yield web
    web.close()
