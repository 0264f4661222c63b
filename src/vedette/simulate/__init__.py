"""Labelled traffic: people, good bots and attack campaigns around a shop's API, made from a seed.

A *scenario* (YAML) names the *parts* of a world: populations of people, good bots, campaigns and hard cases. Each part
is an iterator of *arrivals*, ``(time, script)``. A *script* is a generator: it yields a *call* that somebody is about
to make and is sent the *reply*, so the same script runs against the modelled shop (a log), against an engine in
virtual time (a duel), or against a real address (``--target``). The *truth* about a call (who sent it, in which
session, campaign and threat) travels beside it and is written to a file of its own; nothing that makes a decision may
read it. *Outcomes* are what the shop learns later, late and not always right.

Flow: ``scenario`` reads → ``world`` holds what all parts share → ``populations`` give arrivals → ``play`` orders the
calls in time and asks a *counterpart* for each reply → ``writing`` records them, or ``target`` sends them.
"""
