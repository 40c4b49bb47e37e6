"""Find JSON nested so deeply that functions of DuckDB, which call themselves, would end the process."""

from __future__ import annotations

import re
from itertools import accumulate

#: Nobody nests data like this. From some 100,000 levels on, `json_merge_patch` runs out of stack.
MAX_DEPTH = 1_000
#: No shorter record can be nested more deeply: each level takes two brackets.
SHALLOW_BYTES = 2 * MAX_DEPTH

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_too_deep(record: str) -> bool:
    """Whether a record has more levels than `MAX_DEPTH`; itself is the first."""
    if record.count("[") + record.count("{") <= MAX_DEPTH:  # nearly all: counting is quick
        return False
    brackets = _STRING.sub("", record).encode().translate(None, _NO_BRACKETS)
    steps = (1 if bracket in b"[{" else -1 for bracket in brackets)
    return any(depth > MAX_DEPTH for depth in accumulate(steps))
