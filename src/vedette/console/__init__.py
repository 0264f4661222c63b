"""The console's process: the HTTP interface of contract section 4, for programs and people of the operator.

It listens on ``console.listen``, never where clients come in. *Access* knows who may call what; the *application* hands
calls on to the engine's socket, answers ``/v1/decisions/{id}`` from the event log, and gathers the metrics of all
processes. It holds no state: when it dies or hangs, no request is decided differently.
"""
