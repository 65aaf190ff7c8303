"""Predictions go back through the gateway, marked as such, like everything else that enters Lodestone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from analysis.datasets.domain import Column, Rows, fingerprint
from analysis.datasets.query import composed, query_rows, rows_of
from analysis.errors import BadDataset, OutOfReach
from analysis.jobs.folders import job_folder, rows_put
from analysis.jobs.layout import OUT, PREDICTIONS
from analysis.jobs.models import Job
from analysis.jobs.services import job_store, limits_now
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


def _submitted(
    *,
    predictor: Predictor,
    rows: Rows,
    sources: list[str],
    projects: list[int | None],
    origin: Mapping[str, Any],
    owner: User | None,
) -> Job:
    """Store a job that predicts these rows and files the result of each in its project, or open to everybody."""
    version = fingerprint([predictor.uid, list(rows.formulas), list(rows.spacegroups), sources])
    job = Job(
        kind=Job.Kind.PREDICT,
        owner=owner,
        title=f"{predictor.title}: {len(rows)}"[:200],
        order={"threads": settings.ANALYSIS.threads},
        origin=dict(origin),
        data_version=version,
        limits=limits_now(),
        predictor=predictor,
    )
    rows_put(job, rows, sources, projects)
    return job_store(job)


def predict_query(*, predictor: Predictor, query: Query, scope: Scope, owner: User | None, most: int = 200_000) -> Job:
    """A job that predicts every material of a query, one row for each formula, space group and project.

    What is said of a project's record is filed in that project, so only projects in which the person may write are read.
    """
    _checked(predictor)
    own = Scope(user_id=scope.user_id, readable=scope.writable, everything=scope.everything)
    found: dict[tuple[str, int | None, int | None], Any] = {}
    for row, formula in composed(query_rows(query, scope=own, select=("formula",), most=most)):
        found.setdefault((formula.reduced, row.spacegroup_number, row.project_id), (row, formula))
    if not found:
        raise BadDataset("none of these records has a composition")
    rows = rows_of(list(found.values()))
    return _submitted(
        predictor=predictor,
        rows=rows,
        sources=list(rows.ids),
        projects=[project for _, _, project in found],
        origin={"query": to_json(replace(query, limit=0, offset=0))},
        owner=owner,
    )


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
    return _submitted(
        predictor=predictor,
        rows=rows,
        sources=[""] * len(rows),
        projects=[None] * len(rows),
        origin={"formulas": lines[:100]},
        owner=owner,
    )


def _line(line: str) -> Any:  # Any: (Formula, int | None) or none
    words = line.replace(",", " ").split()
    number = int(words[-1]) if len(words) > 1 and words[-1].isdigit() else None
    if number is not None and not 1 <= number <= 230:
        return None
    try:
        formula = parse_formula(" ".join(words[:-1] if number is not None else words))
    except NotAFormula:
        return None
    return (formula, number) if formula.stated else None


def slug_of(predictor: Predictor, project: int | None) -> str:
    """The data set of a model's predictions: one that is open, and one for each project."""
    return f"predictions-{predictor.uid}" + (f"-p{project}" if project is not None else "")


def document_of(
    predictor: Predictor, rows: Sequence[dict[str, Any]], project: int | None
) -> dict[str, Any]:  # Any: JSON
    """What travels through the gateway: the data set, the model, and one row a material."""
    topic = predictor.topic or "material_facts"
    return {
        "dataset": {
            "slug": slug_of(predictor, project),
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


def predictions_file(*, job: Job) -> list[Receipt]:
    """File what a prediction job wrote: one receipt of kind `prediction` for each project, and one for what is open to all.

    Filing the same job twice changes nothing.
    """
    said = json.loads((job_folder(job.uid) / OUT / PREDICTIONS).read_text(encoding="utf-8"))
    by_project: dict[int | None, list[dict[str, Any]]] = {}
    for row in said:
        by_project.setdefault(row.pop("project"), []).append(row)
    return [_filed(job, rows, project) for project, rows in by_project.items()]


def _filed(job: Job, rows: list[dict[str, Any]], project: int | None) -> Receipt:
    predictor = job.predictor
    assert predictor is not None  # noqa: S101 - prediction jobs have one
    payload = json.dumps(document_of(predictor, rows, project), ensure_ascii=False).encode()
    metadata = {"model": predictor.uid, "job": job.uid}
    envelope = Envelope(
        id=f"prediction-{job.uid}" + (f"-p{project}" if project is not None else ""),
        kind="prediction",
        source=f"model {predictor.uid}",
        file_name=f"predictions-{predictor.uid}.json",
        media_type="application/json",
        size=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
        created=timezone.now(),
        person=job.owner.get_username() if job.owner else None,
        metadata=metadata if project is None else {**metadata, "project": project},
    )
    return receipt_accept(envelope=envelope, payload=payload)
