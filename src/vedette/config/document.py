"""A YAML text as a tree of nodes that know where they stand.

Only what a configuration needs: mappings with text keys, lists and plain texts. The schema decides what a text means,
so ``yes``, ``1:30`` or ``0x10`` are never silently something else. Everything odd or hostile (tabs, other encodings,
control characters, tags, merge keys, duplicate keys, deep nesting, aliases that multiply, huge files) is a problem
with its line, found without recursion and without expanding anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

__all__ = ["Node", "SourceError", "flag_node", "parse_document"]

SIZE_MAX = 1 << 20
DEPTH_MAX = 24
NODES_MAX = 50_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class SourceError(Exception):
    """A text that is not usable YAML: ``problems`` as ``(line, text)``."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(slots=True)
class Node:
    """One value of the document.

    Attributes:
        line: Where it begins, from 1; 0 where it came from a command-line flag.
        origin: The flag's name, or empty.
        text: Of a text; ``is_bare`` says that it was written without quotes.
        items: Of a list.
        entries: Of a mapping: name → (line of the name, value).
        source: The text between the node's first and last character, as written.
        column: Of the first character, from 1.
        size: How many nodes it stands for with its aliases expanded.
    """

    kind: Literal["text", "list", "map"]
    line: int
    column: int = 1
    text: str = ""
    is_bare: bool = False
    items: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[int, Node]] = field(default_factory=dict)
    source: str = ""
    origin: str = ""
    size: int = 1
    is_closed: bool = True

    @property
    def is_null(self) -> bool:
        """True for a bare ``null`` or ``~``."""
        return self.kind == "text" and self.is_bare and self.text in ("null", "~", "Null", "NULL")

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """Map a position in the text's value to a line and column of the file.

        Folding and indentation change only blanks, so the position is found by counting the other characters.
        """
        lines = self.text.split("\n")
        before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]]) if line <= len(lines) else self.text
        target = sum(not letter.isspace() for letter in before)
        place, end = _opening(self.source), len(self.source)
        while place < end:
            letter = self.source[place]
            if letter.isspace():
                place += 1
                continue
            if target == 0:
                break
            if self.source[0] == '"' and letter == "\\":
                place += 1
                if place < end and self.source[place].isspace():  # a line continued after a backslash
                    continue
            elif self.source[0] == "'" and self.source.startswith("''", place):
                place += 1
            target -= 1
            place += 1
        ahead = self.source[:place]
        down = ahead.count("\n")
        return self.line + down, (len(ahead) - ahead.rfind("\n") if down else self.column + len(ahead))


def _opening(source: str) -> int:
    """Length of what stands before the first character of a value: a quote, or the head of a block."""
    if source[:1] in ("'", '"'):
        return 1
    if source[:1] in ("|", ">"):
        return source.find("\n") + 1 or len(source)
    return 0


def flag_node(flag: str, text: str) -> Node:
    """Make the node of a value given on the command line."""
    return Node("text", 0, text=text, origin=flag, source=text)


def parse_document(
    raw: bytes, *, size_max: int = SIZE_MAX, nodes_max: int = NODES_MAX, depth_max: int = DEPTH_MAX
) -> Node:
    """Read one YAML document; an empty one is an empty mapping. Raises :class:`SourceError`."""
    text = _decode(raw, size_max)
    try:
        return _Composer(text, nodes_max, depth_max).compose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceError([(line, _explain(error, text, line))]) from None
    except yaml.YAMLError as error:
        raise SourceError([(1, f"not YAML, {str(error).splitlines()[0]}")]) from None


def _decode(raw: bytes, size_max: int) -> str:
    if len(raw) > size_max:
        raise SourceError([(1, f"too large, {len(raw)} bytes, at most {size_max}")])
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SourceError([(1, "not UTF-8 but UTF-16, save it as UTF-8")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SourceError([(line, f"not UTF-8, byte 0x{raw[error.start]:02x}, save it as UTF-8")]) from None
    text = text.replace("\r\n", "\n")
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise SourceError([(line, f"a control character, U+{ord(control[0]):04X}, remove it")])
    return text


def _explain(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """Say a YAML syntax error with a fix where the cause is a usual one; values are never repeated."""
    problem = error.problem or "cannot be read"
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in problem:
        return "not YAML, a tab, indent with spaces"
    if "alphabetic" in problem or "alias" in problem or "anchor" in problem:
        return 'not YAML, * and & begin aliases, quote a text that begins with one, such as "* /api/**"'
    if "mapping values are not allowed" in problem:
        return 'not YAML, a second ": " in one line, quote the text'
    if "start any token" in problem:
        return "not YAML, a character that cannot begin a text, quote it"
    if "nesting" in problem or "depth" in problem:
        return f"nested too deeply, more than {DEPTH_MAX} levels"
    context = f" {error.context}" if error.context else ""
    return f"not YAML, {problem}{context}, check indentation, quotes and brackets"


class _Composer:
    """Builds the tree from parser events, with an explicit stack."""

    def __init__(self, text: str, nodes_max: int, depth_max: int) -> None:
        self.text = text
        self.nodes_max = nodes_max
        self.depth_max = depth_max
        self.anchors: dict[str, Node] = {}
        self.stack: list[Node] = []
        self.names: list[tuple[int, str] | None] = []
        self.problems: list[tuple[int, str]] = []
        self.root: Node | None = None
        self.nodes = 0

    def compose(self) -> Node:
        for event in yaml.parse(self.text, Loader=_LOADER):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                raise SourceError([(line, 'a second document, remove the line "---"')])
            if isinstance(event, yaml.AliasEvent):
                self.alias(str(event.anchor), line)
            elif isinstance(event, yaml.ScalarEvent):
                self.scalar(event, line)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                kind: Literal["list", "map"] = "list" if isinstance(event, yaml.SequenceStartEvent) else "map"
                self.begin(kind, event, line)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                self.end()
        if self.problems:
            raise SourceError(self.problems)
        root = self.root
        if root is None or (root.kind == "text" and root.is_bare and not root.text):
            return Node("map", 1)
        if root.kind != "map":
            raise SourceError([(root.line, 'not a mapping, write keys and values, such as "mode: monitor"')])
        return root

    def tagged(self, event: Any, line: int) -> None:
        tag = event.tag
        if tag and tag != "!" and not (isinstance(event, yaml.ScalarEvent) and tag == "tag:yaml.org,2002:str"):
            self.problems.append((line, f'a tag, "{tag[:60]}", leave it out'))

    def anchored(self, event: Any, node: Node) -> None:
        if event.anchor:
            self.anchors[event.anchor] = node

    def scalar(self, event: Any, line: int) -> None:
        self.tagged(event, line)
        source = self.text[event.start_mark.index : event.end_mark.index]
        node = Node("text", line, event.start_mark.column + 1, event.value, not event.style, source=source)
        self.anchored(event, node)
        if self.stack and self.stack[-1].kind == "map" and self.names[-1] is None:
            self.name(node)
        else:
            self.add(node)

    def name(self, node: Node) -> None:
        """Take a text in the place of a mapping's key."""
        if node.text == "<<" and node.is_bare:
            self.problems.append((node.line, "a merge key, <<, write the keys out"))
        first = self.stack[-1].entries.get(node.text)
        if first is not None:
            name = node.text[:60]
            self.problems.append((node.line, f'a key given twice, "{name}", first in line {first[0]}, remove one'))
        self.names[-1] = (node.line, node.text)

    def alias(self, anchor: str, line: int) -> None:
        node = self.anchors.get(anchor)
        if node is None:
            raise SourceError([(line, 'an alias of nothing, quote a text that begins with *, such as "* /api/**"')])
        if not node.is_closed:
            raise SourceError([(line, "an alias of something that contains it, write it out")])
        if self.stack and self.stack[-1].kind == "map" and self.names[-1] is None:
            raise SourceError([(line, "an alias as a key, write it out")])
        self.add(node)

    def begin(self, kind: Literal["list", "map"], event: Any, line: int) -> None:
        self.tagged(event, line)
        if len(self.stack) >= self.depth_max:
            raise SourceError([(line, f"nested too deeply, at most {self.depth_max} levels")])
        if self.stack and self.stack[-1].kind == "map" and self.names[-1] is None:
            raise SourceError([(line, "a list or mapping as a key, a key is a text")])
        node = Node(kind, line, event.start_mark.column + 1, is_closed=False)
        self.anchored(event, node)
        self.stack.append(node)
        self.names.append(None)

    def end(self) -> None:
        node = self.stack.pop()
        self.names.pop()
        node.is_closed = True
        self.add(node)

    def add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        self.nodes += 1
        if parent.size > self.nodes_max or self.nodes > self.nodes_max:
            raise SourceError([(node.line, f"too much, aliases expanded, at most {self.nodes_max} values")])
        if parent.kind == "list":
            parent.items.append(node)
            return
        name = self.names[-1]
        if name is not None:
            parent.entries[name[1]] = (name[0], node)
        self.names[-1] = None
