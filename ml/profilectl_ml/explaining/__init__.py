"""Why a score is what it is, per user."""

from profilectl_ml.explaining.explainer import Explainer, Reasons, reasons
from profilectl_ml.explaining.writing import write_reasons

__all__ = ["Explainer", "Reasons", "reasons", "write_reasons"]
