"""One log, read from start to end: numbered, its malformed lines counted and the first of them kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from vedette.doors.logs.files import Damaged, LogFile
from vedette.doors.logs.formats import FORMATS, SAMPLE_LINES, detect
from vedette.doors.logs.lines import MAX_LINE_BYTES, Malformed, Recorded, decode
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
        self._batches = self.file.batches()
        self._ahead: list[list[bytes]] = []
        self._damage = ""
        if format_name == "auto":
            self._look_ahead()
            sample = [line.rstrip(b"\r") for batch in self._ahead for line in batch]
            try:
                format_name = detect(sample[: 10 * SAMPLE_LINES])
            except ValueError as error:
                if any(line.strip() for line in sample):
                    self.file.close()
                    raise ValueError(f"{self.name}: {error}") from None
                format_name = ""
        self.format = format_name

    def _look_ahead(self) -> None:
        count = 0
        while count < SAMPLE_LINES and len(self._ahead) < 8 and (batch := self._next_batch()):
            self._ahead.append(batch)
            count += sum(1 for line in batch if line.strip())

    def _next_batch(self) -> list[bytes] | None:
        try:
            return next(self._batches, None)
        except Damaged as error:
            self._damage = str(error)
            return None

    def events(self) -> Iterator[tuple[int, Recorded | Outcome]]:
        """Give line number and event of each valid line; closes the file at its end."""
        if self.format:
            for batch in self._ahead:
                yield from self._parse(batch)
            self._ahead = []
            while following := self._next_batch():
                yield from self._parse(following)
        if self._damage:
            self._malformed.add(self.name, self.lines, Malformed("damaged file", self._damage), b"")
        self.file.close()

    def _parse(self, batch: list[bytes]) -> Iterator[tuple[int, Recorded | Outcome]]:
        parse, prefix = FORMATS[self.format], self._prefix
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
