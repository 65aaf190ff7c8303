"""Receipts of kind prediction, literature and computation -> records."""

import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ingest.gateway.models import Receipt
from ingest.gateway.selectors import receipt_path
from knowledge.imports.predictions import predictions_import

log = logging.getLogger(__name__)
IMPORTER = "knowledge.imports"


class ImportStage:
    """Follows `receipts`. What the importer itself handed in has its records already."""

    name = "knowledge.imports"
    feed = "receipts"

    def process(self, keys: Sequence[str]) -> None:
        """Import the receipts that hold knowledge; measurements are not its business."""
        due = Receipt.objects.filter(
            pk__in=list(keys), kind__in=["prediction", "literature", "computation"], state=Receipt.State.DONE
        )
        for receipt in due:
            if (receipt.envelope.get("metadata") or {}).get("importer") == IMPORTER:
                continue
            if receipt.kind == "prediction" and receipt.file_name.endswith(".json"):
                predictions_import(receipt)
            else:
                _file_import(receipt)


def _file_import(receipt: Receipt) -> None:
    """Read a table or structure that arrived over the wire, under its own name."""
    from knowledge.imports.services import paths_import

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "received" / Path(receipt.file_name).name
        path.parent.mkdir()
        shutil.copyfile(receipt_path(receipt), path)
        for report in paths_import([path]):
            if report.error is not None:
                log.warning("receipt %s: %s", receipt.pk, report.text())
