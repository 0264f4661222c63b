"""What is counted, and how it is told."""

from __future__ import annotations

from vedette.simulate.calls import Reply, Truth
from vedette.simulate.target.figures import Figures

STUFFER = Truth("bad_bot", "w1", "credential_stuffing", campaign="stuffing-3", threat="OAT-008", level=3)
PASSED, STOPPED, SILENT = (
    Reply(status=200, ended=2.0),
    Reply(status=403, ended=2.0, is_stopped=True),
    Reply(status=0, ended=2.0),
)


def counted(call_of) -> Figures:
    figures = Figures(ended="time", seconds=2.0)
    for session, reply in (("a", PASSED), ("a", STOPPED), ("a", STOPPED), ("b", PASSED), ("c", SILENT)):
        figures.add(call_of(truth=Truth("human", session, "web")), reply)
    figures.add(call_of(truth=Truth("good_bot", "g", "search_engine")), PASSED)
    for number, reply in enumerate((PASSED, STOPPED, PASSED)):
        figures.add(call_of(truth=STUFFER, prize=f"account:{number}"), reply)
    return figures


def test_people_are_noticed_once_however_often_they_are_stopped(call_of):
    figures = counted(call_of)
    assert (figures.requests, figures.stopped, figures.unanswered) == (9, 3, 1)
    people = figures.populations["web"]
    assert (people.requests, people.stopped, people.unanswered) == (5, 2, 1)
    assert (people.sessions, people.noticed) == ({"a", "b", "c"}, {"a"})


def test_a_campaign_wins_what_reached_the_api(call_of):
    books = counted(call_of).ledger.accounts["stuffing-3"]
    assert (books.requests, books.stopped, books.won) == (3, 1, 2)


def test_the_summary_tells_people_first_and_what_a_success_costs(call_of):
    figures = counted(call_of)
    figures.replaced = {("urllib", "requests"): 3, ("go", "aiohttp"): 12}
    figures.notes.append("all calls came from one address of this machine")
    figures.late, figures.cut = 4, 5
    assert figures.text() == (
        "the time is over. 9 requests in 2 s (4 a second), 3 stopped, 1 unanswered, 4 late, 5 cut off\n"
        "\n"
        "population                    requests   stopped  sessions   noticed\n"
        "web                                  5     40.0%         3         1\n"
        "search_engine                        1      0.0%         1         0\n"
        "stuffing-3                           3     33.3%         1         1\n"
        "\n"
        "campaign                          spent  retooled       won  a success\n"
        "stuffing-3                        $0.00         0         2    $0.0004\n"
        "\n"
        "all calls came from one address of this machine\n"
        "go: aiohttp stood for it (12 calls)\n"
        "urllib: requests stood for it (3 calls)"
    )


def test_nothing_at_all_is_told_too():
    figures = Figures(ended="unanswered", detail="http://127.0.0.1:1: Connection refused")
    assert figures.is_failure
    assert figures.text().startswith("the target does not answer: http://127.0.0.1:1: Connection refused. 0 requests")
    assert len(figures.text().splitlines()) == 1, "no table of nobody"
    assert not Figures(ended="interrupted").is_failure


def test_the_summary_says_where_the_world_does_not_fit_its_target(call_of):
    fits, lost = Figures(), Figures()
    for number in range(10):
        call = call_of(truth=Truth("human", str(number), "web"))
        fits.add(call, Reply(status=404 if number < 2 else 200, ended=2.0))
        lost.add(call, Reply(status=404 if number < 3 else 200, ended=2.0))
    assert "404" not in fits.text()
    assert "30% of people's calls were answered 404" in lost.text()
    assert "shop.paths" in lost.text()
