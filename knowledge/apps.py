"""Django's view of the package knowledge."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    """Registers what knowledge adds to the site."""

    name = "knowledge"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Knowledge"

    def ready(self) -> None:
        """Stages in the order of the data path, and the menu."""
        from eln.ui.registry import NavItem, nav_add
        from ingest.feeds.stage import stage_register
        from knowledge.graph.stages import GraphStage
        from knowledge.imports.stages import ImportStage
        from knowledge.index.stages import IndexStage
        from knowledge.records.stages import RecordStage

        stage_register(RecordStage())
        stage_register(ImportStage())
        stage_register(IndexStage())
        stage_register(GraphStage())
        nav_add(NavItem(_("Search"), "knowledge:search", 60, "search"))
