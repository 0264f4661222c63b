"""Detect: how suspicious a request is, and why.

A *signal* (from ``collect``) becomes a *feature* (a number, or unknown), a feature becomes *evidence* (signed
log-odds), evidence adds up to a *score* with its interval. ``tables`` remember entities within fixed memory,
``sketches`` count in a few words, ``features`` is the one list of what is measured, ``kernel`` measures it, ``scorers``
weigh it, ``feedback`` learns from answers, ``threats`` name what it looks like, ``compiled`` and ``barrier`` say how
kernels are built. In: keyed hashes and numbers. Out: features, score, low, high.
"""
