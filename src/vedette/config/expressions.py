"""The rule language: CEL over what is known about one request.

An :class:`Expression` is compiled and type-checked once, when the configuration is loaded; a mistake is a
:class:`ValueError` whose text begins with ``LINE:COLUMN: ``. Evaluating never raises: an error at run time (a header
that is not there) counts as false and is counted. Simple expressions run as Python code (``translate``), all others
as CEL. CEL here has no clock, no network and no unbounded matching (regular expressions are RE2).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from vedette.config.translate import translate
from vedette.types import Headers

if TYPE_CHECKING:
    from vedette.types import Answer

__all__ = ["Expression", "Facts", "compile_claims", "compile_expected", "compile_success", "compile_when"]

SOURCE_MAX = 4096

_SCALARS: dict[str, tuple[str, str]] = {
    "score": ("score", "double"),
    "low": ("low", "double"),
    "high": ("high", "double"),
    "labels": ("labels", "int"),
    "asn": ("asn", "int"),
    "verdict": ("verdict", "string"),
    "threat": ("threat", "string"),
    "campaign": ("campaign", "string"),
    "endpoint.name": ("endpoint_name", "string"),
    "endpoint.purpose": ("endpoint_purpose", "string"),
    "request.method": ("method", "string"),
    "request.path": ("path", "string"),
    "request.host": ("host", "string"),
    "request.country": ("country", "string"),
    "identity.session": ("session", "string"),
    "identity.device": ("device", "string"),
    "identity.api_key": ("api_key", "string"),
    "identity.agent": ("agent", "string"),
    "identity.partner": ("partner", "string"),
    "client.address_kind": ("address_kind", "string"),
}
WHEN_NAMES: dict[str, tuple[str, str]] = {
    **_SCALARS,
    "reasons": ("reasons", "list(string)"),
    "request.header": ("headers", "map(string, string)"),
}
"""Name in the language → attribute of :class:`Facts` and CEL type."""

EXPECTED_NAMES: dict[str, tuple[str, str]] = {
    name: kind for name, kind in WHEN_NAMES.items() if name.startswith("request.")
}
CLAIMS_NAMES: dict[str, tuple[str, str]] = {
    **EXPECTED_NAMES,
    "request.hash": ("request_hash", "string"),
    "claims": ("claims", "map(string, dyn)"),
}
"""``request.hash`` is what an app can put into a token to bind it to one request (``docs/reference/identity.md``)."""
SUCCESS_NAMES: dict[str, tuple[str, str]] = {
    "status": ("status", "int"),
    "header": ("headers", "map(string, string)"),
}
"""Name in the language → attribute of :class:`vedette.types.Answer` and CEL type."""


class Facts(Struct, frozen=True, gc=False):
    """What a rule may ask about one request. Absent is ``""`` (or 0), never ``None``.

    Attributes:
        headers: Pairs with lower-case names, or ``None`` where the door does not know them.
        labels: How many labels the scorer has learned from.
        reasons: Signal names of the decision's reasons, strongest first.
        claims: Of a verified token.
    """

    score: float = 0.0
    low: float = 0.0
    high: float = 1.0
    labels: int = 0
    asn: int = 0
    reasons: tuple[str, ...] = ()
    verdict: str = "unknown"
    threat: str = ""
    campaign: str = ""
    endpoint_name: str = ""
    endpoint_purpose: str = "other"
    method: str = ""
    path: str = ""
    host: str = ""
    country: str = ""
    headers: Headers | None = None
    session: str = ""
    device: str = ""
    api_key: str = ""
    agent: str = ""
    partner: str = ""
    address_kind: str = ""
    request_hash: str = ""
    claims: Mapping[str, Any] = {}


class Expression:
    """One compiled expression.

    Attributes:
        source: As written.
        names: Names of the language that it uses, so that nobody computes what no rule asks for.
        is_simple: True where it runs as Python code.
        errors: How many evaluations failed and therefore counted as false.
    """

    __slots__ = ("_function", "errors", "is_simple", "names", "source")

    def __init__(self, source: str, names: frozenset[str], function: Callable[[Any], bool], *, is_simple: bool) -> None:
        self.source = source
        self.names = names
        self.is_simple = is_simple
        self.errors = 0
        self._function = function

    def evaluate(self, facts: Facts | Answer) -> bool:
        """Say whether the expression holds; an error counts as false."""
        try:
            return self._function(facts)
        except Exception:  # whatever it is, a rule must not stop a decision
            self.errors += 1
            return False

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


def compile_when(source: str) -> Expression:
    """Compile a rule's condition, evaluated over :class:`Facts`.

    >>> compile_when("score >= 0.8 && endpoint.purpose == 'login'").evaluate(Facts(score=0.9))
    False
    """
    return _compile(source, "when")


def compile_expected(source: str) -> Expression:
    """Compile an app token's ``expected_when``, which sees ``request.*`` of :class:`Facts`."""
    return _compile(source, "expected")


def compile_claims(source: str) -> Expression:
    """Compile a rule over the ``claims`` of a verified token and ``request.*`` of :class:`Facts`."""
    return _compile(source, "claims")


def compile_success(source: str) -> Expression:
    """Compile an endpoint's ``success``, evaluated over an :class:`~vedette.types.Answer`."""
    return _compile(source, "success")


_LANGUAGES: dict[str, dict[str, tuple[str, str]]] = {
    "when": WHEN_NAMES,
    "expected": EXPECTED_NAMES,
    "claims": CLAIMS_NAMES,
    "success": SUCCESS_NAMES,
}


def _compile(source: str, language: str) -> Expression:
    known = _LANGUAGES[language]
    if len(source) > SOURCE_MAX:
        raise ValueError(f"1:1: longer than {SOURCE_MAX} characters")
    unprintable = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", source)
    if unprintable:
        raise ValueError(f"{_position(source, unprintable.start())}: a character that text does not have")
    if not source.strip():
        raise ValueError("1:1: empty; leave the key out or write true")
    program = _check(source, language)
    names = _names(source, known)
    plain = translate(
        source,
        {name: attribute for name, (attribute, kind) in known.items() if "(" not in kind},
        {name: attribute for name, (attribute, kind) in known.items() if kind.startswith("list")},
    )
    if plain is not None:
        return Expression(source, names, plain, is_simple=True)
    return Expression(source, names, as_cel(program, {name: known[name] for name in names}), is_simple=False)


def as_cel(program: Any, used: Mapping[str, tuple[str, str]]) -> Callable[[Any], bool]:
    """Make a function that runs a compiled CEL program; it raises where CEL answers an error."""
    getters = [(name, attribute, _CONVERT[kind]) for name, (attribute, kind) in used.items()]

    def run(facts: Any) -> bool:
        data = {name: convert(getattr(facts, attribute)) for name, attribute, convert in getters}
        answer = program.eval(data=data).value()
        if answer is True or answer is False:
            return bool(answer)
        raise ValueError(str(answer))

    return run


def _text(value: str) -> str:
    """CEL strings are valid UTF-8 and end at a NUL: a client must not make a rule fail with either."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\0", "\ufffd") if "\0" in value else value


def _texts(values: tuple[str, ...]) -> list[str]:
    return [_text(value) for value in values]


def _fields(headers: Headers | None) -> dict[str, str]:
    """Header fields by lower-case name; a repeated one is joined as RFC 9110 allows. Pseudo-headers are left out."""
    fields: dict[str, str] = {}
    for name, value in headers or ():
        if name.startswith(":"):
            continue
        name, value = _text(name), _text(value)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "double": float,
    "int": int,
    "string": _text,
    "list(string)": _texts,
    "map(string, string)": _fields,
    "map(string, dyn)": dict,
}


@cache
def _environment(language: str) -> Any:
    from cel_expr_python import cel  # 20 ms: only when an expression is compiled

    types = {
        "double": cel.Type.DOUBLE,
        "int": cel.Type.INT,
        "string": cel.Type.STRING,
        "list(string)": cel.Type.List(cel.Type.STRING),
        "map(string, string)": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
        "map(string, dyn)": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
    return cel.NewEnv(variables={name: types[kind] for name, (_, kind) in _LANGUAGES[language].items()})


def _check(source: str, language: str) -> Any:
    """Compile with CEL, or raise with the position and our own words."""
    environment = _environment(language)
    try:
        program = environment.compile(source)
    except RuntimeError as error:
        raise ValueError(_explain(str(error), _LANGUAGES[language])) from None
    kind = program.return_type().name().lower()
    if kind != "bool" and not (kind == "dyn" and language == "claims"):  # a claim shows what it is when there is one
        raise ValueError(f"1:1: must be true or false, is a {kind}")
    for found in re.finditer(r"\.\s*matches\s*\(\s*(r?'[^'\n]*'|r?\"[^\"\n]*\")\s*\)", source):
        answer = environment.compile(f"''.matches({found[1]})").eval(data={}).value()
        if answer not in (True, False):
            what = str(answer).removeprefix("INVALID_ARGUMENT: ")
            raise ValueError(f"{_position(source, found.start(1))}: {what}")
    return program


def _names(source: str, known: Mapping[str, Any]) -> frozenset[str]:
    """Names of the language that occur in the source; one inside an unusual string literal may be among them."""
    bare = source
    if "\\" not in source and "'''" not in source and '"""' not in source:
        bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", source)
    chains = [re.sub(r"\s", "", chain) for chain in re.findall(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*", bare)]
    return frozenset(name for name in known if any(chain == name or chain.startswith(name + ".") for chain in chains))


def _position(source: str, offset: int) -> str:
    line = source.count("\n", 0, offset)
    return f"{line + 1}:{offset - (source.rfind(chr(10), 0, offset) + 1) + 1}"


_PYTHON_WORDS = {"and": "&&", "or": "||", "not": "!"}


def _explain(message: str, known: Mapping[str, Any]) -> str:
    """Say the first mistake of a CEL compiler message in our own words."""
    found = re.search(r"ERROR: <input>:(\d+):(\d+): (.*)", message)
    if not found:
        what = "nested too deeply" if "recursion limit" in message else message.splitlines()[0]
        return f"1:1: {what}"
    line, column, what = int(found[1]), int(found[2]), found[3].removesuffix(" [INVALID_ARGUMENT]")
    return f"{line}:{column}: {_reword(what, known)}"


def _reword(what: str, known: Mapping[str, Any]) -> str:
    if found := re.match(r"undeclared reference to '([^']*)'", what):
        name = found[1]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        if close:
            return f'unknown name "{name}" (did you mean "{close[0]}"?)'
        inner = [full for full in known if full.endswith("." + name) or full.startswith(name + ".")]
        if inner:
            return f'unknown name "{name}" (did you mean "{inner[0]}"?)'
        return f"unknown name \"{name}\" (a text is quoted: '{name}'; names: {', '.join(known)})"
    if found := re.match(r"found no matching overload for '(.+)' applied to '(.*)'", what):
        operator, kinds = found[1].strip("_@"), re.sub(r"^\((.*)\)$", r"\1", found[2])
        fix = "; write a decimal such as 1.0" if kinds in ("double, int", "double, list(int)") else ""
        return f'"{operator}" does not go with {kinds}{fix}'
    if found := re.match(r"Syntax error: token recognition error at: '(.*)'\s*$", what):
        token = found[1].removesuffix("\\n").strip()
        if token[:1] in ("'", '"'):
            return "a text that does not end"
        fix = {"=": '; write "=="', "&": '; write "&&"', "|": '; write "||"', "=>": '; write ">="'}.get(token, "")
        return f'unexpected "{token}"{fix}'
    if found := re.match(r"Syntax error: (?:mismatched|extraneous|no viable alternative at) input '(.*?)'", what):
        word = found[1]
        if word == "<EOF>":
            return "ends too early"
        fix = f'; write "{_PYTHON_WORDS[word]}"' if word in _PYTHON_WORDS else ""
        return f'unexpected "{word}"{fix}'
    return what
