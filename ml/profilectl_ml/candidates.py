"""The models that are compared, by kind of task; each is a pipeline with its preprocessing."""

from __future__ import annotations

from profilectl_ml.candidates_classification import CLASSIFIERS
from profilectl_ml.candidates_lightgbm import LIGHTGBM, installed
from profilectl_ml.candidates_regression import REGRESSORS
from profilectl_ml.recipes import BASELINE, Candidate

# A weighted mean of the others, made in profilectl_ml.ensembling.
ENSEMBLE = "ensemble"
_CATALOGUE: dict[str, dict[str, Candidate]] = {
    kind: {c.name: c for c in (*found, LIGHTGBM[kind])}
    for kind, found in (("regression", REGRESSORS), ("classification", CLASSIFIERS))
}
CANDIDATE_NAMES = {
    kind: (*(name for name in found if name != BASELINE), ENSEMBLE) for kind, found in _CATALOGUE.items()
}
# What a task gets that names none: everything that needs no extra.
DEFAULT_CANDIDATES = {
    kind: tuple(name for name in names if name != "lightgbm") for kind, names in CANDIDATE_NAMES.items()
}


def candidates(kind: str, names: tuple[str, ...]) -> tuple[list[Candidate], list[str]]:
    """Return the baseline followed by the named candidates, and the names that are not installed.

    The ensemble is no candidate of its own: it is made from the others after they were compared.

    Raises
    ------
    KeyError
        If a name is not in ``CANDIDATE_NAMES``; tasks check this when they are read.
    """
    catalogue = _CATALOGUE[kind]
    missing = [name for name in names if name == "lightgbm" and not installed()]
    chosen = [catalogue[name] for name in names if name != ENSEMBLE and name not in missing]
    return [catalogue[BASELINE], *chosen], missing
