"""Django's view of the package deploy."""

from django.apps import AppConfig


class DeployConfig(AppConfig):
    """Registers what deploy adds to the site."""

    name = "deploy"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Deploy"
