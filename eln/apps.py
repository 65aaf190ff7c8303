"""Django's view of the package eln."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ElnConfig(AppConfig):
    """Registers what eln adds to the site."""

    name = "eln"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Eln"

    def ready(self) -> None:
        """Menu, status lines and stages of the notebook."""
        from eln.filing.files import FileFiles
        from eln.filing.runs import FileRuns
        from eln.ui.registry import Check, NavItem, check_add, nav_add
        from eln.ui.status import database_state, disk_state, failures_state, files_state, inbox_state
        from ingest.feeds.stage import stage_register

        stage_register(FileRuns())
        stage_register(FileFiles())
        check_add(Check(_("Database"), database_state))
        check_add(Check(_("Disk"), disk_state))
        check_add(Check(_("Stored files"), files_state))
        check_add(Check(_("Background stages"), failures_state))
        check_add(Check(_("Inbox"), inbox_state))

        nav_add(NavItem(_("Home"), "eln:home", 0, "home"))
        nav_add(NavItem(_("Entries"), "eln:entries", 10, "entry"))
        nav_add(NavItem(_("Instruments"), "eln:instruments", 20, "instrument"))
        nav_add(NavItem(_("Samples"), "eln:samples", 30, "sample"))
        nav_add(NavItem(_("Inbox"), "eln:inbox", 40, "inbox"))
        nav_add(NavItem(_("Upload"), "eln:upload", 50, "upload"))
        nav_add(NavItem(_("Formats"), "eln:formats", 55, "file"))
        nav_add(NavItem(_("Status"), "eln:status", 900, "status"))
