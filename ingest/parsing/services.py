"""Parse files: by path for the command line; receipts are followed in stages.py."""

from pathlib import Path

from django.conf import settings

from ingest.parsing.result import Outcome
from ingest.parsing.sandbox import Limits, parse_isolated


def limits() -> Limits:
    """The limits of one parser, from the settings."""
    return Limits(
        seconds=settings.INGEST.parse_timeout_s,
        cpu_s=settings.INGEST.parse_timeout_s,
        memory_bytes=settings.INGEST.parse_memory_bytes,
    )


def parse_path(path: Path, name: str | None = None) -> Outcome:
    """What the file at `path`, called `name` by its sender, says; `kept` with a reason where nothing reads it."""
    return parse_isolated(Path(path), name or Path(path).name, limits())
