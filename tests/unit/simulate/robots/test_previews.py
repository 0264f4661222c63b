from __future__ import annotations

from collections import defaultdict


def test_previews_are_single_pages_in_bursts(robots):
    _, made = robots("preview", 1500)
    assert len(made) == 1500
    pages = defaultdict(list)
    for call, *_ in made:
        if call.endpoint == "product":
            pages[call.path].append(call.at)
    burst = max(pages.values(), key=len)
    assert len(burst) >= 15
    assert sorted(burst)[len(burst) // 2] - min(burst) < 900.0, "the middle one within a quarter of an hour"
    sessions = defaultdict(list)
    for call, *_ in made:
        sessions[call.truth.session].append(call.endpoint)
    assert set(map(tuple, sessions.values())) <= {
        ("product",), ("product", "asset"), ("robots", "product", "asset"), ("robots", "product"),
    }  # fmt: skip


def test_previews_of_some_apps_come_from_phones(robots):
    _, made = robots("preview", 600)
    kinds = {}
    for call, *_ in made:
        kinds.setdefault(call.client.stack.family, set()).add(call.client.network)
    assert kinds["whatsapp"] <= {"mobile", "home"}
    assert kinds["facebookexternalhit"] == {"bot:facebook"}
    assert kinds["telegrambot"] == {"bot:telegram"}
