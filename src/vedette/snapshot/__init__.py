"""What is gathered off the request path and handed to the engine: schema, reading and checking.

A *snapshot* is immutable and replaced whole. ``networks`` says what is known of an address (published ranges, feeds,
ASN, country), ``findings`` what DNS said about crawlers, ``keys`` which public keys belong to which URL, ``gathered``
holds the three together and reads them from the directory where ``vedette.gather`` writes them.
"""
