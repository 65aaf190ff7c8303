"""Reads of quality: the last run, its findings and figures, as far as the reader may see."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from eln.accounts.scope import Scope
from knowledge.quality.models import Finding, QualityRun
from knowledge.records.models import Dataset
from knowledge.topics.schema import topics

FILTERS = ("kind", "topic", "dataset", "property")


def run_last(*, topic: str = "") -> QualityRun | None:
    """The run to show for a topic: one over it or over everything, the newest that is over."""
    over = QualityRun.objects.filter(state=QualityRun.State.DONE)
    return over.filter(topic__in=["", topic]).first() if topic else over.first()


def runs_active() -> QuerySet[QualityRun]:
    """Runs that wait or run."""
    return QualityRun.objects.filter(state__in=[QualityRun.State.QUEUED, QualityRun.State.RUNNING])


def run_failed() -> QualityRun | None:
    """The newest run, if it failed or was ended."""
    newest = QualityRun.objects.first()
    ended = (QualityRun.State.FAILED, QualityRun.State.CANCELLED)
    return newest if newest is not None and newest.state in ended else None


def findings(*, scope: Scope, **chosen: str) -> QuerySet[Finding]:
    """What the checks found, worst first. `chosen`: kind, topic, dataset (either side), property, formula; empty = any."""
    found = Finding.objects.filter(_readable(scope, "project_id") & _readable(scope, "other_project_id"))
    for name in ("kind", "topic", "property", "formula"):
        if chosen.get(name):
            found = found.filter(**{name: chosen[name]})
    if dataset := chosen.get("dataset"):
        found = found.filter(Q(dataset=dataset) | Q(other_dataset=dataset))
    return found


def _readable(scope: Scope, field: str) -> Q:
    if scope.everything:
        return Q()
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__in": scope.readable})


def counts(*, scope: Scope, **chosen: str) -> dict[str, int]:
    """The number of findings of each kind under the other choices."""
    found = findings(scope=scope, **{name: value for name, value in chosen.items() if name != "kind"})
    return dict(found.order_by().values_list("kind").annotate(n=Count("pk")))


def values_of(name: str, *, scope: Scope, **chosen: str) -> list[str]:
    """The values of a field among the findings, for the choices of the page."""
    found = findings(scope=scope, **{key: value for key, value in chosen.items() if key != name})
    return sorted({str(value) for value in found.order_by().values_list(name, flat=True).distinct() if value})


@dataclass(frozen=True)
class Covered:
    """How many records of a data set state a property."""

    name: str
    count: int
    share: float


@dataclass(frozen=True)
class Coverage:
    """What the records of one data set state, most often stated first."""

    topic: str
    dataset: str
    title: str
    records: int
    properties: tuple[Covered, ...]
    silent: tuple[str, ...]


def coverage(run: QualityRun, *, scope: Scope, topic: str = "", dataset: str = "") -> list[Coverage]:
    """Coverage of the data sets that the reader may see, of the projects that they may read."""
    titles = dict(Dataset.objects.filter(scope.q()).values_list("slug", "title"))
    found = []
    for name, datasets in sorted(run.figures.get("coverage", {}).items()):
        for slug, projects in sorted(datasets.items()):
            if (topic and name != topic) or (dataset and slug != dataset) or slug not in titles:
                continue
            seen = [part for key, part in projects.items() if scope.may_read(int(key) if key else None)]
            if seen:
                found.append(_covered(name, slug, titles[slug], seen))
    return found


def _covered(topic: str, slug: str, title: str, parts: list[dict[str, Any]]) -> Coverage:  # Any: JSON
    records = sum(part["records"] for part in parts)
    counted: dict[str, int] = {}
    for part in parts:
        for name in ("formula", "spacegroup_number"):
            counted[name] = counted.get(name, 0) + part[name]
        for name, count in part["properties"].items():
            counted[name] = counted.get(name, 0) + count
    stated = sorted(((name, n) for name, n in counted.items() if n), key=lambda item: (-item[1], item[0]))
    schema = topics().get(topic)
    silent = tuple(item.id for item in schema.properties if item.id not in counted) if schema else ()
    return Coverage(topic, slug, title, records, tuple(Covered(n, c, c / records) for n, c in stated), silent)


@dataclass(frozen=True)
class Compared:
    """How many pairs of statements of different sources were compared for a property, and how many of them disagree."""

    topic: str
    property: str
    pairs: int
    apart: int


def compared(run: QualityRun, *, topic: str = "") -> list[Compared]:
    """Comparisons by property, those with disagreements first."""
    rows = [Compared(*row) for row in run.figures.get("compared", []) if not topic or row[0] == topic]
    return sorted(rows, key=lambda row: (-row.apart, row.topic, row.property))
