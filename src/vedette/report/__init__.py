"""A page about recorded traffic that a person enjoys reading: what came, what it looks like, what would be stopped.

``gather`` adds decisions up as they are made, within fixed memory; ``charts`` draws; ``judged`` shows what came of a
comparison with labels; ``page`` puts all into one self-contained HTML file that asks nobody for anything. Whatever
comes from the log is escaped.
"""

from __future__ import annotations

from vedette.report.page import Report

__all__ = ["Report"]
