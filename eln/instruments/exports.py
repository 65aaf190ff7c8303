"""Downloads of channels: a run's, or some of an instrument over a stretch of time."""

import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.selectors import entry_list
from eln.instruments.selectors import instrument_list
from ingest.errors import BadInput
from ingest.export.domain import Header
from ingest.export.selectors import channels_header, run_header
from ingest.export.services import MEDIA, export_csv, export_steps, format_check
from ingest.home import home
from ingest.stream.models import Run

PIECE = 2**20
FORGOTTEN_S = 24 * 3600
Piece = TypeVar("Piece")


def run_export(request: HttpRequest, uid: str, kind: str) -> StreamingHttpResponse:
    """The channels of a run. Who reads its entry may have it; without an entry, who watches the instrument."""
    scope = Scope.of(reader(request))
    run = get_object_or_404(Run.objects.select_related("instrument"), pk=uid)
    entry = getattr(run, "entry", None)
    known = entry_list(scope=scope) if entry else instrument_list(scope=scope)
    if not known.filter(pk=entry.pk if entry else run.instrument_id).exists():
        raise Http404
    return _download(run_header(run, now=timezone.now()), kind)


def instrument_export(request: HttpRequest, slug: str, kind: str = "") -> StreamingHttpResponse:
    """Channels (`channel`, repeated; all without) of an instrument from `start` to `end` (ISO times, UTC unless they say)."""
    found = get_object_or_404(instrument_list(scope=Scope.of(reader(request))), slug=slug)
    now = timezone.now()
    start_ns = _moment(request.GET.get("start", ""), 0)
    end_ns = _moment(request.GET.get("end", ""), int(now.timestamp() * 1e9))
    if start_ns > end_ns:
        raise BadInput(_("The export ends before it starts: exchange the two times."))
    channels = [name for name in request.GET.getlist("channel") if name]
    header = channels_header(found, channels=channels or None, start_ns=start_ns, end_ns=end_ns, now=now)
    if not header.columns:
        raise BadInput(_("There are no values in this stretch of time: choose another."))
    return _download(header, kind or request.GET.get("format", ""))


def _moment(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or not 1970 <= moment.year < 2262:
        raise BadInput(_("“%(text)s” is no time: write it as 2026-01-31T12:00.") % {"text": text[:40]})
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e9)


def _download(header: Header, kind: str) -> StreamingHttpResponse:
    format_check(kind)
    stamp = datetime.fromtimestamp(header.start_ns / 1e9, UTC).strftime("%Y%m%dT%H%M%S")
    name = re.sub(r"[^\w.-]+", "_", f"{header.instrument}_{header.title}_{stamp}").strip("_")[:120]
    pieces = _csv(header) if kind == "csv" else _file(header, kind)
    response = StreamingHttpResponse(pieces, content_type=MEDIA[kind])
    response["Content-Disposition"] = f'attachment; filename="{name.encode("ascii", "replace").decode()}.{kind}"'
    response["Cache-Control"] = "no-store"
    return response


async def _csv(header: Header) -> AsyncIterator[bytes]:
    """Line by line as it is read; a reader who leaves ends the reading."""
    lines = export_csv(header)
    try:
        while (piece := await sync_to_async(_next)(lines)) is not None:
            yield piece
    finally:
        await sync_to_async(connections.close_all)()


async def _file(header: Header, kind: str) -> AsyncIterator[bytes]:
    """What cannot be written in one direction is made beside the data folder's stores first, step by step."""
    path = _place(kind)
    try:
        steps = export_steps(header, kind=kind, path=path)
        while await sync_to_async(_next)(steps) is not None:
            pass
        with path.open("rb") as file:
            while piece := await sync_to_async(_read)(file):
                yield piece
    finally:
        path.unlink(missing_ok=True)
        await sync_to_async(connections.close_all)()


def _next(many: Iterator[Piece]) -> Piece | None:
    return next(many, None)


def _read(file: BinaryIO) -> bytes:
    return file.read(PIECE)


def _place(kind: str) -> Path:
    """A name for a new file; what a killed process left there a day ago goes."""
    folder = home() / "exports"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.stat().st_mtime < time.time() - FORGOTTEN_S:
            old.unlink(missing_ok=True)
    return folder / f"{uuid.uuid4().hex}.{kind}"
