"""What ``vedette check --endpoints`` and ``--data`` print: the endpoints that traffic shows, as YAML to paste."""

from __future__ import annotations

import sys
from pathlib import Path

from vedette.collect.endpoints import MAX_STATE_BYTES
from vedette.config.schema import Config
from vedette.replay.survey import Proposal, Survey, lines, proposals

__all__ = ["propose"]

_TICK = 4096


def propose(config: Config, logs: tuple[str, ...], format_name: str, data: Path | None) -> int:
    """Print the endpoints of logs, or of the event log below a data directory; give the exit code."""
    if logs and data is not None:
        print("vedette check: --endpoints and --data: name one of the two", file=sys.stderr)
        return 2
    if data is not None:
        return _of_events(config, data)
    if not logs:
        print("vedette check: --endpoints: name at least one log, or - for standard input", file=sys.stderr)
        return 2
    return _of_logs(config, logs, format_name)


def _of_logs(config: Config, names: tuple[str, ...], format_name: str) -> int:
    from vedette.cli.replay import Interruption, Progress
    from vedette.doors.logs import Log, MalformedTally, Recorded
    from vedette.replay import Figures

    malformed = MalformedTally()
    survey, figures = Survey(config), Figures()
    try:
        logs = [Log(name, format_name, malformed) for name in names]
        with Progress(logs) as progress, Interruption(logs) as interruption:
            for log in logs:
                for _, event in log.events():
                    if isinstance(event, Recorded):
                        survey.add(event)
                    if survey.requests % _TICK == 0:
                        figures.requests = survey.requests
                        progress.tick(figures)
                        if interruption.wanted:
                            break
    except (OSError, ValueError) as error:
        print(f"vedette check: {_said(error)}", file=sys.stderr)
        return 1
    if malformed.total:
        print(f"malformed lines: {malformed.total:,}; they were skipped", file=sys.stderr)
        for example in malformed.examples:
            print(f"  {example.log}:{example.line}: {example.why}: {example.excerpt}", file=sys.stderr)
    if not survey.requests:
        print("vedette check: no valid request in the input; name its format with --format", file=sys.stderr)
        return 1
    about = f"Endpoints learned from {survey.requests:,} requests"
    if survey.configured:
        about += f", of which {survey.configured:,} belong to endpoints that are configured"
    _print(proposals(survey.tallies().items()), about)
    return 0


def _of_events(config: Config, data: Path) -> int:
    if not (data / "events").is_dir():
        print(f"vedette check: {data}: no event log there, name the data directory of vedette serve", file=sys.stderr)
        return 1
    from contextlib import closing

    from vedette.events.views import connect

    survey = Survey(config)
    saved = data / "tables" / "endpoints.msgpack"
    try:
        with saved.open("rb") as file:
            survey.router.restore(file.read(MAX_STATE_BYTES + 1))
    except FileNotFoundError:  # not saved yet: names are learned again from the events
        pass
    except (OSError, ValueError) as error:
        print(f"{saved}: cannot be used, {_said(error)}", file=sys.stderr)
    with closing(connect(data)) as connection:
        rows = connection.execute(
            'SELECT d."endpoint.name", coalesce(a."http.response.status_code", 0) AS status, count(*) FROM decisions d'
            ' LEFT JOIN answers a ON a."http.request.id" = d."http.request.id" WHERE d."endpoint.name" LIKE \'% /%\''
            " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20000"
        ).fetchall()
    for name, status, count in rows:
        survey.take(name, status, count)
    found = proposals(survey.tallies().items())
    if not found:
        print(f"vedette check: {data}: no endpoint was learned there that the API answered well", file=sys.stderr)
        return 1
    _print(found, f"Endpoints learned by the system whose data is in {data}")
    return 0


def _print(found: list[Proposal], about: str) -> None:
    for line in lines(found, about):
        print(line)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
