"""The ways in: each turns something that exists outside into requests, answers and outcomes, and a decision back.

A *door* translates and does nothing else. ``http`` is the engine's process: a *connection* cuts the bytes of a socket
into *calls*, the *service* answers them, ``forwarded`` reads what a proxy asks and ``records`` what a program sends as
JSON. ``client`` is the other end of that socket. ``logs`` reads recorded traffic. What a client says comes in as it was
said: weighing it is the business of ``vedette.collect``.
"""
