"""Django's view of the package eln."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ElnConfig(AppConfig):
    """Registers what eln adds to the site."""

    name = "eln"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Eln"

    def ready(self) -> None:
        """Menu items of the notebook; those whose page is absent stay out of the menu."""
        from eln.ui.registry import NavItem, nav_add

        nav_add(NavItem(_("Home"), "eln:home", 0, "home"))
        nav_add(NavItem(_("Entries"), "eln:entries", 10, "entry"))
        nav_add(NavItem(_("Instruments"), "eln:instruments", 20, "instrument"))
        nav_add(NavItem(_("Samples"), "eln:samples", 30, "sample"))
        nav_add(NavItem(_("Inbox"), "eln:inbox", 40, "inbox"))
        nav_add(NavItem(_("Upload"), "eln:upload", 50, "upload"))
        nav_add(NavItem(_("Status"), "eln:status", 900, "status"))
