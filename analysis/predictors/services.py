"""Writes of the model store."""

import shutil

from django.db import transaction

from analysis.jobs.folders import job_folder, model_folder
from analysis.jobs.layout import OUT
from analysis.jobs.models import Job, new_uid
from analysis.predictors.evaluation import SCORE
from analysis.predictors.model import card_read, manifest
from analysis.predictors.models import Predictor
from ingest.feeds.services import feed_append


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
