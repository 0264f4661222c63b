"""``vedette replay``: what the engine would have decided about recorded traffic."""

from __future__ import annotations

import signal
import sys
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from vedette.cli import STDIN
from vedette.config import defaults, load
from vedette.types import STOPPING, Decision, Mode, Request

if TYPE_CHECKING:
    from vedette.config.schema import Config
    from vedette.doors.logs import Log, MalformedTally
    from vedette.replay import Figures

__all__ = ["command"]

Format = Literal["auto", "jsonl", "combined", "common", "envoy", "alb", "cloudfront", "har"]


class Totals:
    """Counts decisions for the closing summary: a consumer of the replay."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.threats: Counter[str] = Counter()
        self.degraded = 0

    def expect(self, place: int) -> None:
        """Nothing to do before the decision is made."""

    def add(self, _place: int, _request: Request, decision: Decision) -> None:
        """Count one decision."""
        self.actions[decision.action] += 1
        self.verdicts[decision.verdict] += 1
        if decision.threat:
            self.threats[decision.threat] += 1
        self.degraded += decision.directive.degraded


def command(
    *files: str,
    format: Format = "auto",  # the contract's name
    config: Path | None = None,
    out: Path | None = None,
    report: Path | None = None,
    labels: Path | None = None,
    accuracy: Path | None = None,
    mode: Mode | None = None,
    seed: Annotated[
        int, Parameter(help="Of the identifier hashes: same input, configuration and seed, same output.")
    ] = 0,
) -> int:
    """Run the engine over recorded traffic as if it were live.

    Reads access logs and request records (plain, .gz, .zst, or - for standard input) in the order of their timestamps;
    each decision sees only what had happened, and what had been answered, before it. Nothing is acted on.

    Example: vedette replay access.log.gz --report report.html --out decisions.parquet

    Parameters
    ----------
    files
        Logs, merged by timestamp; outcomes may be mixed in or stand in a file of their own.
    format
        Of all files; auto looks at the first lines of each.
    config
        A vedette.yaml; without one the built-in defaults.
    out
        Where decisions go: .parquet or .jsonl.
    report
        Where a page to look at goes: .html.
    labels
        Who really sent each request (.parquet, .csv or .jsonl with http.request.id and actor): prints recall,
        precision, false positives, delays, losses and calibration, with intervals.
    accuracy
        Where those figures go as well, for programs: .json.
    mode
        monitor or enforce, instead of the configuration's.
    """
    if not files:
        print("vedette replay: name at least one log, or - for standard input", file=sys.stderr)
        return 2
    settings = load(config, {"mode": mode} if mode else {}) if config else defaults("http://127.0.0.1:8000")
    files = tuple("-" if name == STDIN else name for name in files)
    return _replay(files, format, settings, out, report, labels, accuracy, seed)


def _replay(
    files: tuple[str, ...],
    format_name: str,
    config: Config,
    out: Path | None,
    report: Path | None,
    labels: Path | None,
    figures_file: Path | None,
    seed: int,
) -> int:
    from vedette.doors.logs import MalformedTally
    from vedette.replay import Accuracy, Output, read_labels, replay, seed_key
    from vedette.replay.judge import lines, write
    from vedette.report import Report

    malformed = MalformedTally()
    totals = Totals()
    with ExitStack() as stack:
        try:
            _check_figures(figures_file, labels)
            accuracy = Accuracy(read_labels(labels)) if labels else None
            output = stack.enter_context(Output(out, len(files))) if out else None
            page = Report(report) if report else None
            _check_names(files)
        except (OSError, ValueError) as error:
            print(f"vedette replay: {_said(error)}", file=sys.stderr)
            return 2 if isinstance(error, ValueError) else 1
        try:
            logs = _open(files, format_name, malformed)
        except (OSError, ValueError) as error:
            print(f"vedette replay: {_said(error)}", file=sys.stderr)
            return 1
        from vedette.engine import Engine
        from vedette.snapshot.gathered import Gathered

        progress = stack.enter_context(Progress(logs))
        engine = Engine.open(config, key=seed_key(seed), live=False, gathered=Gathered.recorded(config, 0.0))
        consumers = [part for part in (totals, output, accuracy, page) if part is not None]
        try:
            with Interruption(logs) as interruption:
                figures = replay(
                    logs, engine, consumers, tick=lambda figures: progress.tick(figures) and not interruption.wanted
                )
            progress.close()
            _print_malformed(malformed, figures)
            if not figures.requests:
                why = "interrupted before the first decision" if figures.interrupted else _nothing_valid(logs)
                print(f"vedette replay: {why}", file=sys.stderr)
                return 130 if figures.interrupted else 1
            written = []
            if output is not None:
                written.append(f"decisions: {output.commit(partial=figures.interrupted)}")
            judged = accuracy.judgement() if accuracy is not None else None
            if page is not None:
                names = [log.name for log in logs]
                written.append(f"report: {page.write(figures, malformed, names, config, judged)}")
            if figures_file is not None and judged is not None:
                written.append(f"accuracy: {write(judged, figures_file, partial=figures.interrupted)}")
            _print_totals(totals, figures, progress.seconds)
            is_foreign = judged is not None and not any(judged.requests.values())
            for line in lines(judged) if judged is not None and not is_foreign else ():
                print(line)
            for line in written:
                print(line)
            sys.stdout.flush()
            if is_foreign:
                print(
                    f"vedette replay: {labels}: no request here has a label in it, are they of another log?",
                    file=sys.stderr,
                )
                return 1
        except BrokenPipeError:  # the reader of the totals has gone; the files are written by then
            raise
        except OSError as error:
            targets = " and ".join(str(target) for target in (out, report, figures_file) if target)
            left = f"; {targets} not written, make room and run it again" if targets else ""
            print(f"vedette replay: {_said(error)}{left}", file=sys.stderr)
            return 1
    if engine.last_error is not None:
        print(
            f"vedette replay: {engine.degraded} requests could not be decided: {engine.last_error!r}", file=sys.stderr
        )
        return 1
    return 130 if figures.interrupted else 0


def _check_figures(target: Path | None, labels: Path | None) -> None:
    if target is None:
        return
    if labels is None:
        raise ValueError("--accuracy compares with labels: name them with --labels")
    if target.suffix != ".json":
        raise ValueError(f"{target}: the name must end in .json")
    if not target.parent.is_dir():
        raise FileNotFoundError(2, "no such directory", str(target.parent))


def _check_names(files: tuple[str, ...]) -> None:
    if files.count("-") > 1:
        message = "standard input (-) is named twice"
        raise ValueError(message)


def _open(files: tuple[str, ...], format_name: str, malformed: MalformedTally) -> list[Log]:
    from vedette.doors.logs import Log

    prefixes = ["l"] if len(files) == 1 else [f"f{number}-l" for number in range(1, len(files) + 1)]
    return [Log(path, format_name, malformed, prefix) for path, prefix in zip(files, prefixes, strict=True)]


def _nothing_valid(logs: list[Log]) -> str:
    """Say of each log why it gave no request."""
    found = []
    for log in logs:
        if log.lines:
            things = "entries" if log.format == "har" else "lines"
            found.append(f"{log.name}: none of its {log.lines:,} {things} is a request as {log.format}")
        elif not log.file.position:
            found.append(f"{log.name} is empty")
        else:
            found.append(
                f"{log.name}: {'an archive without entries' if log.format == 'har' else 'nothing but blank lines'}"
            )
    advice = "; is it another format? name it with --format" if any(log.lines for log in logs) else ""
    if any(log.lines and log.format == "har" for log in logs):
        advice = "; entries from a cache, or with neither serverIPAddress nor a Host field, were never sent"
    return f"no valid request in the input: {', '.join(found)}{advice}"


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


class Interruption:
    """Ctrl-C as a wish that the replay grants between two requests, so that partial results are whole.

    Only a wait for input, which may never end, is broken off at once; so is everything by a second Ctrl-C.
    """

    def __init__(self, logs: list[Log]) -> None:
        self.wanted = False
        self._logs = logs
        self._before: Any = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _number: int, _frame: object) -> None:
        is_repeated, self.wanted = self.wanted, True
        for log in self._logs:
            log.file.interrupted = True
        if is_repeated or any(log.file.waiting for log in self._logs):
            raise KeyboardInterrupt


class Progress:
    """A bar with rate and time left on a terminal; nothing elsewhere."""

    def __init__(self, logs: list[Log]) -> None:
        from time import monotonic

        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._clock = monotonic
        self._started = monotonic()
        self.seconds = 0.0
        self._logs = logs
        self._size = sum(log.file.size for log in logs) if all(log.file.size for log in logs) else 0
        console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bars.add_task("replay", total=self._size or None, rate="")

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tick(self, figures: Figures) -> bool:
        """Show how far it is."""
        elapsed = self._clock() - self._started
        rate = f"{figures.requests:,} requests, {figures.requests / max(elapsed, 0.001):,.0f}/s"
        self._bars.update(self._task, completed=sum(log.file.position for log in self._logs), rate=rate)
        return True

    def close(self) -> None:
        """Take the bar away."""
        if not self.seconds:
            self.seconds = max(self._clock() - self._started, 0.001)
            self._bars.stop()


def _print_malformed(malformed: MalformedTally, figures: Figures) -> None:
    if malformed.total:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in malformed.kinds.most_common())
        print(f"malformed lines: {malformed.total:,} ({kinds}); they were skipped", file=sys.stderr)
        for example in malformed.examples:
            print(f"  {example.log}:{example.line}: {example.why}: {example.excerpt}", file=sys.stderr)
    if figures.late:
        print(f"late lines: {figures.late:,}, decided at the clock of their turn", file=sys.stderr)
    if figures.interrupted:
        print("interrupted: what follows covers the traffic that was decided until then", file=sys.stderr)


def _print_totals(totals: Totals, figures: Figures, seconds: float) -> None:
    from vedette.detect.threats import NAMES

    count = figures.requests
    stopped = sum(number for action, number in totals.actions.items() if action in STOPPING)
    print(f"{count:,} requests over {(figures.last - figures.first) / 3600:.1f} h, decided in {seconds:.1f} s", end="")
    print(f" ({count / seconds:,.0f}/s); {figures.outcomes:,} outcomes")
    print(f"would be stopped: {stopped:,} ({100 * stopped / count:.2f} %)")
    for what, counter in (("verdicts", totals.verdicts), ("actions", totals.actions)):
        shares = ", ".join(
            f"{name} {number:,} ({100 * number / count:.1f} %)" for name, number in counter.most_common()
        )
        print(f"{what}: {shares}")
    if totals.threats:
        named = ", ".join(f"{code} {NAMES[code]} {number:,}" for code, number in totals.threats.most_common(6))
        print(f"threats: {named}")
