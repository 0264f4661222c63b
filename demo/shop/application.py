"""The shop as one ASGI application: routes, access across origins, and the access log around them."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from demo.shop.accesslog import AccessLog
from demo.shop.api import ROUTES
from demo.shop.pages import ASSETS, PAGES
from demo.shop.state import Shop

__all__ = ["application"]

PARTNER_ORIGINS = r"https?://([a-z0-9-]+\.)?partner\.localhost(:\d+)?"


def application(access_log: Path | None = None) -> Starlette:
    """Build the shop. Pages of ``partner.localhost`` may call its API with cookies from their own origin."""
    cors = Middleware(
        CORSMiddleware,
        allow_origin_regex=PARTNER_ORIGINS,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["content-type", "x-app-version"],
        allow_credentials=True,
    )
    log = Middleware(AccessLog, path=access_log)
    app = Starlette(routes=[*ROUTES, *ASSETS, *PAGES], middleware=[log, cors])
    app.state.shop = Shop()
    return app
