"""Several tables of one file become one outcome: rows of the same data set joined, counts summed, mappings merged."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from knowledge.imports.mappings import ColumnMapping
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read
from knowledge.imports.tables import Table
from knowledge.records.drafts import Draft

_NUMBERED = re.compile(r"(?<=.)#\d+$")


@dataclass
class Part:
    """One table of a file: how it is read and what became of its rows; `error` set = no topic claims it.

    `known`: the mapping is that of a published data set. `materials`: nobody claims the rows, but they are about materials.
    """

    table: Table
    mapping: ColumnMapping | None = None
    read: Read | None = None
    error: str = ""
    materials: bool = False
    known: bool = False

    def document(self) -> dict[str, Any]:
        """As the report shows it."""
        found: dict[str, Any] = {"place": self.table.place, "topic": None, "dataset": None, "rows": self.table.count}
        found |= {"records": 0, "merged": 0, "rejected": self.table.count if self.materials else 0}
        if self.mapping is not None and self.read is not None:
            lost = sum("column" not in item for item in self.read.rejected)
            counts = {"records": len(self.read.drafts), "merged": self.read.merged, "rejected": lost}
            found |= {"topic": self.mapping.topic, "dataset": self.mapping.slug, **counts}
        return found | ({"error": self.error} if self.error else {})


def _said(draft: Draft) -> tuple[Any, ...]:
    return (draft.formula_source, draft.spacegroup_number, draft.values)


def keys_apart(parts: Sequence[Part]) -> None:
    """Give the rows of several tables of one data set keys of their own; what an earlier table said alike is merged into it."""
    known: dict[str, list[Any]] = defaultdict(list)
    for part in parts:
        kept: list[Draft] = []
        for draft in part.read.drafts if part.read else ():
            base, said = _NUMBERED.sub("", draft.key), _said(draft)
            if part.read and said in known[base]:
                part.read.merged += 1
                continue
            known[base].append(said)
            times = len(known[base])
            kept.append(replace(draft, key=base if times == 1 else f"{base}#{times}"))
        if part.read:
            part.read.drafts = kept


def joined(parts: Sequence[Part], several: bool) -> Read:
    """The rows of the tables of one data set; with `several` a rejected row says in which table it stands."""
    whole = Read()
    for part in parts:
        if part.read is None:
            continue
        whole.drafts += part.read.drafts
        whole.merged += part.read.merged
        place = {"table": part.table.place} if several else {}
        whole.rejected += [item | place for item in part.read.rejected]
    return whole


def mapping_shown(parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """The mapping of all tables; a column name that means different things gets the place behind it."""
    shown: dict[str, dict[str, Any]] = {}
    for part in parts:
        for column, rule in (part.mapping.rules if part.mapping else {}).items():
            name = column
            if shown.get(column, rule.document()) != rule.document():
                name = f"{column} ({part.table.place})"
            shown[name] = rule.document()
    return shown


def rows_unclaimed(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """A rejection for each row of materials in a table that no topic claims. Other tables (references, legends) are named only."""
    found: list[dict[str, Any]] = []
    for part in parts:
        if part.error and part.materials:
            numbers = sorted({*part.table.row_numbers(), *(number for number, _ in part.table.broken)})
            found += [{"row": number, "reason": part.error, "table": part.table.place} for number in numbers]
    return found


def tables_shown(parts: Sequence[Part], stored: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """A line for each table; what was not read again, because nothing changed, is as `stored`."""
    before = {(table["place"], table["dataset"]): table for table in stored}
    return [
        before.get((part.table.place, part.mapping.slug if part.mapping else None), part.document()) for part in parts
    ]


def report_of(reports: Sequence[Report], parts: Sequence[Part]) -> Report:
    """One report of a file from those of its data sets; the first names topic and data set."""
    tables = tables_shown(parts, [table for report in reports if report.unchanged for table in report.tables])
    if len(parts) == 1:
        return replace(reports[0], tables=tables)
    unclaimed = rows_unclaimed(parts)
    return replace(
        reports[0],
        rows=sum(report.rows for report in reports) + len(unclaimed),
        records=sum(report.records for report in reports),
        merged=sum(report.merged for report in reports),
        rejected=[item for report in reports for item in report.rejected] + unclaimed,
        mapping=mapping_shown(parts),
        unchanged=all(report.unchanged for report in reports),
        tables=tables,
    )
