"""Implicit ALS by the library ``implicit``, an optional extra."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTORS, REGULARISATION, CONFIDENCE, ROUNDS = 64, 0.05, 10.0, 15


def available() -> bool:
    """Return whether the library is installed."""
    return find_spec("implicit") is not None


def fit_als(matrix: Any, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return factors of users ``(users, factors)`` and items ``(items, factors)``."""
    model = importlib.import_module("implicit.als").AlternatingLeastSquares(
        factors=FACTORS,
        regularization=REGULARISATION,
        alpha=CONFIDENCE,
        iterations=ROUNDS,
        random_state=seed,
        num_threads=1,  # threads would change the order of sums, and so the last bits
        use_gpu=False,
    )
    model.fit(matrix.astype(np.float32), show_progress=False)
    return np.asarray(model.user_factors), np.asarray(model.item_factors)
