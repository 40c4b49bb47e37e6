"""Models as bytes: written and read with skops, which runs no code from the file."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from typing import Any

import skops.io

from profilectl_ml.errors import ProfilectlError

FORMAT_VERSION = 2

# skops trusts scikit-learn's public types by itself; these are the rest that our candidates hold.
TRUSTED_TYPES = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "numpy.dtype",
    "profilectl_ml.estimators.CalibratedModel",
    "profilectl_ml.estimators.ColumnLevel",
    "profilectl_ml.estimators.InformativeColumns",
    "profilectl_ml.estimators.LogRegressor",
    "profilectl_ml.estimators.NonNegativeTarget",
    "profilectl_ml.estimators.RelevantColumns",
    "profilectl_ml.estimators.ResidualRegressor",
    "profilectl_ml.estimators.RootRegressor",
    "profilectl_ml.estimators.SignedRoot",
    "profilectl_ml.estimators.VaryingColumns",
    "profilectl_ml.segmenting.clusterers.Bands",
    "profilectl_ml.segmenting.scaling.ScaledFeatures",
    "profilectl_ml.transforms.BoundedColumns",
    "profilectl_ml.transforms.SignedLog",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss._loss.CyHalfTweedieLoss",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)


def dump_model(model: Any) -> bytes:
    """Return a fitted model as skops bytes.

    Raises
    ------
    ProfilectlError
        If the model holds a type outside ``TRUSTED_TYPES``: it could not be loaded again.
    """
    data: bytes = skops.io.dumps(model)
    _check_types(data)
    return data


@lru_cache(maxsize=4)
def load_model(data: bytes, format_version: int) -> Any:
    """Return the model that ``dump_model`` wrote; the same object for the same bytes: never fit it.

    Raises
    ------
    ProfilectlError
        If the format is not ``FORMAT_VERSION``, the bytes are no artefact, or they hold a foreign type.
    """
    if format_version != FORMAT_VERSION:
        raise ProfilectlError(
            f"the model is stored in format {format_version}, this version reads format {FORMAT_VERSION}",
            hint="train again, or use the version of profilectl that wrote it",
        )
    try:
        _check_types(data)
        return skops.io.loads(data, trusted=list(TRUSTED_TYPES))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ProfilectlError(f"the stored model cannot be read: {error}", hint="train again") from error


def _check_types(data: bytes) -> None:
    foreign = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES))
    if foreign:
        raise ProfilectlError(
            f"the model holds types that are not on the trusted list: {', '.join(foreign)}",
            hint="it was not written by profilectl; do not use it",
        )
