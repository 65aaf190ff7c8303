"""Reads of runs: which a reader may see, what went before, what there is to compare with."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404

from eln.accounts.scope import Scope
from eln.entries.models import Entry
from eln.instruments.selectors import instrument_list, instrument_may_write
from ingest.gateway.models import Instrument
from ingest.stream.models import Run


def run_list(*, scope: Scope, instrument: Instrument | None = None, withdrawn: bool = False) -> QuerySet[Run]:
    """Runs a reader may see, newest first: those of readable entries, and of readable instruments before there is one."""
    runs = Run.objects.select_related("instrument", "entry", "entry__project")
    if not scope.everything:
        own = Q(entry__isnull=False) & scope.q("entry__project")
        bare = Q(entry=None, instrument__in=instrument_list(scope=scope))
        runs = runs.filter(own | bare)
    if instrument is not None:
        runs = runs.filter(instrument=instrument)
    return (runs if withdrawn else runs.filter(withdrawn=None)).order_by("-started", "-pk")


def run_get(*, scope: Scope, uid: str) -> Run:
    """One run, withdrawn or not. Raises Http404."""
    run = run_list(scope=scope, withdrawn=True).filter(pk=uid).first()
    if run is None:
        raise Http404
    return run


def run_may_write(*, scope: Scope, run: Run) -> bool:
    """Whether a person may correct a run: who may write its entry, or file for the instrument."""
    entry: Entry | None = getattr(run, "entry", None)
    if entry is not None:
        return scope.may_write(entry.project_id)
    return instrument_may_write(scope=scope, instrument=run.instrument)


def run_before(*, scope: Scope, run: Run) -> Run | None:
    """The run before this one with the same recipe; without a recipe, the one before."""
    earlier = run_list(scope=scope, instrument=run.instrument).filter(started__lt=run.started)
    return earlier.filter(recipe=run.recipe).first() if run.recipe else earlier.first()


def runs_to_compare(*, scope: Scope, run: Run, most: int = 30) -> list[Run]:
    """Other runs of the instrument, those of the same recipe first."""
    others = list(run_list(scope=scope, instrument=run.instrument).exclude(pk=run.pk)[: 4 * most])
    return sorted(others, key=lambda other: other.recipe != run.recipe)[:most]


def runs_beside(*, scope: Scope, run: Run) -> tuple[Run | None, Run | None]:
    """The runs of the instrument before and after this one."""
    runs = run_list(scope=scope, instrument=run.instrument)
    earlier = runs.filter(started__lt=run.started).first()
    return earlier, runs.filter(started__gt=run.started).order_by("started", "pk").first()


def run_during(*, scope: Scope, instrument: Instrument, time: datetime) -> Run | None:
    """The run of an instrument at a time."""
    at = run_list(scope=scope, instrument=instrument).filter(started__lte=time)
    return at.filter(Q(ended=None) | Q(ended__gte=time)).first()
