"""Word lists for the tools, made from a seed: nothing is downloaded, and no list names a honeypot of the demo."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from demo.shop import catalogue

__all__ = ["write_paths", "write_targets", "write_users"]

_TEXT = (
    "admin login user users account accounts api v1 v2 v3 backup backups config configuration setup install test tests "
    "old new tmp temp private internal public assets images img js css fonts upload uploads download downloads data "
    "db database sql dump log logs error errors debug status health metrics server info phpinfo console manager "
    "dashboard panel portal staff shop store cart orders invoice invoices payment payments report reports docs doc "
    "help support mail webmail blog wp wordpress cms joomla drupal git svn env docker k8s jenkins jira wiki secret "
    "secrets key keys token tokens auth oauth sso saml ldap proxy cgi bin scripts lib vendor node modules package"
)
_WORDS = _TEXT.split()
_SUFFIXES = ("", ".php", ".bak", ".zip", ".old", ".json", ".txt", ".xml", ".sql", ".tar.gz", ".yml", "~")
_SECRETS = ("123456", "password", "qwerty", "letmein", "dragon", "sunshine", "football", "monkey", "welcome", "summer")


def _write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def write_paths(path: Path, count: int, seed: int = 11) -> Path:
    """Paths that a scanner would try."""
    rng, made = random.Random(seed), dict[str, None]()
    while len(made) < count:
        words = rng.sample(_WORDS, rng.choice((1, 1, 2, 2, 3)))
        made[rng.choice(("/", "-", "_", "")).join(words) + rng.choice(_SUFFIXES)] = None
    return _write(
        path, (line for line in made if not line.startswith("internal/export") and "api/internal" not in line)
    )


def write_users(path: Path, count: int, seed: int = 12) -> Path:
    """``address:password`` lines as a leak has them: one address in five is a customer's."""
    rng, lines = random.Random(seed), []
    for _ in range(count):
        email, password = catalogue.account(rng.randrange(catalogue.ACCOUNTS))
        if rng.random() > 0.2:
            email = f"{email.split('@')[0]}{rng.randrange(1000)}@mail.example"
        if rng.random() > 0.03:
            password = f"{rng.choice(_SECRETS)}{rng.randrange(1000)}"
        lines.append(f"{email}:{password}")
    return _write(path, lines)


def write_targets(path: Path, base: str, count: int, seed: int = 13) -> Path:
    """Addresses below ``base`` for a tool that takes a list of sites."""
    rng = random.Random(seed)
    return _write(path, (f"{base}/{rng.choice(_WORDS)}/{rng.choice(_WORDS)}{number}" for number in range(count)))
