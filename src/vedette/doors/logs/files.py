"""Bytes of a log file, or of standard input, as lines of bounded length: plain, gzip or
Zstandard.

Compression is told from the first bytes, not from the name, so that standard input may be compressed too.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

from vedette.doors.logs.lines import MAX_LINE_BYTES

STDIN = "-"
_CHUNK_BYTES = 256 * 1024
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)


class Damaged(Exception):
    """Compressed data that cannot be read to its end; everything before was handed out."""


class LogFile:
    """One open log.

    Attributes:
        name: The path as given, or ``standard input``.
        size: Bytes on disk, or 0 where unknown.
        compression: ``gzip``, ``zstd`` or empty.
        waiting: True while it waits for bytes, which on standard input may take for ever.
        interrupted: Set by whoever wants the reading to end: the next read raises ``KeyboardInterrupt``.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STDIN else path
        self.size = 0
        self.waiting = self.interrupted = False
        raw: BinaryIO
        if path == STDIN:
            raw = sys.stdin.buffer
        else:
            raw = Path(path).open("rb", buffering=0)  # noqa: SIM115 (closed by close)
            status = os.fstat(raw.fileno())
            if stat.S_ISREG(status.st_mode):
                self.size = status.st_size
        self._raw = raw
        self._counted = _Counted(self, raw)
        buffered = io.BufferedReader(cast(io.RawIOBase, self._counted), _CHUNK_BYTES)
        magic = buffered.peek(4)[:4]
        self.compression = ""
        self._bytes: Any = buffered
        if magic[:2] == b"\x1f\x8b":
            self.compression = "gzip"
            self._bytes = gzip.GzipFile(fileobj=buffered, mode="rb")
        elif magic == b"\x28\xb5\x2f\xfd" or (magic[1:] == b"\x2a\x4d\x18" and magic[:1] >= b"\x50"):
            self.compression = "zstd"
            self._bytes = io.BufferedReader(_Zstd(buffered), _CHUNK_BYTES)

    @property
    def position(self) -> int:
        """Bytes taken from disk so far, before decompression."""
        return self._counted.taken

    def chunks(self) -> Iterator[bytes]:
        """Give the content piece by piece, without a byte order mark.

        Raises :class:`Damaged` where compressed data breaks off, after what stands before that.
        """
        first = True
        while True:
            try:
                chunk: bytes = self._bytes.read1(_CHUNK_BYTES)  # what is there, without waiting for more
            except _DAMAGED as error:
                raise Damaged(f"{self.compression} data is damaged or cut off: {error}") from None
            if not chunk:
                return
            if first:
                first = False
                chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            yield chunk

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()


def lines_of(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut pieces into lists of lines. One longer than the limit is cut just beyond it, so that it stays recognisable.

    Lines before damage are handed out before :class:`Damaged` is raised on.
    """
    rest = b""
    skipping = False  # the remainder of a line that is already cut
    try:
        for chunk in chunks:
            if skipping:
                _, newline, chunk = chunk.partition(b"\n")
                if not newline:
                    continue
                skipping = False
                lines = chunk.split(b"\n")
                lines.insert(0, rest)
            else:
                lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if len(rest) > MAX_LINE_BYTES:
                rest = rest[: MAX_LINE_BYTES + 1]
                skipping = True
            if lines:
                yield lines
    except Damaged:
        if rest:
            yield [rest]
        raise
    if rest:
        yield [rest]


class _Counted(io.RawIOBase):
    """Counts the bytes that are read, and notes while a read is waiting."""

    def __init__(self, owner: LogFile, raw: BinaryIO) -> None:
        self._owner = owner
        self._read = raw.read1 if isinstance(raw, io.BufferedReader) else raw.read
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._owner.waiting = True
        try:
            if self._owner.interrupted:
                raise KeyboardInterrupt
            found = self._read(len(buffer))
        finally:
            self._owner.waiting = False
        buffer[: len(found)] = found
        self.taken += len(found)
        return len(found)


class _Zstd(io.RawIOBase):
    """Zstandard frames one after the other; data that ends within a frame is an error, not an end."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._frame = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
        self._pending = memoryview(b"")
        self._open = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._pending:
            data = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
                self._open = False
            data = data or self._source.read1(64 * 1024)
            if not data:
                if self._open:
                    raise EOFError("the last frame is not complete")
                return 0
            self._open = True
            self._pending = memoryview(self._frame.decompress(data))
            if self._frame.eof and not self._frame.unused_data:
                self._open = False
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count
