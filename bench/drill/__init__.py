"""The drill: real attack tools, real people's browsers, one verdict on each.

``python -m bench.drill`` puts the demo shop behind ``vedette serve`` and lets each tool loose on it from an address of
its own, with clean tables. *Sent* is counted where the tool's bytes pass (``relay``) or by the client itself, *reached*
in the shop's own log, and ``judge`` compares the two.
"""
