"""Fitted models as SQL text, exactly."""

# Imported for what they register: translations of models and transformers.
from profilectl_ml.compiling import composed, linear, transformers, trees
from profilectl_ml.compiling.compiled import Compiled, compile_choice, compile_model, long_expressions
from profilectl_ml.compiling.parity import TOLERANCE, Parity, parity
from profilectl_ml.compiling.translating import NotCompilable, transforms, translate, translates

__all__ = [
    "TOLERANCE",
    "Compiled",
    "NotCompilable",
    "Parity",
    "compile_choice",
    "compile_model",
    "composed",
    "linear",
    "long_expressions",
    "parity",
    "transformers",
    "transforms",
    "translate",
    "translates",
    "trees",
]
