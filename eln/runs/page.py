"""What the page of one run shows, gathered once; no HTML."""

from typing import Any

from eln.accounts.scope import Scope
from eln.entries.models import Attachment
from eln.entries.page import run_channels
from eln.runs.selectors import run_before, run_may_write, runs_beside, runs_to_compare
from eln.runs.wording import field_label, origin_label, step_label
from ingest.stream.models import Run


def _steps(run: Run) -> list[dict[str, Any]]:
    return [{"start": None, "end": None, **step, "label": step_label(step)} for step in run.steps]


def run_page(run: Run, scope: Scope) -> dict[str, Any]:
    """The context of run.html."""
    entry = getattr(run, "entry", None)
    earlier, later = runs_beside(scope=scope, run=run)
    files = Attachment.objects.filter(entry=entry).select_related("receipt", "parsed").order_by("created", "pk")
    return {
        "run": run,
        "instrument": run.instrument,
        "entry": entry,
        "origin": origin_label(run.origin),
        "may_write": run_may_write(scope=scope, run=run),
        "steps": _steps(run),
        "channels": run_channels(run),
        "alerts": run.alerts.order_by("started")[:100],
        "files": files[:100] if entry else [],
        "before": run_before(scope=scope, run=run),
        "others": runs_to_compare(scope=scope, run=run),
        "earlier": earlier,
        "later": later,
        "history": [(row, field_label(row.field)) for row in run.changes.order_by("-pk")[:100]],
        "corrected": [(name, field_label(name)) for name in run.corrected],
    }
