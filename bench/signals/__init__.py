"""What betrays real clients at the real edge, when they tell the truth about themselves and when they lie.

    python -m bench.signals [--only NAME ...] [--out FILE]      (make signals)

Each client asks a protected API a few times: in plain, over TLS with HTTP/1.1 and over TLS with HTTP/2, where it can;
once as it is, once with the User-Agent of a current Chrome. What the engine found in each request is read from the
event log, as ``vedette explain`` does, and written to ``docs/signals.md``. Nothing leaves this machine.
"""
