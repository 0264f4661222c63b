"""One log, read from start to end: numbered, its malformed lines counted and the first of them kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from vedette.doors.logs.files import Damaged, LogFile, lines_of
from vedette.doors.logs.formats import FORMATS, SAMPLE_LINES, detect
from vedette.doors.logs.har import entries_of
from vedette.doors.logs.lines import MAX_LINE_BYTES, Malformed, Parse, Recorded, decode
from vedette.types import Outcome

EXAMPLES = 5
_EXCERPT = 160


class MalformedExample(Struct, frozen=True):
    """A malformed line as it is shown: where, what kind, why, and its beginning."""

    log: str
    line: int
    kind: str
    why: str
    excerpt: str


class MalformedTally:
    """Malformed lines by kind, over all logs of one replay, with the first few of them."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.examples: list[MalformedExample] = []

    @property
    def total(self) -> int:
        return self.kinds.total()

    def add(self, log: str, line: int, malformed: Malformed, content: bytes) -> None:
        """Count one line, and keep it where it is among the first."""
        self.kinds[malformed.kind] += 1
        if len(self.examples) < EXAMPLES:
            excerpt = "".join(c if c.isprintable() else "·" for c in decode(content[:_EXCERPT]))
            self.examples.append(MalformedExample(log, line, malformed.kind, malformed.why[:240], excerpt))


class Log:
    """Recorded requests and outcomes of one file, in the file's order.

    Attributes:
        format: As given, or as told from the first lines; empty where the log holds no line at all.
        lines: Lines read so far, blank ones included.
        requests, outcomes: What they were.
    """

    def __init__(self, path: str, format_name: str, malformed: MalformedTally, id_prefix: str = "l") -> None:
        """Open a log and settle its format.

        Raises ``OSError`` where it cannot be read, ``ValueError`` where ``auto`` finds no format for it.
        """
        self.file = LogFile(path)
        self.name = self.file.name
        self.lines = self.requests = self.outcomes = 0
        self._malformed = malformed
        self._prefix = id_prefix
        self._ahead: list[bytes] = []
        self._damage: Damaged | None = None
        self._following = self.file.chunks()
        if format_name == "auto":
            sample = self._look_ahead()
            try:
                format_name = detect(sample)
            except ValueError as error:
                if any(line.strip() for line in sample):
                    self.file.close()
                    raise ValueError(f"{self.name}: {error}") from None
                format_name = ""
        self.format = format_name

    def _look_ahead(self) -> list[bytes]:
        """Read the first pieces, and give the lines in them."""
        count = 0
        is_whole = False
        while count < SAMPLE_LINES and len(self._ahead) < 8:
            try:
                chunk = next(self._following, b"")
            except Damaged as error:
                self._damage = error
                break
            if is_whole := not chunk:
                break
            self._ahead.append(chunk)
            count += chunk.count(b"\n")
        sample = [line.rstrip(b"\r") for batch in lines_of(self._ahead) for line in batch]
        if not is_whole and len(sample) > 1:
            del sample[-1]
        return sample[: 10 * SAMPLE_LINES]

    def _chunks(self) -> Iterator[bytes]:
        while self._ahead:
            yield self._ahead.pop(0)
        if self._damage is not None:
            raise self._damage
        yield from self._following

    def events(self) -> Iterator[tuple[int, Recorded | Outcome]]:
        """Give the number of each valid line, or entry, and its event; closes the file at its end."""
        if self.format:
            parse = FORMATS[self.format]()
            cut = entries_of if self.format == "har" else lines_of
            try:
                for batch in cut(self._chunks()):
                    yield from self._parse(parse, batch)
            except Damaged as error:
                self._malformed.add(self.name, self.lines, Malformed("damaged file", str(error)), b"")
        elif self._damage is not None:
            self._malformed.add(self.name, 0, Malformed("damaged file", str(self._damage)), b"")
        self.file.close()

    def _parse(self, parse: Parse, batch: list[bytes]) -> Iterator[tuple[int, Recorded | Outcome]]:
        prefix = self._prefix
        number = self.lines
        for line in batch:
            number += 1
            self.lines = number
            if line.endswith(b"\r"):
                line = line[:-1]
            if len(line) > MAX_LINE_BYTES:
                why = f"longer than {MAX_LINE_BYTES:,} bytes"
                self._malformed.add(self.name, number, Malformed("too long", why), line)
                continue
            event = parse(line, f"{prefix}{number}")
            if type(event) is Recorded:
                self.requests += 1
                yield number, event
            elif type(event) is Outcome:
                self.outcomes += 1
                yield number, event
            elif line.strip() and isinstance(event, Malformed):
                self._malformed.add(self.name, number, event, line)
