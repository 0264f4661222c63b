"""What the API answered comes back to the engine: complete, in time, and only where the API did answer."""

from __future__ import annotations

import time

import stage


def test_an_answer_is_reported(tmp_path):
    with stage.edge(tmp_path) as running:
        began = time.time()
        got = running.ask("/headers", "Origin: https://shop.example")
        (answer,) = running.answers_to(1)
        assert answer.id == running.engine.seen[0]["x-vedette-id"]
        assert (answer.status, answer.body_size) == (200, len(got.body))
        assert began - 1 < answer.timestamp < time.time() + 1
        assert 0 < answer.duration < 60
        assert dict(answer.headers) == {
            ":authority": "shop.example",
            "origin": "https://shop.example",
            "access-control-allow-origin": "https://shop.example",
            "vary": "Origin",
            "retry-after": "7",
            "content-type": "application/json",
            "set-cookie": "sid",
        }


def test_each_status_is_reported_once(tmp_path):
    with stage.edge(tmp_path) as running:
        statuses = [200, 201, 204, 301, 404, 429, 500, 503] * 5
        for status in statuses:
            assert running.ask(f"/status/{status}").status == status
        assert sorted(answer.status for answer in running.answers_to(len(statuses))) == sorted(statuses)
        assert {answer.id for answer in running.reported} == {seen["x-vedette-id"] for seen in running.engine.seen}
        assert running.reader.malformed == running.reader.unanswered == 0


def test_only_answers_of_the_api_are_reported(tmp_path):
    """Not what the engine refused, nor what passed without a decision, nor what never reached the API."""
    with stage.edge(tmp_path) as running:
        running.engine.decide = lambda seen: (403, [], b"no")
        running.ask("/refused")
        running.engine.decide = lambda seen: (500, [], b"")
        running.ask("/degraded")
        running.engine.decide = stage.allowed
        running.api.call(running.api.close())
        assert running.ask("/unreachable").status == 503
        running.api.call(running.api.open())
        running.ask("/status/503")
        (answer,) = running.answers_to(1)
        assert answer.id == running.engine.seen[-1]["x-vedette-id"]
        assert running.reader.unanswered == 1
        assert running.reader.malformed == 0


def test_a_client_that_leaves_early_is_reported_where_the_api_had_answered(tmp_path):
    with stage.edge(tmp_path) as running:
        with running.connect() as link:
            link.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            assert link.recv(1000).startswith(b"HTTP/1.1 200")
        (answer,) = running.answers_to(1)
        assert answer.status == 200
        running.api.arrived.clear()
        with running.connect() as link:
            link.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            assert running.api.arrived.wait(20)
        running.ask("/after")
        assert running.answers_to(2)[1].id == running.engine.seen[2]["x-vedette-id"]
        assert running.reader.unanswered == 1


def test_hostile_headers_cannot_break_a_line(tmp_path):
    with stage.edge(tmp_path) as running:
        hostile = 'a"b\\c\td|%RESP(X)%\xff'
        running.ask("/", f"Origin: {hostile}", 'Vedette-Decision: id="forged"')
        running.ask("/", "Origin: " + "x" * 5000)
        first, second = running.answers_to(2)
        assert dict(first.headers)["origin"] == hostile
        assert first.id == running.engine.seen[0]["x-vedette-id"]
        assert len(dict(second.headers)["origin"]) == 255
        for target in (
            b"GET / HTTP/1.1\r\nHost: a\x1fb\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nOrigin: a\x1fb\r\n\r\n",
        ):
            assert running.send(target).status == 400


def test_answers_wait_for_an_engine_that_is_being_replaced(tmp_path):
    with stage.edge(tmp_path) as running:
        for number in range(50):
            running.ask(f"/{number}")
        assert len(running.answers_to(50)) == 50  # nobody had read until now


def test_nothing_is_written_while_there_is_no_engine(tmp_path):
    with stage.edge(tmp_path) as running:
        running.engine.call(running.engine.close())
        for number in range(20):
            running.ask(f"/{number}")
        running.engine.call(running.engine.open())

        def decided():
            running.ask("/again")
            return not running.api.seen[-1]["vedette-decision"].endswith("degraded")

        stage.eventually(decided, "decisions")
        running.answers_to(1)
        assert {answer.id for answer in running.reported} <= {seen["x-vedette-id"] for seen in running.engine.seen}
