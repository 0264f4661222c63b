"""What an endpoint is for, guessed from the words of its path, and how sure that is.

Words of eight languages (English, German, French, Spanish, Italian, Dutch, Portuguese, Polish). A guess is a proposal:
``vedette check --endpoints`` shows it for confirmation, and a configured purpose always wins. Confidences are set by
hand, as an order of trust and not as frequencies: a whole word where it belongs says more than a part of one; method,
names of parameters and statuses of the answers speak for or against.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from vedette.collect.templates import STATIC
from vedette.types import Purpose

__all__ = ["SENSITIVE", "WORDS", "Guess", "guess", "guess_operation", "is_collection", "is_route_word", "is_version"]


class Guess(Struct, frozen=True, gc=False):
    """A purpose, and between 0 and 1 how sure it is."""

    purpose: Purpose
    confidence: float


WORDS: tuple[tuple[Purpose, str, str], ...] = (
    (
        "password_reset",
        r"reset forgot forgotten recover recovery passwort-vergessen vergessen mot-de-passe-oublie oublie"
        r" olvide olvidado olvidaste recuperar dimenticata reimposta recupera vergeten esqueci redefinir zapomnialem"
        r" zapomniane przypomnij",
        "POST PUT PATCH",
    ),
    (
        "login",
        r"login log-in logon log-on signin sign-in authenticate authentication anmelden anmeldung einloggen connexion"
        r" se-connecter identification iniciar-sesion acceder acceso accedi accesso inloggen aanmelden entrar"
        r" iniciar-sessao zaloguj logowanie",
        "POST",
    ),
    (
        "signup",
        r"signup sign-up register registration create-account registrieren registrierung konto-erstellen inscription"
        r" registro registrarse registrazione iscriviti registreren registratie cadastro cadastrar registar rejestracja"
        r" zarejestruj",
        "POST",
    ),
    (
        "checkout",
        r"checkout kasse commander finaliser finalizar finalizar-compra tramitar cassa afrekenen zamow finalizacja"
        r" place-order",
        "",
    ),
    (
        "payment",
        r"pay payment payments gift-card gift-cards giftcard voucher vouchers coupon coupons zahlung bezahlen gutschein"
        r" gutscheine paiement payer bon-cadeau pago pagos pagar cupon tarjeta-regalo pagamento paga buono betaling"
        r" betalen cadeaubon pagamentos cupom platnosc platnosci zaplac kupon",
        "",
    ),
    (
        "cart",
        r"cart carts basket baskets warenkorb panier carrito cesta carrello winkelwagen winkelmand carrinho koszyk"
        r" add-to-cart",
        "",
    ),
    (
        "search",
        r"search searches suggest suggestions autocomplete typeahead suche suchen recherche rechercher buscar buscador"
        r" busqueda cerca ricerca zoeken zoek pesquisa pesquisar busca szukaj wyszukaj wyszukiwarka",
        "",
    ),
    (
        "product",
        r"product products item items sku skus dp p listing listings produkt produkte artikel produit"
        r" produits producto productos articulo articulos prodotto prodotti articolo articoli producten produto"
        r" produtos artigo produkty artykul",
        "GET HEAD",
    ),
    (
        "listing",
        r"products items c catalog catalogue category categories collection collections brands katalog kategorie"
        r" kategorien produkte categorie produits categoria categorias catalogo productos prodotti catalogus producten"
        r" produtos kategoria kategorie produkty",
        "GET HEAD",
    ),
    (
        "account",
        r"account accounts profile order orders me wishlist wishlists favorites favourites logout log-out signout"
        r" address addresses wallet konto mein-konto profil bestellung"
        r" bestellungen compte mon-compte commandes cuenta mi-cuenta perfil pedidos profilo ordini mijn-account"
        r" profiel bestellingen conta minha-conta encomendas moje-konto zamowienia",
        "",
    ),
)
"""Purpose, words (parts of one word joined by ``-``), and the methods that go with it; no method: any."""

SENSITIVE: tuple[Purpose, ...] = ("login", "password_reset", "signup", "payment", "checkout", "account", "cart")
"""What a batch of operations is taken for, where it holds any of these: the first that it holds."""

_PARTS: tuple[tuple[Purpose, re.Pattern[str], str], ...] = (
    ("password_reset", re.compile(r"reset-?p|forgot|recover-?p|passwor[dt].*(?:reset|change)"), "POST PUT PATCH"),
    ("login", re.compile(r"log-?in(?![a-z])|sign-?in(?![a-z])|authenticat|oauth2?/token"), "POST"),
    ("signup", re.compile(r"sign-?up|registration|create-(?:account|user|customer)"), "POST"),
    ("checkout", re.compile(r"checkout"), ""),
    ("payment", re.compile(r"payment|gift-?card|voucher|coupon"), ""),
    ("cart", re.compile(r"cart(?![a-z])|basket|warenkorb"), ""),
    ("search", re.compile(r"search|autocomplete"), ""),
    (
        "product",
        re.compile(
            r"(?:^|[/-])(?:prices?|pricing|reviews?|ratings?|availability|stock|preise?|prix|precios?)(?:$|[/-])"
        ),
        "GET HEAD",
    ),
)
_LAST: tuple[tuple[Purpose, frozenset[str], str], ...] = (
    ("login", frozenset({"auth", "session", "sessions", "token", "tokens"}), "POST"),
    ("signup", frozenset({"users", "accounts", "customers", "members"}), "POST"),
)
"""Words that mean this only as the last of a path."""
_TABLE = tuple((purpose, frozenset(words.split()), methods) for purpose, words, methods in WORDS)
_PRODUCTS = next(known for purpose, known, _ in _TABLE if purpose == "product")
_PAYMENTS = next(known for purpose, known, _ in _TABLE if purpose == "payment")
_LISTINGS = next(known for purpose, known, _ in _TABLE if purpose == "listing")
_FOR_ROBOTS = re.compile(r"^/(?:robots|ads|humans)\.txt$|/sitemap[^/]*\.xml$|/(?:rss|atom|feeds?)(?:$|/|\.xml$)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[-_. ~+:]+")
_CREDENTIAL = frozenset({"password", "passwd", "pass", "pwd", "passwort", "otp", "grant_type", "credential"})
_QUERY = frozenset({"q", "query", "search", "keyword", "keywords", "term", "s", "suche"})
_CARD = frozenset({"card", "card_number", "cardnumber", "cvv", "cvc", "iban", "pan"})
_SKU = frozenset({"sku", "skus", "product", "product_id", "productid", "item_id", "itemid", "asin", "ean", "artikelnr"})
_PAGING = frozenset({"page", "sort", "order_by", "limit", "offset", "per_page", "cursor"})
_VERBS = frozenset(
    {"get", "post", "put", "delete", "do", "api", "rest", "index", "list", "show", "new", "create", "update", "submit"}
)


def guess(
    method: str, template: str, *, parameters: Iterable[str] = (), statuses: Mapping[int, int] | None = None
) -> Guess:
    """Guess what a method and a path template are for.

    Args:
        parameters: Names of parameters, lower case, a type after ``:`` is ignored.
        statuses: Answers seen, by status code.

    >>> guess("POST", "/api/v1/auth/login").purpose, guess("GET", "/produkte/{slug}").purpose
    ('login', 'product')
    """
    if STATIC.search(template):
        return Guess("static", 0.95)
    if _FOR_ROBOTS.search(template) and method in ("GET", "HEAD"):
        return Guess("static", 0.8)
    found = _by_words(method, template)
    names = {name.partition(":")[0].rpartition(".")[2] for name in parameters}
    return _weighed(found, method, names, statuses or {})


def _by_words(method: str, template: str) -> Guess:
    segments = [_SEPARATORS.sub("-", _CAMEL.sub("-", part)).strip("-").lower() for part in template.split("/") if part]
    words = [part for part in segments if part[:1] != "{"]
    if not words:
        return Guess("other", 0.3)
    for purpose, known, methods in _LAST:
        if words[-1] in known and segments[-1][:1] != "{" and method in methods.split():
            return Guess(purpose, 0.75)
    is_read = method in ("GET", "HEAD")
    for purpose, known, methods in _TABLE:
        if methods and method not in methods.split():
            continue
        if purpose == "product":
            if is_read and (confidence := _of_product(segments)):
                return Guess(purpose, confidence)
            continue
        places = [place for place, word in enumerate(words) if word in known]
        if places:
            if purpose == "checkout" and words[-1] in _PAYMENTS:
                purpose = "payment"
            is_last = places[-1] >= len(words) - 1 or all(word in _VERBS for word in words[places[-1] + 1 :])
            return Guess(purpose, 0.85 if is_last and (methods or purpose != "account") else 0.7)
    text = "/".join(segments)
    for purpose, pattern, methods in _PARTS:
        if pattern.search(text) and (not methods or method in methods.split()):
            return Guess(purpose, 0.6)
    return Guess("other", 0.4)


def _of_product(segments: list[str]) -> float:
    """Say how sure a path is about one product: its last word names products, and an object or a name follows."""
    for place in range(len(segments) - 1, 0, -1):
        if segments[place - 1] in _PRODUCTS and not is_route_word(segments[place]):
            return 0.85 if place == len(segments) - 1 else 0.65
    return 0.0


def is_route_word(segment: str) -> bool:
    """Say whether a lower-case segment is a word that APIs name routes with, and not the name of an object.

    >>> is_route_word("log_in"), is_route_word("boots")
    (True, False)
    """
    return _SEPARATORS.sub("-", segment) in _ROUTE_WORDS


def is_version(segment: str) -> bool:
    """Say whether a segment is the version of an API, such as ``v2`` or ``v1.1``."""
    return _VERSION.fullmatch(segment) is not None


def is_collection(segment: str) -> bool:
    """Say whether a lower-case segment names a collection: objects stand below it.

    >>> is_collection("produkte"), is_collection("api")
    (True, False)
    """
    return segment in _COLLECTIONS


_COLLECTIONS = (
    _PRODUCTS
    | _LISTINGS
    | set(
        "c t tag tags blog blogs post posts news story stories author authors user users member members shop shops"
        " store stores brand brands topic topics event events city cities recipes docs wiki page pages movies books"
        " games channels profiles companies marken tags artikel noticias actualites blogue".split()
    )
)
_ROUTE_WORDS = (
    frozenset(word for _, known, _ in (*_TABLE, *_LAST) for word in known)
    | _VERBS
    | set("all count export feed logout status health healthz metrics graphql batch upload download admin user".split())
)
_VERSION = re.compile(r"v\d{1,3}(?:\.\d{1,3})?")


def _weighed(found: Guess, method: str, names: set[str], statuses: Mapping[int, int]) -> Guess:
    purpose, confidence = found.purpose, found.confidence
    total = sum(statuses.values())
    refused = sum(count for status, count in statuses.items() if status in (400, 401, 403, 422))
    if names & _CREDENTIAL and method == "POST":
        if purpose in ("other", "account"):
            purpose, confidence = "login", 0.6
        elif purpose in ("login", "signup", "password_reset"):
            confidence += 0.1
    elif names & _CARD and purpose in ("other", "checkout", "payment"):
        purpose, confidence = "payment" if purpose == "other" else purpose, max(confidence, 0.6) + 0.05
    elif names & _QUERY and method in ("GET", "HEAD"):
        if purpose == "other":
            purpose, confidence = "search", 0.55
        elif purpose == "search":
            confidence += 0.1
    elif names & _SKU and purpose == "product":
        confidence += 0.1
    elif names & _PAGING and purpose == "listing":
        confidence += 0.05
    if purpose == "login" and total >= 20:
        confidence += 0.05 if refused / total >= 0.02 else -0.05
    if purpose in ("product", "listing", "static") and total >= 20 and refused > total // 2:
        confidence -= 0.2
    return Guess(purpose, round(min(max(confidence, 0.05), 0.97), 2))


def guess_operation(name: str, kind: str, fields: tuple[str, ...] = ()) -> Guess:
    """Guess what a GraphQL operation is for: by the fields that it asks for, else by its name.

    The fields are what the API executes; the name is whatever the client chose. Of several fields the most sensitive
    purpose counts.

    >>> guess_operation("ProductList", "query").purpose, guess_operation("x", "mutation", ("login",)).purpose
    ('listing', 'login')
    """
    guesses = [_operation(field, kind) for field in fields[:32]]
    known = [found for found in guesses if found.purpose != "other"] or [_operation(name, kind)]
    for purpose in SENSITIVE:
        for found in known:
            if found.purpose == purpose:
                return found
    return known[0]


def _operation(name: str, kind: str) -> Guess:
    words = [word.lower() for word in _CAMEL.sub("-", name).replace("_", "-").split("-") if word]
    joined = "-".join(words)
    is_write = kind == "mutation"
    for purpose, known, methods in _TABLE:
        if purpose in ("product", "listing"):
            continue
        if "POST" in methods and kind == "query":
            continue
        if any(word in known for word in words) or any("-" in word and word in joined for word in known):
            return Guess(purpose, 0.75)
    nouns = [word for word in words if word not in _VERBS]
    if not is_write and nouns:
        is_list = "list" in words or any(word.endswith("s") for word in nouns)
        if is_list and any(word in _PRODUCTS or word in _LISTINGS for word in words):
            return Guess("listing", 0.65)
        if any(word in _PRODUCTS for word in nouns):
            return Guess("product", 0.65)
        if any(word in _LISTINGS for word in nouns):
            return Guess("listing", 0.65)
    if is_write and "create" in words and any(word in {"user", "account", "customer", "token"} for word in words):
        return Guess("login" if "token" in words else "signup", 0.65)
    for purpose, pattern, methods in _PARTS:
        if pattern.search(joined) and not (methods and kind == "query"):
            return Guess(purpose, 0.5)
    return Guess("other", 0.3)
