"""Tables that carry a structure in each row: symmetry, cell and density are computed and added to the row's record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from knowledge.formula import parse_formula
from knowledge.imports.rows import Read
from knowledge.imports.structures.drafts import structure_values
from knowledge.imports.structures.pool import structures_read
from knowledge.imports.tables import Table
from knowledge.records.drafts import Draft
from knowledge.topics.schema import topics

MAX_WITH_DIFFRACTION = 400  # patterns of more structures take minutes


def crystal_properties() -> set[str]:
    """The ids of all properties that a structure can give."""
    return {item.id for item in topics()["crystal_structures"].properties}


def _named(draft: Draft, found: dict[str, Any]) -> Draft:
    """A row that states no formula is about the composition of its structure."""
    formula = parse_formula(found["formula"])
    return replace(draft, formula=formula.reduced, formula_source=found["formula"], elements=formula.elements)


def with_structures(table: Table, read: Read, topic: str, progress: Callable[[str], None] | None = None) -> Read:
    """The same drafts with what their structures say; a structure that cannot be read is a lost cell."""
    numbers = {table.locator(number): number for number in table.structures}
    due = [draft for draft in read.drafts if draft.locator in numbers]
    diffraction = len(due) <= MAX_WITH_DIFFRACTION
    carried = [table.structures[numbers[draft.locator]] for draft in due]
    requests = [
        {
            **(one if "path" in one else {"structure": one}),
            "diffraction": diffraction,
        }  # a file beside the table, or JSON
        for one in carried
    ]

    def tell(count: int) -> None:
        if progress and count % 100 == 0:
            progress(f"{count} of {len(due)} structures")

    # what the topic's schema does not know is not the topic's to state; the structure itself is kept
    outside = {name for name in crystal_properties() if topics()[topic].property(name) is None}
    answers = structures_read(requests, progress=tell)
    done = {}
    for draft, answer in zip(due, answers, strict=True):
        if "error" in answer:
            read.refuse(numbers[draft.locator], answer["error"], "structure")
            continue
        found = answer["structures"][0]
        stated = {value.property for value in draft.values} | outside
        more = tuple(value for value in structure_values(found) if value.property not in stated)
        done[draft.locator] = replace(
            draft if draft.formula else _named(draft, found),
            spacegroup_number=draft.spacegroup_number or found["spacegroup"],
            values=draft.values + more,
            structure=found["cif"],
        )
    read.drafts = [done.get(draft.locator, draft) for draft in read.drafts]
    return read
