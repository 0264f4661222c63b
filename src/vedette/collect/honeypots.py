"""What nobody honest touches: decoy paths, canary accounts, invented objects; and what only scanners ask for.

The probe list holds well-known targets of vulnerability scanners (secrets in files, shells, admin pages of products
that an API does not run, traversal and injection marks). It is evidence, not a verdict: an API may have such a path.
"""

from __future__ import annotations

import re
from functools import lru_cache

from vedette.collect.normalize import CACHED_LENGTH, normal_path
from vedette.config.schema import Honeypots

__all__ = ["Traps", "is_probe"]

_PROBE = re.compile(
    r"/\.(?:env|git|svn|hg|aws|ssh|htpasswd|htaccess|ds_store|bash_history|npmrc|docker)"
    r"|/(?:wp-(?:admin|login|content|includes|config)|xmlrpc\.php|phpmyadmin|pma|adminer|phpinfo|cgi-bin|boaform|hnap1"
    r"|server-status|actuator/(?:env|heapdump)|solr/admin|manager/html|vendor/phpunit|_ignition|telescope/requests"
    r"|owa/auth|autodiscover|\.well-known/security\.bak|etc/passwd|win\.ini|web\.config|id_rsa|backup\.(?:sql|zip|tar))"
    r"|\.(?:php\d?|aspx?|jsp|cgi|bak|sql|old|swp)(?:$|[/?])"
    r"|\.\./|%2e%2e|%00|<script|union(?:\s|\+|%20)+(?:all(?:\s|\+|%20)+)?select|\$\{jndi:|/etc/passwd|sleep\(\d"
    r"|'(?:\s|\+|%20)*or(?:\s|\+|%20)+'?1'?(?:\s|%20)*=",
    re.IGNORECASE,
)


def is_probe(path: str, query: str) -> bool:
    """Say whether a path (as received) or query asks for what scanners ask for; an empty one is not looked at.

    >>> is_probe("/.git/config", ""), is_probe("/api/products/7", "q=shoes")
    (True, False)
    """
    if _path_probes(path) if len(path) <= CACHED_LENGTH else _PROBE.search(path[:2048]):
        return True
    return _MARK.search(query, 0, 2048) is not None and _PROBE.search(query[:2048]) is not None


@lru_cache(maxsize=8192)
def _path_probes(path: str) -> bool:
    return _PROBE.search(path) is not None


_MARK = re.compile(r"[%./<'$(+]")
"""Every probe in a query has one of these; most queries have none."""


class Traps:
    """The configured honeypots, ready to be asked."""

    def __init__(self, honeypots: Honeypots) -> None:
        self._paths = frozenset(normal_path(path).lower() for path in honeypots.paths)
        self._accounts = frozenset(account.strip().casefold() for account in honeypots.accounts)
        self._objects = frozenset(item.strip() for item in honeypots.objects)
        self.is_empty = not (self._paths or self._accounts or self._objects)

    def catches(self, path: str, account: str, purpose: str, endpoint: str, item: str) -> str:
        """Give what was touched (``path``, ``account`` or ``object``) or an empty string; ``path`` is normalised."""
        if self.is_empty:
            return ""
        if path.lower() in self._paths:
            return "path"
        if account and account in self._accounts:
            return "account"
        if item and (f"{purpose}:{item}" in self._objects or f"{endpoint}:{item}" in self._objects):
            return "object"
        return ""
