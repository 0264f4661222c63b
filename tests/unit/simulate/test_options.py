from __future__ import annotations

import ast
import inspect
import sys

import pytest

from vedette.config.document import Node
from vedette.config.reading import MISSING, Reader
from vedette.simulate.campaigns.footprinting import OBJECTS
from vedette.simulate.campaigns.forged import NAMES
from vedette.simulate.campaigns.scraping import ORDERS
from vedette.simulate.campaigns.spam import CHANNELS
from vedette.simulate.campaigns.stock import EXPEDITES
from vedette.simulate.campaigns.walks import WALKS
from vedette.simulate.options import OPTIONS
from vedette.simulate.populations import POPULATIONS
from vedette.simulate.robots.claims import claims_of

KINDS = {kind: population for kinds in POPULATIONS.values() for kind, population in kinds.items()}


@pytest.mark.parametrize(
    ("kind", "option", "words"),
    [
        ("spamming", "channel", CHANNELS),
        ("expediting", "mode", EXPEDITES),
        ("footprinting", "walk", WALKS),
        ("footprinting", "object", OBJECTS),
        ("price_scraping", "walk", ORDERS),
        ("content_scraping", "walk", ORDERS),
        ("forged_search_engine", "name", NAMES),
        ("forged_search_engine", "walk", ORDERS),
        ("search_engine", "name", tuple(claim.name for claim in claims_of("search"))),
    ],
)
def test_the_words_of_an_option_are_those_that_its_kind_knows(kind, option, words):
    read = OPTIONS[kind][option].read
    reader = Reader(None)
    assert [read(reader, Node("text", 1, text=word), "x") for word in words] == list(words)
    assert read(reader, Node("text", 1, text="another"), "x") is MISSING
    assert all(word in reader.problems[-1][1] for word in words)


def test_only_kinds_that_exist_have_options():
    assert set(OPTIONS) <= set(KINDS)


def test_every_option_that_a_module_asks_for_can_be_given_and_the_other_way_round():
    asked = set()
    for module in {sys.modules[population.__module__] for population in KINDS.values()} | {
        module for name, module in sys.modules.items() if name.startswith("vedette.simulate.")
    }:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("part.option", "part.options.get"):
                asked.add(node.args[0].value)
    assert asked == {option for options in OPTIONS.values() for option in options}
