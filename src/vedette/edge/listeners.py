"""How clients come in: the protected listener, its filters, and what they add to and take from a request."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
from importlib import resources
from pathlib import Path
from typing import Any

from vedette.config.schema import Config
from vedette.edge.answers import access_log
from vedette.edge.clusters import ASK_TIMEOUT_S
from vedette.errors import ConfigError
from vedette.mitigate.actions import COOKIE_HEADER, PLAUSIBLE

__all__ = ["certificate_secret", "forgeable", "listener", "split_address"]

TYPE = "type.googleapis.com/"

_OURS = r"(?:x[-_])?vedette[-_].*|x[-_]envoy[-_].*"
_BELIEVED = (
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
)


def forgeable(*names: str) -> str:
    """Return an expression for the request headers that no client may send.

    Ours first. Then every spelling with ``_`` of the headers by which proxies name the client, because many servers
    read ``_`` and ``-`` as the same. Other headers with underscores pass: real APIs use them.

    >>> [bool(re.fullmatch(forgeable(), name)) for name in ("x_vedette-id", "x_forwarded-for", "x-forwarded-for")]
    [True, True, False]
    """
    spellings = [_OURS]
    for name in (*_BELIEVED, *names):
        words = name.split("-")
        for i in range(1, len(words)):
            before, after = "[-_]".join(map(re.escape, words[:i])), "[-_]".join(map(re.escape, words[i:]))
            spellings.append(f"{before}_{after}")
    return "|".join(spellings)


_HEADERS_BYTES = 60 * 1024


def listener(config: Config, run: Path, answers: Path) -> dict[str, Any]:
    """Return Envoy's ``Listener``. Peers in ``trusted_proxies`` get a filter chain of their own."""
    host, port = split_address(config.listen.address)
    filters: list[dict[str, Any]] = []
    by_proxy = config.forwarded.address == "proxy_protocol"
    if by_proxy:
        filters.append(
            _typed("proxy", "listener.proxy_protocol.v3.ProxyProtocol", allow_requests_without_proxy_protocol=True)
        )
    if config.listen.certificate:
        filters.append(
            _typed(
                "hello",
                "listener.tls_inspector.v3.TlsInspector",
                enable_ja3_fingerprinting=True,
                enable_ja4_fingerprinting=True,
            )
        )
    chains = []
    if config.trusted_proxies:
        chains.append(_chain(config, run, answers, trusted=True, by_proxy=by_proxy))
        chains[0]["filter_chain_match"] = {
            "direct_source_prefix_ranges": [_prefix(text) for text in config.trusted_proxies]
        }
    chains.append(_chain(config, run, answers, trusted=False, by_proxy=False))
    return {
        "@type": TYPE + "envoy.config.listener.v3.Listener",
        "name": "protected",
        "address": {"socket_address": {"address": host, "port_value": port, "ipv4_compat": host == "::"}},
        # A second process on the same port must fail, not take a share of the connections.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": 64 * 1024,
        "tcp_backlog_size": 4096,
        "listener_filters": filters,
        "listener_filters_timeout": "10s",
        "filter_chains": chains,
    }


def split_address(text: str) -> tuple[str, int]:
    """Return host and port of ``IP:PORT``, ``[IPV6]:PORT``, ``localhost:PORT`` or ``:PORT``."""
    host, colon, port = text.rpartition(":")
    names = {"": "0.0.0.0", "localhost": "127.0.0.1"}
    try:
        address = ipaddress.ip_address(names.get(host, host.strip("[]")))
        if not (colon and port.isdecimal() and int(port) <= 65535):
            raise ValueError(port)
    except ValueError:
        raise ConfigError(
            [f"listen: {text!r} is not an address to listen on; write IP:PORT or [IPV6]:PORT, such as 0.0.0.0:8080"]
        ) from None
    return str(address), int(port)


def _chain(config: Config, run: Path, answers: Path, *, trusted: bool, by_proxy: bool) -> dict[str, Any]:
    chain: dict[str, Any] = {
        "name": "trusted" if trusted else "clients",
        "filters": [{"name": "http", "typed_config": _http(config, run, answers, trusted=trusted, by_proxy=by_proxy)}],
    }
    if config.listen.certificate:
        chain["transport_socket_connect_timeout"] = "10s"
        chain["transport_socket"] = {
            "name": "tls",
            "typed_config": {
                "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {
                    "alpn_protocols": ["h2", "http/1.1"],
                    "tls_certificate_sds_secret_configs": [
                        {"name": "certificate", "sds_config": _file(run / "certificate.json")}
                    ],
                },
            },
        }
    return chain


def _http(config: Config, run: Path, answers: Path, *, trusted: bool, by_proxy: bool) -> dict[str, Any]:
    """Return the HTTP connection manager.

    ``trusted`` peers keep their ``X-Forwarded-Proto`` and client certificate headers; others never do.
    """
    return {
        "@type": TYPE + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "rds": {"route_config_name": "protected", "config_source": _file(run / "routes.json")},
        # Transparent: nothing of Envoy's own on either side.
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": False,
        "use_remote_address": True,
        "skip_xff_append": True,
        "xff_num_trusted_hops": 1 if trusted else 0,
        "forward_client_cert_details": "ALWAYS_FORWARD_ONLY" if trusted else "SANITIZE",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        # Bounded: sizes and waiting, never the length of an answer.
        "max_request_headers_kb": _HEADERS_BYTES // 1024,
        "request_headers_timeout": "30s",
        "stream_idle_timeout": "300s",
        "drain_timeout": "1s",
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "max_headers_count": 100,
            "headers_with_underscores_action": "ALLOW",
        },
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "localhost"},
        "http2_protocol_options": {
            # No WebSocket within HTTP/2: towards an HTTP/1.1 API, Envoy leaves out Sec-WebSocket-Key. Where it is not
            # offered, browsers open an HTTP/1.1 connection for each.
            "allow_connect": False,
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 256 * 1024,
            "initial_connection_window_size": 1024 * 1024,
        },
        "early_header_mutation_extensions": [
            {
                "name": "identity",
                "typed_config": {
                    "@type": TYPE + "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    "mutations": _mutations(config, by_proxy=by_proxy),
                },
            }
        ],
        "http_filters": _filters(config),
        "local_reply_config": _local_replies(),
        "access_log": [access_log(answers)],
    }


def _mutations(config: Config, *, by_proxy: bool) -> list[dict[str, Any]]:
    """Return what happens to request headers before anything else: forged ones go, ours come."""
    peer = "REMOTE" if by_proxy else "DIRECT_REMOTE"
    ours = {
        "x-vedette-id": "%UNIQUE_ID%",
        "x-vedette-peer": f"%DOWNSTREAM_{peer}_ADDRESS_WITHOUT_PORT%",
        "x-vedette-scheme": "https" if config.listen.certificate else "http",
        "x-vedette-protocol": "%PROTOCOL%",
        "x-vedette-size": "%REQ(content-length)%",
    }
    if config.listen.certificate:
        ours |= {
            "x-vedette-ja3": "%TLS_JA3_FINGERPRINT%",
            "x-vedette-ja4": "%TLS_JA4_FINGERPRINT%",
            "x-vedette-tls": "%DOWNSTREAM_TLS_VERSION%",
        }
    # The engine's answer replaces this one; it reaches the API only where no decision could be had.
    ours["vedette-decision"] = 'id="%REQ(x-vedette-id)%", verdict=unknown, action=allow, degraded'
    said = {config.forwarded.address, config.forwarded.ja3, config.forwarded.ja4} - {"", "proxy_protocol", *_BELIEVED}
    return [
        {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": forgeable(*sorted(said))}}}},
        *(
            {"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
            for name, value in ours.items()
        ),
    ]


def _filters(config: Config) -> list[dict[str, Any]]:
    said: dict[str, Any] = {}
    if config.identity.device_cookie is not None:
        said["dynamic_metadata_from_headers"] = {"patterns": [{"exact": COOKIE_HEADER}]}
    filters = [
        _typed(
            "vedette.ask",
            "http.ext_authz.v3.ExtAuthz",
            transport_api_version="V3",
            failure_mode_allow=True,
            allowed_headers={"patterns": [{"safe_regex": {"regex": ".*"}}]},
            # In the order and as often as they came; otherwise in the order of a hash table, repeated ones joined.
            encode_raw_headers=True,
            # Envoy's own view of the client, which an untrusted PROXY header may have coloured.
            disallowed_headers={"patterns": [{"prefix": "x-envoy-"}, {"exact": "vedette-decision"}]},
            http_service={
                "server_uri": {"uri": "http://engine", "cluster": "engine", "timeout": f"{ASK_TIMEOUT_S}s"},
                "path_prefix": "/v1/decide",
                "authorization_response": {
                    "allowed_upstream_headers": {
                        "patterns": [{"prefix": "vedette-"}, {"exact": "x-envoy-fault-delay-request"}]
                    },
                    # All of the engine's own; Envoy puts one of its own among them.
                    "allowed_client_headers": {"patterns": [{"safe_regex": {"regex": _other_than("x-envoy-")}}]},
                    **said,
                },
            },
        ),
    ]
    if any(endpoint.on_failure == "block" for endpoint in config.endpoints):
        refuse = _typed("vedette.refuse", "http.lua.v3.Lua", default_source_code={"inline_string": _lua("refuse.lua")})
        filters.append({**refuse, "disabled": True})
    filters += [
        _typed(
            "vedette.delay",
            "http.fault.v3.HTTPFault",
            delay={"header_delay": {}, "percentage": {"numerator": 100}},
            max_active_faults=1000,
            disable_downstream_cluster_stats=True,
        ),
        _typed("router", "http.router.v3.Router", suppress_envoy_headers=True),
    ]
    return filters


def _other_than(prefix: str) -> str:
    """Return an expression, in a syntax without look-ahead, for all names that do not begin with ``prefix``.

    >>> [bool(re.fullmatch(_other_than("x-"), name)) for name in ("x-a", "x", "xa", "a")]
    [False, True, True, True]
    """
    return "|".join(f"{re.escape(prefix[:i])}(?:[^{re.escape(prefix[i])}].*)?" for i in range(len(prefix)))


def _local_replies() -> dict[str, Any]:
    """Return how the edge words its own answers; those of the engine (flag ``UAEX``) keep their words."""
    return {
        "mappers": [
            {
                # A decoy's answer: the engine cannot say 200, which means "let it pass".
                "filter": {
                    "and_filter": {
                        "filters": [
                            {"response_flag_filter": {"flags": ["UAEX"]}},
                            {
                                "status_code_filter": {
                                    "comparison": {
                                        "op": "EQ",
                                        "value": {"default_value": PLAUSIBLE, "runtime_key": "vedette.plausible"},
                                    }
                                }
                            },
                        ]
                    }
                },
                "status_code": 200,
            },
            {
                "filter": {
                    "response_flag_filter": {
                        "flags": ["UH", "UF", "UO", "NR", "URX", "UC", "UR", "LR", "UPE", "DPE", "NC", "NFCF", "OM"]
                    }
                },
                "headers_to_add": [{"header": {"key": "cache-control", "value": "no-store"}}],
                "body_format_override": {
                    "text_format_source": {
                        "inline_string": '{"type":"about:blank","title":"Not handled","status":%RESPONSE_CODE%}'
                    },
                    "content_type": "application/problem+json",
                },
            },
        ]
    }


def certificate_secret(config: Config, run: Path) -> dict[str, Any]:
    """Return the server certificate as a secret that Envoy reads again when its files have changed.

    The names in it change with the content of the files (links below ``run``), because Envoy compares names only.
    """
    chain = _readable(config, "certificate", config.listen.certificate)
    key = _readable(config, "key", config.listen.key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            config.listen.certificate, config.listen.key, password=""
        )
    except (ssl.SSLError, ValueError) as error:
        where, reason = config.file or "configuration", getattr(error, "reason", None) or error
        raise ConfigError(
            [
                f"{where}: listen.certificate: {config.listen.certificate!r} and {config.listen.key!r} do not belong "
                f"together or are damaged ({reason}); give a certificate chain and its key without passphrase, both PEM"
            ]
        ) from None
    digest = hashlib.sha256(chain + b"\0" + key).hexdigest()[:16]
    folder = run / "tls" / digest
    folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for name, target in (("certificate", config.listen.certificate), ("key", config.listen.key)):
        link = folder / f"{name}.pem"
        if not link.is_symlink():
            link.symlink_to(Path(target).absolute())
        names[name] = {"filename": str(link)}
    return {
        "@type": TYPE + "envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": "certificate",
        "tls_certificate": {"certificate_chain": names["certificate"], "private_key": names["key"]},
    }


def _readable(config: Config, name: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        where = config.file or "configuration"
        raise ConfigError(
            [
                f"{where}: listen.{name}: {file!r} cannot be read ({error.strerror}); "
                "give a PEM file that this user may read"
            ]
        ) from None


def _typed(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{TYPE}envoy.extensions.filters.{kind}", **fields}}


def _file(path: Path) -> dict[str, Any]:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def _prefix(text: str) -> dict[str, Any]:
    network = ipaddress.ip_network(text, strict=False)
    return {"address_prefix": str(network.network_address), "prefix_len": network.prefixlen}


def _lua(name: str) -> str:
    return resources.files("vedette.edge").joinpath(name).read_text(encoding="utf-8")
