"""What identity adds to the pages of materials and records: where sources disagree, value beside value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest
from django.template.loader import render_to_string

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.identity.agreement import Pair
from knowledge.identity.domain import Statement
from knowledge.identity.selectors import material, record_conflicts
from knowledge.materials.presentation import Cell, cell, property_label
from knowledge.query.types import Stated
from knowledge.records.models import Dataset, Record


@dataclass(frozen=True)
class Side:
    """One of two statements that disagree."""

    record: Statement
    source: str
    cell: Cell
    stated: Stated


@dataclass(frozen=True)
class Disagreement:
    """Two statements of a property, with its label and the entry's space group."""

    label: str
    spacegroup: int | None
    one: Side
    other: Side
    percent: float | None


def disagreements(pairs: Sequence[Pair]) -> list[Disagreement]:
    """Conflicts as a page shows them."""
    slugs = {slug for pair in pairs for slug in (pair.one.dataset, pair.other.dataset)}
    titles = dict(Dataset.objects.filter(slug__in=slugs).values_list("slug", "title"))

    def side(record: Statement, stated: Stated) -> Side:
        return Side(record, titles.get(record.dataset, record.dataset), cell(record.topic, stated), stated)

    return [
        Disagreement(
            property_label(pair.one.topic, pair.name),
            pair.one.spacegroup if pair.one.spacegroup is not None else pair.other.spacegroup,
            side(pair.one, pair.first),
            side(pair.other, pair.second),
            None if isinstance(pair.first.value, str | bool) else 100 * pair.distance,
        )
        for pair in pairs
    ]


def material_panel(request: HttpRequest, formula: str) -> str:
    """Where sources disagree about a material; empty where they do not."""
    found = material(formula=formula, scope=Scope.of(cast(User, request.user)))
    return _rendered(request, found.conflicts)


def record_panel(request: HttpRequest, record: Record) -> str:
    """Where other sources disagree with a record; empty where none does."""
    return _rendered(request, record_conflicts(record=record, scope=Scope.of(cast(User, request.user))))


def _rendered(request: HttpRequest, pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    sources = len({slug for pair in pairs for slug in (pair.one.dataset, pair.other.dataset)})
    context = {"disagreements": disagreements(pairs[:50]), "sources": sources, "more": max(len(pairs) - 50, 0)}
    return render_to_string("knowledge/conflicts.html", context, request=request)
