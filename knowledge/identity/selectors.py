"""What is known of a material: its entries, every source's values side by side, and where sources disagree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from eln.accounts.scope import Scope
from knowledge.identity.agreement import Pair, material_pairs
from knowledge.identity.domain import Entry, Statement, entries_of, stated_values
from knowledge.query.types import Stated
from knowledge.records.models import Kind, Record
from knowledge.records.selectors import records_of, records_visible

MOST_RECORDS = 2000
CHUNK = 5000
FIELDS = (
    "pk", "version", "dataset__slug", "topic", "kind", "formula", "formula_source", "spacegroup_number", "external_id",
    "values", "reader",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One value of a material: which entry it is of, who says it, and what."""

    entry: Entry
    record: Statement
    stated: Stated


@dataclass(frozen=True)
class Material:
    """A composition with its entries. `conflicts`: pairs of statements of different sources that disagree."""

    formula: str
    entries: tuple[Entry, ...]
    conflicts: tuple[Pair, ...]
    cut: bool = False

    def values(self, name: str) -> list[Told]:
        """Every statement of one property, entry by entry; nothing averaged."""
        return [
            Told(entry, record, stated) for entry in self.entries for record, stated in entry.values().get(name, [])
        ]

    def entry_of(self, record: str) -> Entry | None:
        """The entry that a record speaks of."""
        return next((entry for entry in self.entries if any(one.record == record for one in entry.records)), None)

    def disagreements(self, record: str | None = None, name: str | None = None) -> list[Pair]:
        """The conflicts that concern a record or a property."""
        return [
            pair
            for pair in self.conflicts
            if (record is None or record in (pair.one.record, pair.other.record))
            and (name is None or pair.name == name)
        ]

    def sources_disagreeing(self, name: str) -> int:
        """How many data sets disagree about a property."""
        return len({slug for pair in self.disagreements(name=name) for slug in (pair.one.dataset, pair.other.dataset)})


def statement_of(row: Iterable[Any]) -> Statement:  # Any: a row of FIELDS
    """A record's row as identity needs it."""
    pk, version, dataset, topic, kind, formula, source, spacegroup, external, values, project = row
    return Statement(
        pk, version, dataset, topic, kind, formula, source, spacegroup, external, stated_values(values), project
    )


def _rows(records: "QuerySet[Record]") -> "QuerySet[Record, tuple[Any, ...]]":
    return records.annotate(reader=Coalesce("project_id", "dataset__project_id")).values_list(*FIELDS)


def material(*, formula: str, scope: Scope, kinds: Iterable[str] = ()) -> Material:
    """All that the reader may see of one reduced formula; of all kinds but predictions, unless `kinds` names others."""
    wanted = list(kinds) or [kind for kind in Kind.values if kind != Kind.PREDICTION]
    rows = list(_rows(records_of(scope=scope, formula=formula).filter(kind__in=wanted))[: MOST_RECORDS + 1])
    told = [statement_of(row) for row in rows[:MOST_RECORDS]]
    apart = [pair for pair in material_pairs(told) if pair.between_sources and not pair.agrees]
    apart.sort(key=lambda pair: -pair.distance)
    return Material(formula, tuple(entries_of(told)), tuple(apart), len(rows) > MOST_RECORDS)


def record_conflicts(*, record: Record, scope: Scope) -> list[Pair]:
    """Where other sources disagree with this record, among what the reader may see."""
    if not record.formula or record.withdrawn:
        return []
    return material(formula=record.formula, scope=scope).disagreements(record=record.pk)


def statements(records: "QuerySet[Record]", chunk: int = CHUNK) -> Iterator[Statement]:
    """Records as identity needs them, material after material, those without a formula first.

    Read chunk by chunk, each to its end: a reading left open while its reader writes would find SQLite locked.
    """
    last = ""
    while rows := list(_rows(records.filter(formula="", pk__gt=last).order_by("pk"))[:chunk]):
        yield from map(statement_of, rows)
        last = rows[-1][0]
    last = ""
    while rows := list(_rows(records.filter(formula__gt=last).order_by("formula", "pk"))[:chunk]):
        formulas = [row[5] for row in rows]
        if len(rows) == chunk and formulas[0] != formulas[-1]:  # the last may go on behind the chunk
            rows = rows[: formulas.index(formulas[-1])]
        elif len(rows) == chunk:
            rows = list(_rows(records.filter(formula=formulas[0]).order_by("pk")))
        yield from map(statement_of, rows)
        last = rows[-1][5]


def materials_repeated(topic: str | None = None) -> Iterator[list[Statement]]:
    """The records of each material that more than one record speaks of, in order of formula; for the stages that see everything."""
    visible = records_visible(scope=Scope.system()).exclude(formula="").exclude(kind=Kind.PREDICTION)
    if topic:
        visible = visible.filter(topic=topic)
    # counting them in the database first is slower: without statistics PostgreSQL joins every record with every other
    for _, group in groupby(statements(visible), key=lambda record: record.formula):
        if len(found := list(group)) > 1:
            yield found
