"""At the till: what is tried, what is won, and what the shop later learns."""

from collections import Counter

import msgspec
import pytest

LEVELS = [1, 2, 3]


def never(call):
    return False


def tries(found, endpoint):
    return [(call, reply) for call, reply in found.exchanges if call.endpoint == endpoint]


@pytest.mark.parametrize("level", LEVELS)
def test_carding_tries_many_cards_and_few_are_good(duel, level):
    found = duel("carding", level, never, count=1500, options={"valid": "0.1"})
    payments = tries(found, "payment")
    assert {call.truth.threat for call in found.calls} == {"OAT-001"}
    assert len(payments) > 50
    assert len({call.prize for call, _ in payments}) == len(payments), "each card once"
    good = sum(call.is_right for call, _ in payments)
    assert 0.02 < good / len(payments) < 0.25
    assert found.books.prizes["card"] == good
    assert {reply.status for call, reply in payments if not call.is_right} == {402}
    places = {call.endpoint for call in found.calls}
    assert {"cart_add", "checkout"} <= places


def test_stolen_cards_come_back_as_chargebacks(campaign):
    words = Counter()
    delays = []
    for call in campaign("carding", 1, 6000, seed=904).calls:
        for word in call.words:
            words[word.outcome, call.is_right] += 1
            if word.outcome == "chargeback":
                delays.append(word.after_s)
    good = words["conversion", True]
    assert 0.4 * good < words["chargeback", True] < 0.8 * good
    assert words["payment_declined", False] > words["conversion", True]
    assert ("chargeback", False) not in words and ("payment_declined", True) not in words
    assert min(delays) > 86_400.0


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("seed", [901, 902, 903])
def test_card_cracking_guesses_few_cards_until_each_opens(campaign, level, seed):
    found = campaign("card_cracking", level, 2000, seed=seed)
    payments = [call for call, _ in tries(found, "payment")]
    cards = Counter(call.prize for call in payments)
    assert {call.truth.threat for call in found.calls} == {"OAT-010"}
    assert len(cards) < len(payments) / 4
    opened = [call.prize for call in payments if call.is_right]
    assert len(set(opened)) == len(opened), "a card opens once"
    assert max(cards.values()) <= 1000
    assert found.books.prizes["card"] == len(opened)


def test_good_crackers_spread_their_guesses_over_cards_and_addresses(campaign):
    payments = [call for call, _ in tries(campaign("card_cracking", 3, 2000), "payment")]
    each = Counter(call.client.address for call in payments)
    assert max(each.values()) <= 12
    assert len({call.prize for call in payments}) > 15


@pytest.mark.parametrize(
    ("kind", "endpoint", "prize", "refused"),
    [("gift_card_cracking", "gift_card", "gift_card", 404), ("token_cracking", "coupon", "token", 422)],
)
@pytest.mark.parametrize("level", LEVELS)
def test_codes_are_guessed(duel, kind, endpoint, prize, refused, level):
    found = duel(kind, level, never, count=1500, options={"valid": "0.05"})
    guesses = tries(found, endpoint)
    assert {call.truth.threat for call in found.calls} == {"OAT-002"}
    assert len(guesses) > 80
    assert {reply.status for call, reply in guesses if not call.is_right} == {refused}
    good = {call.prize for call, _ in guesses if call.is_right}
    assert found.books.prizes[prize] == len(good)
    assert 0.005 < len(good) / len(guesses) < 0.15
    assert len({call.prize for call, _ in guesses}) > 0.95 * len(guesses)
    if kind == "token_cracking":
        assert tries(found, "cart_add")


@pytest.mark.parametrize("kind", ["carding", "card_cracking", "gift_card_cracking", "token_cracking"])
def test_good_imitations_come_as_guests_do(campaign, kind):
    found = campaign(kind, 3, 1000, seed=902)
    places = Counter(call.endpoint for call in found.calls)
    assert places["product"] + places["home"] > 50
    assert len({call.client.address for call in found.calls}) > 25
    assert not places["login"]


def test_people_write_the_same_forms(campaign):
    """The size of a form is in every record: it must not tell a carder from a customer."""
    sizes = {call.body_size for call in campaign("carding", 3, 1500).calls if call.endpoint == "payment"}
    form = {"method": "card", "token": "0" * 24}
    assert sizes <= {len(msgspec.json.encode(form | {"amount": amount})) for amount in (900, 9900, 39_900)}
