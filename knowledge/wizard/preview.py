"""What the page shows of a table before it is imported, as JSON. Pure."""

from collections.abc import Sequence
from typing import Any

from knowledge.imports.columns import ColumnProposal
from knowledge.imports.combining import Part
from knowledge.imports.decisions import Suggested
from knowledge.imports.mappings import Rule
from knowledge.imports.reasons import Reason
from knowledge.imports.tables import Source, Table
from knowledge.records.drafts import Draft

MOST_CELLS, MOST_ROWS, MOST_REFUSED, MOST_COLUMNS = 4, 6, 30, 200
Json = dict[str, Any]


def refused_shown(source: Source, error: str) -> Json:
    """A file that holds no table."""
    return {"file": source.name, "place": "", "error": error, "columns": [], "rows": 0}


def structures_shown(sources: Sequence[Source]) -> Json:
    """Crystal structures, which need no decisions."""
    names = [source.name for source in sources]
    return {"file": ", ".join(names[:5]), "structures": len(names), "columns": [], "rows": len(names), "error": ""}


def table_shown(source: Source, key: str, found: Suggested, part: Part) -> Json:
    """One table: what each column is taken for and why, what an import would make, the first rows and refusals."""
    table, mapping = found.table, part.mapping
    proposals = {one.column: one for one in found.proposal.columns} if found.proposal else {}
    rules = mapping.rules if mapping else {}
    return {
        "key": key, "file": source.name, "place": table.place, "title": table.title[:300], "error": found.error,
        "known": mapping.title if mapping and found.proposal is None and mapping.citation else "",
        "topic": mapping.topic if mapping else "", "dataset": mapping.slug if mapping else "",
        "topics": dict(found.proposal.topics) if found.proposal else {}, "rows": table.count,
        "columns": [
            _column(table, at, rules.get(name, Rule()), proposals.get(name), mapping.external_id if mapping else None)
            for at, name in enumerate(table.columns[:MOST_COLUMNS])
        ],
        "hidden": max(0, len(table.columns) - MOST_COLUMNS), **_made(part),
    }  # fmt: skip


def _column(table: Table, at: int, rule: Rule, proposal: ColumnProposal | None, external_id: str | None) -> Json:
    name = table.columns[at]
    cells = [row[at] for row in table.rows[:200] if row[at]]
    chosen = rule.property or ("external_id" if name == external_id else None)
    return {
        "name": name, "cells": list(dict.fromkeys(cells))[:MOST_CELLS], "stated_unit": table.units.get(name, ""),
        "property": chosen, "unit": rule.unit, "role": rule.role, "confidence": round(rule.confidence, 2),
        "reason": _reason(proposal.reason) if proposal else None,
        "others": [one.rule.property for one in proposal.alternatives[:3]] if proposal else [],
    }  # fmt: skip


def _reason(reason: Reason) -> Json:
    return {"sentence": reason.sentence, "facts": dict(reason.facts)}


def _made(part: Part) -> Json:
    if part.read is None:
        return {"records": 0, "merged": 0, "rejected": 0, "lost": 0, "drafts": [], "refusals": []}
    cells = sum("column" in item for item in part.read.rejected)
    return {
        "records": len(part.read.drafts), "merged": part.read.merged, "rejected": len(part.read.rejected) - cells,
        "lost": cells, "drafts": [_draft(draft) for draft in part.read.drafts[:MOST_ROWS]],
        "refusals": part.read.rejected[:MOST_REFUSED],
    }  # fmt: skip


def _draft(draft: Draft) -> Json:
    values = [value.document() for value in draft.values[:12]]
    return {"formula": draft.formula, "source": draft.formula_source, "place": draft.locator, "values": values}
