import pytest

from tests.unit.events.samples import NOW
from vedette.collect.observation import Hasher
from vedette.events.log import EventLog


@pytest.fixture
def hasher():
    return Hasher(b"a key of a test")


@pytest.fixture
def event_log(tmp_path, hasher):
    with EventLog(tmp_path, hasher=hasher, clock=lambda: NOW) as log:
        yield log
