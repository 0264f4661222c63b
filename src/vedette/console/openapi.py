"""The OpenAPI document of the HTTP interface, with schemas taken from the types that the code itself uses.

``docs/reference/openapi.json`` is this document as a file; a test keeps the two equal.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, get_args

from vedette.types import Action, OutcomeName, Verdict

__all__ = ["document"]

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_MAYBE_TEXT = {"type": ["string", "null"]}
_TIME = {
    "oneOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
    "description": "RFC 3339 with a zone, or Unix seconds",
}
_SIZE = {"type": ["integer", "null"]}


def document() -> dict[str, Any]:
    """Make the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vedette",
            "version": version("vedette"),
            "summary": "Decisions about the requests of an HTTP API.",
            "description": "Served on console.listen, never on the protected listener.",
        },
        "paths": {
            "/v1/decide": {
                method: _operation(
                    "decide" if method == "get" else f"decide_{method}",
                    "Forward-auth: may this request pass? The proxy describes it in X-Forwarded-* or X-Original-*.",
                    "console",
                    {
                        "200": {
                            "description": "It may; add these headers.",
                            "headers": {"Vedette-Decision": {"schema": _TEXT}},
                        },
                        "302": {"description": "Send the client there."},
                        **_problems(401, 403, 429),
                    },
                    parameters=[
                        _header("X-Forwarded-Method"),
                        _header("X-Forwarded-Uri"),
                        _header("X-Forwarded-Host"),
                        _header("X-Forwarded-For"),
                        _header("X-Original-URI"),
                    ],
                )
                for method in ("get", "post", "put", "patch", "delete", "head", "options")
            },
            "/v1/score": {
                "post": _operation(
                    "score",
                    "Decide about request records.",
                    "console",
                    {"200": _answer("One decision, or an array of them.", _one_or_many("Decision"))},
                    body=_json(_one_or_many("RequestRecord")),
                    failures=(400, 401, 403, 413, 422, 503),
                )
            },
            "/v1/outcomes": {
                "post": _operation(
                    "report_outcomes",
                    "Report what the application learned. Idempotent on event.id; durable once acknowledged.",
                    "feedback",
                    {"202": _answer("Stored on disk.", {"$ref": "#/components/schemas/Stored"})},
                    body={
                        **_json(_one_or_many("Outcome")),
                        "application/x-ndjson": {"schema": {"type": "string", "description": "one outcome a line"}},
                    },
                    failures=(400, 401, 403, 413, 422, 503),
                )
            },
            "/v1/decisions/{id}": {
                "get": _operation(
                    "find_decision",
                    "One decision, with its reasons and its features.",
                    "console",
                    {"200": _answer("The decision.", {"$ref": "#/components/schemas/Decision"})},
                    parameters=[
                        {
                            "name": "id",
                            "in": "path",
                            "required": True,
                            "schema": _TEXT,
                            "description": "A request id, or the instance of an answer that Vedette gave.",
                        }
                    ],
                    failures=(401, 403, 404),
                )
            },
            "/healthz": {"get": _open("is_alive", "Alive.", {"200": {"description": "alive"}})},
            "/readyz": {
                "get": _open(
                    "is_ready",
                    "Able to decide.",
                    {"200": {"description": "able"}, "503": {"description": "the engine cannot decide now"}},
                )
            },
            "/metrics": {"get": _open("metrics", "Prometheus metrics.", {"200": {"description": "text format"}})},
            "/openapi.json": {
                "get": _operation(
                    "openapi", "This document.", "console", {"200": {"description": "OpenAPI"}}, failures=(401, 403)
                )
            },
        },
        "components": {
            "securitySchemes": {
                "console": {"type": "http", "scheme": "bearer", "description": "The console token."},
                "feedback": {"type": "http", "scheme": "bearer", "description": "A feedback key."},
            },
            "schemas": {
                "RequestRecord": _request_record(),
                "Outcome": _outcome(),
                "Decision": _decision(),
                "Stored": _object({"stored": {"type": "integer"}, "repeated": {"type": "integer"}}, ["stored"]),
                "Problem": _object(
                    {
                        "type": _TEXT,
                        "title": _TEXT,
                        "status": {"type": "integer"},
                        "detail": _TEXT,
                        "instance": _TEXT,
                        "field": {**_TEXT, "description": "the part of the input that is wrong"},
                    },
                    ["title", "status"],
                ),
            },
        },
    }


def _request_record() -> dict[str, Any]:
    texts = (
        "http.request.id url.query url.scheme server.address network.protocol.version user_agent.original "
        "tls.client.ja3 tls.client.ja4 tls.protocol.version session.id device.id user.name"
    ).split()
    header = {"type": "array", "prefixItems": [_TEXT, _TEXT], "minItems": 2, "maxItems": 2}
    return _object(
        {
            "timestamp": _TIME,
            "http.request.method": {**_TEXT, "minLength": 1},
            "url.path": {**_TEXT, "minLength": 1},
            "client.address": {**_TEXT, "minLength": 1, "maxLength": 256},
            **dict.fromkeys(texts, _MAYBE_TEXT),
            "http.request.headers": {"type": ["array", "null"], "items": header},
            "http.request.body.size": _SIZE,
            "http.response.status_code": _SIZE,
            "network.tcp.rtt": {"type": ["number", "null"]},
            "network.tls.rtt": {"type": ["number", "null"]},
        },
        ["timestamp", "http.request.method", "url.path", "client.address"],
    )


def _outcome() -> dict[str, Any]:
    return {
        **_object(
            {
                "event.name": {"const": "outcome"},
                "event.id": {**_TEXT, "description": "makes a repeated report harmless"},
                "timestamp": _TIME,
                "outcome": {"enum": list(get_args(OutcomeName))},
                "http.request.id": _TEXT,
                "session.id": _TEXT,
                "user.name": _TEXT,
                "client.address": _TEXT,
            },
            ["outcome"],
        ),
        "oneOf": [{"required": [name]} for name in ("http.request.id", "session.id", "user.name", "client.address")],
    }


def _decision() -> dict[str, Any]:
    reason = _object({"signal": _TEXT, "weight": _NUMBER, "detail": _TEXT}, ["signal", "weight", "detail"])
    properties = {
        "http.request.id": _TEXT,
        "timestamp": _TIME,
        "verdict": {"enum": list(get_args(Verdict))},
        "score": _SHARE,
        "score.low": _SHARE,
        "score.high": _SHARE,
        "threat": _MAYBE_TEXT,
        "action": {"enum": list(get_args(Action))},
        "enforced": {"type": "boolean"},
        "policy": _TEXT,
        "reasons": {"type": "array", "items": reason, "maxItems": 5},
        "campaign": _MAYBE_TEXT,
        "model": _TEXT,
    }
    return _object(properties, list(properties))


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def _one_or_many(name: str) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{name}"}
    return {"oneOf": [one, {"type": "array", "items": one}]}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": _json(schema)}


def _problems(*statuses: int) -> dict[str, Any]:
    words = {
        400: "not JSON",
        401: "no key, or a challenge for the client",
        403: "a wrong key, or the client is blocked",
        404: "an unknown id",
        413: "too large",
        422: "a wrong field, which is named",
        429: "the client is over its limit",
        503: "try again later",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": words[status], "content": content} for status in statuses}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": _TEXT}


def _operation(
    name: str,
    summary: str,
    security: str,
    answers: dict[str, Any],
    *,
    parameters: list[dict[str, Any]] | None = None,
    body: dict[str, Any] | None = None,
    failures: tuple[int, ...] = (),
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "security": [{security: []}],
        "responses": {**answers, **_problems(*failures)},
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _open(name: str, summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "security": [], "responses": answers}
