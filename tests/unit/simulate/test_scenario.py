from __future__ import annotations

import pytest

from vedette.errors import ConfigError
from vedette.simulate.scenario import find, names, read_scenario

KINDS = {
    "people": {"web": None, "ios": None},
    "robots": {"monitor": None},
    "campaigns": {"carding": None, "spamming": None},
    "cases": {"office": None},
}


def read(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file, KINDS)


def problems(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return [line.removeprefix(str(tmp_path)) for line in caught.value.problems]


def test_a_scenario_names_its_parts(tmp_path):
    scenario = read(
        tmp_path,
        """
description: mine
start: 2026-03-02T00:00:00Z
lasts: 12h
country: FR
shop: {dialect: store, products: 500, paths: {login: /enter}}
outages: [{at: 1h, lasts: 5m, share: 50%}]
outcomes: {missing: 2%, wrong: 0%, late: 3}
people: [{kind: web, sessions: 100}]
campaigns: [{family: carding, requests: 60, at: 1h, stagger: 2h, lasts: 30m, retool: 10m, adapts: false, options: {valid: 0.1}}]
cases: [{kind: office, sessions: 5, name: big-office}]
""",
    )
    assert (scenario.name, scenario.country, scenario.dialect, scenario.products) == ("mine", "FR", "store", 500)
    assert scenario.lasts_s == 43_200
    assert scenario.start == 1_772_409_600
    assert scenario.paths == {"login": "/enter"}
    assert scenario.outages == ((3600.0, 300.0, 0.5),)
    assert (scenario.missing, scenario.wrong, scenario.late) == (0.02, 0.0, 3.0)
    assert [part.name for part in scenario.parts] == ["web", "carding-1", "carding-2", "carding-3", "big-office"]
    second = scenario.parts[2]
    assert (second.level, second.at_s, second.lasts_s, second.retool_s, second.adapts) == (2, 10_800, 1800, 600, False)
    assert second.option("valid", 0.5) == 0.1
    assert second.option("rate", 7.0) == 7.0


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path):
    found = problems(
        tmp_path,
        "lasts: soon\npeople:\n  - {kind: wep, sessions: 0}\ncampaigns:\n  - {family: carding}\nshop: {dialect: soap}\nextra: 1\n",
    )
    text = "\n".join(found)
    for line, word in (
        (1, "lasts"),
        (3, "did you mean web?"),
        (3, "sessions"),
        (5, "requests"),
        (6, "dialect"),
        (7, "extra"),
    ):
        assert any(problem.startswith(f"/mine.yaml:{line}:") and word in problem for problem in found), (
            line,
            word,
            text,
        )


def test_what_parts_get_wrong_together_is_reported_where_it_stands(tmp_path):
    found = problems(
        tmp_path,
        "lasts: 1h\npeople:\n  - {kind: web, sessions: 5}\n  - {kind: web, sessions: 6}\n"
        "campaigns:\n  - {family: carding, requests: 5, levels: 2, at: 2h}\n",
    )
    assert [problem.partition(", ")[0] for problem in found] == [
        "/mine.yaml:4: people[1]: two parts of one name",
        "/mine.yaml:6: campaigns[0]: carding-2 begins after the world has ended",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("lasts: 1h\n", "nobody is in it"),
        ("people: [{kind: web, sessions: 5}, {kind: web, sessions: 6}]\n", "two parts of one name"),
        ("lasts: 1h\npeople: [{kind: web, sessions: 5, at: 2h}]\n", "after the world has ended"),
        ("lasts: 0s\npeople: [{kind: web, sessions: 5}]\n", "lasts: no time at all"),
        ("start: 1969-07-20T20:17:00Z\npeople: [{kind: web, sessions: 5}]\n", "before 1971"),
        ("campaigns: [{family: carding, requests: 5, levels: []}]\n", "campaigns[0].levels: none"),
        ("start: yesterday\npeople: [{kind: web, sessions: 5}]\n", "not a time"),
        ("start: 2026-03-02T00:00:00\npeople: [{kind: web, sessions: 5}]\n", "no time zone"),
        ("shop: {paths: {login: '/x/{nobody}'}}\npeople: [{kind: web, sessions: 5}]\n", "unknown field"),
        ("shop: {paths: {login: 'x'}}\npeople: [{kind: web, sessions: 5}]\n", "not a path"),
        ("shop: {paths: {enter: /x}}\npeople: [{kind: web, sessions: 5}]\n", "enter"),
        ("campaigns: [{family: carding, requests: 5, levels: [4]}]\n", "levels"),
        ("- a\n", "not a mapping"),
        ("shop: {product_id: 'a b'}\npeople: [{kind: web, sessions: 5}]\n", "not an id"),
        ("shop: {product_id: '{x}'}\npeople: [{kind: web, sessions: 5}]\n", "not a template"),
        ("shop: {product_id: 'X'}\npeople: [{kind: web, sessions: 5}]\n", "not an id"),
        ("shop: {host: 'a b'}\npeople: [{kind: web, sessions: 5}]\n", "shop.host: not a host name"),
        ("shop: {paths: {product: '/p/{slug}'}}\npeople: [{kind: web, sessions: 5}]\n", "put {id} into it"),
        (
            "shop: {paths: {product: '/a/{id}', price: '/a/{id}'}}\npeople: [{kind: web, sessions: 5}]\n",
            "tell them apart",
        ),
        ("country: ZZ\npeople: [{kind: web, sessions: 5}]\n", "country: not known"),
        ("campaigns: [{family: carding, requests: 5, options: {valid: much}}]\n", "options.valid: not a usable number"),
        ("campaigns: [{family: carding, requests: 5, options: {valit: 0.1}}]\n", "did you mean valid?"),
        (
            "campaigns: [{family: spamming, requests: 5, options: {channel: fax}}]\n",
            "use one of review, contact, signup",
        ),
        ("cases: [{kind: office, sessions: 5, options: {people: 4}}]\n", "office has none"),
        ("campaigns: [{family: carding, requests: 5, stagger: 1h}]\n", "stagger counts from at"),
    ],
)
def test_a_mistake_says_what_is_wrong(tmp_path, text, word):
    assert any(word in problem for problem in problems(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_scenario(tmp_path / "none.yaml", KINDS)


def test_shipped_worlds_are_found_by_name():
    assert {"quiet", "shop-day", "benign-only", "week", "cat-and-mouse", "tiny"} <= set(names())
    assert all(find(name).is_file() for name in names())
    with pytest.raises(ValueError, match="no scenario 'shopday'; name one of"):
        find("shopday")
    assert find("./my.yaml").name == "my.yaml"
