"""64-bit numbers: written as SQL without losing a bit, and thresholds moved through rounding functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LARGEST = float(np.finfo(np.float64).max)
_LARGEST_KEY = int(np.float64(LARGEST).view(np.int64))


def literal(value: float) -> str:
    """Return a finite number as an SQL literal that reads back as the same 64 bits.

    Without an exponent engines read a decimal, which cannot hold all of them.

    Examples
    --------
    >>> literal(0.1), literal(-1e-30), literal(3.0)
    ('0.1e0', '(-1e-30)', '3e0')
    """
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"{number} cannot be written as an SQL number")
    text = repr(abs(number)).removesuffix(".0")
    text = text if "e" in text else f"{text}e0"
    return f"(-{text})" if number < 0 else text


def last_at_most(function: Callable[[Floats], Floats], limits: Floats) -> Floats:
    """Return the largest 64-bit numbers whose image is at most the limits, shape ``(limits,)``.

    So ``function(x) <= limit`` is the same as ``x <= result`` for every finite ``x``, to the last bit:
    rounding keeps order, whatever it does to values. -inf stands for "no number is".

    Parameters
    ----------
    function
        Never decreasing; maps an array to one of its shape.
    limits
        Shape ``(limits,)``; may be infinite.
    """
    low = np.full(len(limits), -_LARGEST_KEY - 1, dtype=np.int64)  # stands for "none"
    high = np.full(len(limits), _LARGEST_KEY, dtype=np.int64)
    while np.any(low < high):
        # The mean rounded up, without the overflow of adding first.
        middle = (low >> 1) + (high >> 1) + ((low | high) & 1)
        fits = function(_number(middle)) <= limits
        low, high = np.where(fits, middle, low), np.where(fits, high, np.minimum(middle - 1, high))
        high = np.maximum(low, high)
    return np.where(low < -_LARGEST_KEY, -np.inf, _number(np.maximum(low, -_LARGEST_KEY)))


def _number(keys: NDArray[np.int64]) -> Floats:
    """Return the numbers of these ranks: bits, with the order of negative ones turned round."""
    size = np.abs(keys).view(np.float64)
    return np.where(keys < 0, -size, size)
