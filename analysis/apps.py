"""Django's view of the package analysis."""

from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class AnalysisConfig(AppConfig):
    """Registers what analysis adds to the site."""

    name = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Analysis"

    def ready(self) -> None:
        """The stage that starts jobs, menu item, the button beside result lists, and a line of the status page."""
        from analysis.running.stages import JobStage
        from eln.ui.registry import Check, NavItem, Panel, check_add, nav_add, panel_add
        from ingest.feeds.stage import stage_register

        stage_register(JobStage())
        nav_add(NavItem(_("Models"), "analysis:home", 300, "model"))
        panel_add(Panel("knowledge.results", _train_button, 50))
        check_add(Check(_("Trainers"), _trainers))


def _train_button(request: HttpRequest, subject: Any) -> str:  # Any: the slot's subject
    from analysis.web.panels import train_button

    return train_button(request, subject)


def _trainers() -> tuple[bool, str]:
    from analysis.trainers.registry import found

    broken = "; ".join(f"{name}: {reason}" for name, reason in found().broken.items())
    return not broken, broken or ", ".join(found().trainers)
