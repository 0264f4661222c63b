"""What Vedette finds, misses and harms in simulated worlds, beside two simple defences: ``python -m bench.accuracy``.

``worlds`` builds and replays, ``baselines`` judges the simple defences by the same measures, ``page`` writes
``docs/accuracy.md``.
"""
