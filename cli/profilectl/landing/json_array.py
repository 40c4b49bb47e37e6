"""Write the elements of a damaged JSON array one per line, so that the sound ones can be read."""

from __future__ import annotations

import re
from typing import IO

from profilectl.landing.csv_lines import MAX_RECORD_BYTES

_MARK = re.compile(rb'["\\\[\]{},\n]')
_PIECE = 1 << 20
_BLANKS = b" \t\r\n"


def split_array(source: IO[bytes], target: IO[bytes]) -> bool:
    """Copy each element of the top-level array in ``source`` to one line of ``target``.

    Elements are told apart by brackets and quotes alone; whether each is sound is for the reader
    of the lines to say. One bad element must cost no other: a string that runs into the end of
    its line is broken (JSON allows no newline in one), and a line that begins like the first
    element's line begins an element; both end the element before.

    Returns
    -------
    bool
        Whether the array was closed; if not, the file is probably truncated.
    """
    splitter = _Splitter(target)
    starts_line = True
    while piece := source.readline(_PIECE):
        splitter.feed(piece, starts_line)
        starts_line = piece.endswith(b"\n")
    return splitter.finish()


class _Splitter:
    """Brackets and quotes open at this point, and the element read so far."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._element = bytearray()
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._start: bytes | None = None

    def feed(self, piece: bytes, starts_line: bool) -> None:
        if starts_line and (brace := piece[: len(piece) - len(piece.lstrip(b" \t"))] + b"{"):
            if self._depth == 1 and self._start is None and piece.startswith(brace):
                self._start = brace
            elif self._depth > 1 and self._start and piece.startswith(self._start):
                self._emit()
        position = 0
        for match in _MARK.finditer(piece):
            at, mark = match.start(), match.group()
            if self._escaped and position == at and mark != b"\n":
                self._escaped = False
                self._keep(piece[position : at + 1])
                position = at + 1
                continue
            self._escaped = False
            self._keep(piece[position:at])
            position = at + 1
            self._step(mark)
        if position < len(piece):
            self._escaped = False
        self._keep(piece[position:])

    def finish(self) -> bool:
        closed = self._depth == 0
        self._emit()
        return closed

    def _step(self, mark: bytes) -> None:
        if self._in_string:
            if mark == b"\n":
                self._emit()
                return
            self._escaped = mark == b"\\"
            self._in_string = mark != b'"'
        elif mark == b"," and self._depth <= 1:
            self._emit()
            return
        elif mark == b"[" and self._depth == 0 and not self._element.strip(_BLANKS):
            self._depth = 1
            return
        elif mark == b"]" and self._depth == 1:
            self._emit()
            self._depth = 0
            return
        elif mark in b"[{":
            self._depth += 1
        elif mark in b"]}":
            self._depth = max(self._depth - 1, 1)
        elif mark == b'"':
            self._in_string = True
        self._keep(b" " if mark == b"\n" else mark)

    def _keep(self, content: bytes) -> None:
        # Beyond the limit the element is lost anyway; what is kept still shows that it is too long.
        self._element += content[: max(MAX_RECORD_BYTES + 1 - len(self._element), 0)]

    def _emit(self) -> None:
        """Write the element, if any, and stand between two elements."""
        element = self._element.replace(b"\r", b" ").strip(_BLANKS)
        if element:
            self._target.write(element + b"\n")
        self._element.clear()
        self._in_string = False
        self._depth = min(self._depth, 1)
