"""What the page of one entry shows, gathered once; no HTML."""

from dataclasses import dataclass
from typing import Any

from eln.accounts.scope import Scope
from eln.entries.grids import grid_view
from eln.entries.models import Attachment, Entry
from ingest.stream.models import Run

MAX_PLOTS = 3


@dataclass(frozen=True)
class FileView:
    """A file with what its parser said of it."""

    file: Attachment
    channels: list[dict[str, Any]]  # Any: JSON of the parse document
    steps: list[dict[str, Any]]
    warnings: list[str]
    axes: list[str]
    grid: dict[str, Any] | None = None  # what eln/grid.html shows, for files with images or maps


def file_view(file: Attachment) -> FileView:
    """What to show of a file; nothing is read from disk."""
    document: dict[str, Any] = file.parsed.document if file.parsed and file.status == "parsed" else {}
    channels = document.get("channels", [])
    used = {channel.get("axis") for channel in channels}
    drawn = [
        c
        for c in channels
        if c.get("kind") != "text" and not c.get("grid") and (c.get("rows") or 0) > 1 and c.get("name") not in used
    ]
    axes = list(dict.fromkeys(c.get("axis") or "" for c in drawn))
    return FileView(
        file,
        channels,
        document.get("steps", [])[:200],
        document.get("warnings", [])[:20],
        axes[:MAX_PLOTS],
        grid_view(file.pk, channels),
    )


def run_channels(run: Run | None) -> list[Any]:  # Any: ChannelInfo
    """Channels of a run's telemetry with least and greatest value."""
    from ingest.telemetry.selectors import channel_list

    if run is None:
        return []
    end = int(run.ended.timestamp() * 1e9) if run.ended else None
    return list(channel_list(instrument=run.instrument.slug, start_ns=int(run.started.timestamp() * 1e9), end_ns=end))


def entry_page(entry: Entry, scope: Scope) -> dict[str, Any]:
    """The context of entry.html."""
    files = entry.attachments.select_related("parsed", "receipt").order_by("created", "pk")
    return {
        "entry": entry,
        "may_write": scope.may_write(entry.project_id),
        "files": [file_view(file) for file in files],
        "channels": run_channels(entry.run),
        "steps": entry.run.steps if entry.run else [],
        "alerts": entry.run.alerts.order_by("started")[:100] if entry.run else [],
        "revisions": entry.revisions.select_related("author").order_by("-version")[:50],
        "comments": entry.comments.select_related("author").order_by("created"),
    }
