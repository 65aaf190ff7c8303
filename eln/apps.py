"""Django's view of the package eln."""

from django.apps import AppConfig


class ElnConfig(AppConfig):
    """Registers what eln adds to the site."""

    name = "eln"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Eln"
