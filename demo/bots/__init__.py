"""Who comes to the shop: people and bots, each from loopback addresses of their own.

A *bot* is a function of one :class:`~demo.bots.field.Field` (where the shop is, from which addresses to come, how long,
which seed, where to note what was sent). ``python -m demo.bots NAME`` runs one in a process of its own. ``people`` are
the honest ones, ``attackers`` the four of the demo, ``subtle`` the harder ones, and ``regulars`` the honest programs
that look like bots.
"""
