"""Valid records and data sets; a test states only what matters to it."""

from itertools import count
from typing import Any

from knowledge.formula import parse_formula
from knowledge.records.models import Dataset, Kind, Record

_number = count(1)


def a_dataset(*, slug: str | None = None, topic: str = "topological_materials", **fields: Any) -> Dataset:
    """A stored data set; the same slug gives the same data set."""
    slug = slug or f"dataset-{next(_number)}"
    defaults = {"topic": topic, "title": slug.title(), "kind": Kind.COMPUTATION, "version": "1"}
    dataset, _ = Dataset.objects.get_or_create(slug=slug, defaults=defaults | fields)
    return dataset


def a_record(
    formula: str = "Bi2Se3", *, dataset: Dataset | None = None, values: dict[str, Any] | None = None, **fields: Any
) -> Record:
    """A stored record. `values` is {property: value} or {property: {value, unit, ...}}; no feed event."""
    dataset = dataset or a_dataset()
    parsed = parse_formula(formula)
    number = next(_number)
    stated = [{"property": k, **(v if isinstance(v, dict) else {"value": v})} for k, v in (values or {}).items()]
    defaults: dict[str, Any] = {
        "id": f"r{number:08d}",
        "topic": dataset.topic,
        "kind": dataset.kind,
        "project": dataset.project,
        "formula": parsed.reduced,
        "formula_source": formula,
        "elements": list(parsed.elements),
        "file_name": "table.txt",
        "locator": f"row {number}",
        "values": stated,
    }
    return Record.objects.create(dataset=dataset, **(defaults | fields))
