"""Physical lines of a text file, bounded in memory, with a place to put lines back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import IO

#: A longer record is set aside; DuckDB is told to take a little more.
MAX_RECORD_BYTES = 2_000_000


def bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends; of a line beyond the limit only its first part.

    A line cut this way is `MAX_RECORD_BYTES` + 1 bytes long, so it still shows as too long.
    """
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > MAX_RECORD_BYTES:
            rest = stream.readline(MAX_RECORD_BYTES + 1)
        yield line.removesuffix(b"\n").removesuffix(b"\r")


class Lines:
    """The lines of a CSV file, whichever way it ends them."""

    def __init__(self, stream: IO[bytes]) -> None:
        start = stream.read(1 << 16)
        stream.seek(0)
        old_mac = b"\r" in start and b"\n" not in start
        self._lines = _split_at_returns(stream) if old_mac else bounded_lines(stream)
        self._returned: deque[bytes] = deque()

    def next(self) -> bytes | None:
        """Return the next line without its end, or None after the last."""
        return self._returned.popleft() if self._returned else next(self._lines, None)

    def put_back(self, lines: list[bytes]) -> None:
        """Make ``lines`` come again, before all others."""
        self._returned.extendleft(reversed(lines))


def _split_at_returns(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 20):
        *lines, rest = (rest + chunk).split(b"\r")
        yield from lines
    if rest:
        yield rest
