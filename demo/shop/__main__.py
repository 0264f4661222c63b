"""Serve the shop: ``python -m demo.shop --port 8000 [--host 127.0.0.1] [--access-log FILE]``."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from demo.shop.application import application


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.shop", description="The demo shop, without protection.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--access-log", type=Path, help="JSON Lines file: who reached the shop, where and when")
    given = parser.parse_args()
    uvicorn.run(
        application(given.access_log),
        host=given.host,
        port=given.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        backlog=4096,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
