"""Goes over the records of a topic and stores what it finds: in a thread of the site or on a worker, one run at a time."""

import logging
import threading
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import connections, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from eln.accounts.scope import Scope
from ingest.feeds.followers import follower_lives, follower_name
from knowledge.identity.domain import Statement
from knowledge.identity.selectors import statements
from knowledge.imports.models import Import
from knowledge.quality.domain import Complaint, Numbers, Ratios, coverage_add, material_complaints
from knowledge.quality.models import Finding, QualityRun
from knowledge.records.models import Kind
from knowledge.records.selectors import records_visible

log = logging.getLogger(__name__)
STEP = 2000  # records between two looks at the clock and the wish to stop
MOST_OF_KIND = 20_000
MOST_REJECTED = 5000
GONE = gettext_noop("The process that made this check is gone: the site was stopped while it ran. Ask for it again.")


class Cancelled(Exception):
    """Somebody asked to end it."""


def run_follow(pk: int) -> bool:
    """Make one waiting run; False if it was not waiting any more."""
    if not QualityRun.objects.filter(pk=pk, state=QualityRun.State.QUEUED).update(
        state=QualityRun.State.RUNNING, follower=follower_name(), reason="", done=0
    ):
        return False
    run = QualityRun.objects.get(pk=pk)
    try:
        found, figures = _look(run)
        _store(run, found, figures)
    except Cancelled:
        _end(run, QualityRun.State.CANCELLED, "")
    except Exception as error:  # whatever fails, the person is told and may try again
        log.exception("quality run %s", pk)
        _end(run, QualityRun.State.FAILED, f"{type(error).__name__}: {error}"[:2000])
    return True


def _end(run: QualityRun, state: QualityRun.State, reason: str) -> None:
    QualityRun.objects.filter(pk=run.pk).update(state=state, reason=reason, ended=timezone.now(), follower="")


def _step(run: QualityRun, done: int) -> None:
    QualityRun.objects.filter(pk=run.pk).update(done=done)
    if QualityRun.objects.filter(pk=run.pk, cancel_asked=True).exists():
        raise Cancelled


def _look(run: QualityRun) -> tuple[list[Complaint], dict[str, Any]]:  # Any: JSON
    wanted = records_visible(scope=Scope.system()).exclude(kind=Kind.PREDICTION)
    if run.topic:
        wanted = wanted.filter(topic=run.topic)
    QualityRun.objects.filter(pk=run.pk).update(total=wanted.count())
    coverage: dict[str, dict[str, dict[str, Any]]] = {}
    compared: dict[tuple[str, str], list[int]] = {}
    found, numbers, ratios = _Found(), Numbers(), Ratios()
    done = materials = 0
    for formula, records in _materials(statements(wanted)):
        for record in records:
            coverage_add(coverage, record)
            found.extend(numbers.add(record))
        if formula:
            materials += 1
            found.extend(material_complaints(records, compared, ratios))
        if (done + len(records)) // STEP > done // STEP:
            _step(run, done + len(records))
        done += len(records)
    found.extend(ratios.complaints())
    found.extend(numbers.outliers())
    found.extend(_rejected(run.topic))
    _step(run, done)
    figures = {
        "records": done, "materials": materials, "coverage": coverage, "found": found.counts,
        "compared": [[topic, name, *counts] for (topic, name), counts in sorted(compared.items())],
    }  # fmt: skip
    return found.kept, figures


def _materials(rows: Iterator[Statement]) -> Iterator[tuple[str, list[Statement]]]:
    """Records by formula; those without one singly, so that memory stays small."""
    for formula, group in groupby(rows, key=lambda record: record.formula):
        if formula:
            yield formula, list(group)
        else:
            yield from (("", [record]) for record in group)


class _Found:
    """Complaints, at most MOST_OF_KIND of each kind, and how many there were."""

    def __init__(self) -> None:
        self.kept: list[Complaint] = []
        self.counts: dict[str, int] = {}

    def extend(self, complaints: Iterator[Complaint]) -> None:
        for complaint in complaints:
            count = self.counts[complaint.kind] = self.counts.get(complaint.kind, 0) + 1
            if count <= MOST_OF_KIND:
                self.kept.append(complaint)


def _rejected(topic: str) -> Iterator[Complaint]:
    """Rows and cells that imports refused, with the reason they gave."""
    imports = Import.objects.select_related("dataset").order_by("pk")
    for done in imports.filter(dataset__topic=topic) if topic else imports:
        for item in done.rejected[:MOST_REJECTED]:
            column = str(item.get("column") or "")
            known = (done.mapping.get(column) or {}).get("property") or column
            yield Complaint(
                "rejected", done.dataset.topic, done.dataset.slug, str(known)[:60],
                value=f"{done.file_name}: {item.get('row')}"[:200],
                detail={"reason": str(item.get("reason")), "row": item.get("row"), "file": done.file_name, "column": column},
                size=0.1, project_id=done.dataset.project_id,
            )  # fmt: skip


@transaction.atomic
def _store(run: QualityRun, found: list[Complaint], figures: dict[str, Any]) -> None:
    """The findings of the run take the place of what earlier runs found in its topics."""
    earlier = QualityRun.objects.exclude(pk=run.pk).exclude(
        state__in=[QualityRun.State.QUEUED, QualityRun.State.RUNNING]
    )
    if run.topic:
        Finding.objects.filter(topic=run.topic).delete()
    else:
        Finding.objects.all().delete()
    Finding.objects.bulk_create([_row(run, complaint) for complaint in found], batch_size=2000)
    earlier.filter(topic=run.topic).delete() if run.topic else earlier.delete()
    QualityRun.objects.filter(pk=run.pk).update(
        state=QualityRun.State.DONE, figures=figures, done=figures["records"], ended=timezone.now(), follower=""
    )


def _row(run: QualityRun, one: Complaint) -> Finding:
    return Finding(
        run=run, kind=one.kind, topic=one.topic, dataset=one.dataset, other_dataset=one.other_dataset, property=one.property,
        formula=one.formula, spacegroup_number=one.spacegroup, record=one.record, other_record=one.other_record,
        value=one.value, other_value=one.other_value, unit=one.unit, detail=one.detail, size=one.size,
        project_id=one.project_id, other_project_id=one.other_project_id,
    )  # fmt: skip


def orphans_fail() -> int:
    """Mark runs whose process is gone as failed, with the reason; how many."""
    found = 0
    for pk, follower in QualityRun.objects.filter(state=QualityRun.State.RUNNING).values_list("pk", "follower"):
        if not follower_lives(follower):
            found += QualityRun.objects.filter(pk=pk, state=QualityRun.State.RUNNING, follower=follower).update(
                state=QualityRun.State.FAILED, reason=GONE, ended=timezone.now()
            )
    return found


def run_due() -> int | None:
    """The run to make next; none while one is made."""
    if QualityRun.objects.filter(state=QualityRun.State.RUNNING).exists():
        return None
    return QualityRun.objects.filter(state=QualityRun.State.QUEUED).order_by("pk").values_list("pk", flat=True).first()


_running = threading.Lock()


def runs_make() -> int:
    """Make waiting runs until none waits; how many."""
    if not _running.acquire(blocking=False):
        return 0
    done = 0
    try:
        while (pk := run_due()) is not None:
            done += run_follow(pk)
    finally:
        _running.release()
    return done


def runs_wake() -> None:
    """Make waiting runs in a thread of this process, so that stages are not kept waiting."""

    def work() -> None:
        try:
            runs_make()
        finally:
            connections.close_all()

    if not _running.locked():
        threading.Thread(target=work, name="quality", daemon=True).start()
