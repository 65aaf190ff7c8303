"""`manage.py train DATASET --target COL`: train a model from a table, a saved query or a search filter, and wait for it."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand


class Command(LodestoneCommand):
    """Prints {job, model, metrics, seconds, card}."""

    help = "Train a model: DATASET is a CSV or xlsx file, a saved query (JSON, or a file of it) or a search filter."

    def arguments(self, parser: CommandParser) -> None:
        """Declare DATASET and how to train."""
        parser.add_argument("dataset", metavar="DATASET")
        parser.add_argument("--target", required=True, metavar="COL", help="column or property to predict")
        parser.add_argument(
            "--task", choices=["regression", "classification"], help="default: by what the column holds"
        )
        parser.add_argument(
            "--ignore", action="append", default=[], metavar="COL", help="column not to use as an input"
        )
        parser.add_argument("--composition-only", action="store_true", help="use no further columns as inputs")
        parser.add_argument("--topic", help="topic of a search filter")
        parser.add_argument("--folds", metavar="FILE", help="folds to judge by, as JSON or CSV; default: 5, grouped")
        parser.add_argument("--split", default="composition", help="composition, chemical_system or none")
        parser.add_argument("--trainer", default="tree_ensemble")
        parser.add_argument("--params", default="{}", metavar="JSON", help="parameters of the trainer")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])

    def run(self, **options: Any) -> int:
        """Submit the job, follow it here, and print what came out."""
        from analysis.errors import AnalysisError
        from analysis.jobs.models import Job
        from analysis.jobs.reasons import reason_told
        from analysis.predictors.services import training_submit
        from analysis.running.runner import job_wait

        job = training_submit(
            dataset=self._dataset(options),
            owner=None,
            trainer=options["trainer"],
            params=self._params(options["params"]),
            seed=options["seed"],
            device=options["device"],
            grouping=options["split"],
            folds_file=self._folds(options["folds"]),
        )
        job_wait(job.uid)
        job = Job.objects.get(uid=job.uid)
        if job.state != Job.State.DONE:
            raise AnalysisError(f"job {job.uid} {job.state}: {reason_told(job)}")
        model = job.made
        seconds = (job.ended - job.started).total_seconds() if job.ended and job.started else 0.0
        metrics = model.card["validation"]["metrics"]
        self.emit(
            {"job": job.uid, "model": model.uid, "metrics": metrics, "seconds": round(seconds, 3), "card": model.card},
            None if self.as_json else self._told(model, seconds),
        )
        return 0

    def _dataset(self, options: dict[str, Any]) -> Any:  # Any: Dataset, imported late
        from analysis.datasets.opening import dataset_open

        return dataset_open(
            options["dataset"],
            target=options["target"],
            task=options["task"],
            ignore=options["ignore"],
            inputs=not options["composition_only"],
            topic=options["topic"],
            most_rows=settings.ANALYSIS.rows,
        )

    def _params(self, text: str) -> dict[str, Any]:
        from analysis.errors import BadTrainer

        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadTrainer(f"--params is not JSON ({error}); write --params '{{\"trees\": 300}}'") from error
        if not isinstance(document, dict):
            raise BadTrainer("--params is a JSON object of names and values")
        return document

    def _folds(self, path: str | None) -> str | None:
        from analysis.errors import BadDataset

        if path is None:
            return None
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadDataset(f"--folds {path}: {error}") from error

    def _told(self, model: Any, seconds: float) -> str:  # Any: Predictor, imported late
        score = model.card["validation"]["score"]
        spread = model.card["validation"]["metrics"][f"{score}_std"]
        verdict = "" if model.usable else "\nNo usable model: it is not better than the trivial one."
        print(*model.card["data"]["notes"], sep="\n", file=sys.stderr)
        return (
            f"model {model.uid}: {score} {model.score:.4g} ± {spread:.2g} {model.unit} over folds (trivial {model.baseline:.4g}), "
            f"{seconds:.1f} s{verdict}"
        )
