"""Where decoy paths are written down for bots to find: robots.txt and a ``Link`` header. People see neither.

Who reads robots.txt and obeys is told to stay away; who reads it for targets finds some. The header uses the relation
``service-meta`` (RFC 8631): programs that explore APIs follow it, no browser does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vedette.collect.honeypots import advertised
from vedette.config.schema import Config, Honeypots
from vedette.errors import ConfigError

__all__ = ["decoy_paths", "link_header", "robots_file", "robots_route", "robots_text", "to_paste"]

ROBOTS_BYTES = 32 * 1024
LINKS = 8
"""Decoys in one header; more would make every answer longer."""
_RELATION = "service-meta"


def decoy_paths(honeypots: Honeypots) -> tuple[str, ...]:
    """Return the decoy paths as they are written into a URL, those with patterns up to the first of these."""
    return tuple(dict.fromkeys(quote(advertised(path), safe="/-._~!$&'()*+,;=:@%") for path in honeypots.paths))


def link_header(honeypots: Honeypots) -> str:
    """Return the value of ``Link`` for the API's answers; empty where there is nothing to advertise there.

    >>> link_header(Honeypots(paths=("/api/export",), advertise=("link",)))
    '</api/export>; rel="service-meta"'
    """
    if "link" not in honeypots.advertise:
        return ""
    return ", ".join(f'<{path}>; rel="{_RELATION}"' for path in decoy_paths(honeypots)[:LINKS])


def robots_text(own: str, paths: tuple[str, ...]) -> str:
    r"""Return robots.txt (RFC 9309) with ``Disallow`` lines for the decoys in each of its groups.

    In each, because a crawler obeys only the group that names it; right at a group's beginning, because some parsers
    take the first rule that matches. Without a group for everybody (``*``) one is added.

    >>> robots_text("User-agent: a\nAllow: /", ("/x",)).splitlines()
    ['User-agent: a', 'Disallow: /x', 'Allow: /', '', 'User-agent: *', 'Disallow: /x']
    """
    rules = [f"Disallow: {path}" for path in paths]
    written: list[str] = []
    in_names = has_everybody = False
    for line in own.splitlines():
        key, _, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if in_names and key and key != "user-agent":
            written += rules
            in_names = False
        if key == "user-agent":
            in_names = True
            has_everybody = has_everybody or value == "*"
        written.append(line)
    if in_names:
        written += rules
    if not has_everybody:
        written += ["", "User-agent: *", *rules] if written else ["User-agent: *", *rules]
    return "\n".join(written) + "\n"


def to_paste(honeypots: Honeypots) -> str:
    """Return the decoy paths as lines of a robots.txt, a header, and paths of an OpenAPI document (YAML).

    >>> print(to_paste(Honeypots(paths=("/api/backup/{name}",))))
    # robots.txt, in each group
    Disallow: /api/backup/
    # a header of any answer
    Link: </api/backup/>; rel="service-meta"
    # paths of an OpenAPI document that only programs read
    paths:
      "/api/backup/{name}":
        get:
          parameters: [{name: "name", in: path, required: true, schema: {type: string}}]
          responses: {"200": {description: OK}}
    <BLANKLINE>
    """
    paths = decoy_paths(honeypots)
    if not paths:
        return "# no decoy paths: name some as honeypots.paths\n"
    links = ", ".join(f'<{path}>; rel="{_RELATION}"' for path in paths)
    lines = ["# robots.txt, in each group", *(f"Disallow: {path}" for path in paths)]
    lines += ["# a header of any answer", f"Link: {links}"]
    lines += ["# paths of an OpenAPI document that only programs read", "paths:"]
    for path in dict.fromkeys(_template(path) for path in honeypots.paths):
        names = [segment[1:-1] for segment in path.split("/") if segment[:1] == "{" and segment[-1:] == "}"]
        fields = ", ".join(
            f"{{name: {json.dumps(name)}, in: path, required: true, schema: {{type: string}}}}" for name in names
        )
        lines += [f"  {json.dumps(path)}:", "    get:"]
        if names:
            lines.append(f"      parameters: [{fields}]")
        lines.append('      responses: {"200": {description: OK}}')
    return "\n".join(lines) + "\n"


def _template(path: str) -> str:
    """Return a decoy path as OpenAPI writes it: ``**`` is one parameter more."""
    return path.removesuffix("**") + "{path}" if path.endswith("/**") else path


def robots_file(config: Config) -> Path | None:
    """Return the API's own robots.txt where one is named."""
    named = config.honeypots.robots
    return Path(named.removeprefix("file:")) if named else None


def robots_route(config: Config) -> dict[str, Any] | None:
    """Return the Envoy route that answers ``GET /robots.txt``, or ``None`` where that is the API's business.

    The engine is asked before, as for any request. Raises ConfigError where the API's own file cannot be read.
    """
    paths = decoy_paths(config.honeypots)
    if "robots" not in config.honeypots.advertise or not paths:
        return None
    text = robots_text(_own(config), paths)
    headers = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"}
    return {
        "match": {
            "path": "/robots.txt",
            "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}],
        },
        "direct_response": {"status": 200, "body": {"inline_string": text}},
        "response_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in headers.items()
        ],
    }


def _own(config: Config) -> str:
    file = robots_file(config)
    if file is None:
        return ""
    try:
        data = file.read_bytes()
        if len(data) > ROBOTS_BYTES:
            raise ValueError(f"{len(data)} bytes, at most {ROBOTS_BYTES}")
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        where, reason = config.file or "configuration", getattr(error, "strerror", None) or error
        raise ConfigError(
            [f"{where}: honeypots.robots: {str(file)!r} cannot be read ({reason}); give the API's robots.txt in UTF-8"]
        ) from None
