"""Predictions that come back through the gateway stay marked, with their spread and their model."""

import hashlib
import json
from typing import Any

import pytest

from eln.accounts.models import Project
from ingest.contract import Envelope
from ingest.gateway.models import Receipt
from ingest.gateway.services import receipt_accept
from knowledge.errors import KnowledgeError
from knowledge.imports.stages import ImportStage
from knowledge.models import Dataset, Record
from knowledge.records.models import Kind
from tests.builders.ingest import an_agent
from tests.builders.knowledge import a_dataset

pytestmark = pytest.mark.django_db


def a_receipt(document: Any, number: int = 1, **more: Any) -> Receipt:
    payload = json.dumps(document).encode()
    sha256 = hashlib.sha256(payload).hexdigest()
    envelope = Envelope(
        id=f"prediction-{number}",
        kind="prediction",
        file_name="p.json",
        size=len(payload),
        sha256=sha256,
        metadata=more.pop("metadata", {}),
    )
    return receipt_accept(envelope=envelope, payload=payload, **more)


def a_document(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": {"slug": "predictions-m1", "title": "Predicted gap", "topic": "crystal_structures"},
        "model": {"id": "m1", "title": "forest"},
        "property": "band_gap",
        "unit": "eV",
        "rows": list(rows),
    }


def test_a_prediction_becomes_a_record_of_kind_prediction() -> None:
    row = {
        "formula": "GaAs",
        "spacegroup_number": 216,
        "value": 1.2,
        "uncertainty": 0.3,
        "source_record": "r1",
        "in_domain": False,
    }
    receipt = a_receipt(a_document(row, {"formula": "??", "value": 1}))
    ImportStage().process([receipt.pk])
    record = Record.objects.get()
    assert (record.kind, record.topic, record.receipt) == ("prediction", "crystal_structures", receipt.pk)
    (value,) = record.values
    assert (value["value"], value["uncertainty"], value["unit"]) == (1.2, 0.3, "eV")
    assert value["conditions"] == {"model": "m1", "in_domain": False, "source_record": "r1"}
    (imported,) = Dataset.objects.get().imports.all()
    assert (imported.rows, imported.records, len(imported.rejected)) == (2, 1, 1)


def test_the_same_predictions_again_change_nothing_and_fewer_withdraw() -> None:
    both = a_document({"formula": "GaAs", "value": 1.2}, {"formula": "InAs", "value": 0.3})
    receipt = a_receipt(both)
    ImportStage().process([receipt.pk])
    ImportStage().process([receipt.pk])
    assert set(Record.objects.values_list("version", flat=True)) == {1}
    ImportStage().process([a_receipt(a_document({"formula": "GaAs", "value": 1.2}), 2).pk])
    assert dict(Record.objects.values_list("formula", "withdrawn")) == {"GaAs": False, "InAs": True}


def test_a_document_that_is_none_says_so() -> None:
    receipt = a_receipt({"rows": 3})
    with pytest.raises(KnowledgeError, match="no document of predictions"):
        ImportStage().process([receipt.pk])


def test_only_the_site_itself_files_into_a_project() -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    document = a_document({"formula": "GaAs", "value": 1.2})
    ImportStage().process([a_receipt(document, metadata={"project": project.pk}).pk])
    assert Record.objects.get().project == project
    document["dataset"]["slug"] = "another"
    agent = an_agent()
    ImportStage().process([a_receipt(document, 2, metadata={"project": project.pk}, agent=agent).pk])
    assert Record.objects.get(dataset__slug="another").project is None


def test_predictions_take_no_data_set_that_is_not_theirs() -> None:
    source = a_dataset(slug="predictions-m1", kind=Kind.LITERATURE)
    with pytest.raises(KnowledgeError, match="predictions-m1"):
        ImportStage().process([a_receipt(a_document({"formula": "GaAs", "value": 1.2})).pk])
    source.refresh_from_db()
    assert source.kind == Kind.LITERATURE
    assert not Record.objects.exists()
