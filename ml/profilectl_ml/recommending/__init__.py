"""Tasks of kind ``recommendation``: the next items (or categories) for every user.

``events`` reads what users did, ``holdout`` divides it in time, ``history`` counts what is known before
a cutoff, ``similarity``, ``ease`` and ``als`` find items that go together, ``signals`` scores items for
batches of users, ``rerank`` blends the signals, ``training`` chooses, judges and writes.
"""

from __future__ import annotations
