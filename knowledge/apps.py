"""Django's view of the package knowledge."""

from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from eln.entries.models import Entry
    from knowledge.records.models import Record


LATE_S = 60.0  # a filed record is found within seconds where the stages run


class KnowledgeConfig(AppConfig):
    """Registers what knowledge adds to the site."""

    name = "knowledge"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Knowledge"

    def ready(self) -> None:
        """Stages in the order of the data path, and the menu."""
        from celery.signals import task_prerun

        from eln.ui.registry import Check, NavItem, Panel, check_add, nav_add, panel_add
        from ingest.feeds.stage import stage_register
        from ingest.home import prepared_add
        from knowledge.access.views import account_panel
        from knowledge.editor.stages import TopicStage
        from knowledge.exports.stages import ExportStage
        from knowledge.exports.views import export_panel
        from knowledge.geometry.stages import GeometryStage
        from knowledge.graph.stages import GraphStage
        from knowledge.imports.stages import ImportStage
        from knowledge.index.stages import IndexStage
        from knowledge.neo4j.connection import configured
        from knowledge.neo4j.stages import Neo4jStage
        from knowledge.proposals.stages import ProposalStage
        from knowledge.quality.stages import QualityStage
        from knowledge.records.stages import RecordStage
        from knowledge.topics.schema import topics_refresh
        from knowledge.webhooks.stages import DeliveryStage, WebhookStage
        from knowledge.wizard.stages import TableImportStage

        stage_register(RecordStage())
        stage_register(ImportStage())
        stage_register(GeometryStage())
        stage_register(IndexStage())
        stage_register(TopicStage())
        stage_register(GraphStage())
        stage_register(QualityStage())
        stage_register(ProposalStage())
        stage_register(ExportStage())
        stage_register(TableImportStage())
        if configured():
            stage_register(Neo4jStage())
            check_add(Check(_("Graph database"), _neo4j_state))
        stage_register(WebhookStage())
        stage_register(DeliveryStage())
        check_add(Check(_("Search index"), _index_state))
        check_add(Check(_("Topics"), _topics_state))
        prepared_add(topics_refresh)
        task_prerun.connect(_before_task, weak=False)
        panel_add(Panel("eln.account", account_panel))
        panel_add(Panel("knowledge.results", export_panel, 40))
        nav_add(NavItem(_("Search"), "knowledge:search", 60, "search"))
        nav_add(NavItem(_("Topics"), "knowledge:topics", 61, "topic"))
        nav_add(NavItem(_("Data sets"), "knowledge:datasets", 62, "dataset"))
        nav_add(NavItem(_("Import tables"), "knowledge:imports", 64, "table"))
        panel_add(Panel("knowledge.material", _material_conflicts, 10))
        panel_add(Panel("eln.entry", _entry_proposals, 60))
        panel_add(Panel("eln.home", _home_proposals, 60))
        panel_add(Panel("knowledge.record", _record_conflicts, 10))


def _entry_proposals(request: HttpRequest, entry: "Entry") -> str:
    from knowledge.proposals.views import entry_panel

    return entry_panel(request, entry)


def _home_proposals(request: HttpRequest, subject: object) -> str:
    from knowledge.proposals.views import home_panel

    return home_panel(request, subject)


def _material_conflicts(request: HttpRequest, formula: str) -> str:
    from knowledge.materials.disagreement import material_panel

    return material_panel(request, formula)


def _record_conflicts(request: HttpRequest, record: "Record") -> str:
    from knowledge.materials.disagreement import record_panel

    return record_panel(request, record)


def _index_state() -> tuple[bool, str]:
    """Whether the index fits the topics as they are now, in a sentence."""
    from django.utils import timezone

    from knowledge.index.columns import fingerprint
    from knowledge.index.segments import manifest_read
    from knowledge.index.selectors import waiting_s

    manifest, waiting = manifest_read(), waiting_s(timezone.now())
    if manifest.generation and waiting is not None and waiting > LATE_S:
        told = gettext(
            "The oldest change that search does not show yet has been waiting for %(seconds)s s: are workers running?"
        )
        return False, told % {"seconds": round(waiting)}
    if not manifest.generation:
        return True, gettext("Empty: it is built when the first records come in.")
    if manifest.fingerprint != fingerprint():
        return False, gettext("Built for other topics than now: run manage.py rebuild index.")
    return True, gettext("Up to date with the topics; change number %(number)s.") % {"number": manifest.generation}


def _before_task(**_: object) -> None:
    """A worker's task sees the topics as they are when it begins."""
    from knowledge.topics.schema import topics_refresh

    topics_refresh()


def _topics_state() -> tuple[bool, str]:
    """Whether every topic and every described data set can be used, in a sentence that names those that cannot."""
    from knowledge.imports.mappings import dataset_complaints
    from knowledge.topics.schema import complaints, topics

    wrong = [*complaints(), *dataset_complaints()]
    if not wrong:
        return True, gettext("%(number)s topics, all usable.") % {"number": len(topics())}
    told = "; ".join(f"{one.place}: {one.reason}" for one in wrong[:5])
    return False, gettext("Left out until they are mended: %(told)s") % {"told": told}


def _neo4j_state() -> tuple[bool, str]:
    """Whether the site's Neo4j answers, and how many records stand in it."""
    from knowledge.neo4j.connection import GraphAway, read

    try:
        count = read("MATCH (r:Record) RETURN count(r) AS n", {})[0]["n"]
    except GraphAway as error:
        return False, error.message
    return True, gettext("Neo4j answers; it holds %(count)s records.") % {"count": count}
