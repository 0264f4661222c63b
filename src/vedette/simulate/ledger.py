"""What each campaign spends and wins: requests, addresses, changes of tools, accounts taken, cards found.

Prices are invented, in the range that sellers of proxies and of such services advertise; what counts is how the cost
of one success changes with the defence. They are in US dollars.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from vedette.simulate.calls import Call, Reply, Truth

__all__ = ["ADDRESS_COST", "REQUEST_COST", "RETOOL_COST", "Account", "Ledger"]

REQUEST_COST = {1: 0.000_002, 2: 0.000_02, 3: 0.000_3}
"""Dollars a request by level: bandwidth alone; datacentre proxies; residential traffic at some 3 $ a gigabyte."""
ADDRESS_COST = {1: 0.01, 2: 0.002, 3: 0.0}
"""Dollars an address: a server for an hour; a share of a rented block; residential addresses cost by traffic."""
RETOOL_COST = {1: 5.0, 2: 40.0, 3: 150.0}
"""Dollars a change of tools: minutes, an hour, half a day of somebody who can."""
_MOST_PRIZES = 200_000


class Account(Struct):
    """The books of one campaign.

    Attributes:
        prizes: Distinct things won, by kind; at most 200,000 of each campaign are told apart.
        stopped: Requests that the defender answered.
        hides: The level at which it hides now: ``level``, or higher where being stopped has taught it.
        surcharge: Dollars that this has cost beyond the prices of its own level.
    """

    family: str
    threat: str
    level: int
    requests: int = 0
    stopped: int = 0
    addresses: int = 0
    retools: int = 0
    first: float = 0.0
    last: float = 0.0
    prizes: Counter[str] = Counter()
    hides: int = 0
    surcharge: float = 0.0

    @property
    def won(self) -> int:
        """Everything won, of whatever kind."""
        return self.prizes.total()

    @property
    def cost(self) -> float:
        """Dollars spent."""
        level = self.level or 1
        return (
            self.requests * REQUEST_COST[level]
            + self.addresses * ADDRESS_COST[level]
            + self.retools * RETOOL_COST[level]
            + self.surcharge
        )

    def record(self, name: str) -> dict[str, object]:
        """The books as one JSON line."""
        return {
            "campaign": name,
            "family": self.family,
            "threat": self.threat,
            "level": self.level,
            "requests": self.requests,
            "stopped": self.stopped,
            "addresses": self.addresses,
            "retools": self.retools,
            "first": round(self.first, 3),
            "last": round(self.last, 3),
            "won": dict(sorted(self.prizes.items())),
            "cost": round(self.cost, 4),
            "cost_per_success": round(self.cost / self.won, 6) if self.won else None,
        }


class Ledger:
    """The books of all campaigns of a world, kept as calls are answered."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self._prizes: dict[str, set[str]] = {}

    def of(self, truth: Truth) -> Account:
        """The books of a campaign, opened at first sight."""
        account = self.accounts.get(truth.campaign)
        if account is None:
            account = Account(truth.segment, truth.threat, truth.level, prizes=Counter())
            self.accounts[truth.campaign] = account
            self._prizes[truth.campaign] = set()
        return account

    def retooled(self, truth: Truth, hides: int = 0) -> None:
        """Note a change of tools, perhaps to those of a higher level."""
        account = self.of(truth)
        account.retools += 1
        if hides > account.level > 0:
            account.hides = hides
            account.surcharge += RETOOL_COST[hides] - RETOOL_COST[account.level]

    def rented(self, truth: Truth, addresses: int = 1) -> None:
        """Note addresses that a campaign came to use."""
        self.of(truth).addresses += addresses

    def add(self, call: Call, reply: Reply) -> None:
        """Note a call that was answered."""
        truth = call.truth
        if not truth.campaign:
            return
        account = self.of(truth)
        if not account.requests:
            account.first = call.at
        account.requests += 1
        account.last = call.at
        if account.hides:
            account.surcharge += REQUEST_COST[account.hides] - REQUEST_COST[account.level]
        if reply.is_stopped:
            account.stopped += 1
        elif call.prize and call.is_right and 200 <= reply.status < 400:
            seen = self._prizes[truth.campaign]
            if call.prize not in seen and len(seen) < _MOST_PRIZES:
                seen.add(call.prize)
                account.prizes[call.prize.partition(":")[0]] += 1
