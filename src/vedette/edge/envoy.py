"""Envoy's configuration, written from ``vedette.yaml`` as files that a running Envoy watches.

``bootstrap.json`` names the admin socket and the three files that may change while Envoy runs: ``listeners.json``,
``clusters.json`` and ``routes.json`` (and ``certificate.json`` on a TLS listener). Each is replaced by rename, and only
where its content has changed, so a reload drops nothing.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import msgspec

from vedette.config.schema import Config
from vedette.edge.advertise import robots_file
from vedette.edge.answers import make_pipe
from vedette.edge.clusters import engine_cluster, upstream_clusters
from vedette.edge.listeners import certificate_secret, listener, split_address
from vedette.edge.routes import route_configuration

__all__ = ["EnvoyFiles", "write"]

SOCKET_PATH_LIMIT = 100
"""Longer paths cannot be a Unix socket's name; the admin socket then moves in with the engine's."""


class EnvoyFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What has been written.

    Attributes:
        bootstrap: Given to Envoy at its start.
        admin: Unix socket of Envoy's admin interface.
        answers: Named pipe into which Envoy writes the API's answers (:mod:`vedette.edge.answers`).
        address, port: Where the protected listener is.
        watched: Files beside ``vedette.yaml`` (certificate, key, robots.txt) whose change calls for :func:`write`.
        changed: Names of the files that this call has replaced.
        concurrency: Worker threads for this machine.
    """

    bootstrap: Path
    admin: Path
    answers: Path
    address: str
    port: int
    watched: tuple[Path, ...]
    changed: tuple[str, ...]
    concurrency: int


def write(config: Config, run: Path, engine_socket: Path, answers: Path) -> EnvoyFiles:
    """Write Envoy's files for ``config`` into the directory ``run``.

    Raises ConfigError with every problem that only the edge can see: an unreadable certificate, an upstream that is no
    address, no certificate authorities for an ``https://`` upstream. Nothing has been written then.
    """
    run.mkdir(parents=True, exist_ok=True)
    host, port = split_address(config.listen.address)
    clusters = [*upstream_clusters(config), engine_cluster(engine_socket)]
    admin = run / "admin.sock"
    if len(str(admin)) > SOCKET_PATH_LIMIT:
        admin = engine_socket.with_name("admin.sock")
    files: dict[str, Any] = {
        "bootstrap.json": _bootstrap(run, admin),
        "clusters.json": _resources(*clusters, *_still_routed(run, {cluster["name"] for cluster in clusters})),
        "routes.json": _resources(route_configuration(config)),
        "listeners.json": _resources(listener(config, run, answers)),
    }
    watched: tuple[Path, ...] = ()
    if config.listen.certificate:
        files["certificate.json"] = _resources(certificate_secret(config, run))
        watched = (Path(config.listen.certificate), Path(config.listen.key))
    if (robots := robots_file(config)) is not None:
        watched = (*watched, robots)
    make_pipe(answers)
    changed = tuple(name for name, content in files.items() if _replace(run / name, content))
    return EnvoyFiles(
        bootstrap=run / "bootstrap.json",
        admin=admin,
        answers=answers,
        address=host,
        port=port,
        watched=watched,
        changed=changed,
        concurrency=max(1, len(os.sched_getaffinity(0)) // 2),
    )


def _still_routed(run: Path, names: set[str]) -> list[dict[str, Any]]:
    """Return the clusters to which the routes in force point although they are configured no more.

    Envoy reads each file by itself, so for a moment it has new clusters and old routes. They go with the next change.
    """
    try:
        clusters = msgspec.json.decode((run / "clusters.json").read_bytes())["resources"]
        routes = (run / "routes.json").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError):
        return []
    return [cluster for cluster in clusters if cluster["name"] not in names and f'"{cluster["name"]}"' in routes]


def _bootstrap(run: Path, admin: Path) -> dict[str, Any]:
    def watched(name: str) -> dict[str, Any]:
        return {"resource_api_version": "V3", "path_config_source": {"path": str(run / name)}}

    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return {
        "node": {"id": "vedette", "cluster": "vedette"},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
        "dynamic_resources": {"lds_config": watched("listeners.json"), "cds_config": watched("clusters.json")},
        "layered_runtime": {
            # Our expressions come from the operator's endpoints, never from a client.
            "layers": [{"name": "vedette", "static_layer": {"re2.max_program_size.error_level": 1_000_000}}]
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
                        ".DownstreamConnectionsConfig",
                        # Each client's connection may need a second one to the API.
                        "max_active_downstream_connections": max(256, min(open_files, 1 << 20) // 2 - 1024),
                    },
                }
            ]
        },
    }


def _resources(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resources": list(resources)}


def _replace(path: Path, content: Any) -> bool:
    """Put ``content`` in place by rename; return whether it differs from what was there."""
    data = msgspec.json.format(msgspec.json.encode(content), indent=1)
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)
    return True
