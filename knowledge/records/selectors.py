"""Reads of records; every one applies the reader's Scope inside its query."""

import re
from collections.abc import Sequence

from django.db.models import Q, QuerySet

from eln.accounts.scope import Scope
from knowledge.formula import NotAFormula, parse_formula
from knowledge.records.models import Dataset, Record

_ID = re.compile(r"(?i)(?:mp|mvc|agm|jvasp|oqmd|cod|icsd|aflow|mat)[-_: ]?\d\w*")
_DOI = re.compile(r"(?i)(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(?P<doi>10\.\d{4,9}/\S+)")
_NUMBERED = re.compile(r"(?i)(?P<space>icsd|cod|oqmd)[-_: ]*(?:no\.?\s*)?(?P<number>\d+)")


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
    """The records of a formula or name in any spelling, of an id of any database, of a DOI, or of a record id; or none.

    A name of several compounds, such as iron oxide, gives the records of all of them.
    """
    name = name.strip()
    visible = records_visible(scope=scope).order_by("topic", "dataset__slug", "pk")
    by_id = visible.filter(Q(external_id=name) | Q(pk=name))
    if by_id.exists():
        return by_id
    if _ID.fullmatch(name) or _DOI.fullmatch(name):
        return _quoted(visible, name)
    formulas = formulas_named(name)
    if formulas:
        found = visible.filter(formula__in=formulas)
        return found if found.exists() else visible.filter(pk__in=_same_ratio(visible, name))
    return _quoted(visible, name)


def formulas_named(name: str) -> tuple[str, ...]:
    """The reduced formulae that a text may mean: one, several for a name that leaves it open, none for what is no formula."""
    try:
        return (parse_formula(name).reduced,)
    except NotAFormula as refused:
        return tuple(parse_formula(one).reduced for one in refused.candidates)


def _same_ratio(visible: QuerySet[Record], name: str) -> list[str]:
    """Records of the same composition written with another total, as LaSrMn2O6 for La0.5Sr0.5MnO3."""
    try:
        wanted = parse_formula(name)
    except NotAFormula:
        return []
    if wanted.open:
        return []
    known = visible.filter(elements=list(wanted.elements)).order_by().values_list("formula", flat=True).distinct()
    same = [formula for formula in known if _ratio(formula) == _ratio(wanted.reduced)]
    return list(visible.filter(formula__in=same).values_list("pk", flat=True))


def _ratio(formula: str) -> dict[str, float] | None:
    found = parse_formula(formula)
    total = sum(found.amounts.values())
    return None if found.open else {symbol: round(amount / total, 6) for symbol, amount in found.amounts.items()}


def _quoted(visible: QuerySet[Record], name: str) -> QuerySet[Record]:
    """Records that state this id besides their own, such as an ICSD number: 'icsd-15838', 'ICSD 15838', '15838'."""
    if len(name) < 4 or not name.isascii():
        return visible.none()
    if found := _DOI.fullmatch(name):
        return visible.filter(values__icontains=found["doi"])
    found = _NUMBERED.fullmatch(name)
    if not found:
        return visible.filter(values__icontains=f'"{name}"')
    property_name = f'"{found["space"].lower()}_id"'
    number = re.compile(rf"(?<![0-9]){found['number']}(?![0-9])")
    near = visible.filter(Q(values__icontains=property_name) & Q(values__icontains=found["number"]))
    own = f"{found['space'].lower()}_id"
    pks = [
        pk
        for pk, values in near.values_list("pk", "values")
        if any(value["property"] == own and number.search(str(value.get("value"))) for value in values)
    ]
    return visible.filter(Q(pk__in=pks) | Q(values__icontains=f'"{name}"') | Q(external_id__iexact=name))


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
