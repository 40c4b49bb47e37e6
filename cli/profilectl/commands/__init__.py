"""One command per file: each has ``NAME``, ``PANEL`` and ``run``; it parses, calls and renders."""

from __future__ import annotations
