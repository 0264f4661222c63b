"""The device cookie on the API's answer, and never on one that a shared cache may store.

The engine's permission to pass names the cookie in a header, which Envoy keeps as metadata of the request. Whether it
may be set shows only in the API's answer, so the condition is an expression (CEL) that Envoy evaluates when that comes;
an empty result, as where there is no cookie to set, adds nothing. RFC 9111 says what a shared cache stores; where that
is not certain, no cookie is set, and the next answer may bring it.
"""

from __future__ import annotations

from typing import Any

from vedette.mitigate.actions import COOKIE_HEADER

__all__ = ["device_cookie"]

_METADATA = "metadata.filter_metadata['envoy.filters.http.ext_authz']"
_HINTS = ("expires", "last-modified", "surrogate-control", "cdn-cache-control", "x-accel-expires")
"""Without Cache-Control, the first two let a cache store an answer; the others speak to caches past it (RFC 9213)."""
_KEPT = r"(?i)(^|,)[ \t]*(private|no-store)[ \t]*(,|$)"
_SHARED = r"(?i)(^|,)[ \t]*(public|s-maxage)[ \t]*(=|,|$)"


def device_cookie() -> dict[str, Any]:
    """Return what Envoy adds to an answer where the engine has named a cookie and nobody else may be given it.

    Without Cache-Control an answer is taken for the client's own, unless it says when it was made or how long it holds.
    With it, one is that says ``private`` or ``no-store`` for the whole answer and not ``public`` as well.
    """
    control = "response.headers['cache-control']"
    hints = " || ".join(f"'{name}' in response.headers" for name in _HINTS[2:])
    undated = " || ".join(f"'{name}' in response.headers" for name in _HINTS[:2])
    own = (
        f"'cache-control' in response.headers ? {control}.matches(r'{_KEPT}') && !{control}.matches(r'{_SHARED}')"
        f" : !({undated})"
    )
    named = f"{_METADATA}['{COOKIE_HEADER}']"
    # Envoy evaluates both sides of "&&", but only one branch of a condition: what is true of most requests comes first.
    value = f"'{COOKIE_HEADER}' in {_METADATA} ? (response.code != 304 && !({hints}) && ({own}) ? {named} : '') : ''"
    return {
        "header": {"key": "set-cookie", "value": f"%CEL({value})%"},
        "append_action": "APPEND_IF_EXISTS_OR_ADD",
        "keep_empty_value": False,
    }
