"""Why a score is what it is, per user."""

from profilectl_ml.explaining.explainer import Explainer, Reasons, reasons

__all__ = ["Explainer", "Reasons", "reasons"]
