"""What Vedette says about itself: metric names with their closed label sets, and log events.

Metrics are declared once in :data:`METRICS`; the exporters, the documentation and the tests read that table. A label
value comes from a closed set, never from a client. Log events are JSON lines named ``noun.verb``
(``bundle.promoted``); they never hold a raw address, a token or a query string.

``structlog`` and ``prometheus_client`` are imported when a process asks for them: ``vedette --help`` stays fast.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, cast, get_args

from vedette.types import Action, Mode, OutcomeName, Purpose

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["METRICS", "Concentration", "Limited", "Metric", "Metrics", "configure_log", "logger"]

PARTS = ("edge", "engine", "spare", "console", "archive", "gather")
"""The processes that ``vedette serve`` looks after."""
DECISION_BUCKETS_S = (1e-5, 2e-5, 5e-5, 1e-4, 1.5e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 1e-2, 5e-2)


class Metric(NamedTuple):
    """One metric: ``kind`` is ``counter``, ``gauge`` or ``histogram``; ``labels`` maps a name to all its values.

    ``process`` says who exports it: ``engine``, ``console`` or ``serve``.
    """

    name: str
    kind: str
    process: str
    help: str
    labels: dict[str, tuple[str, ...]]


_REFUSALS = ("malformed", "oversized", "slow", "crowded", "unknown")
METRICS: tuple[Metric, ...] = (
    Metric(
        "vedette_decisions_total",
        "counter",
        "engine",
        "Decisions by chosen action, mode in force and purpose of the endpoint.",
        {"action": get_args(Action), "mode": get_args(Mode), "purpose": get_args(Purpose)},
    ),
    Metric("vedette_decision_seconds", "histogram", "engine", "Time that engine.decide took.", {}),
    Metric(
        "vedette_degraded_total",
        "counter",
        "engine",
        "Requests let through because a part of the engine process failed.",
        {"part": ("door", "engine")},
    ),
    Metric(
        "vedette_refused_total",
        "counter",
        "engine",
        "Calls on the engine's socket that were refused.",
        {"reason": _REFUSALS},
    ),
    Metric(
        "vedette_answers_total",
        "counter",
        "engine",
        "Answers of the API that the edge reported, by class of their status.",
        {"status": ("1xx", "2xx", "3xx", "4xx", "5xx")},
    ),
    Metric(
        "vedette_outcomes_total",
        "counter",
        "engine",
        "Outcomes that were reported; a repeated event.id is harmless.",
        {"outcome": get_args(OutcomeName), "result": ("stored", "repeated")},
    ),
    Metric(
        "vedette_events_dropped_total",
        "counter",
        "engine",
        "Events that the log could not take (disk full or too slow). Decisions go on.",
        {"reason": ("buffer_full", "disk_full", "unwritable", "unconfirmed", "too_large", "unhashed")},
    ),
    Metric(
        "vedette_concentration_ratio",
        "gauge",
        "engine",
        "Share of recent requests that came from the busiest 1 or 8 transport peers, or TLS fingerprints.",
        {"of": ("peer", "fingerprint"), "top": ("1", "8")},
    ),
    Metric("vedette_connections", "gauge", "engine", "Open connections on the engine's socket.", {}),
    Metric(
        "vedette_reloads_total",
        "counter",
        "engine",
        "Configurations taken over, or refused because they were invalid.",
        {"result": ("applied", "refused")},
    ),
    Metric(
        "vedette_inquiries_sent_total",
        "counter",
        "engine",
        "Questions for the gatherer; one is lost where nobody listens, and asked again with the next such request.",
        {"result": ("sent", "lost")},
    ),
    Metric(
        "vedette_gathered_total",
        "counter",
        "engine",
        "Takings over of what was gathered, and files of it that were damaged or unreadable.",
        {"result": ("taken", "damaged")},
    ),
    Metric("vedette_engine_start_timestamp_seconds", "gauge", "engine", "When the engine became able to decide.", {}),
    Metric(
        "vedette_console_calls_total",
        "counter",
        "console",
        "Calls of the HTTP interface by their answer.",
        {
            "call": ("decide", "score", "outcomes", "decisions", "other"),
            "status": ("2xx", "3xx", "4xx", "5xx"),
        },
    ),
    Metric("vedette_process_up", "gauge", "serve", "1 while the process runs and answers.", {"process": PARTS}),
    Metric(
        "vedette_process_restarts_total", "counter", "serve", "Restarts after a crash or a hang.", {"process": PARTS}
    ),
    Metric(
        "vedette_inquiries_total",
        "counter",
        "serve",
        "Questions that reached the gatherer, by what became of them.",
        {
            "kind": ("dns", "directory", "jwks"),
            "result": ("answered", "known", "unwanted", "over_budget", "crowded"),
        },
    ),
    Metric(
        "vedette_dns_findings_total",
        "counter",
        "serve",
        "Claims to be a crawler that DNS was asked about, by what it said.",
        {"standing": ("verified", "forged", "unverifiable")},
    ),
    Metric(
        "vedette_key_fetches_total",
        "counter",
        "serve",
        "Fetches of key directories and key sets.",
        {"result": ("fetched", "failed")},
    ),
    Metric(
        "vedette_feed_refreshes_total",
        "counter",
        "serve",
        "Refreshes of feeds; one is held where it changes more than a feed should at once.",
        {"result": ("ok", "held", "failed")},
    ),
    Metric("vedette_edge_requests_total", "counter", "serve", "Requests that reached the edge.", {}),
    Metric(
        "vedette_edge_degraded_total",
        "counter",
        "serve",
        "Requests for which the edge had no decision; they passed, or got 503 where on_failure is block.",
        {},
    ),
)


class Metrics:
    """The metrics of one process, with every child made at start: counting allocates nothing.

    ``children[name]`` maps the tuple of label values, in declared order, to its child. A metric without labels has
    the key ``()``.
    """

    def __init__(self, process: str) -> None:
        from itertools import product

        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: CollectorRegistry = prometheus.CollectorRegistry()
        self.children: dict[str, dict[tuple[str, ...], Any]] = {}
        self._totals: dict[tuple[str, tuple[str, ...]], float] = {}
        for metric in METRICS:
            if metric.process != process:
                continue
            names = tuple(metric.labels)
            parent: Counter | Gauge | Histogram
            if metric.kind == "counter":
                parent = prometheus.Counter(metric.name, metric.help, names, registry=self.registry)
            elif metric.kind == "gauge":
                parent = prometheus.Gauge(metric.name, metric.help, names, registry=self.registry)
            else:
                parent = prometheus.Histogram(
                    metric.name, metric.help, names, registry=self.registry, buckets=DECISION_BUCKETS_S
                )
            self.children[metric.name] = (
                {values: parent.labels(*values) for values in product(*metric.labels.values())}
                if names
                else {(): parent}
            )

    def count(self, name: str, *values: str, by: float = 1.0) -> None:
        """Add ``by`` to a counter. A value outside the closed set raises KeyError."""
        self.children[name][values].inc(by)

    def advance(self, name: str, total: float, *values: str) -> None:
        """Bring a counter to a total that is counted elsewhere; a total that began anew adds what it has reached."""
        known = self._totals.get((name, values), 0.0)
        self._totals[(name, values)] = total
        self.children[name][values].inc(total - known if total >= known else total)

    def set(self, name: str, value: float, *values: str) -> None:
        """Set a gauge."""
        self.children[name][values].set(value)

    def render(self) -> bytes:
        """Write all metrics in the Prometheus text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)


def status_class(status: int) -> str:
    """Name the class of an HTTP status (``4xx``); what is no status counts as ``5xx``."""
    return f"{status // 100}xx" if 100 <= status < 600 else "5xx"


class Concentration:
    """How much of the recent traffic the busiest keys make up, in bounded memory (Misra and Gries).

    At most ``size`` counters are kept, so a flood of invented keys costs nothing; a share is exact up to ``1/size``.
    After ``window`` requests a fresh count starts, and the last full one is what :meth:`share` answers from.
    """

    def __init__(self, *, size: int = 64, window: int = 4096) -> None:
        self.size = size
        self.window = window
        self.seen = 0
        self._counts: dict[str, int] = {}
        self._last: tuple[int, list[int]] = (0, [])

    def add(self, key: str) -> None:
        """Count one request of ``key``."""
        counts = self._counts
        self.seen += 1
        if key in counts:
            counts[key] += 1
        elif len(counts) < self.size:
            counts[key] = 1
        else:
            self._counts = {other: n - 1 for other, n in counts.items() if n > 1}
        if self.seen >= self.window:
            self._last = (self.seen, sorted(self._counts.values(), reverse=True))
            self._counts = {}
            self.seen = 0

    def share(self, top: int) -> float:
        """Share of the ``top`` busiest keys, 0 to 1; 0 until a hundred requests were seen."""
        total, counts = self._last
        if not total:
            total, counts = self.seen, sorted(self._counts.values(), reverse=True)
        return sum(counts[:top]) / total if total >= 100 else 0.0


class Limited:
    """Writes at most one log line a name in ``every_s`` seconds, and says how many it kept back."""

    def __init__(self, clock: Callable[[], float], *, every_s: float = 10.0) -> None:
        self._clock = clock
        self._every_s = every_s
        self._last: dict[str, float] = {}
        self._kept_back: dict[str, int] = {}

    def allow(self, name: str) -> int | None:
        """Return how many lines of ``name`` were kept back since its last one, or None: keep this one back too.

        ``name`` comes from the code, never from a client, so the two dictionaries stay small.
        """
        now = self._clock()
        if now - self._last.get(name, -1e18) < self._every_s:
            self._kept_back[name] = self._kept_back.get(name, 0) + 1
            return None
        self._last[name] = now
        return self._kept_back.pop(name, 0)


class _Unfailing:
    """A stream that loses what cannot be written: a log on a full disk must not end the process that writes it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_log(process: str, stream: TextIO | None = None) -> None:
    """Send log events of this process to ``stream`` (standard error) as JSON lines that name ``process``."""
    import structlog

    def name(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {"process": process, **event}

    structlog.configure(
        processors=[
            name,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=repr),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """Return the log of this process; events are ``log.info("noun.verb", key=value)``."""
    import structlog

    return structlog.get_logger()
