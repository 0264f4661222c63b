"""Learned endpoints, whatever is asked and answered: bounded, deterministic, and the same after a restart."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.collect.endpoints import Router
from vedette.collect.normalize import normal_path

WORDS = st.sampled_from(["api", "products", "blog", "v1", "login", "7", "x@y.example", "{id}", "{{", "a.js", "é"])
PARTS = WORDS | st.text(max_size=12) | st.integers(0, 40).map(lambda n: f"title-of-number-{chr(97 + n % 26)}{n // 26}")
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "HEAD", "X Y", "", "A" * 20]),
        st.lists(PARTS, max_size=5).map(lambda parts: "/" + "/".join(parts)),
        st.sampled_from([200, 204, 302, 304, 404, 500, -1]),
        st.integers(0, (1 << 64) - 1),
    ),
    max_size=60,
)
BODIES = st.sampled_from(
    [b"", b'{"operationName": "A", "query": "{ a }"}', b'[{"query": "mutation { login }"}]', b"\xff"]
)


def play(router: Router, calls: list[tuple[str, str, int, int]]) -> list[tuple[str, int]]:
    seen = []
    for number, (method, path, status, item) in enumerate(calls):
        route, _ = router.find(method, "", normal_path(path))
        assert 0 <= route.index < 256
        assert 0.0 < route.confidence <= 1.0
        router.ask(number, route, item)
        router.answer(number, status)
        seen.append((route.name, route.index))
    return seen


@settings(deadline=None)
@given(CALLS)
def test_the_same_calls_teach_the_same(calls: list[tuple[str, str, int, int]]) -> None:
    one, other = Router(()), Router(())
    assert play(one, calls) == play(other, calls)
    assert one.state() == other.state()


@settings(deadline=None)
@given(CALLS, CALLS)
def test_a_restart_changes_nothing(
    calls: list[tuple[str, str, int, int]], more: list[tuple[str, str, int, int]]
) -> None:
    router = Router(())
    play(router, calls)
    again = Router(())
    again.restore(router.state())
    assert again.state() == router.state()
    assert play(again, more) == play(router, more)


@settings(deadline=None)
@given(CALLS)
def test_what_was_never_answered_well_is_never_known(calls: list[tuple[str, str, int, int]]) -> None:
    router = Router(())
    play(router, [(method, path, 404 if status < 400 else status, item) for method, path, status, item in calls])
    assert router.confirmed() == []


@given(st.lists(BODIES, max_size=30))
def test_operations_of_any_body_are_counted(bodies: list[bytes]) -> None:
    router = Router(())
    graph, _ = router.find("POST", "", "/graphql")
    for number, body in enumerate(bodies):
        route, count = router.operations(graph, body, "")
        assert count >= 1
        router.ask(number, route, 0)
        router.answer(number, 200)
    again = Router(())
    again.restore(router.state())
    assert again.confirmed() == router.confirmed()
