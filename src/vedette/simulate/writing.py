"""Writes a world: records, labels beside them, outcomes as they become known, a configuration with its keys, the books.

All files are written under temporary names and appear together at the end, so that a world is whole or not there.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import random
from collections import Counter
from hashlib import blake2b
from heapq import heappop, heappush
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from msgspec import Struct

from vedette.doors.records import REQUEST_KEYS
from vedette.simulate.calls import Call, Reply, Truth
from vedette.simulate.ledger import Ledger
from vedette.simulate.settings import configuration, key_files
from vedette.simulate.shop import ENDPOINTS
from vedette.simulate.world import World

__all__ = ["SUFFIXES", "Record", "Writer", "reason_of", "stem_of"]

SUFFIXES = (".jsonl.zst", ".jsonl.gz", ".jsonl")
_ROWS = 65_536
_LABELS = ("http.request.id", "actor", "session", "campaign", "threat", "level", "segment", "prize")
_TRUTH = tuple(attrgetter(name) for name in _LABELS[1:-1])
_OPPOSITE = {
    "login_succeeded": "login_failed",
    "login_failed": "login_succeeded",
    "challenge_passed": "challenge_failed",
    "challenge_failed": "challenge_passed",
    "label_good": "label_bad",
    "label_bad": "label_good",
}
_UNKNOWN = msgspec.UNSET


class Record(Struct, kw_only=True, gc=False, rename=REQUEST_KEYS):
    """A request record of the contract, section 2."""

    timestamp: float
    id: str
    method: str
    path: str
    query: str | msgspec.UnsetType = _UNKNOWN
    scheme: str = "https"
    host: str
    protocol: str
    client_address: str
    headers: tuple[tuple[str, str], ...]
    request_body_size: int
    status: int | msgspec.UnsetType = _UNKNOWN
    response_body_size: int
    duration: float | msgspec.UnsetType = _UNKNOWN
    ja3: str
    ja4: str
    tls_version: str
    user_name: str | msgspec.UnsetType = _UNKNOWN


def stem_of(out: Path) -> str:
    """The name of a world's files, from that of its traffic. Raises ``ValueError``."""
    for suffix in SUFFIXES:
        if out.name.endswith(suffix) and len(out.name) > len(suffix):
            return out.name.removesuffix(suffix)
    raise ValueError(f"{out}: traffic is written as {', '.join(SUFFIXES)}")


def reason_of(error: OSError) -> str:
    """Say why a file could not be written, whichever library wrote it."""
    return os.strerror(error.errno) if error.errno else str(error)


class Writer:
    """Takes in calls with their replies in order of time; a context manager that keeps nothing of a failed run.

    Attributes:
        requests, outcomes: Written so far.
        counts: Requests by purpose of the endpoint and actor.
    """

    def __init__(self, world: World, out: Path) -> None:
        self._stem = stem = stem_of(out)
        self.world = world
        self._keys = key_files(world, stem)
        drawn = msgspec.json.encode((world.scenario, world.seed, world.scale))
        self._prefix = blake2b(drawn, digest_size=4).hexdigest()  # or the labels of one world would fit any other
        self.requests = self.outcomes = 0
        self.counts: Counter[tuple[str, str]] = Counter()
        self.paths = {
            "traffic": out,
            "labels": out.with_name(f"{stem}.labels.parquet"),
            "outcomes": out.with_name(f"{stem}.outcomes{out.name.removeprefix(stem)}"),
            "configuration": out.with_name(f"{stem}.vedette.yaml"),
            "campaigns": out.with_name(f"{stem}.campaigns.jsonl"),
            **{name.removeprefix(f"{stem}."): out.with_name(name) for name in self._keys},
        }
        self._parts = {what: path.with_name(path.name + ".part") for what, path in self.paths.items()}
        self._rng: random.Random = world.rng("outcomes")
        self._due: list[tuple[float, int, bytes]] = []
        self._rows: list[tuple[str, Truth, str]] = []
        self._encode = msgspec.json.Encoder().encode_into
        self._line = bytearray()
        out.parent.mkdir(parents=True, exist_ok=True)
        for path in self.paths.values():
            if path.is_dir():  # or the last step would fail half-way
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        strings = pa.dictionary(pa.int32(), pa.string())
        types = [pa.string(), strings, pa.string(), strings, strings, pa.int8(), strings, pa.string()]
        self._schema = pa.schema(
            list(zip(_LABELS, types, strict=True)), metadata={"vedette.catalogue": str(world.shop.products)}
        )
        try:
            self._traffic = _open(self._parts["traffic"], out.name)
            self._outcomes = _open(self._parts["outcomes"], out.name)
            self._labels = pq.ParquetWriter(self._parts["labels"], self._schema, compression="zstd")
        except BaseException:  # Ctrl-C between two of them
            self.drop()
            raise

    def drop(self) -> None:
        """Leave nothing of a world that is not whole."""
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._traffic, self._outcomes, self._labels):
            try:
                file.close()
            except (OSError, ValueError):  # a full disk: the reason is on its way already
                pass
        if kind is not None:
            self.drop()

    def add(self, call: Call, reply: Reply) -> None:
        """Write one request, its label, and what has become known until now."""
        self.requests += 1
        endpoint = ENDPOINTS.get(call.endpoint)
        self.counts[endpoint.purpose if endpoint else "other", call.truth.actor] += 1
        id = f"{self._prefix}{self.requests:08x}"
        client = call.client
        at = round(call.at, 6)
        line = self._line
        self._encode(
            Record(
                timestamp=at,
                id=id,
                method=call.method,
                path=call.path,
                query=call.query or _UNKNOWN,
                host=self.world.shop.host,
                protocol=client.protocol,
                client_address=client.address,
                headers=call.headers,
                request_body_size=call.body_size,
                status=reply.status or _UNKNOWN,
                response_body_size=reply.size,
                duration=round(reply.ended - call.at, 6) if reply.status else _UNKNOWN,
                ja3=client.ja3,
                ja4=client.ja4,
                tls_version=client.tls_version,
                user_name=call.account or _UNKNOWN,
            ),
            line,
        )
        line += b"\n"
        self._traffic.write(line)
        is_won = call.is_right and (reply.is_stopped or 200 <= reply.status < 400)
        self._rows.append((id, call.truth, call.prize if is_won else ""))
        if self.requests % _ROWS == 0:
            self._flush_labels()
        if call.words and not reply.is_stopped:
            self._learn(call, reply, id)
        while self._due and self._due[0][0] <= at:
            self._outcomes.write(heappop(self._due)[2])

    def _learn(self, call: Call, reply: Reply, id: str) -> None:
        scenario, rng = self.world.scenario, self._rng
        for word in call.words:
            if rng.random() < scenario.missing:
                continue
            outcome: str = word.outcome
            if rng.random() < scenario.wrong:
                outcome = _OPPOSITE.get(outcome, outcome)
            known = round(reply.ended + word.after_s * scenario.late, 6)
            self.outcomes += 1
            record = {"timestamp": known, "event.name": "outcome", "outcome": outcome, "http.request.id": id}
            heappush(self._due, (known, self.outcomes, msgspec.json.encode(record) + b"\n"))

    def _flush_labels(self) -> None:
        ids, truths, prizes = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        columns = (ids, *([value(truth) for truth in truths] for value in _TRUTH), prizes)
        arrays = [
            pa.array(column, pa.string()).dictionary_encode()
            if pa.types.is_dictionary(field.type)
            else pa.array(column, field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._labels.write_table(pa.table(arrays, schema=self._schema))
        self._rows.clear()

    def share(self, actor: str, *purposes: str) -> float:
        """The share of an actor in the requests for some purposes, or in all."""
        counts = [(count, who) for (purpose, who), count in self.counts.items() if not purposes or purpose in purposes]
        total = sum(count for count, _ in counts)
        return sum(count for count, who in counts if who == actor) / total if total else 0.0

    def commit(self, ledger: Ledger) -> dict[str, Path]:
        """Write what is left and give all files their names."""
        while self._due:
            self._outcomes.write(heappop(self._due)[2])
        self._flush_labels()
        for file in (self._traffic, self._outcomes, self._labels):
            file.close()
        self._parts["configuration"].write_text(configuration(self.world, self._stem), encoding="utf-8")
        for name, text in self._keys.items():
            part = self._parts[name.removeprefix(f"{self._stem}.")]
            part.touch(mode=0o600)
            part.write_text(text, encoding="utf-8")
        with self._parts["campaigns"].open("wb") as file:
            for name, account in sorted(ledger.accounts.items()):
                file.write(msgspec.json.encode(account.record(name)) + b"\n")
        for what, part in self._parts.items():
            os.replace(part, self.paths[what])
        return self.paths


def _open(path: Path, name: str) -> IO[bytes]:
    raw = path.open("wb")
    if name.endswith(".zst"):
        compressor = zstandard.ZstdCompressor(level=1)
        return io.BufferedWriter(compressor.stream_writer(raw, closefd=True), 1 << 18)  # type: ignore[type-var]  # it writes
    if name.endswith(".gz"):
        file = gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=5, mtime=0)
        file.myfileobj = raw  # type: ignore[assignment]  # to be closed with it
        return file  # type: ignore[return-value]  # binary
    return io.BufferedWriter(raw, 1 << 18)
