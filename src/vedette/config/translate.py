"""Simple CEL expressions as Python code objects, because most rules are simple and every request meets every rule.

Simple means: comparisons of a scalar name with a constant, ``name in [constants]``, ``'text' in reasons``,
``startsWith``, ``endsWith`` and ``contains`` of a constant, joined by ``&&``, ``||``, ``!`` and parentheses.
Nothing here can fail at run time, so the order of evaluation is free. :func:`translate` takes source that the CEL
compiler has type-checked already, and answers ``None`` for whatever it does not know with certainty; that then runs as
CEL. A property test proves both ways equal.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["translate"]

DEPTH_MAX = 30

_TOKENS = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<string>'[^'\\\n\r]*'|"[^"\\\n\r]*")
      | (?P<number>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+)(?![A-Za-z0-9_.'"])
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?![A-Za-z0-9_'"])
      | (?P<mark>&&|\|\||==|!=|<=|>=|<|>|!|\(|\)|\[|\]|,|-)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_METHODS = {"startsWith": "startswith", "endsWith": "endswith", "contains": ""}


class _NotSimple(Exception):
    """The source is beyond the simple subset."""


def translate(source: str, scalars: Mapping[str, str], lists: Mapping[str, str]) -> Callable[[Any], bool] | None:
    """Turn type-checked CEL into a function of one value, or ``None`` where the source is not simple.

    ``scalars`` and ``lists`` map names of the language to attributes of that value.
    """
    try:
        body = _Reader(source, scalars, lists).read()
    except _NotSimple:
        return None
    arguments = ast.arguments(posonlyargs=[ast.arg("f")], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    function: Callable[[Any], bool] = eval(compile(tree, "<rule>", "eval"), {"__builtins__": {}})  # noqa: S307  # built from checked nodes alone
    return function


class _Reader:
    """Recursive descent over the simple subset."""

    def __init__(self, source: str, scalars: Mapping[str, str], lists: Mapping[str, str]) -> None:
        self.scalars = scalars
        self.lists = lists
        self.tokens = _split(source)
        self.place = 0
        self.depth = 0

    def read(self) -> ast.expr:
        tree = self.either()
        if self.place != len(self.tokens):
            raise _NotSimple
        return tree

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.place >= len(self.tokens):
            raise _NotSimple
        self.place += 1
        return self.tokens[self.place - 1]

    def accept(self, mark: str) -> bool:
        if self.place < len(self.tokens) and self.tokens[self.place] == ("mark", mark):
            self.place += 1
            return True
        return False

    def either(self) -> ast.expr:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise _NotSimple
        parts = [self.both()]
        while self.accept("||"):
            parts.append(self.both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)

    def both(self) -> ast.expr:
        parts = [self.term()]
        while self.accept("&&"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def term(self) -> ast.expr:
        if self.accept("!"):
            inner = self.negated()
            return ast.UnaryOp(ast.Not(), inner)
        if self.accept("("):
            inner = self.either()
            if not self.accept(")"):
                raise _NotSimple
            if self.peek() in _COMPARE or self.peek() == "in":
                raise _NotSimple
            return inner
        return self.relation()

    def negated(self) -> ast.expr:
        """What ``!`` may stand before: parentheses, a constant or a call, never a bare comparison."""
        if self.accept("("):
            inner = self.either()
            if not self.accept(")"):
                raise _NotSimple
        else:
            kind, text = self.take()
            if kind != "name":
                raise _NotSimple
            inner = self.constant_or_call(text)
        if self.peek() in _COMPARE or self.peek() == "in":
            raise _NotSimple
        return inner

    def constant_or_call(self, text: str) -> ast.expr:
        if text in ("true", "false"):
            return ast.Constant(text == "true")
        name, _, method = text.rpartition(".")
        if method not in _METHODS or name not in self.scalars or not self.accept("("):
            raise _NotSimple
        kind, literal = self.take()
        if kind != "string" or not self.accept(")"):
            raise _NotSimple
        value, needle = self.attribute(self.scalars[name]), ast.Constant(literal[1:-1])
        if not _METHODS[method]:
            return ast.Compare(needle, [ast.In()], [value])
        return ast.Call(ast.Attribute(value, _METHODS[method], ast.Load()), [needle], [])

    def relation(self) -> ast.expr:
        left_is_name = self.place < len(self.tokens) and self.tokens[self.place][0] == "name"
        if left_is_name:
            text = self.take()[1]
            if text not in self.scalars:
                return self.constant_or_call(text)
            left: ast.expr = self.attribute(self.scalars[text])
        else:
            left = self.constant()
        kind, operator = self.take()
        if kind == "mark" and operator in _COMPARE:
            right = self.operand()
            tree = ast.Compare(left, [_COMPARE[operator]()], [right])
        elif kind == "name" and operator == "in":
            tree = ast.Compare(left, [ast.In()], [self.collection()])
        else:
            raise _NotSimple
        if self.peek() in _COMPARE or self.peek() == "in":
            raise _NotSimple
        return tree

    def operand(self) -> ast.expr:
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "name":
            text = self.take()[1]
            if text not in self.scalars:
                raise _NotSimple
            return self.attribute(self.scalars[text])
        return self.constant()

    def constant(self) -> ast.Constant:
        kind, text = self.take()
        if kind == "string":
            return ast.Constant(text[1:-1])
        sign = 1
        if (kind, text) == ("mark", "-"):
            sign = -1
            kind, text = self.take()
        if kind != "number":
            raise _NotSimple
        return ast.Constant(sign * float(text) if "." in text else sign * int(text))

    def collection(self) -> ast.expr:
        if self.accept("["):
            if self.accept("]"):
                return ast.Tuple([], ast.Load())
            items: list[ast.expr] = [self.constant()]
            while self.accept(","):
                items.append(self.constant())
            if not self.accept("]"):
                raise _NotSimple
            return ast.Set(items)
        kind, text = self.take()
        if kind != "name" or text not in self.lists:
            raise _NotSimple
        return self.attribute(self.lists[text])

    def attribute(self, name: str) -> ast.expr:
        return ast.Attribute(ast.Name("f", ast.Load()), name, ast.Load())


def _split(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place, end = 0, len(source.rstrip(" \t\r\n"))
    while place < end:
        found = _TOKENS.match(source, place)
        if found is None or found.lastgroup is None:
            raise _NotSimple
        if found.lastgroup == "string" and tokens and tokens[-1][0] == "string":
            raise _NotSimple  # a triple-quoted string, or nonsense
        tokens.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return tokens
