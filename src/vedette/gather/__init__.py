"""Gather: what has to be fetched or asked, off the request path: feeds, DNS, key directories.

A process of its own does it (``python -m vedette.gather``); it writes files below ``<data>/gathered``, each replaced
whole, and the engine reads them again when they have changed (:mod:`vedette.snapshot`). The engine's questions come as
datagrams (:class:`vedette.snapshot.findings.Inquiry`); one that is lost is asked again with the next request.
"""
