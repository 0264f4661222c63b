"""Header fields by family and kind of call: which, in which order, and where a slot is.

Those of Chromium, Firefox and libraries are read from ``captured.json``. Those of Safari begin with what curl_cffi sends
as it (captured too) and are extended by the order that Apify's data gives; apps are composed from the source of
OkHttp's ``BridgeInterceptor`` and the documentation of CFNetwork and Dart.
"""

# ruff: noqa: E501 (tables)

from __future__ import annotations

from typing import Any

Fields = list[tuple[str, str]]
Layout = dict[str, Fields]

SLOTS = {
    "host": "{host}", "cookie": "{cookie}", "referer": "{referer}", "origin": "{origin}", "content-type": "{type}",
    "authorization": "{authorization}", "content-length": "{length}", "accept-language": "{language}",
    "sec-fetch-site": "{site}", "user-agent": "{user_agent}", "sec-ch-ua": "{sec_ch_ua}",
    "sec-ch-ua-mobile": "{sec_ch_ua_mobile}", "sec-ch-ua-platform": "{sec_ch_ua_platform}",
}  # fmt: skip
OF_PROGRAM = {"{user_agent}", "{language}", "{site}", "{sec_ch_ua}", "{sec_ch_ua_mobile}", "{sec_ch_ua_platform}"}
JXL = "image/jxl,"  # Debian's build asks for it, Google's does not
EXTRA = ("{extra}", "")
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
WAYS = ("", "-auth", "-post", "-auth-post", "-json", "-auth-json", "-post-json", "-auth-post-json")


def slotted(headers: list[list[str]], *, own: bool = True) -> Fields:
    """Replace what belongs to one call by its slot; with ``own``, what belongs to one version too."""
    found = []
    for name, value in headers:
        slot = SLOTS.get(name.lower(), "")
        if not own and slot in OF_PROGRAM:
            slot = ""
        found.append((name, slot or value.replace(JXL, "")))
    return found


def browser(requests: list[dict[str, Any]], *, after: str, before_cookie: str) -> Layout:
    """Read the layout of a browser from one capture.

    Args:
        after: The field behind which a page's further fields are put.
        before_cookie: The field behind which a cookie stands in a call to another origin, which was measured without.
    """
    found: Layout = {}
    paths = {"/a.png": "asset", "/a.js": "asset-script", "/a.css": "asset-style", "/page2": "navigate"}
    for row in requests:
        fields = slotted(row["headers"])
        if row["method"] == "OPTIONS":
            found.setdefault("preflight", _asking(fields))
            continue
        kind = paths.get(row["path"]) or row["path"].removeprefix("/api/")
        if kind.startswith(("fetch", "cross")):
            if "-json" in kind:
                fields = [(name, "{accept}" if name.lower() == "accept" else value) for name, value in fields]
            fields = _behind(fields, after, EXTRA)
            if not any(value == "{cookie}" for _, value in fields):
                title = fields[-1][0][0].isupper()
                fields = _behind(fields, before_cookie, ("Cookie" if title else "cookie", "{cookie}"))
        elif kind == "navigate" and not any(name.lower() == "sec-fetch-user" for name, _ in fields):
            fields = _behind(fields, "sec-fetch-site", ("sec-fetch-user", "?1"))  # a script's click is no person's
        elif not kind.startswith(("asset", "navigate")):
            continue
        found.setdefault(kind, fields)
    missing = {
        "preflight",
        "navigate",
        "asset",
        *(f"{kind}{way}" for kind in ("fetch", "cross") for way in WAYS),
    } - set(found)
    assert not missing, missing
    return found


def chromium(requests: list[dict[str, Any]]) -> Layout:
    return browser(requests, after="sec-ch-ua-platform", before_cookie="accept-language")


def firefox(requests: list[dict[str, Any]]) -> Layout:
    return browser(requests, after="referer", before_cookie="origin")


def _behind(fields: Fields, name: str, field: tuple[str, str]) -> Fields:
    at = next(at for at, (other, _) in enumerate(fields) if other.lower() == name) + 1
    return [*fields[:at], field, *fields[at:]]


def _asking(fields: Fields) -> Fields:
    """What a preflight asks for is put where the further fields are."""
    at = next(i for i, (name, _) in enumerate(fields) if name.lower().startswith("access-control-request"))
    kept = [(name, value) for name, value in fields if not name.lower().startswith("access-control-request")]
    return [*kept[:at], EXTRA, *kept[at:]]


def older_chromium(layout: Layout, *, has_priority: bool, has_hints: bool) -> Layout:
    """Turn today's layout into that of Chromium up to 128: hints first in pages, and between the others' in calls."""
    found: Layout = {}
    for kind, fields in layout.items():
        names = {name.lower() for name, _ in fields}
        kept = [(name, value) for name, value in fields if has_priority or name.lower() != "priority"]
        if kind not in {"navigate", "preflight"} and "sec-ch-ua" in names:
            order = [
                "sec-ch-ua",
                "accept" if "-json" in kind else "",
                "content-type",
                "sec-ch-ua-mobile",
                "authorization",
            ]
            order += ["{extra}", "user-agent", "sec-ch-ua-platform", "accept"]
            first = [name for name in ("host", "connection", "content-length") if name in names]
            rank = {name: at for at, name in enumerate(first + order) if name}
            moved = sorted((row for row in kept if row[0].lower() in rank), key=lambda row: rank[row[0].lower()])
            kept = moved + [row for row in kept if row[0].lower() not in rank]
        if not has_hints:
            kept = [(name, value) for name, value in kept if not name.lower().startswith("sec-ch-ua")]
        found[kind] = kept
    return found


def with_value(layout: Layout, name: str, old: str, new: str) -> Layout:
    """Replace a part of one field's value."""
    return {
        kind: [(field, value.replace(old, new) if field.lower() == name else value) for field, value in fields]
        for kind, fields in layout.items()
    }


def with_field(layout: Layout, after: str, field: tuple[str, str], kinds: str = "") -> Layout:
    """Add a field behind another one, in kinds that begin so."""
    found: Layout = {}
    for kind, fields in layout.items():
        at = next((i for i, (name, _) in enumerate(fields) if name.lower() == after), None)
        found[kind] = (
            fields if at is None or not kind.startswith(kinds) else [*fields[: at + 1], field, *fields[at + 1 :]]
        )
    return found


def ordered(text: str, **values: str) -> Fields:
    """Write a layout as names; what has no slot and no value given is an error."""
    found: Fields = []
    for name in text.split():
        key = name.lower()
        if key == "{extra}":
            found.append(EXTRA)
        else:
            found.append((name, values.get(key.replace("-", "_")) or SLOTS[key]))
    return found


SAFARI = {
    15: "Host Origin Cookie Content-Type Connection Accept {extra} User-Agent Authorization Content-Length Accept-Language "
        "Referer Accept-Encoding",
    17: "Host Accept Content-Type Origin Sec-Fetch-Site Cookie {extra} Sec-Fetch-Dest Accept-Language Sec-Fetch-Mode "
        "Authorization User-Agent Referer Content-Length Accept-Encoding Connection",
    18: "Host Sec-Fetch-Dest User-Agent {extra} Content-Type Accept Origin Sec-Fetch-Site Referer Content-Length "
        "Sec-Fetch-Mode Authorization Accept-Language Priority Accept-Encoding Cookie Connection",
}  # fmt: skip
SAFARI_PAGE = {
    15: "Host Cookie Connection Accept User-Agent Accept-Language Referer Accept-Encoding",
    17: "Host Accept Sec-Fetch-Site Cookie Accept-Encoding Sec-Fetch-Mode User-Agent Accept-Language Sec-Fetch-Dest Referer "
        "Connection",
    18: "Host Sec-Fetch-Dest User-Agent Accept Sec-Fetch-Site Referer Sec-Fetch-Mode Accept-Language Priority "
        "Accept-Encoding Cookie Connection",
}  # fmt: skip


def safari(era: int, encoding: str = "gzip, deflate, br") -> Layout:
    """Compose Safari: the order of pages is captured, that of calls derived from it."""

    def fields(names: str, mode: str, dest: str, accept: str, priority: str) -> Fields:
        return ordered(
            names, accept=accept, accept_encoding=encoding, connection="keep-alive", sec_fetch_dest=dest,
            sec_fetch_mode=mode, priority=priority,
        )  # fmt: skip

    call, page = SAFARI[era], SAFARI_PAGE[era]
    asset = " ".join(
        name
        for name in call.split()
        if name not in {"Content-Type", "Origin", "{extra}", "Authorization", "Content-Length"}
    )
    taken = {"Content-Type", "Cookie", "Authorization", "Content-Length"}
    preflight = " ".join(name for name in call.split() if name not in taken)
    image = "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
    return {
        "navigate": fields(page, "navigate", "document", PAGE, "u=0, i"),
        "fetch": fields(call, "cors", "empty", "*/*", "u=3, i"),
        "fetch-json": fields(call, "cors", "empty", "{accept}", "u=3, i"),
        "cross": fields(call, "cors", "empty", "*/*", "u=3, i"),
        "cross-json": fields(call, "cors", "empty", "{accept}", "u=3, i"),
        "preflight": fields(preflight, "cors", "empty", "*/*", "u=3, i"),
        "asset": fields(asset, "no-cors", "image", image, "u=5, i"),
        "asset-script": fields(asset, "no-cors", "script", "*/*", "u=1, i"),
        "asset-style": fields(asset, "no-cors", "style", "text/css,*/*;q=0.1", "u=1, i"),
    }


def apps() -> dict[str, Layout]:
    """Compose the shop's own apps."""
    okhttp = (
        "Accept User-Agent {extra} Authorization Content-Type Content-Length Host Connection Accept-Encoding Cookie"
    )
    cfnetwork = "Host Content-Type Cookie {extra} Accept Authorization User-Agent Content-Length Accept-Language"
    dart = "user-agent {extra} authorization content-type accept-encoding content-length cookie host"
    return {
        "okhttp": {"api": ordered(okhttp, accept="application/json", connection="Keep-Alive", accept_encoding="gzip")},
        "cfnetwork": {
            "api": ordered(f"{cfnetwork} Accept-Encoding Connection", accept="*/*", accept_encoding="gzip, deflate, br",
                           connection="keep-alive")
        },
        "cfnetwork18": {
            "api": ordered(f"{cfnetwork} Priority Accept-Encoding Connection", accept="*/*", priority="u=3, i",
                           accept_encoding="gzip, deflate, br", connection="keep-alive")
        },
        "dart": {"api": ordered(dart, accept_encoding="gzip")},
    }  # fmt: skip


EXTENDED = {  # what was not captured of a program: where its documentation or source puts it
    "curl": ("accept", ("Referer", "Cookie", "Authorization", "{extra}")),
    "php": ("accept", ("Referer", "Cookie", "Authorization", "{extra}")),
    "wget": ("connection", ("Cookie", "Authorization", "{extra}")),
    "node-https": ("content-type", ("Authorization", "{extra}", "Cookie")),
    "ruby": ("content-type", ("Authorization", "{extra}", "Cookie")),
    "scrapy": ("accept-language", ("Authorization", "{extra}", "Content-Type", "Cookie", "Content-Length")),
    "java": ("content-type", ("Cookie",)),
}


def library(name: str, requests: list[dict[str, Any]], version: str) -> Layout:
    """Read the layout of a library from its captures; a call without body or token leaves slots empty."""
    fullest = max(requests, key=lambda row: len(row["headers"]))
    fields = slotted(fullest["headers"], own=False)
    found: Fields = []
    for field, value in fields:
        if field.lower() == "x-app":
            found.append(EXTRA)
        elif field.lower() == "user-agent":
            found.append((field, "{user_agent}"))
        else:
            found.append((field, value))
    if not any(field.lower() == "user-agent" for field, _ in found):
        found.insert(0, ("user-agent", "{user_agent}"))
    if name in EXTENDED:
        after, added = EXTENDED[name]
        at = next((i for i, (field, _) in enumerate(found) if field.lower() == after), len(found) - 1) + 1
        is_lower = version == "2"
        more = [EXTRA if n == "{extra}" else (n.lower() if is_lower else n, SLOTS[n.lower()]) for n in added]
        found[at:at] = more
    return {"api": found}
