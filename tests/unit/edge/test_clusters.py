from __future__ import annotations

from pathlib import Path

import pytest

from vedette.config.schema import Config
from vedette.edge.clusters import engine_cluster, system_authorities, upstream_clusters
from vedette.errors import ConfigError


def clusters(**upstreams):
    return upstream_clusters(Config(file="vedette.yaml", upstreams=upstreams))


def address(cluster):
    endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    return tuple(endpoint["address"]["socket_address"].values())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("http://127.0.0.1", ("127.0.0.1", 80)),
        ("https://api.example/", ("api.example", 443)),
        ("http://[::1]:9", ("::1", 9)),
    ],
)
def test_addresses(url, expected):
    found = clusters(default=url)
    assert [address(cluster) for cluster in found] == [expected] * 2
    assert [cluster["name"] for cluster in found] == ["api.default", "grpc.default"]


def test_names_are_resolved_and_addresses_are_not():
    named, numbered = clusters(default="http://localhost:1")[0], clusters(default="http://127.0.0.1:1")[0]
    assert named["cluster_type"]["name"] == "dns"
    assert "type" not in named
    assert numbered["type"] == "STATIC"


def test_every_mistake_is_reported_at_once():
    with pytest.raises(ConfigError) as error:
        clusters(
            a="ftp://x", b="http://x/path", c="http://user:secret@x", d="http://x:99999", e="nonsense", f="http://fine"
        )
    assert len(error.value.problems) == 5
    assert all(line.startswith("vedette.yaml: upstreams.") for line in error.value.problems)
    assert error.value.problems[1].endswith("paths are forwarded as they are, remove the rest")
    assert "secret" not in str(error.value)


def test_no_upstream_at_all_is_said():
    with pytest.raises(ConfigError, match="upstream: none is given"):
        clusters()


@pytest.mark.parametrize(
    ("host", "url", "kind", "name", "sni"),
    [
        ("default", "https://api.example", "DNS", "api.example", "api.example"),
        ("shop.example", "https://10.0.0.5:8443", "DNS", "shop.example", "shop.example"),
        ("default", "https://10.0.0.5:8443", "IP_ADDRESS", "10.0.0.5", None),
    ],
)
def test_an_https_upstream_is_verified(host, url, kind, name, sni):
    found = clusters(**{host: url})
    for cluster, protocol in zip(found, ("http/1.1", "h2"), strict=True):
        context = cluster["transport_socket"]["typed_config"]
        assert context.get("sni") == sni
        assert context["common_tls_context"]["alpn_protocols"] == [protocol]
        validation = context["common_tls_context"]["validation_context"]
        assert validation["match_typed_subject_alt_names"] == [{"san_type": kind, "matcher": {"exact": name}}]
        assert validation["trusted_ca"] == {"filename": system_authorities()}


def test_missing_authorities_are_said(monkeypatch):
    monkeypatch.setattr("vedette.edge.clusters.os.access", lambda *_: False)
    with pytest.raises(ConfigError, match="install the package ca-certificates or set SSL_CERT_FILE"):
        system_authorities()


def test_the_engine_never_costs_more_than_fifty_milliseconds():
    cluster = engine_cluster(Path("/run/engine.sock"))
    assert cluster["connect_timeout"] == "0.05s"
    assert cluster["outlier_detection"]["max_ejection_percent"] == 100
    assert cluster["common_lb_config"] == {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"}
