"""One record that could not be taken."""

from __future__ import annotations

from dataclasses import dataclass

_RAW_CHARACTERS = 2_000


@dataclass(frozen=True)
class BadRecord:
    """A record set aside: its 1-based number, the column if known, why, and what it looked like."""

    row: int
    column: str | None
    reason: str
    detail: str
    raw: bytes

    @property
    def raw_text(self) -> str:
        r"""The record as text, capped to 2,000 characters; invalid bytes show as ``\xff``."""
        start = self.raw[: 4 * _RAW_CHARACTERS]
        return start.decode("utf-8", errors="backslashreplace").replace("\0", "\\x00")[:_RAW_CHARACTERS]
