"""The page ``docs/signals.md``: two tables of what one request shows, one of what a whole attack adds."""

from __future__ import annotations

from msgspec import Struct

from bench.signals.clients import MODES, Client

__all__ = ["Attack", "Cell", "Measured", "page"]

HEAD = """# What betrays real clients

Written by `make signals` (`python -m bench.signals`); do not edit by hand. Each client asks a protected API through
the edge of `vedette serve`: `GET /api/products` and a failed login; browsers a page that does both. In plain, over TLS
with HTTP/1.1, and over TLS with HTTP/2 where it can. The engine starts with empty tables, every run comes from an
address of its own, and of a run only the first four requests count: what single requests show, before any behaviour.

A cell holds the highest score of these requests (probability of malicious automation; 0.10 before anything is known)
and every signal that speaks against the client, the strongest first ([what they mean](reference/signals.md)).
*Nothing*: no signal spoke against it. –: the client cannot do it. A **lie** is the `User-Agent` of a current Chrome and
nothing else: `{agent}`. A disguise lies of its own accord.

A client that tells the truth is known by its name, which alone proves nothing bad. A lie costs more than it hides. What
copies a browser down to its handshake shows little in single requests, and is found by what it does. The browsers are
made to speak HTTP/1.1 over TLS by switching HTTP/2 off, which people do not do. What the same signals make of recorded
programs that name other browsers stands in [claimed clients](reference/clients.md).
"""


class Cell(Struct, frozen=True):
    """What the first requests of one run showed: the highest score, certainties, and signals, the strongest first."""

    score: float
    signals: tuple[str, ...] = ()
    certain: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        named = [f"**{name}**" for name in self.certain] + [f"`{name}`" for name in self.signals]
        return f"{self.score:.2f} " + (" ".join(named) or "*nothing*")


class Attack(Struct, frozen=True):
    """A tool let loose: the score of its last request, and the signals in it that no single request shows."""

    mode: str
    score: float
    behaviour: tuple[str, ...]


class Measured(Struct):
    """All that was measured, by client: its version, what it showed by mode as it is and as a liar, and its attack."""

    agent: str = ""
    versions: dict[str, str] = {}
    truth: dict[str, dict[str, Cell]] = {}
    lie: dict[str, dict[str, Cell]] = {}
    attacks: dict[str, Attack] = {}


def page(clients: list[Client], measured: Measured) -> str:
    """Write the page, with those clients of which something was measured, in their order."""
    names = [client.name for client in clients if client.name in measured.truth]
    parts = [HEAD.format(agent=measured.agent)]
    parts.append("## Telling the truth\n\n" + _table(names, measured.truth))
    parts.append("## Lying about its User-Agent\n\n" + _table(names, measured.lie))
    parts.append(_by_signal(names, {client.name for client in clients if client.is_good}, measured))
    if measured.attacks:
        parts.append(_attacks({name: measured.attacks[name] for name in names if name in measured.attacks}))
    listed = ", ".join(f"{name} {measured.versions[name]}" for name in names)
    parts.append(f"## Versions\n\n{listed}.\n")
    return "\n".join(parts)


def _table(names: list[str], cells: dict[str, dict[str, Cell]]) -> str:
    lines = ["| client | " + " | ".join(MODES.values()) + " |", "| --- " * (1 + len(MODES)) + "|"]
    for name in names:
        if name in cells:
            found = [cells[name].get(mode) for mode in MODES]
            lines.append(f"| {name} | " + " | ".join(cell.text if cell else "–" for cell in found) + " |")
    return "\n".join(lines) + "\n"


def _by_signal(names: list[str], good: set[str], measured: Measured) -> str:
    """Turn the tables around: which clients each signal speaks against."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for which, cells in enumerate((measured.truth, measured.lie)):
        for name in names:
            for signal in dict.fromkeys(
                s for cell in cells.get(name, {}).values() for s in (*cell.certain, *cell.signals)
            ):
                found.setdefault(signal, ([], []))[which].append(name)
    lines = [
        "## By signal",
        "",
        "| signal | speaks against, when it tells the truth | when it lies |",
        "| --- " * 3 + "|",
    ]
    for signal in sorted(found, key=lambda one: (-sum(map(len, found[one])), one)):
        truth, lie = (", ".join(listed) or "–" for listed in found[signal])
        lines.append(f"| `{signal}` | {truth} | {lie} |")
    honest = [name for name in names if name in good]
    if honest:
        shown = [name for name in honest if any(c.signals or c.certain for c in measured.truth[name].values())]
        said = f"signals speak against {', '.join(shown)}" if shown else "no signal at all"
        lines += ["", f"Honest browsers and apps ({', '.join(honest)}): {said}."]
    return "\n".join(lines) + "\n"


def _attacks(attacks: dict[str, Attack]) -> str:
    lines = [
        "## What behaviour adds",
        "",
        "The tools let loose for a few seconds, over TLS, with the lie from above. *Behaviour*: signals that no single",
        "request shows, on the last of them.",
        "",
        "| tool | mode | score of its last request | behaviour |",
        "| --- | --- | --- | --- |",
    ]
    for name, attack in attacks.items():
        said = " ".join(f"`{signal}`" for signal in attack.behaviour) or "*nothing*"
        lines.append(f"| {name} | {MODES[attack.mode]} | {attack.score:.2f} | {said} |")
    return "\n".join(lines) + "\n"
