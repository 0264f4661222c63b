"""Where the edge sends a request, and on which requests it does more than ask: Envoy's route configuration.

The engine decides which endpoint a request belongs to. The edge needs only two facts before the engine is asked: must
the body be read (an account or an operation is in it), and is the request refused while no decision can be had
(``on_failure: block``). Both are found by route, and a client must not slip past either by writing the path in another
way. So a route that *adds* caution matches loosely (:func:`loose`: any case, ``;x=1``, ``//``, percent-encoding,
trailing slash) and a route that *exempts* from refusal matches strictly (:func:`strict`). The loose form accepts all
that the engine could take for the endpoint; the strict form accepts nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from vedette.collect.openapi import described
from vedette.config.schema import Config, Endpoint, Match, Selector
from vedette.doors.drill import PATH
from vedette.edge.advertise import link_header, robots_route
from vedette.edge.clusters import cluster_name
from vedette.edge.cookies import device_cookie

__all__ = ["BODY_LIMIT_BYTES", "INTERNAL_HEADERS", "loose", "reads_body", "route_configuration", "strict"]

TYPE = "type.googleapis.com/"
BODY_LIMIT_BYTES = 16 * 1024
"""How much of a body the engine is shown, at most."""

INTERNAL_HEADERS = (
    "x-vedette-id",
    "x-vedette-peer",
    "x-vedette-ja3",
    "x-vedette-ja4",
    "x-vedette-tls",
    "x-vedette-scheme",
    "x-vedette-protocol",
    "x-vedette-size",
    "x-envoy-fault-delay-request",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-auth-partial-body",
)
"""What edge and engine tell each other in request headers; removed before the API."""

_DRILL = Endpoint(
    name="drill", match=Match("", "POST", "", tuple(PATH[1:].split("/"))), account=Selector("body", "nonce")
)
_ODD_HOST: dict[str, Any] = {
    "match": {
        "prefix": "",
        "headers": [
            {
                "name": ":authority",
                "string_match": {"safe_regex": {"regex": r"(?:[A-Za-z0-9._~%-]*|\[[0-9A-Fa-f:.]*\])(?::[0-9]*)?"}},
                "invert_match": True,
            }
        ],
    },
    "direct_response": {
        "status": 400,
        "body": {
            "inline_string": '{"type":"about:blank","title":"Bad Request","status":400,"detail":"Host is no host."}'
        },
    },
    "response_headers_to_add": [
        {"header": {"key": "content-type", "value": "application/problem+json"}},
        {"header": {"key": "cache-control", "value": "no-store"}},
    ],
}
"""Where Host is given twice Envoy joins the values with a comma; API and engine could take different ones for it."""
_SEPARATOR = r"(?:/|\\|%(?:25)*(?:2F|5C))"
_PARAMETERS = r"(?:(?:;|%(?:25)*3B)[^/?]*)?"
_DOT_SEGMENTS = rf".*{_SEPARATOR}(?:\.|%(?:25)*2E){{1,2}}{_PARAMETERS}(?:{_SEPARATOR}.*)?"
"""A path that still holds ``.`` or ``..`` after Envoy's normalisation (``/x/..;/``, ``/x/..%2F``) may mean any."""
_PLAIN = r"/\.*[^/;%\\.][^/;%\\]*"


def loose(match: Match) -> str:
    """Return a regular expression for every spelling of a path that might be taken for ``match``.

    >>> bool(re.fullmatch(loose(Match("", "POST", "", ("api", "login"))), "/API//log%69n;x=1/"))
    True
    """
    parts: list[str] = []
    for segment in match.segments:
        if segment == "**":
            parts.append(f"(?:{_SEPARATOR}.*)?")
            break
        parts.append(f"(?:{_SEPARATOR}{_PARAMETERS})*{_SEPARATOR}{_loose_segment(segment)}{_PARAMETERS}")
    else:
        parts.append(f"(?:{_SEPARATOR}{_PARAMETERS})*")
    return f"(?is:{''.join(parts)}|{_DOT_SEGMENTS})"


def strict(match: Match) -> str:
    """Return a regular expression for the one plain spelling of a path.

    >>> [bool(re.fullmatch(strict(Match("", "GET", "", ("api", "{id}"))), path)) for path in ("/api/7", "/api/7;x")]
    [True, False]
    """
    parts: list[str] = []
    for segment in match.segments:
        if segment == "**":
            return "".join(parts) + f"(?:{_PLAIN})*/?"
        parts.append(_PLAIN if segment.startswith("{") else "/" + re.escape(segment))
    return "".join(parts) or "/"


def _loose_segment(segment: str) -> str:
    """Return an expression for one segment with any of its characters percent-encoded, once or more often."""
    if segment.startswith("{"):
        return "[^/?]*"
    parts: list[str] = []
    for char in segment:
        spellings = {char.lower(), char.upper()} if char.isascii() else {char}
        encoded = {"".join(f"%(?:25)*{byte:02X}" for byte in spelling.encode()) for spelling in spellings}
        parts.append(f"(?:{re.escape(char)}|{'|'.join(sorted(encoded))})")
    return "".join(parts)


def reads_body(endpoint: Endpoint) -> bool:
    """Say whether deciding about this endpoint needs the request's body."""
    return any(
        selector is not None and selector.source == "body" for selector in (endpoint.account, endpoint.operation)
    )


_GRAPHQL = (
    rf"(?is:.*{_SEPARATOR}(?:{_loose_segment('graphql')}|{_loose_segment('gql')}){_PARAMETERS}"
    rf"(?:{_SEPARATOR}{_PARAMETERS})*|{_DOT_SEGMENTS})"
)
"""Where GraphQL is served unless the configuration says otherwise: its operations are endpoints of their own."""


def route_configuration(config: Config) -> dict[str, Any]:
    """Return Envoy's ``RouteConfiguration``, with a virtual host for each host of ``config.upstreams``."""
    return {
        "@type": TYPE + "envoy.config.route.v3.RouteConfiguration",
        "name": "protected",
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 256 * 1024,
        "virtual_hosts": [_virtual_host(config, host) for host in config.upstreams],
    }


def _virtual_host(config: Config, host: str) -> dict[str, Any]:
    routes: list[dict[str, Any]] = []
    # The proof that a drill is wanted is in a body; beyond reading it, the edge treats it as any other request.
    endpoints = (*config.endpoints, *(one.endpoint for one in described(config)))
    endpoints = endpoints if config.drill is None else (*endpoints, _DRILL)
    for matcher, body, refuse in _special(endpoints, host):
        routes += _routes(matcher, host, body=body, refuse=refuse)
    routes += _routes({"prefix": "/"}, host, body=False, refuse=False)
    if host == "default":
        routes.insert(0, _ODD_HOST)
    robots, link = robots_route(config), link_header(config.honeypots)
    if robots is not None:
        routes.insert(0, robots)
    if link:
        for route in routes:
            if "route" in route:  # the API's answers only
                route["response_headers_to_add"] = [
                    {
                        "header": {"key": "link", "value": link.replace("%", "%%")},
                        "append_action": "APPEND_IF_EXISTS_OR_ADD",
                    }
                ]
    cookie = {"response_headers_to_add": [device_cookie()]} if config.identity.device_cookie is not None else {}
    return {
        "name": host,
        "domains": ["*"] if host == "default" else [host, f"{host}."],
        "routes": routes,
        "request_headers_to_remove": list(INTERNAL_HEADERS),
        **cookie,
        "retry_policy": {
            # Only where the API cannot have seen a byte of the request.
            "retry_on": "connect-failure,refused-stream,reset-before-request",
            "num_retries": 2,
            "retry_back_off": {"base_interval": "0.02s", "max_interval": "0.1s"},
        },
    }


def _special(endpoints: Sequence[Endpoint], host: str) -> Iterable[tuple[dict[str, Any], bool, bool]]:
    """Yield (matcher, read the body, refuse without a decision) in the order in which Envoy shall try them.

    Refusal follows the order of the endpoints, as the engine does. Reading a body does not: one endpoint that needs it
    is enough, because reading too much is harmless and reading too little is a way around. Therefore each route is
    given twice where bodies are read at all, first for the requests whose body is needed.
    """
    bodies = _bodies(endpoints, host)
    last = max((i for i, endpoint in enumerate(endpoints) if endpoint.on_failure == "block"), default=-1)
    for endpoint in endpoints[: last + 1]:
        match, refuse = endpoint.match, endpoint.on_failure == "block"
        conditions = _conditions(match.method, match.host, host)
        if conditions is None:
            continue
        matcher = {"safe_regex": {"regex": (loose if refuse else strict)(match)}, "headers": conditions}
        for (method, _), (others, path) in bodies.items():
            if "*" in {method, match.method} or method == match.method:
                yield {**matcher, "headers": [*conditions, *others, _path(path)]}, True, refuse
        yield matcher, False, refuse
    for others, path in bodies.values():
        yield {"safe_regex": {"regex": path}, "headers": others}, True, False


def _bodies(endpoints: Sequence[Endpoint], host: str) -> dict[tuple[str, str], tuple[list[dict[str, Any]], str]]:
    """Return, by method and host, the conditions and the one expression for all paths whose body is read."""
    found = {("POST", ""): (_conditions("POST", "", host) or [], _GRAPHQL)}
    for match in (endpoint.match for endpoint in endpoints if reads_body(endpoint)):
        conditions = _conditions(match.method, match.host, host)
        if conditions is not None:
            _, path = found.get((match.method, match.host), (conditions, ""))
            found[match.method, match.host] = conditions, f"{path}|{loose(match)}" if path else loose(match)
    return found


def _conditions(method: str, endpoint_host: str, host: str) -> list[dict[str, Any]] | None:
    """Return what must hold beside the path, or ``None`` where the endpoint belongs to another virtual host.

    Envoy tries these before the path, so a route costs next to nothing for the requests of another method.
    """
    if endpoint_host and host not in {endpoint_host, "default"}:
        return None
    conditions: list[dict[str, Any]] = []
    if method == "GET":
        conditions.append(_fits(":method", "GET|HEAD"))
    elif method != "*":
        conditions.append({"name": ":method", "string_match": {"exact": method}})
    if endpoint_host and host == "default":
        conditions.append(_fits(":authority", rf"(?i:{re.escape(endpoint_host)}\.?(?::[0-9]*)?)"))
    return conditions


def _path(expression: str) -> dict[str, Any]:
    """Return a condition on the path where it is not the route's own."""
    return _fits(":path", f"(?:{expression})(?:[?#].*)?")


def _fits(name: str, expression: str) -> dict[str, Any]:
    return {"name": name, "string_match": {"safe_regex": {"regex": expression}}}


def _routes(matcher: dict[str, Any], host: str, *, body: bool, refuse: bool) -> list[dict[str, Any]]:
    """Return the route, preceded by its twin for gRPC, which needs HTTP/2 to the API."""
    grpc = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
    twin = {**matcher, "headers": [*matcher.get("headers", ()), grpc]}
    return [
        _route(twin, cluster_name(host, "http2"), body, refuse),
        _route(matcher, cluster_name(host), body, refuse),
    ]


def _route(matcher: dict[str, Any], cluster: str, body: bool, refuse: bool) -> dict[str, Any]:
    route: dict[str, Any] = {
        "match": matcher,
        # At route level, because Envoy removes the internal headers of the outer level afterwards.
        "request_headers_to_add": [
            {
                "header": {"key": "x-forwarded-for", "value": "%REQ(x-vedette-peer)%"},
                "append_action": "APPEND_IF_EXISTS_OR_ADD",
            }
        ],
        "route": {"cluster": cluster, "timeout": "0s", "idle_timeout": "300s"},
    }
    filters: dict[str, Any] = {}
    if body:
        filters["vedette.ask"] = {
            "@type": TYPE + "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
            "check_settings": {
                "with_request_body": {
                    "max_request_bytes": BODY_LIMIT_BYTES,
                    "allow_partial_message": True,
                }
            },
        }
    if refuse:
        filters["vedette.refuse"] = {"@type": TYPE + "envoy.config.route.v3.FilterConfig", "config": {}}
    if filters:
        route["typed_per_filter_config"] = filters
    return route
