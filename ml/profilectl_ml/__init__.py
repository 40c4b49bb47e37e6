"""The learning library of profilectl: tasks, splits, candidates, evaluation, registry, scoring.

It never prints, and it never imports the command line around it.
"""

from __future__ import annotations
