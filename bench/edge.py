"""The embedded edge against plain Envoy, plain nginx, and nginx with ModSecurity and the OWASP Core Rule Set.

All stand before the same upstream and are measured in interleaved rounds: saturated (CPU per request of the whole
process tree, from the kernel), then at a fixed rate, half of what the embedded edge can take (latency). Load and
upstream run on one core, the proxy with all its processes on another.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from msgspec import Struct

from bench.process import cpu_by_program_s
from bench.report import Table, machine, write
from demo.processes import Programs, free_port
from vedette.edge.process import envoy_binary

__all__ = ["PACKAGES", "missing", "run"]

PACKAGES = ("nginx", "libnginx-mod-http-modsecurity", "modsecurity-crs", "wrk")
CONNECTIONS = 32
PACED_CONNECTIONS = 64
SCRIPT = Path(__file__).parent / "edge.lua"
MODULE = Path("/usr/lib/nginx/modules/ngx_http_modsecurity_module.so")
RULES = Path("/usr/share/modsecurity-crs/rules")
SETUP = Path("/etc/modsecurity/crs/crs-setup.conf")
FILTERS = "type.googleapis.com/envoy.extensions.filters"
ATTACK = "/api/search?q=%3Cscript%3Ealert(1)%3C/script%3E"


class Shot(Struct, frozen=True):
    """One run of wrk against one proxy."""

    requests: int
    seconds: float
    errors: int
    p50_us: float
    p99_us: float
    cpu_us: float
    programs_us: dict[str, float]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def missing() -> list[str]:
    """The Debian packages that this benchmark needs and this machine lacks."""
    needs = {
        "nginx": shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"),
        "libnginx-mod-http-modsecurity": MODULE.exists(),
        "modsecurity-crs": RULES.exists() and SETUP.exists(),
        "wrk": shutil.which("wrk"),
    }
    return [package for package in PACKAGES if not needs[package]]


def run(*, quick: bool = False) -> None:
    rounds, seconds = (1, 3.0) if quick else (5, 6.0)
    cores = sorted(os.sched_getaffinity(0))
    load_core, proxy_core = cores[0], cores[-1]
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as temporary:
        directory = Path(temporary)
        directory.chmod(0o755)
        with Programs(directory / "logs") as programs:
            upstream = _nginx(programs, directory, "upstream", load_core, _upstream())
            proxies = {
                "plain Envoy": _envoy(programs, directory, proxy_core, upstream),
                "Vedette's edge": _vedette(programs, directory, proxy_core, upstream),
                "plain nginx": _nginx(programs, directory, "nginx", proxy_core, _proxy(upstream)),
                "nginx + ModSecurity + CRS": _nginx(
                    programs, directory, "crs", proxy_core, _proxy(upstream, _crs(directory))
                ),
            }
            _verify(proxies)
            full: dict[str, list[Shot]] = {name: [] for name in proxies}
            paced: dict[str, list[Shot]] = {name: [] for name in proxies}
            for proxy in proxies.values():
                _shoot(proxy, load_core, 2.0)  # warm
            for turn in range(rounds):
                with _order(list(proxies), turn) as names:
                    for name in names:
                        full[name].append(_shoot(proxies[name], load_core, seconds))
                        print(f"edge: round {turn + 1} saturated {name}: {full[name][-1].rate:,.0f}/s", flush=True)
            half = median(shot.rate for shot in full["Vedette's edge"]) / 2
            slow = median(shot.rate for shot in full["nginx + ModSecurity + CRS"]) / 2
            for turn in range(rounds):
                with _order(list(proxies), turn) as names:
                    for name in names:
                        rate = slow if "CRS" in name else half
                        paced[name].append(_shoot(proxies[name], load_core, seconds, rate=rate))
    text = _describe(full, paced, half, slow, rounds, seconds, quick=quick)
    print(text)
    write("edge", text)


class Proxy(Struct, frozen=True):
    """Where a proxy listens, and the process whose tree is charged."""

    url: str
    pid: int


@contextmanager
def _order(names: list[str], turn: int) -> Iterator[list[str]]:
    yield names if turn % 2 == 0 else names[::-1]


def _shoot(proxy: Proxy, core: int, seconds: float, *, rate: float = 0.0) -> Shot:
    """Let wrk loose on ``proxy``: as fast as it goes, or at about ``rate`` requests a second."""
    connections = PACED_CONNECTIONS if rate else CONNECTIONS
    pause_ms = 1_000 * connections / rate if rate else 0.0
    command = [
        "taskset",
        "-c",
        str(core),
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "-s",
        str(SCRIPT),
        proxy.url,
    ]
    before = cpu_by_program_s(proxy.pid)
    done = subprocess.run([*command, "--", f"{pause_ms:.3f}"], capture_output=True, text=True, check=False)
    after = cpu_by_program_s(proxy.pid)
    if done.returncode:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    told = json.loads(done.stdout.rpartition("RESULT ")[2])
    requests = max(1, told["requests"])
    spent = {name: (cpu - before.get(name, 0.0)) * 1e6 / requests for name, cpu in after.items()}
    return Shot(requests, told["seconds"], told["errors"], told["p50_us"], told["p99_us"], sum(spent.values()), spent)


def _describe(
    full: dict[str, list[Shot]],
    paced: dict[str, list[Shot]],
    half: float,
    slow: float,
    rounds: int,
    seconds: float,
    *,
    quick: bool,
) -> str:
    table = Table("proxy", "requests/s", "CPU µs/request", "p50 µs", "p99 µs", "answers not 2xx")
    for name, shots in full.items():
        table.add(
            name,
            f"{median(s.rate for s in shots):,.0f}",
            f"{median(s.cpu_us for s in shots):.0f}",
            f"{median(s.p50_us for s in paced[name]):.0f}",
            f"{median(s.p99_us for s in paced[name]):.0f}",
            sum(s.errors for s in [*shots, *paced[name]]),
        )
    ours, plain, nginx, crs = ("Vedette's edge", "plain Envoy", "plain nginx", "nginx + ModSecurity + CRS")
    added = median(a.cpu_us - b.cpu_us for a, b in zip(full[ours], full[plain], strict=True))
    added_crs = median(a.cpu_us - b.cpu_us for a, b in zip(full[crs], full[nginx], strict=True))
    p50 = median(a.p50_us - b.p50_us for a, b in zip(paced[ours], paced[plain], strict=True))
    p99 = median(a.p99_us - b.p99_us for a, b in zip(paced[ours], paced[plain], strict=True))
    split = {name: median(shot.programs_us.get(name, 0.0) for shot in full[ours]) for name in full[ours][0].programs_us}
    parts = ", ".join(f"{name} {us:.0f}" for name, us in sorted(split.items(), key=lambda item: -item[1]) if us >= 1)
    budget = Table("added by", "what", "budget", "measured", "met")
    for what, bound, value, unit in (
        ("CPU a request, saturated", 280.0, added, "µs"),
        ("p50 at half of saturation", 250.0, p50, "µs"),
        ("p99 at half of saturation", 1000.0, p99, "µs"),
    ):
        met = "yes" if value <= bound else f"no, {value / bound:.1f} times"
        budget.add("Vedette's edge to plain Envoy", what, f"≤ {bound:.0f} {unit}", f"{value:.0f} {unit}", met)
    ratio = added_crs / added if added > 0 else float("inf")
    budget.add("ModSecurity + CRS to plain nginx", "CPU a request", "peer", f"{added_crs:.0f} µs", "–")
    budget.add("Vedette ÷ ModSecurity + CRS", "added CPU", "≤ 1/8", f"1/{ratio:.1f}", "yes" if ratio >= 8 else "no")
    return (
        f"Medians of {rounds} interleaved rounds of {seconds:g} s; {CONNECTIONS} connections saturated, "
        f"{PACED_CONNECTIONS} paced at {half:,.0f}/s (CRS at {slow:,.0f}/s, half of its own). 512 client addresses, "
        f"12 browser-like headers, answers of 1,007 bytes, monitor mode. “Added” is paired by round. CPU is charged to "
        f"the whole process tree.{' **Quick run.**' if quick else ''}\n\n{table}\n\n"
        f"Vedette's CPU by process, µs a request: {parts}.\n\n{budget}\n\n{machine()}"
    )


def _verify(proxies: dict[str, Proxy]) -> None:
    """Make sure that each proxy does its work: the decision reaches the upstream, and CRS refuses an attack."""
    edge = proxies["Vedette's edge"].url
    seen = _get(f"{edge}/api/search?q=tent")[1]
    if "verdict=" not in seen or "degraded" in seen:
        raise RuntimeError(f"no decision reached the upstream through Vedette's edge: {seen!r}")
    status = _get(f"{proxies['nginx + ModSecurity + CRS'].url}{ATTACK}")[0]
    if status != 403:
        raise RuntimeError(f"ModSecurity with CRS let an attack pass: {status}")


def _get(url: str) -> tuple[int, str]:
    """Status, and what the upstream saw as ``Vedette-Decision``."""
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/146.0.0.0"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers.get("x-seen", "")
    except urllib.error.HTTPError as error:
        return error.code, ""


# -- the proxies ----------------------------------------------------------------------------------------------------


def _nginx(programs: Programs, directory: Path, name: str, core: int, http: str) -> Proxy:
    port, home = free_port(), directory / name
    home.mkdir()
    config = home / "nginx.conf"
    load = f"load_module {MODULE};\n" if "modsecurity" in http else ""
    config.write_text(
        f"{load}daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log error;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p;\n"
        f"fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; keepalive_requests 1000000;\n"
        f"{http.replace('LISTEN', f'listen 127.0.0.1:{port};')} }}\n"
    )
    programs.start(name, ["taskset", "-c", str(core), shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config)])
    programs.wait_listening(name, port)
    return Proxy(f"http://127.0.0.1:{port}", _pid(programs, name))


def _upstream() -> str:
    body = json.dumps({"items": [{"id": n, "name": f"thing {n}", "price": 9.5 + n} for n in range(21)]})
    body = body[:-1] + " " * (1_007 - len(body)) + body[-1]
    # The decision comes back as x-seen, so that _verify can read it.
    echo = "add_header x-seen $http_vedette_decision; default_type application/json;"
    return f"server {{ LISTEN {echo} location / {{ return 200 '{body}'; }} }}"


def _proxy(upstream: Proxy, rules: str = "") -> str:
    return (
        f"upstream api {{ server {upstream.url.removeprefix('http://')}; keepalive 64; keepalive_requests 1000000; }}\n"
        f"server {{ LISTEN {rules} location / {{ proxy_pass http://api; proxy_http_version 1.1; "
        'proxy_set_header Connection ""; proxy_set_header Host $host; } }'
    )


def _crs(directory: Path) -> str:
    """ModSecurity with CRS as Debian ships it: rules on, paranoia level 1, no audit log, answers not inspected."""
    rules = directory / "crs.conf"
    rules.write_text(
        "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess Off\nSecAuditEngine Off\n"
        f"Include {SETUP}\nInclude {RULES}/*.conf\n"
    )
    return f"modsecurity on; modsecurity_rules_file {rules};"


def _envoy(programs: Programs, directory: Path, core: int, upstream: Proxy) -> Proxy:
    port = free_port()
    host, _, upstream_port = upstream.url.removeprefix("http://").partition(":")
    manager = {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "plain",
        "generate_request_id": False,
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{FILTERS}.http.router.v3.Router"},
            }
        ],
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "api"}}]}
            ]
        },
    }
    bootstrap = {
        "static_resources": {
            "listeners": [
                {
                    "address": _socket("127.0.0.1", port),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "api",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": "api",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(host, int(upstream_port))}}]}],
                    },
                }
            ],
        }
    }
    file = directory / "envoy.json"
    file.write_text(json.dumps(bootstrap))
    command = ["taskset", "-c", str(core), str(envoy_binary()), "-c", str(file), "--concurrency", "1"]
    programs.start("envoy", [*command, "--log-level", "error", "--disable-hot-restart"])
    programs.wait_listening("envoy", port)
    return Proxy(f"http://127.0.0.1:{port}", _pid(programs, "envoy"))


def _socket(address: str, port: int) -> dict[str, object]:
    return {"socket_address": {"address": address, "port_value": port}}


def _vedette(programs: Programs, directory: Path, core: int, upstream: Proxy) -> Proxy:
    port, console = free_port(), free_port()
    config = directory / "vedette.yaml"
    config.write_text(
        f"mode: monitor\nupstream: {upstream.url}\nlisten: 127.0.0.1:{port}\n"
        "trusted_proxies: [127.0.0.0/8]\nforwarded: {address: x-forwarded-for}\n"
        f"console: {{listen: 127.0.0.1:{console}}}\nevents: {{directory: {directory / 'data'}}}\n"
        "endpoints:\n  - {name: search, match: GET /api/search, purpose: search}\n"
        '  - {name: product, match: "GET /api/products/{id}", purpose: product, object: path.id}\n'
    )
    command = [sys.executable, "-m", "vedette.cli", "serve", "--config", str(config), "--data", str(directory / "data")]
    programs.start("vedette", ["taskset", "-c", str(core), *command])
    programs.wait_ready("vedette", f"http://127.0.0.1:{console}/readyz", 180.0)
    time.sleep(1.0)  # let the start-up's own work end before CPU is counted
    return Proxy(f"http://127.0.0.1:{port}", _pid(programs, "vedette"))


def _pid(programs: Programs, name: str) -> int:
    return programs._running[name].pid
