"""Endpoints as a running system learns them: GraphQL operations from bodies, templates, and what is kept of both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request

import yaml
from serving import Api, Serve, eventually

LOGIN = {"operationName": "SignIn", "query": "mutation SignIn { a: login(e: 1) { t } b: login(e: 2) { t } }"}
DESCRIBED = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://shop.example/v1"}],
    "paths": {"/orders/{orderId}": {"get": {"operationId": "getOrder"}}},
}


def post(serve: Serve, path: str, value: object) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{serve.port}{path}", json.dumps(value).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        answer.read()


def endpoints_of(serve: Serve) -> dict[str, str]:
    found = subprocess.run(
        [sys.executable, "-c", QUERY, str(serve.data)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return dict(json.loads(found))


QUERY = """
import json, pathlib, sys
from vedette.events.views import connect
with connect(pathlib.Path(sys.argv[1])) as connection:
    print(json.dumps(connection.execute('SELECT DISTINCT "endpoint.name", "endpoint.purpose" FROM decisions').fetchall()))
"""


def test_endpoints_are_learned_from_bodies_paths_and_a_document(serve, api: Api, tmp_path) -> None:
    (tmp_path / "api.json").write_text(json.dumps(DESCRIBED))
    one = serve(config=f"upstream: {api.url}\nopenapi: {tmp_path / 'api.json'}\n")
    for number in range(30):
        post(one, "/api//GraphQL/;x", LOGIN)
        one_more = f"http://127.0.0.1:{one.port}"
        urllib.request.urlopen(f"{one_more}/products/{number}", timeout=15).read()
        urllib.request.urlopen(f"{one_more}/v1/orders/{number}", timeout=15).read()
    wanted = {"POST /api/graphql:SignIn": "login", "GET /products/{id}": "product", "getOrder": "account"}
    eventually(lambda: wanted.items() <= endpoints_of(one).items(), "the endpoints")
    assert one.stop() == 0
    proposed = subprocess.run(
        [sys.executable, "-m", "vedette.cli", "check", "--data", str(one.data)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    shown = {endpoint["match"]: endpoint for endpoint in yaml.safe_load(proposed)["endpoints"]}
    assert shown["POST /api/graphql"]["operation"] == "body.operationName"
    assert shown["GET /products/{id}"]["purpose"] == "product"
    about = re.search(r"about (\d+) objects", proposed)
    assert about is not None
    assert 10 <= int(about[1]) <= 33, "an object counts once the API has answered on it, and its endpoint is known"
    assert "# SignIn: " in proposed
