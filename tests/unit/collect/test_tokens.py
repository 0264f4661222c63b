"""Which token decides, what came of it, and when one is missed."""

from __future__ import annotations

import hmac
import json
import math
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from vedette.collect import tokens
from vedette.collect.dpop import token_hash
from vedette.collect.tokens import NO_TOKEN, TokenFacts, Tokens, conjuncts, request_hash
from vedette.config.expressions import EXPECTED_NAMES, compile_expected
from vedette.config.identity import _INTEGRITY
from vedette.config.schema import AppToken, Config, Dpop, Endpoint, Identity, Jwt, Secret, Selector
from vedette.config.units import parse_match
from vedette.snapshot.findings import Findings
from vedette.snapshot.gathered import Gathered
from vedette.snapshot.keys import KeySet, KeySets
from vedette.snapshot.networks import NetworkMap
from vedette.types import Request

NOW = 1_700_000_000.0
SECRET = "0123456789abcdef0123456789abcdef"
URL = "https://id.example/jwks.json"
KEY = ECKey.generate_key("P-256", {"kid": "e"})
OTHER = ECKey.generate_key("P-256", {"kid": "e"})
PUBLIC = (KEY.as_dict(private=False),)
NONCE = "A" * 16
PARTS = [
    "request.path == '/api/login'",
    "request.header['user-agent'].startsWith('ShopApp/')",
    "request.header['x-app'] == '7'",
    "('x-app' in request.header || request.method == 'GET')",
    "!(request.path == '/api')",
    "size(request.header) > 1",
    "'a && b' != request.host",
    "[1, 2].all(n, n > 0 && n < 3)",
]
ANDROID = AppToken(
    name="android",
    header="x-app-token",
    key=Secret("env:ANDROID_KEY", SECRET),
    expected_when="request.header['user-agent'].startsWith('ShopApp/')",
)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    head = {"alg": "ES256", "kid": "e"} | header
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(JWSRegistry.algorithms['ES256'].sign(signed.encode(), key))}"


def jwt(key: Any = KEY, **claims: Any) -> str:
    return sign({"sub": "install-1", "iat": NOW - 30, "exp": NOW + 600} | claims, key)


def proof(key: Any = OTHER, **claims: Any) -> str:
    public = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    body = {"jti": "j", "htm": "POST", "htu": "https://shop.example/api/login", "iat": NOW} | claims
    return sign(body, key, typ="dpop+jwt", jwk=public)


def make(*apps: AppToken, gathered: bool = True, **identity: Any) -> Tokens:
    keys = KeySets({URL: KeySet(URL, PUBLIC, fetched=NOW)}) if gathered else KeySets()
    config = Config(identity=Identity(app_tokens=apps, **identity))
    return Tokens(config, Gathered(NetworkMap(), Findings(), keys))


def app(**more: Any) -> AppToken:
    return AppToken(**({"name": "web", "header": "x-web", "scheme": "jwt", "jwks": URL} | more))


def call(method: str = "POST", path: str = "/api/login") -> Request:
    return Request(
        timestamp=NOW, id="r", method=method, path=path, client_address="", host="shop.example", scheme="https"
    )


def mac(text: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def hmac_token(
    stamp: float | str = NOW, nonce: str = NONCE, method: str = "POST", path: str = "/api/login", secret: str = SECRET
) -> str:
    stamp = stamp if isinstance(stamp, str) else str(int(stamp))
    return f"v1.{stamp}.{nonce}.{mac(f'{stamp}.{nonce}.{method}.{path}', secret)}"


def check(checked: Tokens, now: float = NOW, request: Request | None = None, **headers: str) -> TokenFacts:
    values = {"user-agent": "x"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return checked.check(request or call(), values, now)


# -- HMAC


def test_a_token_as_the_contract_says() -> None:
    got = check(make(ANDROID), NOW + 5, x_app_token=hmac_token())
    assert got == TokenFacts("valid", "android", f"android:{NONCE}", NOW + 120, 5.0)
    assert isinstance(got.until, float), "a kernel that is given a whole number is compiled anew"


def test_the_example_of_the_page() -> None:
    text = "v1.1700000000.AAAAAAAAAAAAAAAA.f37f65cd647877801ca1f6baf8c325ef9faf23a6d3b4d442769c6d883cce3551"
    assert hmac_token() == text
    assert check(make(ANDROID), x_app_token=text).state == "valid"


@pytest.mark.parametrize(
    ("age", "state"), [(120, "valid"), (-120, "valid"), (120.01, "expired"), (-120.01, "expired"), (1e9, "expired")]
)
def test_clocks_may_be_two_minutes_apart(age: float, state: str) -> None:
    got = check(make(ANDROID), NOW + age, x_app_token=hmac_token())
    assert got.state == state
    assert bool(got.once) == (state == "valid")
    assert got.age_s == pytest.approx(age)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        hmac_token().upper(),
        hmac_token()[:-1],
        hmac_token() + "0",
        hmac_token()[:-1] + "x",
        " " + hmac_token(),
        hmac_token().replace("v1.", "v2."),
        hmac_token(secret="another key"),
        hmac_token(method="GET"),
        hmac_token(method="post"),
        hmac_token(path="/api/login?x=1"),
        hmac_token(path="/api/login/"),
        hmac_token(nonce="A" * 15),
        hmac_token(nonce="A" * 129),
        hmac_token(nonce="A" * 15 + "."),
        hmac_token(nonce="A" * 15 + "é"),
        hmac_token(stamp="1" * 13),
        hmac_token(stamp="-1"),
        hmac_token(stamp="1e9"),
        hmac_token(stamp="١٧٠٠٠٠٠٠٠٠"),
        f"v1.{int(NOW)}.{NONCE}." + "0" * 64,
        f"v1.{int(NOW) + 1}.{NONCE}.{mac(f'{int(NOW)}.{NONCE}.POST./api/login')}",
        f"v1.{int(NOW)}.{'B' * 16}.{mac(f'{int(NOW)}.{NONCE}.POST./api/login')}",
    ],
)
def test_a_wrong_token_is_badly_signed_and_its_nonce_is_not_remembered(text: str) -> None:
    got = check(make(ANDROID), x_app_token=text)
    assert (got.state, got.name, got.once) == ("bad_signature", "android", "")


def test_an_old_token_that_is_badly_signed_is_not_merely_old() -> None:
    assert check(make(ANDROID), NOW + 1e6, x_app_token=hmac_token(secret="x")).state == "bad_signature"


def test_the_comparison_takes_the_same_time_wherever_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(tokens.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or False)
    check(make(ANDROID), x_app_token=hmac_token())
    assert len(compared) == 1


def test_method_and_path_are_taken_as_they_came() -> None:
    request = call("PUT", "/ö/%2F/\ud800")
    text = hmac_token(method="PUT", path=request.path)
    assert check(make(ANDROID), request=request, x_app_token=text).state == "valid"


# -- expected


@pytest.mark.parametrize(
    ("agent", "state"), [("ShopApp/5", "absent"), ("shopapp/5", "none"), ("x", "none"), ("", "none")]
)
def test_a_token_is_missed_only_where_it_is_expected(agent: str, state: str) -> None:
    checked = make(ANDROID)
    for _ in range(2):
        assert check(checked, user_agent=agent).state == state
    assert checked.check(call(), {"accept": "*/*"}, NOW) == NO_TOKEN


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("request.path == '/api/login'", True),
        ("request.path == '/api/LOGIN'", False),
        ("request.host == 'shop.example'", True),
        ("request.method == 'POST' && 'x-app' in request.header", True),
        ('request.header["x-app"] == "7"', True),
        ("'x-none' in request.header || request.header['x-app'] == '7'", True),
        ("request.header['x-none'] == ''", False),
        ("request.header.exists(name, name.startsWith('x-a'))", True),
        ("request.header['x-app'].matches('^[0-9]+$') && size(request.header) == 2", True),
        ("'request.header' == request.header['x-app']", False),
        ("request.country == ''", True),
    ],
)
def test_what_expected_when_sees(expression: str, holds: bool) -> None:
    checked = make(AppToken(name="a", header="x-token", key=Secret("", SECRET), expected_when=expression))
    for _ in range(2):
        assert check(checked, x_app="7") == (TokenFacts("absent", "a") if holds else NO_TOKEN)
    assert check(checked, x_app="7" * 2000).state in ("absent", "none")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("true", ["true"]),
        ("a && b", ["a", "b"]),
        ("a&&b&&c", ["a", "b", "c"]),
        ("a && b || c", ["a && b || c"]),
        ("a ? b && c : d", ["a ? b && c : d"]),
        ("(a && b) && c", ["(a && b)", "c"]),
        ("f(a && b, [c && d]) && e", ["f(a && b, [c && d])", "e"]),
        ("a['x && y'] && b == \"&&\"", ["a['x && y']", 'b == "&&"']),
        (r"a == 'x\' && b' && c", [r"a == 'x\' && b' && c"]),
        ("a == '''&&''' && b", ["a == '''&&''' && b"]),
        ("a && b // && c", ["a && b // && c"]),
        ("a && (b", ["a && (b"]),
        ("a && 'b", ["a && 'b"]),
    ],
)
def test_conditions_that_must_all_hold_are_told_apart(source: str, parts: list[str]) -> None:
    assert conjuncts(source) == parts


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), st.sampled_from([" && ", "&&"]))
def test_the_parts_say_what_the_whole_says(parts: list[str], between: str) -> None:
    source = between.join(parts)
    whole, apart = compile_expected(source), tokens._Expected(source)
    for path in ("/api/login", "/api"):
        for values in ({"user-agent": "ShopApp/1"}, {"user-agent": "x", "x-app": "7"}):
            seen = call(path=path)
            facts = tokens._facts(seen, values, tuple(values.items()))
            assert apart.holds(seen, values) == whole.evaluate(facts)


def test_what_means_something_only_as_a_whole_stays_whole() -> None:
    expected = tokens._Expected("dyn(true) && request.path == '/api/login'")
    assert expected.holds(call(), {"a": "b"})
    assert not expected.holds(call(path="/"), {"a": "b"})


def test_every_name_is_covered_by_the_memory_or_not_remembered() -> None:
    assert set(EXPECTED_NAMES) == {
        "request.method",
        "request.path",
        "request.host",
        "request.country",
        "request.header",
    }, "what is new here belongs into _Expected, too"


def test_what_is_remembered_is_remembered_by_method() -> None:
    rule = "request.method == 'POST' && request.header['user-agent'] == 'x'"
    checked = make(AppToken(name="a", header="x-token", key=Secret("", SECRET), expected_when=rule))
    assert check(checked).state == "absent"
    assert check(checked, request=call("GET")).state == "none"


def test_unknown_headers_are_unknown() -> None:
    assert make(ANDROID).check(call(), {}, NOW) is NO_TOKEN
    assert Tokens(Config(), Gathered.shipped()).check(call(), {"x-app-token": "x"}, NOW) is NO_TOKEN


def test_the_first_token_that_is_there_decides() -> None:
    second = AppToken(name="second", header="x-second", key=Secret("", SECRET), expected_when="true")
    checked = make(ANDROID, second)
    assert check(checked, x_app_token="wrong", x_second=hmac_token()).name == "android"
    assert check(checked, x_second=hmac_token()).state == "valid"
    assert check(checked) == TokenFacts("absent", "second")


def test_app_attest_is_not_pretended() -> None:
    assert check(make(AppToken(name="ios", header="x-ios", scheme="app_attest")), x_ios="anything") == NO_TOKEN


# -- JWT


def test_a_jwt() -> None:
    got = check(make(app()), x_web=jwt())
    assert got == TokenFacts("valid", "web", age_s=30.0, subject="install-1")
    assert check(make(app()), x_web=f"Bearer {jwt()}").state == "valid"


@pytest.mark.parametrize(
    ("text", "state"), [(jwt(exp=NOW - 61), "expired"), (jwt(OTHER), "bad_signature"), ("x", "bad_signature")]
)
def test_a_wrong_jwt(text: str, state: str) -> None:
    assert check(make(app()), x_web=text).state == state


def test_issuer_and_audience() -> None:
    ours = make(app(issuer="shop", audience="api"))
    assert check(ours, x_web=jwt(iss="shop", aud="api")).state == "valid"
    assert check(ours, x_web=jwt(iss="other", aud="api")).why == "issuer"
    assert check(ours, x_web=jwt(iss="shop", aud="other")).why == "audience"


def test_keys_that_have_not_come_yet_are_asked_for() -> None:
    checked = make(app(), gathered=False)
    got = check(checked, x_web=jwt())
    assert (got.state, got.ask) == ("unverified", URL)
    checked.take(Gathered(NetworkMap(), Findings(), KeySets({URL: KeySet(URL, PUBLIC)})))
    assert check(checked, x_web=jwt()).state == "valid"


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ({"claims": "claims.sub == 'install-1'"}, "valid"),
        ({"claims": "claims.sub == 'other'"}, "bad_signature"),
        ({"claims": "claims.missing == 1"}, "bad_signature"),
        ({"claims": "claims.sub == request.path"}, "bad_signature"),
        ({"claims": "claims.path == request.path && request.header['user-agent'] == 'x'"}, "valid"),
        ({"claims": "claims.hash == request.hash"}, "valid"),
        ({"attested": "true"}, "attested"),
        ({"attested": "claims.level > 2"}, "attested"),
        ({"attested": "claims.level > 3"}, "valid"),
        ({"attested": "claims.missing"}, "valid"),
        ({"claims": "claims.level > 3", "attested": "true"}, "bad_signature"),
    ],
)
def test_rules_over_claims(rules: dict[str, str], state: str) -> None:
    text = jwt(level=3, path="/api/login", hash=request_hash("POST", "/api/login"))
    assert check(make(app(**rules)), x_web=text).state == state


def test_a_bound_token_is_good_for_one_call() -> None:
    checked = make(app(claims="claims.hash == request.hash"))
    text = jwt(hash=request_hash("POST", "/api/login"))
    assert check(checked, request=call("POST", "/api/cart"), x_web=text).why == "claims"
    assert check(checked, request=call("GET"), x_web=text).why == "claims"


def test_a_jwt_that_may_be_used_once() -> None:
    checked = make(app(once=True))
    got = check(checked, x_web=jwt(jti="abc"))
    assert (got.state, got.once, got.until) == ("valid", "web:abc", NOW + 660)
    assert check(checked, x_web=jwt(jti="abc", exp=1e300)).until == NOW + 30 * 86_400
    assert check(checked, x_web=jwt()).why == "no jti"
    assert check(checked, x_web=jwt(jti=7)).why == "no jti"


INTEGRITY = {
    "requestDetails": {"requestPackageName": "com.shop.app", "timestampMillis": "1700000000000"},
    "appIntegrity": {"appRecognitionVerdict": "PLAY_RECOGNIZED", "packageName": "com.shop.app", "versionCode": "42"},
    "deviceIntegrity": {"deviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"]},
    "accountDetails": {"appLicensingVerdict": "LICENSED"},
}


def play(**changes: Any) -> str:
    bound = {**INTEGRITY["requestDetails"], "requestHash": request_hash("POST", "/api/login")}
    return jwt(jti="p-1", **{**INTEGRITY, "requestDetails": bound, **changes})


PLAY = app(
    name="play",
    header="x-play",
    scheme="play_integrity",
    once=True,
    attested=_INTEGRITY,
    claims="claims.requestDetails.requestHash == request.hash"
    " && claims.requestDetails.requestPackageName == 'com.shop.app'",
)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "attested"),
        ({"deviceIntegrity": {"deviceRecognitionVerdict": ["MEETS_DEVICE_INTEGRITY"]}}, "valid"),
        ({"deviceIntegrity": {}}, "valid"),
        ({"appIntegrity": {"appRecognitionVerdict": "UNRECOGNIZED_VERSION"}}, "valid"),
        ({"requestDetails": {"requestPackageName": "com.shop.app", "requestHash": "x"}}, "bad_signature"),
        ({"requestDetails": {}}, "bad_signature"),
    ],
)
def test_play_integrity(changes: dict[str, Any], state: str) -> None:
    got = check(make(PLAY), x_play=play(**changes))
    assert got.state == state
    assert bool(got.once) == (state != "bad_signature")


# -- access tokens

ACCESS = Jwt(jwks=URL, issuer="https://id.example")
SESSION = (Selector("jwt", "sid"), Selector("cookie", "sid"), Selector("jwt", "sub"))


def access(key: Any = KEY, **claims: Any) -> str:
    return jwt(key, **({"iss": "https://id.example"} | claims))


def test_claims_of_a_verified_access_token_name_the_session() -> None:
    checked = make(jwt=ACCESS, session=SESSION)
    got = check(checked, authorization=f"Bearer {access(sid='s-1')}")
    assert (got.state, got.session, got.claims) == ("none", "s-1", {"jwt.sid": "s-1", "jwt.sub": "install-1"})
    later = check(checked, authorization=f"bearer  {access()}")
    assert (later.session, later.claims["jwt.sub"]) == ("", "install-1"), "the cookie comes before jwt.sub"


def test_claims_that_any_selector_names_are_there() -> None:
    login = Endpoint(name="a", match=parse_match("POST /a"), account=Selector("jwt", "realm.user"))
    identity = Identity(jwt=ACCESS, session=(), device=Selector("jwt", "dev"))
    keys = KeySets({URL: KeySet(URL, PUBLIC, fetched=NOW)})
    checked = Tokens(Config(identity=identity, endpoints=(login,)), Gathered(NetworkMap(), Findings(), keys))
    got = check(checked, authorization=f"Bearer {access(realm={'user': 'anna'}, dev=7)}")
    assert got.claims == {"jwt.dev": "7", "jwt.realm.user": "anna"}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (access(OTHER), "bad_signature"),
        (access(OTHER, iss="elsewhere"), "none"),
        (access(exp=NOW - 100), "none"),
        ("opaque", "none"),
        ("a.b.c", "none"),
        ("x" * 9000, "none"),
        (f"{b64(b'{}')}.x.y", "none"),
    ],
)
def test_nothing_is_believed_of_an_access_token_that_is_not_verified(text: str, state: str) -> None:
    got = check(make(jwt=ACCESS, session=SESSION), authorization=f"Bearer {text}")
    assert (got.state, got.session, got.claims, got.subject) == (state, "", {}, "")


def test_other_schemes_are_no_access_tokens() -> None:
    checked = make(jwt=ACCESS, session=SESSION)
    assert check(checked, authorization=f"Basic {access()}") == NO_TOKEN
    assert check(checked, authorization=access()) == NO_TOKEN


def test_keys_of_access_tokens_are_asked_for() -> None:
    assert check(make(jwt=ACCESS, gathered=False), authorization=f"Bearer {access()}").ask == URL


def test_a_forged_access_token_outweighs_a_good_app_token() -> None:
    checked = make(ANDROID, jwt=ACCESS)
    got = check(checked, x_app_token=hmac_token(), authorization=f"Bearer {access(OTHER)}")
    assert (got.state, got.name) == ("bad_signature", "jwt")
    good = check(checked, x_app_token=hmac_token(), authorization=f"Bearer {access()}")
    assert (good.state, good.name, good.subject) == ("valid", "android", "install-1")


# -- DPoP


def test_a_proof() -> None:
    got = check(make(dpop=Dpop()), NOW + 1, dpop=proof())
    assert (got.state, got.name, got.subject) == ("valid", "dpop", OTHER.thumbprint())
    assert (got.once, got.until, got.age_s) == (f"dpop:{OTHER.thumbprint()}:j", NOW + 60, 1.0)


def test_a_proof_for_a_bound_access_token() -> None:
    checked = make(dpop=Dpop(), jwt=ACCESS, session=SESSION)
    bound = access(cnf={"jkt": OTHER.thumbprint()}, sid="s-1")
    authorization = f"DPoP {bound}"
    got = check(checked, dpop=proof(ath=token_hash(bound)), authorization=authorization)
    assert (got.state, got.is_bound, got.session) == ("valid", True, "s-1")
    assert check(checked, dpop=proof(KEY, ath=token_hash(bound)), authorization=authorization).state == "bad_signature"
    assert check(checked, dpop=proof(), authorization=authorization).why == "ath"
    for presented in (authorization, f"Bearer {bound}"):  # a stolen token, shown as if it were not bound
        assert check(checked, authorization=presented).state == "absent"


def test_no_proof_is_missed_where_none_is_due() -> None:
    checked = make(dpop=Dpop(), jwt=ACCESS)
    assert check(checked).state == "none"
    assert check(checked, authorization=f"Bearer {access()}").state == "none"
    assert check(checked, authorization="DPoP opaque").state == "absent"


def test_two_proofs_are_one_too_many() -> None:
    two = (("DPoP", proof()), ("dpop", proof()))
    request = Request(timestamp=NOW, id="r", method="POST", path="/api/login", client_address="", headers=two)
    assert make(dpop=Dpop()).check(request, {"dpop": proof()}, NOW).why == "given twice"


def test_app_token_and_proof() -> None:
    checked = make(ANDROID, dpop=Dpop())
    both = check(checked, x_app_token=hmac_token(), dpop=proof())
    assert (both.state, both.name, both.once) == ("valid", "android", f"android:{NONCE}")
    worse = check(checked, x_app_token=hmac_token(), dpop=proof(htm="GET"))
    assert (worse.state, worse.name) == ("bad_signature", "dpop")
    assert check(checked, x_app_token="x", dpop=proof()).name == "android"
    jwts = check(make(app(), dpop=Dpop()), x_web=jwt(), dpop=proof())
    assert (jwts.name, jwts.once) == ("web", f"dpop:{OTHER.thumbprint()}:j")


def test_proofs_tokens_and_access_tokens_share_the_signatures_of_a_second() -> None:
    checked = make(app(), dpop=Dpop(), jwt=ACCESS)
    checked._budget._second, checked._budget._spent = int(NOW), 198
    assert check(checked, x_web=jwt()).state == "valid"
    assert check(checked, dpop=proof()).state == "valid"
    assert check(checked, dpop=proof(jti="2")).state == "unverified"
    assert check(checked, authorization=f"Bearer {access()}").session == ""


@given(st.dictionaries(st.sampled_from(["x-app-token", "x-web", "authorization", "dpop", "user-agent"]), st.text()))
def test_nothing_raises(values: dict[str, str]) -> None:
    got = EVERYTHING.check(call(), values, NOW)
    assert got.state in ("none", "absent", "bad_signature", "expired", "unverified")
    assert got.session == ""
    assert math.isnan(got.age_s) or got.state == "expired"


@given(st.text(), st.text())
def test_nothing_raises_on_any_method_and_path(method: str, path: str) -> None:
    text = hmac_token(method=method, path=path)
    assert check(EVERYTHING, request=call(method, path), x_app_token=text).state == "valid"
    check(EVERYTHING, request=call(method, path), dpop=proof())
    assert isinstance(request_hash(method, path), str)


EVERYTHING = make(ANDROID, app(claims="claims.hash == request.hash"), dpop=Dpop(), jwt=ACCESS)
