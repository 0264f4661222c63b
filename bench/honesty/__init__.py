"""Is a world honest: can one request tell an attacker from a person, and do its people look like real ones?

``fields`` reads what a single request shows, ``separation`` measures how well that separates attackers from people,
``people`` compares the human part with tables of real logs, ``shares`` counts base rates. ``python -m bench.honesty``
builds the worlds it needs and writes ``docs/simulation.md``.
"""
