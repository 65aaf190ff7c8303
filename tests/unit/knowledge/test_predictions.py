"""Predictions that come back through the gateway stay marked, with their spread and their model."""

import hashlib
import json
from typing import Any

import pytest

from ingest.contract import Envelope
from ingest.gateway.models import Receipt
from ingest.gateway.services import receipt_accept
from knowledge.errors import KnowledgeError
from knowledge.imports.stages import ImportStage
from knowledge.models import Dataset, Record

pytestmark = pytest.mark.django_db


def a_receipt(document: Any, number: int = 1) -> Receipt:
    payload = json.dumps(document).encode()
    sha256 = hashlib.sha256(payload).hexdigest()
    envelope = Envelope(
        id=f"prediction-{number}", kind="prediction", file_name="p.json", size=len(payload), sha256=sha256
    )
    return receipt_accept(envelope=envelope, payload=payload)


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
