"""What a scanner asks for is not what the shop has, and no list catches it all."""

import random

from vedette.simulate.campaigns.probes import INJECTIONS, METHODS, draw_probe
from vedette.simulate.settings import DECOY_PATHS
from vedette.simulate.shop import DIALECTS


def drawn(count=5000, **how):
    rng = random.Random(1)
    return [draw_probe(rng, **how) for _ in range(count)]


def test_paths_are_none_of_the_shops():
    fixed = {path.partition("?")[0] for dialect in DIALECTS.values() for path in dialect.paths.values()}
    assert not {probe.path for probe in drawn()} & fixed
    assert all(probe.path.startswith("/") and " " not in probe.path for probe in drawn())


def test_most_paths_are_composed():
    paths = [probe.path for probe in drawn()]
    assert len(set(paths)) > 3000
    assert sum(probe.path == "/wp-login.php" for probe in drawn()) > 5


def test_some_happen_upon_a_honeypot():
    hits = sum(probe.path in DECOY_PATHS for probe in drawn(decoys=0.1, classics=0.0))
    assert 400 < hits < 620
    assert not any(probe.path in DECOY_PATHS for probe in drawn(decoys=0.0, classics=0.0))


def test_methods_and_payloads_are_odd():
    assert {probe.method for probe in drawn()} == {"GET", "POST"}
    assert "GET" not in METHODS and "POST" not in METHODS
    assert len(set(INJECTIONS)) == len(INJECTIONS)
