"""Django's view of the package chat."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Registers what chat adds to the site."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Chat"
