"""What happened, append-only: the event log and the ways to read it.

A *record* is one event as it is kept: a decision, an answer or an outcome, without anything that names a person. The
engine's process appends records to a *segment*, a file of framed MessagePack that a crash can only shorten
(:mod:`~vedette.events.log`). The archive process *seals* closed segments into Parquet by day and hour, and deletes what
is too old (:mod:`~vedette.events.seal`). A *view* shows both as one table to DuckDB (:mod:`~vedette.events.views`),
so that what was decided a moment ago and what was decided last month answer the same query.

In: :class:`~vedette.types.Decision`, :class:`~vedette.types.Answer`, :class:`~vedette.types.Outcome`.
Out: files below ``<data>/events``, and rows whose columns bear the names of the contract.
"""
