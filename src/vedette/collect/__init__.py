"""Collect: what is true about one request, without an opinion.

``normalize`` is the trust boundary: it alone believes or disbelieves what a client says of itself and its address.
``endpoints`` names the route, ``agents`` the claimed client, ``headers`` compares claim and headers, ``fingerprint``
makes stable keys of handshake and header order, ``identity`` finds session, account, key and object, ``honeypots``
knows what nobody honest touches. ``observation`` is what comes out: keyed hashes and numbers, ready for the tables.
In: :class:`vedette.types.Request`. Out: :class:`vedette.collect.observation.Observation`.
"""
