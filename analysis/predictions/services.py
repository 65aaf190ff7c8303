"""Predictions go back through the gateway, marked as such, like everything else that enters Lodestone."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone

from analysis.datasets.domain import Column, Rows
from analysis.datasets.query import composed, query_rows, rows_of
from analysis.errors import BadDataset, OutOfReach
from analysis.jobs.folders import job_folder
from analysis.jobs.layout import OUT, PREDICTIONS
from analysis.jobs.models import Job
from analysis.jobs.services import prediction_submit
from analysis.predictors.models import Predictor
from eln.accounts.models import User
from eln.accounts.scope import Scope
from ingest.contract import Envelope
from ingest.gateway.models import Receipt
from ingest.gateway.services import receipt_accept
from knowledge.formula import NotAFormula, parse_formula
from knowledge.query.codec import to_json
from knowledge.query.types import Query

MOST_FORMULAS = 10_000
TRUTHS: dict[object, object] = {"true": True, "false": False}  # classes of a boolean property


def _checked(predictor: Predictor) -> None:
    if not predictor.usable:
        raise OutOfReach(
            "this model is not better than the trivial one on rows it has not seen: it is kept as a result, but it predicts nothing"
        )
    if columns := [column["name"] for column in predictor.card["domain"]["columns"]]:
        raise OutOfReach(f"this model also needs the columns {', '.join(columns)}, which a formula does not give")


def predict_query(*, predictor: Predictor, query: Query, scope: Scope, owner: User | None, most: int = 200_000) -> Job:
    """A job that predicts every material of a query, one row for each formula and space group.

    Only records that are open to all: what is filed is open to all, and must not tell what a project keeps to itself.
    """
    _checked(predictor)
    open_to_all = Scope(user_id=scope.user_id)
    found: dict[tuple[str, int | None], Any] = {}
    for row, formula in composed(query_rows(query, scope=open_to_all, select=("formula",), most=most)):
        found.setdefault((formula.reduced, row.spacegroup_number), (row, formula))
    if not found:
        raise BadDataset("none of these records has a composition")
    rows = rows_of(list(found.values()))
    origin = {"query": to_json(replace(query, limit=0, offset=0))}
    return prediction_submit(predictor=predictor, rows=rows, sources=list(rows.ids), origin=origin, owner=owner)


def predict_formulas(*, predictor: Predictor, texts: Sequence[str], owner: User | None) -> Job:
    """A job that predicts formulas, each `Bi2Se3` or `Bi2Se3 166` with a space group. Raises BadDataset naming the wrong."""
    _checked(predictor)
    lines = [line.strip() for line in texts if line.strip()]
    if not lines or len(lines) > MOST_FORMULAS:
        raise BadDataset(f"give between 1 and {MOST_FORMULAS} formulas, one a line")
    read = [_line(line) for line in lines]
    if wrong := [line for line, item in zip(lines, read, strict=True) if item is None]:
        raise BadDataset(
            f"not a formula: {', '.join(wrong[:5])}. Write each like Bi2Se3, or Bi2Se3 166 with its space group"
        )
    known = [item for item in read if item is not None]
    columns: tuple[Column, ...] = ()
    rows = Rows(
        ids=tuple(str(at) for at in range(1, len(known) + 1)),
        formulas=tuple(formula.reduced for formula, _ in known),
        amounts=tuple(dict(formula.amounts) for formula, _ in known),
        spacegroups=tuple(number for _, number in known),
        columns=columns,
    )
    return prediction_submit(
        predictor=predictor,
        rows=rows,
        sources=[""] * len(rows),
        origin={"formulas": lines[:100]},
        owner=owner,
    )


def _line(line: str) -> Any:  # Any: (Formula, int | None) or none
    words = line.replace(",", " ").split()
    number = int(words[-1]) if len(words) > 1 and words[-1].isdigit() else None
    if number is not None and not 1 <= number <= 230:
        return None
    try:
        return parse_formula(" ".join(words[:-1] if number is not None else words)), number
    except NotAFormula:
        return None


def document_of(predictor: Predictor, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:  # Any: JSON
    """What travels through the gateway: the data set, the model, and one row a material."""
    topic = predictor.topic or "material_facts"
    return {
        "dataset": {
            "slug": f"predictions-{predictor.uid}",
            "title": f"Predicted {predictor.target} ({predictor.trainer})",
            "topic": topic,
        },
        "model": {
            "id": predictor.uid,
            "title": predictor.title,
            "trainer": predictor.trainer,
            "data_version": predictor.card["data"]["version"],
            "score": {predictor.card["validation"]["score"]: predictor.score, "baseline": predictor.baseline},
        },
        "property": predictor.target,
        "unit": predictor.unit or None,
        "uncertainty": "standard: half width of the 90 % interval / 1.645"
        if predictor.task == "regression"
        else "1 - probability of the class",
        "rows": [{**row, "value": TRUTHS.get(row["value"], row["value"])} for row in rows],
    }


def predictions_file(*, job: Job) -> Receipt:
    """File what a prediction job wrote: one receipt of kind `prediction`; filing the same job twice changes nothing."""
    predictor = job.predictor
    assert predictor is not None  # noqa: S101 - prediction jobs have one
    rows = json.loads((job_folder(job.uid) / OUT / PREDICTIONS).read_text(encoding="utf-8"))
    payload = json.dumps(document_of(predictor, rows), ensure_ascii=False).encode()
    envelope = Envelope(
        id=f"prediction-{job.uid}",
        kind="prediction",
        source=f"model {predictor.uid}",
        file_name=f"predictions-{predictor.uid}.json",
        media_type="application/json",
        size=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
        created=timezone.now(),
        person=job.owner.get_username() if job.owner else None,
        metadata={"model": predictor.uid, "job": job.uid},
    )
    return receipt_accept(envelope=envelope, payload=payload)
