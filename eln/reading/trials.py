"""A file on trial: its bytes, what was understood of it, and who tries; kept for a day beside the data, never in the notebook."""

import json
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.entries.grids import grid_view
from eln.entries.models import Attachment
from eln.entries.plots import axes, file_plot
from eln.ui.quantity import pretty_bytes, pretty_number
from ingest.contract.envelope import name_clean
from ingest.errors import TooLarge
from ingest.gateway.models import Instrument
from ingest.gateway.selectors import receipt_path
from ingest.home import home
from ingest.mappings.selectors import corrections_for
from ingest.parsers.protocol import Channel
from ingest.parsing.services import parse_corrected

MAX_AGE_S = 24 * 3600.0
MAX_PLOTS = 2
FIRST = 4


@dataclass(frozen=True)
class Trial:
    """`path`: the bytes, its own or those of a file of the notebook, which is then `attachment`."""

    key: str
    user: int
    name: str
    path: str
    instrument: int | None = None
    attachment: int | None = None


def _folder(key: str) -> Path:
    if not key.isalnum():
        raise Http404
    return home() / "trials" / key


def trial_open(*, user: User, file: "UploadedFile[Any]", instrument: Instrument | None) -> Trial:
    """Take a file for a trial. Raises TooLarge."""
    if (file.size or 0) > settings.INGEST.max_upload_bytes:
        limit = pretty_bytes(settings.INGEST.max_upload_bytes)
        raise TooLarge(_("{name} is larger than {limit}; let an agent send it.").format(name=file.name, limit=limit))
    trials_sweep()
    key = uuid.uuid4().hex
    path = _folder(key) / "content"
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        for chunk in file.chunks():
            stream.write(chunk)
    name = name_clean(file.name or "")[-400:] or "unnamed"
    return _written(Trial(key, user.pk, name, str(path), instrument.pk if instrument else None))


def trial_of_file(*, user: User, attachment: Attachment) -> Trial:
    """Try a file of the notebook again; its bytes stay where they are."""
    trials_sweep()
    receipt, key = attachment.receipt, uuid.uuid4().hex
    path = str(receipt_path(receipt))
    _folder(key).mkdir(parents=True)
    return _written(Trial(key, user.pk, receipt.file_name, path, receipt.instrument_id, attachment.pk))


def _written(trial: Trial) -> Trial:
    (_folder(trial.key) / "about.json").write_text(json.dumps(asdict(trial)), "utf-8")
    return trial


def trial_get(*, user: User, key: str) -> Trial:
    """A person's own trial. Raises Http404."""
    try:
        trial = Trial(**json.loads((_folder(key) / "about.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Http404 from error
    if trial.user != user.pk:
        raise Http404
    return trial


def trial_drop(trial: Trial) -> None:
    """Forget a trial; a file of the notebook stays."""
    shutil.rmtree(_folder(trial.key), ignore_errors=True)


def trials_sweep(now: float | None = None) -> int:
    """Remove trials of yesterday; how many."""
    old = [
        folder for folder in (home() / "trials").glob("*") if folder.stat().st_mtime < (now or time.time()) - MAX_AGE_S
    ]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def trial_read(trial: Trial, hints: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parse, with what was remembered of files like it and with `hints`; the reading, which is also kept for the page."""
    made = parse_corrected(Path(trial.path), trial.name, corrections_for(trial.instrument), hints)
    channels = made.outcome.channels
    reading = {
        "document": made.outcome.document,
        "names": list(made.names),
        "hints": dict(hints or {}),
        "first": [_first(channel) for channel in channels],
        "grid": _preview(trial, made.outcome.document["channels"], channels),
        "plots": {axis: file_plot(channels, axis, 1200) for axis in axes(_flat(channels))[:MAX_PLOTS]},
    }
    (_folder(trial.key) / "reading.json").write_text(json.dumps(reading), "utf-8")
    return reading


def _preview(trial: Trial, described: Sequence[dict[str, Any]], channels: Sequence[Channel]) -> dict[str, Any] | None:
    """The first image or map and what its figure shows; the picture of its first plane is kept beside the reading."""
    from eln.entries.pictures import colouring, picture

    grid = grid_view(0, described)
    if grid is None:
        return None
    channel = channels[grid["row"]]
    picture_path(trial).write_bytes(picture(channel))
    return {**grid, **colouring(channel), "count": len(grid["choices"])}


def picture_path(trial: Trial) -> Path:
    """Where the preview of a trial lies, once it was read and holds an image or map."""
    return _folder(trial.key) / "preview.png"


def _flat(channels: Sequence[Channel]) -> list[Channel]:
    return [channel for channel in channels if len(channel.grid) < 2]


def _first(channel: Channel) -> str:
    """The first values, for a person to recognise the column."""
    if channel.texts is not None:
        values = [text[:24] for text in channel.texts[:FIRST]]
    else:
        values = [
            pretty_number(float(value)) for value in (channel.values if channel.values is not None else [])[:FIRST]
        ]
    return ", ".join(values) + (" …" if channel.rows > FIRST else "")


def reading_get(trial: Trial) -> dict[str, Any] | None:
    """What the last `trial_read` found, or none before the first."""
    path = _folder(trial.key) / "reading.json"
    if not path.is_file():
        return None
    reading: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return reading
