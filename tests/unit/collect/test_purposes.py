"""Guessed purposes and how sure they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.collect.purposes import WORDS, guess, guess_operation, is_collection, is_route_word, is_version


@pytest.mark.parametrize(
    ("method", "template", "purpose"),
    [
        ("POST", "/konto/anmelden", "login"),
        ("POST", "/connexion", "login"),
        ("POST", "/iniciar-sesion", "login"),
        ("POST", "/accedi", "login"),
        ("POST", "/inloggen", "login"),
        ("POST", "/entrar", "login"),
        ("POST", "/zaloguj", "login"),
        ("POST", "/api/userLogin", "login"),
        ("POST", "/oauth2/token", "login"),
        ("POST", "/registrieren", "signup"),
        ("POST", "/inscription", "signup"),
        ("POST", "/users", "signup"),
        ("POST", "/passwort-vergessen", "password_reset"),
        ("POST", "/mot_de_passe_oublie", "password_reset"),
        ("GET", "/warenkorb", "cart"),
        ("POST", "/panier/ajouter", "cart"),
        ("GET", "/kasse", "checkout"),
        ("POST", "/zahlung", "payment"),
        ("GET", "/suche", "search"),
        ("GET", "/recherche", "search"),
        ("GET", "/produkte/{slug}", "product"),
        ("GET", "/produits/bottes-rouges", "product"),
        ("GET", "/products/{id}/reviews", "product"),
        ("GET", "/products/search", "search"),
        ("GET", "/products/export", "listing"),
        ("GET", "/ajax/price", "product"),
        ("GET", "/ajax/c/{slug}", "listing"),
        ("POST", "/checkout/pay", "payment"),
        ("POST", "/checkout/start", "checkout"),
        ("POST", "/api/accounts", "signup"),
        ("GET", "/articles/{slug}", "other"),
        ("GET", "/robots.txt", "static"),
        ("GET", "/feeds/products.xml", "static"),
        ("GET", "/kategorien/{slug}", "listing"),
        ("GET", "/mi-cuenta", "account"),
        ("GET", "/cartoons", "other"),
        ("GET", "/a/{file}.js", "static"),
        ("GET", "/", "other"),
        ("GET", "/{id}", "other"),
    ],
)
def test_words_of_several_languages(method: str, template: str, purpose: str) -> None:
    assert guess(method, template).purpose == purpose


def test_parameters_and_answers_speak_for_it() -> None:
    assert guess("POST", "/go", parameters=["email:email", "password:text"]).purpose == "login"
    assert guess("GET", "/x", parameters=["q:text"]).purpose == "search"
    assert guess("POST", "/x", parameters=["card_number:int"]).purpose == "payment"
    plain = guess("POST", "/login").confidence
    assert guess("POST", "/login", parameters=["password:text"]).confidence > plain
    assert guess("POST", "/login", statuses={200: 80, 401: 20}).confidence > plain
    assert guess("POST", "/login", statuses={200: 100}).confidence < plain
    assert guess("GET", "/products/{id}", statuses={403: 90, 200: 10}).confidence < 0.7


def test_a_whole_word_says_more_than_a_part() -> None:
    assert guess("POST", "/login").confidence > guess("POST", "/xlogin").confidence > guess("POST", "/x").confidence


@pytest.mark.parametrize(
    ("name", "kind", "fields", "purpose"),
    [
        ("ProductList", "query", (), "listing"),
        ("GetProduct", "query", (), "product"),
        ("SearchProducts", "query", (), "search"),
        ("Login", "mutation", (), "login"),
        ("signIn", "mutation", (), "login"),
        ("AddToCart", "mutation", (), "cart"),
        ("CreateUser", "mutation", (), "signup"),
        ("ProductList", "mutation", ("login",), "login"),
        ("Nice", "mutation", ("track", "customerAccessTokenCreate"), "login"),
        ("Orders", "query", ("me",), "account"),
        ("X", "query", ("weather",), "other"),
        ("", "", (), "other"),
    ],
)
def test_operations(name: str, kind: str, fields: tuple[str, ...], purpose: str) -> None:
    assert guess_operation(name, kind, fields).purpose == purpose


def test_words_are_written_as_they_are_compared() -> None:
    for _, words, _ in WORDS:
        assert all(word == word.lower() and "_" not in word for word in words.split())


def test_what_names_a_route_and_what_a_collection() -> None:
    assert is_route_word("sign_up")
    assert not is_route_word("red-boots")
    assert is_version("v1.1")
    assert not is_version("vest")
    assert is_collection("blog")
    assert not is_collection("api")


@given(st.text(max_size=10), st.text(max_size=60), st.lists(st.text(max_size=10), max_size=4))
def test_a_confidence_lies_between_0_and_1(method: str, template: str, parameters: list[str]) -> None:
    assert 0.0 < guess(method, template, parameters=parameters).confidence < 1.0
    assert 0.0 < guess_operation(template, "query", tuple(parameters)).confidence < 1.0
