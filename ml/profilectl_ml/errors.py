"""The one exception root that every module raises and only the CLI boundary catches."""

from __future__ import annotations


class ProfilectlError(Exception):
    """Something went wrong that a person can act on.

    Parameters
    ----------
    message
        One clear line: what failed, on what.
    hint
        What to do about it, where that is known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message
