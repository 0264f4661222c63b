"""Forward-confirmed DNS against a real name server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import dns.flags
import dns.message
import pytest

from tests.peers.dns import NameServer
from vedette.gather.dns import Names, Unsure, confirm, lies_below

GOOGLE = ("googlebot.com", "google.com")


@pytest.fixture
def server() -> Iterator[NameServer]:
    server = NameServer("googlebot.com")
    yield server
    server.close()


def ask(server: NameServer, address: str, suffixes=GOOGLE, *, now: float = 0.0, wait_s: float = 5.0) -> str:
    async def run():
        names = Names([server.address], wait_s=wait_s)
        try:
            return await confirm(names, address, suffixes, now)
        finally:
            await names.close()

    return asyncio.run(run())


def test_a_crawler_whose_name_leads_back(server):
    server.point("192.0.2.1", "Crawl-192-0-2-1.GoogleBot.com")
    server.records["crawl-192-0-2-1.googlebot.com", "A"] = ["192.0.2.9", "192.0.2.1"]
    assert ask(server, "192.0.2.1") == "verified"
    assert ask(server, "::ffff:192.0.2.1") == "verified"
    assert server.asked_for("AAAA") == []


def test_a_crawler_over_ipv6(server):
    server.point("2001:db8::77", "crawl-6.googlebot.com")
    server.records["crawl-6.googlebot.com", "AAAA"] = ["2001:0db8:0::0:77"]
    assert ask(server, "2001:db8::77") == "verified"
    assert server.asked_for("A") == []


def test_a_lying_name_does_not_lead_back(server):
    server.point("192.0.2.2", "crawl-1.googlebot.com")
    server.records["crawl-1.googlebot.com", "A"] = ["192.0.2.1"]
    assert ask(server, "192.0.2.2") == "forged"
    server.point("192.0.2.3", "no-such-host.googlebot.com")
    assert ask(server, "192.0.2.3") == "forged"
    server.point("192.0.2.4", "only-six.googlebot.com")
    server.records["only-six.googlebot.com", "AAAA"] = ["2001:db8::1"]
    assert ask(server, "192.0.2.4") == "forged"


@pytest.mark.parametrize(
    "name",
    [
        "googlebot.com.evil.example",
        "crawl.googlebot.com.evil.example",
        "evilgooglebot.com",
        "crawl.evilgooglebot.com",
        "googlebot.com",
        "googlebot.co",
        "xgooglebot.com.",
        "googlebot-com.example",
        "crawl.googlebot.com\\.evil.example",
        "crawl\\000.googlebot.com",
        "crawl\\032x.googlebot.com",
    ],
)
def test_names_that_only_look_alike(server, name):
    """Each of them leads to the address, and none of them is below the crawler's domain or a plain host name."""
    server.records["2.2.0.192.in-addr.arpa", "PTR"] = [f"{name.removesuffix('.')}."]
    for owner in (name, name.removesuffix("."), "crawl.googlebot.com"):
        server.records[owner, "A"] = ["192.0.2.2"]
    assert ask(server, "192.0.2.2") == "forged"
    assert server.asked_for("A") == []


def test_an_address_without_a_name_is_forged_only_where_the_resolver_knows_better(server):
    assert ask(server, "192.0.2.5") == "forged"
    assert ask(server, "2001:db8::5") == "forged"
    assert ask(server, "192.0.2.5", ("unknown.example",)) == "unverifiable"
    del server.records["in-addr.arpa", "SOA"]
    assert ask(server, "192.0.2.5") == "unverifiable"


def test_a_domain_in_the_middle_of_a_zone_is_known_by_its_zone(server):
    server.records["msn.com", "SOA"] = ["ns.msn.com. host.msn.com. 1 7200 900 1209600 300"]
    assert ask(server, "192.0.2.5", ("search.msn.com",)) == "forged"
    server.records["search.msn.com", "TXT"] = ["x"]  # there, without an SOA of its own
    assert ask(server, "192.0.2.5", ("search.msn.com",)) == "forged"


@pytest.mark.parametrize("trouble", ["SERVFAIL", "REFUSED", "silence", lambda query: b"\0" * 20])
def test_trouble_leaves_a_claim_unverifiable(server, trouble):
    wait_s = 0.3 if trouble == "silence" else 5.0
    server.silence("192.0.2.6", trouble)
    assert ask(server, "192.0.2.6", wait_s=wait_s) == "unverifiable"
    server.point("192.0.2.7", "crawl-7.googlebot.com")
    server.records["crawl-7.googlebot.com", "A"] = trouble
    assert ask(server, "192.0.2.7", wait_s=wait_s) == "unverifiable"
    server.records["googlebot.com", "SOA"] = trouble
    assert ask(server, "192.0.2.8", wait_s=wait_s) == "unverifiable"


def test_nobody_answers():
    server = NameServer()
    server.close()
    assert ask(server, "192.0.2.6") == "unverifiable"


def test_several_names_are_followed_within_bounds(server):
    lying = [f"lie-{number}.googlebot.com" for number in range(4)]
    server.point("192.0.2.10", "host.example", *lying, "true.googlebot.com")
    server.records["true.googlebot.com", "A"] = ["192.0.2.10"]
    assert ask(server, "192.0.2.10") == "verified"
    server.point("192.0.2.11", *[f"x{number}.googlebot.com" for number in range(200)])
    server.asked.clear()
    assert ask(server, "192.0.2.11") == "forged"
    assert len(server.asked_for("A")) == 5


def test_one_unclear_name_among_several(server):
    server.point("192.0.2.12", "broken.googlebot.com", "other.googlebot.com")
    server.records["broken.googlebot.com", "A"] = "SERVFAIL"
    server.records["other.googlebot.com", "A"] = ["192.0.2.99"]
    assert ask(server, "192.0.2.12") == "unverifiable"
    server.records["other.googlebot.com", "A"] = ["192.0.2.12"]
    assert ask(server, "192.0.2.12") == "verified"


def test_aliases(server):
    """In the reverse tree they are ordinary (RFC 2317); forward they must stay below the operator's domains."""
    server.records["13.2.0.192.in-addr.arpa", "PTR"] = [
        "13.2.0.192.in-addr.arpa CNAME 13.0-63.2.0.192.in-addr.arpa.",
        "13.0-63.2.0.192.in-addr.arpa PTR crawl-13.googlebot.com.",
    ]
    server.records["crawl-13.googlebot.com", "A"] = [
        "crawl-13.googlebot.com CNAME host.google.com.",
        "host.google.com A 192.0.2.13",
    ]
    assert ask(server, "192.0.2.13") == "verified"
    server.records["crawl-13.googlebot.com", "A"] = [
        "crawl-13.googlebot.com CNAME forgotten.cloud.example.",
        "forgotten.cloud.example A 192.0.2.13",
    ]
    assert ask(server, "192.0.2.13") == "forged"


def test_records_of_somebody_else_do_not_count(server):
    server.point("192.0.2.14", "crawl-14.googlebot.com")
    server.records["crawl-14.googlebot.com", "A"] = ["other.example A 192.0.2.14", "crawl-14.googlebot.com A 192.0.2.1"]
    assert ask(server, "192.0.2.14") == "forged"
    server.records["15.2.0.192.in-addr.arpa", "PTR"] = ["16.2.0.192.in-addr.arpa PTR crawl-14.googlebot.com."]
    server.records["crawl-14.googlebot.com", "A"] = ["192.0.2.15"]
    assert ask(server, "192.0.2.15") == "forged"


def test_aliases_in_a_circle_end(server):
    server.point("192.0.2.16", "a.googlebot.com")
    server.records["a.googlebot.com", "A"] = [
        "a.googlebot.com CNAME b.googlebot.com.",
        "b.googlebot.com CNAME a.googlebot.com.",
    ]
    assert ask(server, "192.0.2.16") == "forged"


def test_a_huge_answer_comes_by_stream_and_is_read_whole(server):
    server.point("192.0.2.17", "many.googlebot.com")
    server.records["many.googlebot.com", "A"] = [f"10.0.{n // 250}.{n % 250}" for n in range(3000)] + ["192.0.2.17"]
    assert ask(server, "192.0.2.17") == "verified"


def test_an_answer_for_another_question_is_no_answer(server):
    def other(query: dns.message.Message) -> dns.message.Message:
        wrong = dns.message.make_query("18.2.0.192.in-addr.arpa", "A")
        wrong.id = query.id
        reply = dns.message.make_response(wrong)
        reply.flags |= dns.flags.RA
        return reply

    server.silence("192.0.2.18", other)
    assert ask(server, "192.0.2.18", wait_s=0.3) == "unverifiable"


def test_what_is_no_address_is_not_asked_for(server):
    for text in ("", "abc", "192.0.2.1.googlebot.com", "192.0.2.0/24"):
        assert ask(server, text) == "unverifiable"
    assert server.asked == []


def test_a_probe_is_made_once_an_hour(server):
    async def run():
        names = Names([server.address])
        for now in (0.0, 10.0, 3599.0):
            assert await confirm(names, f"192.0.2.{int(now) % 250}", GOOGLE, now) == "forged"
        await names.close()

    asyncio.run(run())
    assert server.asked_for("SOA") == ["in-addr.arpa", "googlebot.com"]


def test_addresses_for_a_connection(server):
    server.records["bot.example", "A"] = ["192.0.2.1"]
    server.records["bot.example", "AAAA"] = ["2001:db8::1"]

    async def run():
        names = Names([server.address])
        try:
            assert sorted(await names.addresses("bot.example", 443)) == ["192.0.2.1", "2001:db8::1"]
            with pytest.raises(OSError):
                await names.addresses("gone.example", 443)
        finally:
            await names.close()

    asyncio.run(run())


def test_below_means_below():
    assert lies_below("a.b.googlebot.com", GOOGLE)
    for name in ("googlebot.com", ".com", "", "googlebot.com.x", "agooglebot.com", "com"):
        assert not lies_below(name, GOOGLE)
    assert not lies_below("a.googlebot.com", ())


def test_questions_after_closing_are_unsure(server):
    async def run():
        names = Names([server.address])
        await names.close()
        with pytest.raises((Unsure, RuntimeError)):
            await names.records("googlebot.com", "SOA")

    asyncio.run(run())
