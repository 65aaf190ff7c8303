"""Reads of the model store: a model belongs to the person who trained it."""

import json
from typing import Any

from django.db.models import QuerySet

from analysis.errors import NotFound
from analysis.jobs.folders import model_folder
from analysis.jobs.selectors import owned
from analysis.predictors.model import VALIDATION, Model, model_load, verify
from analysis.predictors.models import Predictor
from eln.accounts.scope import Scope


def predictor_list(*, scope: Scope) -> QuerySet[Predictor]:
    """The reader's models, newest first."""
    return Predictor.objects.filter(owned(scope))


def predictor_get(*, scope: Scope, uid: str) -> Predictor:
    """One of the reader's models. Raises NotFound, also for other people's."""
    predictor = predictor_list(scope=scope).filter(uid=uid).first()
    if predictor is None:
        raise NotFound("there is no such model among yours")
    return predictor


def predictor_open(predictor: Predictor) -> Model:
    """The model in memory, after its files were checked. Raises ModelRefused."""
    return model_load(model_folder(predictor.uid), predictor.files)


def validation_read(predictor: Predictor) -> dict[str, Any]:  # Any: a JSON document
    """What the model said of each held-out row. Raises ModelRefused if the files were changed."""
    folder = model_folder(predictor.uid)
    verify(folder, predictor.files)
    document: dict[str, Any] = json.loads((folder / VALIDATION).read_text(encoding="utf-8"))
    return document
