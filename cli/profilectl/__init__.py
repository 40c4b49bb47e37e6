"""Keep the profiles of an organisation's users true as their data changes."""

from __future__ import annotations
