"""What a single request shows of itself, as columns of categories and numbers. No history, no answer, no label."""

from __future__ import annotations

import io
import re
import sys
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import zstandard
from numpy.typing import NDArray

from vedette.collect.endpoints import Router
from vedette.config import load

CATEGORIES = (
    "method", "path", "protocol", "tls", "ja4", "address.first", "address.kind", "user_agent", "header.order",
    "header.case", "accept", "accept_encoding", "accept_language", "content_type", "sec_ch_ua", "sec_fetch",
    "referer.site", "origin", "cookie.names",
)  # fmt: skip
NUMBERS = (
    "hour", "headers", "cookie.length", "authorization.length", "referer.length", "request.size", "path.length",
    "query.length", "digits.in.path", "user_agent.length",
)  # fmt: skip
FIELDS = CATEGORIES + NUMBERS
_DIGITS = re.compile(r"[0-9]+")
_WORD = re.compile(r"[a-z]+-[a-z-]+")
_DECODE = msgspec.json.Decoder().decode


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Request records of a world, one after the other."""
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for line in io.BufferedReader(stream, 1 << 20):
            yield _DECODE(line)


def _code(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def template(path: str) -> str:
    """The path without what names a single thing."""
    return _WORD.sub("w", _DIGITS.sub("0", path))


def _address(text: str) -> tuple[str, str]:
    if ":" in text:
        return text.split(":", 1)[0], "6"
    return text.split(".", 1)[0], "4"


def row(record: dict[str, Any]) -> tuple[list[int], list[float]]:
    """The fields of one record: categories as codes, numbers as they are."""
    headers = record["http.request.headers"]
    found = {name.lower(): value for name, value in headers}
    path = record["url.path"]
    first, kind = _address(record["client.address"])
    referer = found.get("referer", "")
    cookie = found.get("cookie", "")
    agent = found.get("user-agent", "")
    names = ",".join(part.split("=", 1)[0].strip() for part in cookie.split(";")) if cookie else ""
    categories = (
        record["http.request.method"],
        template(path),
        record.get("network.protocol.version", ""),
        record.get("tls.protocol.version", ""),
        record.get("tls.client.ja4", ""),
        first,
        kind,
        agent,
        ",".join(name.lower() for name, _ in headers if name.lower() not in ("cookie", "referer", "authorization")),
        "h" if headers and headers[0][0][:1].isupper() else "l",
        found.get("accept", ""),
        found.get("accept-encoding", ""),
        found.get("accept-language", ""),
        found.get("content-type", ""),
        found.get("sec-ch-ua", "") + found.get("sec-ch-ua-platform", ""),
        "/".join(found.get(f"sec-fetch-{part}", "") for part in ("site", "mode", "dest", "user")),
        "/".join(referer.split("/", 3)[:3]),
        found.get("origin", ""),
        names,
    )
    numbers = (
        record["timestamp"] % 86_400 / 3600,
        len(headers),
        len(cookie),
        len(found.get("authorization", "")),
        len(referer),
        record.get("http.request.body.size", 0),
        len(path),
        len(record.get("url.query", "")),
        sum(letter.isdigit() for letter in path),
        len(agent),
    )
    return [_code(value) for value in categories], [float(value) for value in numbers]


def identity(record: dict[str, Any]) -> int:
    """Whom the server takes the sender for: the device that an app names, else the session cookie, else nobody (0)."""
    found = {name.lower(): value for name, value in record["http.request.headers"]}
    known = found.get("x-device-id") or found.get("cookie", "").partition(";")[0]
    return _code(known) if known else 0


class Table:
    """A world's requests with their truth.

    Attributes:
        categories, numbers: Shape (requests, fields).
        endpoint: Code of method and path template, for comparing within an endpoint.
        actor, level, family, session: The truth, of the same length.
        identity, address: Codes of the cookie or device (0: neither) and of the address of each request.
        route: Name of the endpoint that the world's configuration gives.
    """

    def __init__(self, traffic: Path, labels: Path, configuration: Path) -> None:
        truth = pq.read_table(labels)
        self.actor = np.array(truth["actor"].cast("string").to_pylist())
        self.level = truth["level"].to_numpy()
        self.family = np.array(truth["segment"].cast("string").to_pylist())
        self.campaign = np.array(truth["campaign"].cast("string").to_pylist())
        self.session = truth["session"].to_pylist()
        ids = truth["http.request.id"].to_pylist()
        router = Router(load(configuration).endpoints)
        categories, numbers, times = array("L"), array("d"), array("d")
        self.route: list[str] = []
        who = array("L")
        for place, record in enumerate(records(traffic)):
            if record["http.request.id"] != ids[place]:
                raise ValueError(f"{traffic}: request {place + 1} is not that of its labels")
            codes, values = row(record)
            categories.extend(codes)
            numbers.extend(values)
            times.append(record["timestamp"])
            who.extend((identity(record), _code(record["client.address"])))
            route, _ = router.find(record["http.request.method"], record["server.address"], record["url.path"])
            self.route.append(sys.intern(route.name))
        self.categories: NDArray[np.int64] = np.array(categories, np.int64).reshape(-1, len(CATEGORIES))
        self.numbers: NDArray[np.float64] = np.array(numbers, np.float64).reshape(-1, len(NUMBERS))
        self.identity, self.address = np.array(who, np.int64).reshape(-1, 2).T
        self.times: NDArray[np.float64] = np.array(times)
        self.endpoint = self.categories[:, 0] * 1_000_003 ^ self.categories[:, 1]

    def __len__(self) -> int:
        return len(self.actor)
