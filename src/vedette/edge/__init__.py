"""The embedded proxy: Envoy, configured from ``vedette.yaml`` and kept running.

``envoy`` writes the files that a running Envoy watches (``listeners``, ``clusters`` and ``routes`` are their parts);
``process`` starts, drains and stops one Envoy; ``answers`` reads what Envoy reports about the API's answers.
In comes a :class:`~vedette.config.schema.Config`; out go files, a child process, and a stream of answers.
Nothing here decides about a request: the edge removes what a client could forge, adds what only it can know, asks the
engine, does what it says, and lets the request pass where no answer comes in time.
"""
