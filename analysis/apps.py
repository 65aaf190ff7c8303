"""Django's view of the package analysis."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Registers what analysis adds to the site."""

    name = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Analysis"
