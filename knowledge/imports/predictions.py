"""Predictions that an analysis filed as a receipt: one JSON document -> records of kind prediction."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eln.accounts.models import Project
from ingest.gateway.models import Receipt
from ingest.gateway.selectors import receipt_path
from knowledge.errors import KnowledgeError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.models import Import
from knowledge.imports.storing import version_update
from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, Kind
from knowledge.records.services import dataset_ensure, dataset_version_note, records_write
from knowledge.topics.schema import topics


class PredictedSet(BaseModel):
    """The data set the predictions form."""

    model_config = ConfigDict(frozen=True)

    slug: str = Field(pattern=r"^[-a-zA-Z0-9_]{1,80}$")
    title: str = Field(max_length=200)
    topic: str = "crystal_structures"
    citation: str = ""
    licence: str = ""


class PredictedRow(BaseModel):
    """One predicted value; `source_record` is the record whose material it is for."""

    model_config = ConfigDict(frozen=True)

    formula: str
    spacegroup_number: int | None = Field(default=None, ge=1, le=230)
    value: float | str | bool
    uncertainty: float | None = None
    source_record: str | None = None
    in_domain: bool | None = None


class Predictions(BaseModel):
    """The document. `property` is the topic's property that was predicted, in `unit`."""

    model_config = ConfigDict(frozen=True)

    dataset: PredictedSet
    model: str | dict[str, Any]
    property: str = Field(max_length=120)
    unit: str | None = None
    rows: list[PredictedRow]


def _model_name(said: Predictions) -> str:
    if isinstance(said.model, str):
        return said.model
    return str(said.model.get("id") or said.model.get("title") or "a model")


def _draft(row: PredictedRow, said: Predictions, number: int, receipt: Receipt) -> Draft:
    formula = parse_formula(row.formula)
    conditions: dict[str, Any] = {"model": _model_name(said)}
    if row.in_domain is not None:
        conditions["in_domain"] = row.in_domain
    if row.source_record:
        conditions["source_record"] = row.source_record
    value = Value(
        said.property,
        row.value,
        said.unit,
        "value",
        str(row.value),
        uncertainty=row.uncertainty,
        method=f"predicted by {_model_name(said)}",
        conditions=conditions,
    )
    return Draft(
        key=f"{row.source_record or formula.reduced}|{row.spacegroup_number or ''}|{said.property}",
        formula=formula.reduced,
        formula_source=row.formula,
        elements=formula.elements,
        spacegroup_number=row.spacegroup_number,
        title=f"{formula.reduced}: {said.property} (predicted)",
        values=(value,),
        receipt=receipt.pk,
        file_name=receipt.file_name,
        locator=f"rows[{number}]",
    )


def _project(receipt: Receipt) -> int | None:
    """The project a receipt files in. Only this site itself may say so: an agent's token gives no right to a project."""
    named = (receipt.envelope.get("metadata") or {}).get("project")
    if named is None or receipt.agent_id is not None:
        return None
    if not Project.objects.filter(pk=named).exists():
        raise KnowledgeError(f"{receipt.file_name} belongs to a project that is gone: train and predict again")
    return int(named)


def _unclaimed(slug: str, project: int | None) -> None:
    """Raise KnowledgeError when the slug names a data set that is no set of predictions, or one of another project."""
    known = Dataset.objects.filter(slug=slug).first()
    if known is not None and (known.kind != Kind.PREDICTION or known.project_id != project):
        raise KnowledgeError(f"there is another data set {slug!r}: give these predictions a slug of their own")


def predictions_import(receipt: Receipt) -> int:
    """File the predictions of a receipt as records; the number filed. Raises KnowledgeError when the document is none."""
    try:
        said = Predictions.model_validate(json.loads(receipt_path(receipt).read_bytes()))
    except (ValueError, ValidationError) as error:
        raise KnowledgeError(f"{receipt.file_name} is no document of predictions: {str(error)[:300]}") from error
    if said.dataset.topic not in topics():
        raise KnowledgeError(f"there is no topic {said.dataset.topic!r}: choose one of {', '.join(topics())}")
    drafts: dict[str, Draft] = {}
    rejected = []
    for number, row in enumerate(said.rows):
        try:
            draft = _draft(row, said, number, receipt)
        except NotAFormula as error:
            rejected.append({"row": number + 1, "reason": f"{row.formula[:60]!r} is no formula: {error}"})
            continue
        drafts.setdefault(draft.key, draft)
    info, project = said.dataset, _project(receipt)
    _unclaimed(info.slug, project)
    dataset = dataset_ensure(
        slug=info.slug,
        topic=info.topic,
        title=info.title,
        kind=Kind.PREDICTION,
        citation=info.citation or f"Predicted by {_model_name(said)}",
        licence=info.licence,
        project_id=project,
    )
    written = records_write(dataset, drafts.values(), complete=True)
    Import.objects.update_or_create(
        dataset=dataset,
        part="",
        defaults={
            "file_name": receipt.file_name,
            "fingerprint": receipt.sha256,
            "receipts": [receipt.pk],
            "rows": len(said.rows),
            "records": len(drafts),
            "merged": len(said.rows) - len(drafts) - len(rejected),
            "rejected": rejected,
        },
    )
    version_update(dataset)
    dataset_version_note(dataset, written)
    return len(drafts)
