"""Django's view of the package chat."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    """Registers what chat adds to the site."""

    name = "chat"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Chat"

    def ready(self) -> None:
        """The menu item, and the button on the pages of materials."""
        from chat.web.panels import ask_button
        from eln.ui.registry import NavItem, Panel, nav_add, panel_add

        panel_add(Panel("knowledge.material.actions", ask_button))
        nav_add(NavItem(_("Ask"), "chat:home", 120, "chat"))
