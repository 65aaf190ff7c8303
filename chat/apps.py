"""Django's view of the package chat."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    """Registers what chat adds to the site."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Chat"

    def ready(self) -> None:
        """The menu item."""
        from eln.ui.registry import NavItem, nav_add

        nav_add(NavItem(_("Ask"), "chat:home", 120, "chat"))
