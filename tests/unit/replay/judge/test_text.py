"""What is printed: aligned, short, and safe for a terminal."""

from __future__ import annotations

from vedette.replay.judge.text import lines, printable, worst_first


def world(campaigns: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [
        {"campaign": f"{family}-{level}-{n}", "segment": family, "level": level, "threat": "OAT-008", "at": float(k),
         "session": f"{family}{level}{n}{k // 10}", "action": "block" if k > 10 * level else "allow",
         "verdict": "good_bot" if family == "family 3" and k == 0 else "unknown",
         "score": 0.9 / level, "prize": f"account:{k}" if k % 2 else f"object:{k}"}
        for n in range(campaigns // 75 + 1)
        for family in (f"family {number}" for number in range(25))
        for level in (1, 2, 3)
        for k in range(40)
    ]  # fmt: skip
    people = [
        {"actor": "human", "segment": f"segment {n % 20}", "session": f"h{n}", "score": n / 4000,
         "action": "challenge" if n % 50 == 0 else "allow"}
        for n in range(2000)
    ]  # fmt: skip
    bots = [{"actor": "good_bot", "segment": f"bot {n % 9}", "session": f"g{n % 9}"} for n in range(90)]
    return [*rows, *people, *bots]


def test_a_large_world_fits_a_screen_or_two(accuracy) -> None:
    told = "\n".join(lines(accuracy(world(75), catalogue=100).judgement())).splitlines()
    assert len(told) <= 82
    assert max(map(len, told)) <= 120
    text = "\n".join(told)
    assert "… and 142 more campaigns; --accuracy FILE.json has all" in text
    assert "taken for a good bot: family 3" in text
    assert "0.01 % false positives (too few human requests to tell)" in text
    assert "won before half stopped/in all/on offer: account" in text
    assert "most of the catalogue taken by one campaign" in text
    assert "level 3" in text


def test_little_is_told_of_little(accuracy) -> None:
    told = list(lines(accuracy([{"actor": "human"}]).judgement()))
    assert "campaign" not in "".join(told)
    assert told[0] == "labels: 1, decisions without one: 0"


def test_what_lets_most_through_comes_first(accuracy) -> None:
    rows = [{"campaign": name, "action": action} for name, action in
            [("a", "block")] * 9 + [("b", "allow")] * 3 + [("c", "allow")] * 2 + [("c", "block")] * 5]  # fmt: skip
    judged = accuracy(rows).judgement()
    assert [one.name for one in worst_first(judged.campaigns)] == ["b", "c", "a"]


def test_names_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb", 40) == "a·[2Jb"
    assert printable("x" * 50, 10) == "x" * 9 + "…"
