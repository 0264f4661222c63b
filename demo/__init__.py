"""A shop worth protecting, people who use it, bots that abuse it, and a terminal view of what Vedette does about them.

``python -m demo`` runs it all. The words: the *shop* is a real HTTP API (``demo.shop``); a *population* is a kind of
client with addresses of its own (``demo.bots``); what a client sends is written to a *sent log*, what the shop gets to
an *access log*, and the *tally* compares the two. Nothing here is imported by the product.
"""
