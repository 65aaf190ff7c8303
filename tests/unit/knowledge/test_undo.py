"""An import can be taken back, and history keeps both the import and its withdrawal."""

import pytest
from django.utils import timezone

from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, Kind, Record
from knowledge.records.services import dataset_undo, records_write


def a_draft(key: str, gap: float) -> Draft:
    return Draft(
        key=key,
        formula=key,
        formula_source=key,
        elements=(key,),
        values=(Value("band_gap", gap, "eV"),),
        file_name="t.csv",
    )


def gaps(dataset: Dataset) -> dict[str, float]:
    return {
        record.formula: record.values[0]["value"] for record in Record.objects.filter(dataset=dataset, withdrawn=False)
    }


@pytest.mark.django_db
def test_an_import_is_taken_back_and_all_its_versions_stay() -> None:
    dataset = Dataset.objects.create(
        slug="gaps", topic="material_facts", title="gaps", kind=Kind.LITERATURE, version="1"
    )
    records_write(dataset, [a_draft("Si", 1.1), a_draft("Ge", 0.7), a_draft("C", 5.5)], complete_files={"t.csv"})
    since = timezone.now()
    written = records_write(
        dataset, [a_draft("Si", 11.0), a_draft("Ge", 0.7), a_draft("B", 2.0)], complete_files={"t.csv"}
    )
    assert (written.created, written.updated, written.withdrawn) == (1, 1, 1)
    records_write(dataset, [a_draft("Si", 12.0)])
    assert gaps(dataset) == {"Si": 12.0, "Ge": 0.7, "B": 2.0}
    undone = dataset_undo(dataset=dataset, since=since)
    assert gaps(dataset) == {"Si": 1.1, "Ge": 0.7, "C": 5.5}
    assert (undone.updated, undone.withdrawn) == (2, 1)
    silicon = Record.objects.get(dataset=dataset, formula="Si")
    assert silicon.version == 4
    assert [old.document["values"][0]["value"] for old in silicon.versions.order_by("version")] == [1.1, 11.0, 12.0]
    assert dataset_undo(dataset=dataset, since=timezone.now()).updated == 0
