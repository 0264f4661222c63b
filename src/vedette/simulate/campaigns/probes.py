"""What a vulnerability scanner asks for: files that were left behind, consoles, and endpoints teased with odd input.

Paths are composed from the parts of names that such files have, so that no list of paths catches them all; a few are
the classics that every scanner tries, and a few the decoys that the shop's operator has laid out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from vedette.simulate.settings import DECOY_PATHS

__all__ = ["INJECTIONS", "METHODS", "Probe", "draw_probe"]

_CLASSICS = (
    "/.env /.git/config /.git/HEAD /.svn/entries /.DS_Store /.aws/credentials /.npmrc /.htpasswd /wp-login.php "
    "/wp-admin/setup-config.php /xmlrpc.php /wp-json/wp/v2/users /wp-content/debug.log /phpinfo.php /info.php "
    "/phpmyadmin/index.php /pma/ /adminer.php /server-status /actuator/env /actuator/heapdump /actuator/health "
    "/solr/admin/info/system /jenkins/script /manager/html /console/ /druid/index.html /geoserver/web/ "
    "/swagger.json /v2/api-docs /openapi.json /api/swagger-ui.html /graphiql /telescope/requests /_profiler/phpinfo "
    "/debug/pprof/ /metrics /config.json /web.config /composer.lock /package.json /Dockerfile /docker-compose.yml "
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php /cgi-bin/luci /boaform/admin/formLogin /HNAP1 /login.action "
    "/backup.sql /dump.sql /db.sqlite /id_rsa /.ssh/id_rsa /.vscode/sftp.json /.well-known/security.txt"
).split()
_PLACES = (
    "admin administrator api app apps backend backup backups beta bin blog cms conf config console core cron data db "
    "debug demo dev docs download export files home import inc includes internal intranet lib log logs mail manage "
    "manager media member modules monitor new old panel portal private public repo root scripts secret secure server "
    "service shop site sql src stage staging static status storage store sys system temp test tmp tools upload uploads "
    "user users v1 v2 v3 var web webapp www"
).split()
_STEMS = (
    "access account auth backup cache check client cmd config conn connect credentials customers dashboard database db "
    "debug default dump env error export file files global health index info init install key keys list local login "
    "main orders passwd password payments prod production readme release reset secret secrets settings setup shell "
    "site sql test token upload user users version web"
).split()
_ENDS = (
    ".php .php .php .bak .old .zip .tar.gz .sql .sql.gz .json .yml .yaml .ini .conf .log .txt .xml .asp .aspx .jsp .do "
    ".cgi .env .pem .key .swp .save ~ / / /"
).split()
_MARKS = ("", "", "", "", "-old", "_bak", "2", "1", "-prod", "_dev", ".1", "-2023", "-2024", "-2025")

INJECTIONS = (
    "' OR '1'='1",
    "1' AND SLEEP(5)-- -",
    '1" UNION SELECT NULL,NULL,NULL-- ',
    "1); DROP TABLE orders;--",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "../../../../etc/passwd",
    "..%2f..%2f..%2fwindows/win.ini",
    ";cat /etc/passwd",
    "|id",
    "$(id)",
    "${jndi:ldap://127.0.0.1/a}",
    "http://169.254.169.254/latest/meta-data/",
    "%00",
    "admin'--",
    "-1 OR 1=1",
    "' || pg_sleep(5)--",
    "*)(uid=*))(|(uid=*",
)
METHODS = ("TRACE", "PROPFIND", "DELETE", "PUT", "OPTIONS", "DEBUG", "HEAD", "PATCH", "CONNECT", "TRACK")


class Probe(NamedTuple):
    """A path that the shop does not have, with its query, and the method."""

    path: str
    query: str = ""
    method: str = "GET"


_QUERIES: tuple[Callable[[random.Random], str], ...] = (
    lambda rng: f"id={rng.randrange(1, 400)}",
    lambda rng: f"file={rng.choice(_STEMS)}.{rng.choice(('php', 'txt', 'log'))}",
    lambda rng: f"cmd={rng.choice(('id', 'whoami', 'ls', 'uname%20-a'))}",
    lambda _: "page=../../../../etc/passwd",
    lambda rng: f"debug={rng.choice(('1', 'true'))}",
    lambda rng: f"url=http://127.0.0.1:{rng.randrange(1000, 10_000)}/",
)


def draw_probe(rng: random.Random, classics: float = 0.25, decoys: float = 0.01) -> Probe:
    """Draw a path to try.

    Args:
        classics: Share of the paths that every scanner knows.
        decoys: Share that happens upon one of the operator's honeypots.
    """
    chance = rng.random()
    if chance < decoys:
        return Probe(rng.choice(DECOY_PATHS))
    if chance < decoys + classics:
        return Probe(rng.choice(_CLASSICS))
    path = ""
    for _ in range(rng.choices((0, 1, 2, 3), (2, 5, 3, 1))[0]):
        path += "/" + rng.choice(_PLACES)
    dot = "." if rng.random() < 0.08 else ""
    path += f"/{dot}{rng.choice(_STEMS)}{rng.choice(_MARKS)}{rng.choice(_ENDS)}"
    query = rng.choice(_QUERIES)(rng) if rng.random() < 0.18 else ""
    return Probe(path, query, "POST" if rng.random() < 0.05 else "GET")
