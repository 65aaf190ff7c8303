"""Tables that carry a structure in each row: symmetry, cell and density are computed and added to the row's record."""

from collections.abc import Callable
from dataclasses import replace

from knowledge.imports.rows import Read
from knowledge.imports.structures.drafts import structure_values
from knowledge.imports.structures.pool import structures_read
from knowledge.imports.tables import Table
from knowledge.topics.schema import topics

MAX_WITH_DIFFRACTION = 400  # patterns of more structures take minutes


def crystal_properties() -> set[str]:
    """The ids of all properties that a structure can give."""
    return {item.id for item in topics()["crystal_structures"].properties}


def with_structures(table: Table, read: Read, topic: str, progress: Callable[[str], None] | None = None) -> Read:
    """The same drafts with what their structures say; a structure that cannot be read is a lost cell."""
    numbers = {table.locator(number): number for number in table.structures}
    due = [draft for draft in read.drafts if draft.locator in numbers]
    diffraction = len(due) <= MAX_WITH_DIFFRACTION
    requests = [{"structure": table.structures[numbers[d.locator]], "diffraction": diffraction} for d in due]

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
            draft,
            spacegroup_number=draft.spacegroup_number or found["spacegroup"],
            values=draft.values + more,
            structure=found["cif"],
        )
    read.drafts = [done.get(draft.locator, draft) for draft in read.drafts]
    return read
