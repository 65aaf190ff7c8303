"""`manage.py export_run UID OUT.(csv|parquet|nxs)`: a run's channels as a file that other programs read."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from ingest.commands import LodestoneCommand
from ingest.errors import BadInput, NotFound


class Command(LodestoneCommand):
    """Write the telemetry of a run to a file."""

    help = "Write the channels of a run as CSV, Parquet or NeXus, by the ending of OUT."

    def arguments(self, parser: CommandParser) -> None:
        """Which run, and where to."""
        parser.add_argument("run", metavar="UID")
        parser.add_argument("out", type=Path, metavar="OUT.(csv|parquet|nxs)")

    def run(self, **options: Any) -> int:
        """Write it, and say what is in it."""
        from ingest.export.selectors import run_header
        from ingest.export.services import export_write, format_check
        from ingest.stream.models import Run

        out: Path = options["out"]
        kind = format_check(out.suffix.lstrip(".").lower())
        run = Run.objects.filter(pk=options["run"]).select_related("instrument").first()
        if run is None:
            newest = ", ".join(Run.objects.order_by("-started").values_list("pk", flat=True)[:5])
            raise NotFound(f"there is no run {options['run']!r}; the newest are: {newest or 'none'}")
        if not out.parent.is_dir():
            raise BadInput(f"the folder {out.parent} is not there: make it first")
        header = run_header(run, now=timezone.now())
        export_write(header, kind=kind, path=out)
        document = {"run": run.pk, "file": str(out), "bytes": out.stat().st_size,
                    "channels": [{"name": column.channel, "unit": column.unit} for column in header.columns]}  # fmt: skip
        self.emit(document, f"{out}: {len(header.columns)} channels, {out.stat().st_size} bytes")
        return 0
