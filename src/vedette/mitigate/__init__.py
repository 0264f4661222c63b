"""What to do about a request, once it is known how suspicious it is.

A *rule* is a condition (CEL over :class:`~vedette.config.expressions.Facts`) and an action; the *policy* is an ordered
list of rules of which the first that matches chooses the *action*. A *limit* says how often a key may come. A *hold*
keeps a stopped key stopped for a while, a *refused* session is refused for a day, an *override* is an operator's word.
*Mode* says whether an action is carried out (``enforce``) or only recorded (``monitor``); a request whose action is
``block``, ``rate_limit``, ``redirect``, ``challenge`` or ``decoy`` and is carried out is *stopped*.

In: facts and keyed 64-bit hashes from ``detect`` and ``collect``, the tables ``limit`` and ``hold``, and ``now``.
Out: a :class:`~vedette.mitigate.policy.Choice` for the decision, the fields that the API gets
(:func:`~vedette.mitigate.actions.upstream_headers`) and the :class:`~vedette.mitigate.actions.Reply` that a stopped
client gets. Nothing here opens a socket, reads a clock or waits; nothing grows with the number of clients.

Modules: ``policy`` chooses, ``limits`` and ``sessions`` remember, ``actions`` and ``cors`` speak.
"""
