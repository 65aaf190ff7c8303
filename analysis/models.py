"""All tables of analysis in one place, for Django and for the newcomer."""

from analysis.jobs.models import Job
from analysis.predictors.models import Predictor

__all__ = ["Job", "Predictor"]
