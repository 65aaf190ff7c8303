"""Reads of records; every one applies the reader's Scope inside its query."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from eln.accounts.scope import Scope
from knowledge.formula import NotAFormula, parse_formula
from knowledge.records.models import Dataset, Record


def records_visible(*, scope: Scope, withdrawn: bool = False) -> QuerySet[Record]:
    """All records that the reader may see, with their data set; without the withdrawn ones unless asked."""
    records = Record.objects.filter(scope.q()).select_related("dataset")
    return records if withdrawn else records.filter(withdrawn=False)


def record_get(*, scope: Scope, record_id: str) -> Record | None:
    """One record by id, withdrawn or not; none if it does not exist or is hidden from the reader."""
    return records_visible(scope=scope, withdrawn=True).filter(pk=record_id).first()


def records_of(*, scope: Scope, formula: str) -> QuerySet[Record]:
    """The records of one material, by its reduced formula, in a stable order."""
    return records_visible(scope=scope).filter(formula=formula).order_by("topic", "dataset__slug", "pk")


def records_named(*, scope: Scope, name: str) -> QuerySet[Record]:
    """The records of a formula in any spelling, of an external id, or of a record id; none of them: an empty result."""
    visible = records_visible(scope=scope).order_by("topic", "dataset__slug", "pk")
    by_id = visible.filter(external_id=name)
    if by_id.exists():
        return by_id
    if (one := visible.filter(pk=name)).exists():
        return one
    try:
        return visible.filter(formula=parse_formula(name).reduced)
    except NotAFormula:
        pass
    # ids that a source gives besides its own, such as a Materiae number
    quoted = f'"{name}"'
    return visible.filter(values__icontains=quoted) if len(name) >= 4 and name.isascii() else visible.none()


def records_found(
    *, scope: Scope, ids: Sequence[str] = (), external_ids: Sequence[str] = (), formulae: Sequence[str] = ()
) -> QuerySet[Record]:
    """Records of any of these ids, the source's ids or reduced formulae, in a stable order; withdrawn ones by their own id only."""
    named = Q(pk__in=ids) if ids else Q(pk__in=[])
    if external_ids or formulae:
        named |= Q(withdrawn=False) & (Q(external_id__in=external_ids) | Q(formula__in=formulae))
    return records_visible(scope=scope, withdrawn=True).filter(named).order_by("topic", "dataset__slug", "pk")


def datasets_visible(*, scope: Scope) -> QuerySet[Dataset]:
    """All data sets that the reader may see."""
    return Dataset.objects.filter(scope.q())
