import msgspec
import pytest

from tests.unit.events.samples import NOW, make_decision, make_request
from vedette.events.record import (
    answer_record,
    decision_record,
    decode,
    encode,
    kept_endpoint,
    outcome_record,
    shown_address,
)
from vedette.types import Answer, Outcome


def test_every_kind_survives_encoding(hasher):
    for record in (
        decision_record(make_decision(), make_request(), None, NOW),
        answer_record(Answer(timestamp=NOW, id="a", status=200, duration=0.1, body_size=12), NOW),
        outcome_record(Outcome(timestamp=NOW, outcome="conversion", session_id="s", event_id="e"), hasher, NOW),
    ):
        back = decode(encode(record))
        assert type(back) is type(record)
        assert encode(back) == encode(record)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xc1", b"\x93\x01", msgspec.msgpack.encode([9, "x"]), b"\x91\xa2\xff\xff", b"\xdd\xff\xff\xff\xff"],
)
def test_what_is_no_record_reads_as_none(payload):
    assert decode(payload) is None


def test_methods_and_agents_come_from_closed_lists():
    said = (("Host", "x"), ("User-Agent", "curl/8.11"))
    record = decision_record(make_decision(), make_request(method="CANARY", headers=said), None, NOW)
    assert (record.method, record.agent) == ("_OTHER", "curl")
    assert decision_record(make_decision(), make_request(user_agent="SecretApp9/1"), None, NOW).agent == "unknown"
    assert decision_record(make_decision(), make_request(), None, NOW).agent == "absent"


def test_sizes_and_ids_are_bounded():
    record = answer_record(Answer(timestamp=NOW, id="i" * 1000, status=10**12, body_size=2**70), NOW)
    assert (len(record.id), record.status, record.body_size) == (128, 999, 2**63 - 1)


def test_an_outcome_meets_the_request_of_the_same_account_and_network(hasher):
    record = outcome_record(Outcome(timestamp=NOW, outcome="chargeback", user_name=" Anna@Example.com "), hasher, NOW)
    assert record.account == hasher("account", "anna@example.com")
    one, other = (
        outcome_record(Outcome(timestamp=NOW, outcome="chargeback", client_address=address), hasher, NOW).address
        for address in ("2001:db8::1", "2001:db8::2")
    )
    assert one == other != 0


@pytest.mark.parametrize(
    ("address", "privacy", "expected"),
    [
        ("192.0.2.77", "hash", None),
        ("192.0.2.77", "raw", "192.0.2.77"),
        ("192.0.2.77", "truncate", "192.0.2.0"),
        ("::ffff:192.0.2.77", "truncate", "192.0.2.0"),
        ("2001:db8:aaaa:bbbb::1", "truncate", "2001:db8:aaaa::"),
        ("fe80::1%eth0", "truncate", "fe80::"),
        ("customer-4711", "truncate", None),
        ("", "raw", None),
        ("x" * 999, "raw", "x" * 256),
    ],
)
def test_an_address_shows_what_privacy_allows(address, privacy, expected):
    assert shown_address(address, privacy) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GET /products/{slug}", "GET /products/{slug}"),
        ("GET /docs/{slug}.html", "GET /docs/{slug}.html"),
        ("GET /cdn/{file}.webmanifest", "GET /cdn/{file}.webmanifest"),
        ("POST /graphql:ProductList", "POST /graphql:ProductList"),
        ("POST /graphql:{other}", "POST /graphql:{other}"),
        ("POST /graphql:sha256_00aa00aa00aa", "POST /graphql:sha256_00aa00aa00aa"),
        ("POST /graphql:card_4111", "POST /{other}"),
        ("GET /v1/products/{id}/reviews", "GET /v1/products/{id}/reviews"),
        ("POST /oauth2/token", "POST /oauth2/token"),
        ("GET /wp-login.php", "GET /wp-login.php"),
        ("GET /.git/config", "GET /.git/config"),
        ("GET /", "GET /"),
        ("GET /users/anna@example.com/orders", "GET /users/{other}/orders"),
        ("GET /reset/eyjhbgcioi.abc.def", "GET /reset/{other}"),
        ("GET /q/hello%20world", "GET /q/{other}"),
        ("GET /x/" + "a" * 40, "GET /x/{other}"),
        ("CANARY /x", "_OTHER /x"),
        ("log in: 4711", "log in: 4711"),
    ],
)
def test_a_learned_endpoint_keeps_only_words_of_a_route(name, expected):
    assert kept_endpoint(name) == expected
