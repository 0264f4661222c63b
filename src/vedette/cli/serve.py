"""``vedette serve``: the main job."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from vedette.config.schema import Config

__all__ = ["command"]


def command(
    *,
    config: Path | None = None,
    upstream: str | None = None,
    listen: str | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    mode: Literal["monitor", "enforce"] | None = None,
    console: Annotated[str | None, Parameter(name="--console")] = None,
    data: Path | None = None,
) -> int:
    """Protect an API: start edge, engine and console, and run until SIGTERM or Ctrl-C, then drain.

    Flags win over the file; without a file, --upstream alone is enough. A changed and valid file is in force within
    two seconds, also on SIGHUP, without a dropped request; an invalid one is reported and ignored. Without --mode and
    file it only watches: every request passes, with a Vedette-Decision header.

    Example: vedette serve --upstream http://127.0.0.1:8000

    Example: vedette serve --config vedette.yaml --mode enforce

    Parameters
    ----------
    config
        The configuration, vedette.yaml.
    upstream
        Address of the API, http://HOST:PORT or https://HOST:PORT.
    listen
        Where clients connect, IP:PORT (0.0.0.0:8080).
    tls_cert
        Certificate chain as PEM, for a TLS listener.
    tls_key
        Its key.
    mode
        monitor decides and records; enforce also acts.
    console
        Address of the HTTP interface (127.0.0.1:9100).
    data
        Directory for events, tables and keys (vedette-data); the only one that is written.
    """
    from vedette.config import load
    from vedette.edge.place import Place, Taken, check_free

    flags: dict[str, Any] = {
        "upstream": upstream,
        "listen": listen,
        "listen.certificate": tls_cert,
        "listen.key": tls_key,
        "mode": mode,
        "console.listen": console,
    }
    overrides = {key: str(value) for key, value in flags.items() if value is not None}
    loaded = load(config, overrides, data=data)
    if not loaded.upstreams:
        where = f"{config}: " if config else ""
        sys.stderr.write(f"{where}upstream: missing, give the API's address: --upstream http://127.0.0.1:8000\n")
        return 2
    try:
        place = Place(Path(loaded.events.directory), is_given=data is not None)
        check_free("listen", loaded.listen.address)
        check_free("console.listen", loaded.console.listen)
    except Taken as error:
        sys.stderr.write(f"vedette serve: {error}\n")
        return 1
    return _run(loaded, config, overrides, place)


def _run(config: Config, file: Path | None, overrides: dict[str, Any], place: Any) -> int:
    import setproctitle

    from vedette.edge.supervisor import Supervisor
    from vedette.telemetry import configure_log

    setproctitle.setproctitle("vedette: serve")
    configure_log("serve")

    def say(line: str) -> None:
        print(line, flush=True)

    async def supervise() -> int:
        supervisor = Supervisor(config, file, overrides, place, say)
        for line in _banner(config, place.data):
            say(line)
        return await supervisor.run()

    return asyncio.run(supervise())


def _banner(config: Config, data: Path) -> list[str]:
    """Say where everything is. Of secrets only where they are kept, never what they are."""
    from vedette.config.keys import ensure_key

    tokens = [token.token for token in config.console.tokens] or [ensure_key(data, "console")]
    keys = list(config.feedback.keys) or [ensure_key(data, "feedback")]
    scheme = "https" if config.listen.certificate else "http"
    acting = "acts on its decisions" if config.mode == "enforce" else "watches, acts on nothing"
    lines = [f"vedette {version('vedette')}: {config.mode} ({acting}), policy {config.policy_name}"]
    for host, url in config.upstreams.items():
        lines.append(f"  protects   {url}" + (f"  ({host})" if len(config.upstreams) > 1 else ""))
    return [
        *lines,
        f"  listens    {scheme}://{config.listen.address}",
        f"  console    http://{config.console.listen}  (token: {', '.join(secret.origin for secret in tokens)})",
        f"  outcomes   http://{config.console.listen}/v1/outcomes  (key: {', '.join(s.origin for s in keys)})",
        f"  data       {data}",
    ]
