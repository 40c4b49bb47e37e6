"""What this machine offers: memory and a disk to write on."""

from __future__ import annotations

import os
import re
from pathlib import Path

UNITS = {
    "": 1,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "KI": 2**10,
    "MI": 2**20,
    "GI": 2**30,
    "TI": 2**40,
}
CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def parse_size(text: str) -> int | None:
    """Return a size as DuckDB writes it in bytes, or none if it is not one.

    Examples
    --------
    >>> parse_size("4GB"), parse_size("512 MiB"), parse_size("much")
    (4000000000, 536870912, None)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", text.lower())
    if not found or found[2].upper() not in UNITS:
        return None
    return int(float(found[1]) * UNITS[found[2].upper()])


def memory() -> int | None:
    """Return the bytes of memory this process may use: the machine's, or its container's."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    for file in CGROUP_LIMITS:
        if file.is_file() and (text := file.read_text().strip()).isdigit():
            there = min(there, int(text))
    return there


def can_write(folder: Path) -> bool:
    """Return whether this user may make files in ``folder``."""
    return os.access(folder, os.W_OK | os.X_OK)
