"""Django's view of the package ingest."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """Registers what ingest adds to the site."""

    name = "ingest"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Ingest"
