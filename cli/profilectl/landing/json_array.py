"""Write the elements of a damaged JSON array one per line, so that the sound ones can be read."""

from __future__ import annotations

import re
from typing import IO

from profilectl.landing.csv_lines import MAX_RECORD_BYTES

_MARK = re.compile(rb'["\\\[\]{},\n]')
# A whole object without inner brackets and the comma after it: nearly all elements are such.
_FLAT = re.compile(rb'\s*+(\{(?:[^{}\[\]"\n]++|"(?:[^"\\\n]++|\\[^\n])*+")*+\})\s*+,')
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
        while position < len(piece):
            if self._stands_between() and (flat := _FLAT.match(piece, position)):
                self._keep(flat[1])
                self._emit()
                position = flat.end()
                continue
            match = _MARK.search(piece, position)
            at = match.start() if match else len(piece)
            is_escaped = self._escaped and at == position
            self._escaped = False
            self._keep(piece[position:at])
            position = at + 1
            if match is None:
                break
            if is_escaped and match[0] != b"\n":
                self._keep(match[0])
            else:
                self._step(match[0])

    def _stands_between(self) -> bool:
        return self._depth == 1 and not self._in_string and not self._element

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
        if mark != b"\n":
            self._keep(mark)
        elif self._element:
            self._keep(b" ")

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
