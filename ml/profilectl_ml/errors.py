"""The one exception root that every module raises and only the CLI boundary catches."""

from __future__ import annotations

import logging

_LOG = logging.getLogger(__name__)


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


def in_one_line(error: Exception) -> str:
    """Return what ``error`` says; of one that nobody foresaw its kind, too, and the log has its traceback."""
    if isinstance(error, ProfilectlError):
        return error.message
    _LOG.error("%s", error, exc_info=error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
