"""Writes of the model store: order a training, take in what it made."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analysis.datasets.domain import Dataset
from analysis.errors import BadDataset
from analysis.jobs.folders import dataset_put, job_folder, model_folder
from analysis.jobs.layout import OUT
from analysis.jobs.models import Job, new_uid
from analysis.jobs.services import job_store, limits_now
from analysis.predictors.evaluation import SCORE
from analysis.predictors.model import card_read, manifest
from analysis.predictors.models import Predictor
from eln.accounts.models import User
from ingest.feeds.services import feed_append

GROUPINGS = ("composition", "chemical_system", "none")


def training_submit(
    *,
    dataset: Dataset,
    owner: User | None,
    trainer: str,
    params: Mapping[str, Any],
    seed: int,
    device: str = "auto",
    folds: int = 5,
    grouping: str = "composition",
    folds_file: str | None = None,
    limits: Mapping[str, int] | None = None,
) -> Job:
    """Store a training job with its data. Raises LodestoneError for a wrong trainer, parameter, device or fold count."""
    from analysis.datasets.splits import folds_read
    from analysis.predictors.training import Order
    from analysis.trainers.registry import device_chosen, params_checked, trainer_get

    if grouping not in GROUPINGS:
        raise BadDataset(f"there is no split {grouping!r}: choose one of {', '.join(GROUPINGS)}")
    if not 2 <= folds <= 20:
        raise BadDataset("the number of folds is between 2 and 20")
    if not 0 <= seed < 2**31:
        raise BadDataset("the seed is a whole number between 0 and 2147483647")
    plugin = trainer_get(trainer)
    checked = params_checked(plugin, params).model_dump(mode="json")
    chosen = device_chosen(plugin, device)
    if folds_file is not None:
        folds_read(folds_file, dataset)
    created = timezone.now().isoformat()
    threads = settings.ANALYSIS.threads
    order = Order(trainer, checked, seed, chosen, threads, folds, grouping, folds_file, created)
    job = Job(
        owner=owner,
        title=dataset.title[:200],
        order=asdict(order),
        origin=dict(dataset.origin),
        data_version=dataset.version,
        device=chosen,
        limits={**limits_now(), **(limits or {})},
    )
    dataset_put(job, dataset, fold_keys=folds_file is not None)
    return job_store(job)


def predictor_store(*, job: Job) -> Predictor:
    """Take the files of a finished training into the store, with the hash of each."""
    uid = new_uid()
    folder = model_folder(uid)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(job_folder(job.uid) / OUT, folder)
    card = card_read(folder)
    target, validation = card["target"], card["validation"]
    metrics = validation["metrics"]
    score = SCORE[target["task"]]
    with transaction.atomic():
        predictor = Predictor.objects.create(
            uid=uid,
            job=job,
            owner=job.owner,
            title=job.title,
            target=target["name"],
            unit=target["unit"] or "",
            task=target["task"],
            topic=(job.origin.get("query") or {}).get("topic") or "",
            trainer=card["trainer"]["name"],
            usable=validation["usable"],
            score=metrics[score],
            baseline=metrics[f"baseline_{score}"],
            card=card,
            files=manifest(folder),
        )
        feed_append("models", uid)
    return predictor
