"""Features: rows to a matrix, by a recipe that is stored with the model."""

from analysis.features.spec import FeatureSpec, Matrix, build, spec_of

__all__ = ["FeatureSpec", "Matrix", "build", "spec_of"]
