"""Whom the edge talks to: the API's upstreams and the engine, as Envoy clusters."""

from __future__ import annotations

import ipaddress
import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vedette.config.schema import Config
from vedette.errors import ConfigError

__all__ = ["ASK_TIMEOUT_S", "cluster_name", "engine_cluster", "system_authorities", "upstream_clusters"]

TYPE = "type.googleapis.com/"
ASK_TIMEOUT_S = 0.05
"""How long a request waits for its decision before it passes without one."""

_UNBOUNDED = 1_000_000
_BUFFER_BYTES = 64 * 1024
_IDLE_S = 1.5
"""Idle connections to the API are closed by the edge before usual servers (two seconds and more) close them, so that
no request meets a connection that is just going away."""


def cluster_name(host: str, protocol: str = "http") -> str:
    """Return the name of the cluster for a host of ``config.upstreams``; ``grpc`` is its twin over HTTP/2.

    It never changes while the host is configured, so that a reload cannot send a request to another host's API.
    """
    return f"{'grpc' if protocol == 'http2' else 'api'}.{host}"


def upstream_clusters(config: Config) -> list[dict[str, Any]]:
    """Return two clusters for each upstream: HTTP/1.1, and HTTP/2 for gRPC. Raises ConfigError with every problem."""
    clusters: list[dict[str, Any]] = []
    problems: list[str] = []
    for host, url in config.upstreams.items():
        try:
            secure, address, port = _upstream(url)
        except ValueError as error:
            key = "upstream" if list(config.upstreams) == ["default"] else f"upstreams.{host}"
            problems.append(f"{config.file or 'configuration'}: {key}: {error}")
            continue
        for protocol in ("http", "http2"):
            cluster = _cluster(cluster_name(host, protocol), address, port)
            cluster["typed_extension_protocol_options"] = _protocol(protocol)
            cluster["circuit_breakers"] = {"thresholds": [dict.fromkeys(_LIMITS, _UNBOUNDED)]}
            if secure:
                cluster["transport_socket"] = _tls(host, address, "h2" if protocol == "http2" else "http/1.1")
            clusters.append(cluster)
    if not config.upstreams:
        problems.append("upstream: none is given; write upstream: http://HOST:PORT, or start with --upstream")
    if problems:
        raise ConfigError(problems)
    return clusters


def engine_cluster(socket: Path) -> dict[str, Any]:
    """Return the cluster of the engine.

    A hung engine costs three requests 50 ms each and then none, until a health check, each half second, has seen it
    answer again. A dead one costs nothing: the connection is refused.
    """
    return {
        **_static("engine", {"pipe": {"path": str(socket)}}),
        "connect_timeout": f"{ASK_TIMEOUT_S}s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": 128, "max_pending_requests": 1024, "max_requests": 1024}]
        },
        # Health counts at once: with changes merged over a second, as by default, a hung engine is asked meanwhile.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
        "outlier_detection": {
            # Time-outs count as 504. (Counted apart, as Envoy can too, each new connection would begin the count anew.)
            "consecutive_gateway_failure": 3,
            "enforcing_consecutive_gateway_failure": 100,
            "consecutive_5xx": 5,
            "enforcing_success_rate": 0,
            "interval": "0.5s",
            "base_ejection_time": "2s",
            "max_ejection_time": "2s",
            "max_ejection_time_jitter": "0s",
            "max_ejection_percent": 100,
            "always_eject_one_host": True,
        },
        "health_checks": [
            {
                "timeout": "0.5s",
                "interval": "1s",
                "no_traffic_interval": "1s",
                "unhealthy_interval": "0.5s",
                "no_traffic_healthy_interval": "1s",
                "unhealthy_edge_interval": "0.5s",
                "healthy_edge_interval": "1s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/readyz", "host": "engine"},
            }
        ],
    }


def system_authorities() -> str:
    """Return the file of the system's certificate authorities (or ``SSL_CERT_FILE``)."""
    paths = ssl.get_default_verify_paths()
    candidates = (
        os.environ.get("SSL_CERT_FILE", ""),
        paths.cafile or "",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    )
    for candidate in candidates:
        if candidate and os.access(candidate, os.R_OK):
            return candidate
    raise ConfigError(
        [
            "upstreams: an https:// upstream needs the system's certificate authorities, and none were found: "
            "install the package ca-certificates or set SSL_CERT_FILE"
        ]
    )


_LIMITS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")


def _upstream(url: str) -> tuple[bool, str, int]:
    """Return (TLS, host, port) of a base URL; raises ValueError with what is wrong and how to write it."""
    parts = urlsplit(url)
    shown = url.replace(parts.netloc, parts.netloc.rpartition("@")[2]) if "@" in parts.netloc else url
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{shown!r} is not an address of an API; write http://HOST:PORT or https://HOST:PORT")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            f"{shown!r} must be scheme, host and port alone; paths are forwarded as they are, remove the rest"
        )
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise ValueError(f"{shown!r} has no port between 1 and 65535; write http://HOST:PORT") from None
    return parts.scheme == "https", parts.hostname, port


def _cluster(name: str, address: str, port: int) -> dict[str, Any]:
    cluster = _static(name, {"socket_address": {"address": address, "port_value": port}})
    if not _is_ip(address):
        del cluster["type"]
        cluster["wait_for_warm_on_init"] = False
        cluster["cluster_type"] = {
            "name": "dns",
            "typed_config": {
                "@type": TYPE + "envoy.extensions.clusters.dns.v3.DnsCluster",
                "dns_lookup_family": "ALL",
                "respect_dns_ttl": True,
                "dns_failure_refresh_rate": {"base_interval": "0.5s", "max_interval": "5s"},
            },
        }
    return cluster


def _static(name: str, address: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": TYPE + "envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _protocol(version: str) -> dict[str, Any]:
    return {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": TYPE + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": {"idle_timeout": f"{_IDLE_S}s"},
            "explicit_http_config": {f"{version}_protocol_options": {}},
        }
    }


def _tls(host: str, address: str, protocol: str) -> dict[str, Any]:
    """Return the TLS side of an ``https://`` upstream.

    The certificate must be for the name in the URL; where the URL holds an IP address, for the host that the upstream
    serves, and for the default upstream for that IP address itself.
    """
    name = host if _is_ip(address) and host != "default" else address
    kind = "IP_ADDRESS" if _is_ip(name) else "DNS"
    context: dict[str, Any] = {
        "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": [protocol],
            "validation_context": {
                "trusted_ca": {"filename": system_authorities()},
                "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": name}}],
            },
        },
    }
    if kind == "DNS":
        context["sni"] = name
    return {"name": "tls", "typed_config": context}


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
