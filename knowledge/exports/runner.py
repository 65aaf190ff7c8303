"""Writes the files of waiting exports, one after another, in a thread of the site or on a worker."""

import hashlib
import json
import logging
import shutil
import threading
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from ingest.errors import LodestoneError, Unavailable
from ingest.feeds.followers import follower_lives, follower_name
from ingest.feeds.services import feed_append
from knowledge.errors import QueryError
from knowledge.exports.columns import Column, Seen
from knowledge.exports.models import Export, Format
from knowledge.exports.reading import Reading, pages, sources_of
from knowledge.exports.selectors import export_scope
from knowledge.exports.services import FEED, export_folder
from knowledge.exports.writing import cif_write, columns_of, csv_write, jsonl_write, parquet_write
from knowledge.index.segments import manifest_read
from knowledge.query.codec import from_json
from knowledge.query.filters import filter_text
from knowledge.query.types import Query
from knowledge.topics.schema import topics

log = logging.getLogger(__name__)
GONE = gettext_noop("The process that wrote this export is gone: the site was stopped while it ran. Try again.")
READ_SHARE = 0.7  # of the time, roughly: reading, then writing
ENDINGS = {Format.CSV: "csv", Format.JSONL: "jsonl", Format.PARQUET: "parquet", Format.CIF: "zip"}


class Cancelled(Exception):
    """Somebody asked to end it."""


def export_run(uid: str) -> bool:
    """Write one waiting export; False if it was not waiting any more."""
    if not Export.objects.filter(pk=uid, state=Export.State.QUEUED).update(
        state=Export.State.RUNNING, started=timezone.now(), follower=follower_name(), progress=0, reason=""
    ):
        return False
    export = Export.objects.select_related("owner", "project").get(pk=uid)
    folder = export_folder(uid)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(export, folder)
    except Cancelled:
        _end(export, folder, Export.State.CANCELLED, "")
    except LodestoneError as error:
        _end(export, folder, Export.State.FAILED, error.message)
    except Exception as error:  # whatever fails, the person is told and may try again
        log.exception("export %s", uid)
        _end(export, folder, Export.State.FAILED, f"{type(error).__name__}: {error}"[:2000])
    return True


def _end(export: Export, folder: Path, state: Export.State, reason: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with transaction.atomic():
        Export.objects.filter(pk=export.pk, state=Export.State.RUNNING).update(
            state=state, reason=reason, ended=timezone.now(), follower=""
        )
        feed_append(FEED, export.pk)


def _step(export: Export, share: float, rows: int) -> None:
    """Tell how far it is. Raises Cancelled, or Unavailable where the disk is almost full."""
    Export.objects.filter(pk=export.pk).update(progress=min(share, 1.0), rows=rows)
    if not Export.objects.filter(pk=export.pk, state=Export.State.RUNNING, cancel_asked=False).exists():
        raise Cancelled
    if shutil.disk_usage(export_folder(export.pk)).free < settings.INGEST.min_free_bytes:
        raise Unavailable("The disk is almost full: ask an administrator to make room, then try again.")


def _write(export: Export, folder: Path) -> None:
    query = from_json(export.query)
    reading, seen = Reading(), Seen()
    spool = folder / "records.jsonl"
    with spool.open("wb") as file:
        for documents in pages(query, scope=export_scope(export), reading=reading):
            if reading.rows > settings.KNOWLEDGE.export_rows:
                most = settings.KNOWLEDGE.export_rows
                raise QueryError(f"There are more than {most} records: narrow the search down, or export in parts.")
            for document in documents:
                seen.add(document)
                file.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
            _step(export, READ_SHARE * reading.rows / max(reading.total, 1), reading.rows)
    path = folder / f"{_stem(query)}.{ENDINGS[Format(export.format)]}"
    columns: list[Column] = []
    if export.format in (Format.CSV, Format.PARQUET):
        columns = columns_of(seen, layout=export.options["layout"], first=_order(query))
    manifest = _manifest(export, query, reading, columns)
    for done in _steps(export, spool, path, columns, manifest):
        _step(export, READ_SHARE + (1 - READ_SHARE) * done / max(reading.rows, 1), reading.rows)
    spool.unlink(missing_ok=True)
    _finish(export, path, manifest, reading)


def _steps(
    export: Export, spool: Path, path: Path, columns: list[Column], manifest: dict[str, Any]
) -> Iterable[int]:  # Any: JSON
    layout = export.options["layout"]
    match export.format:
        case Format.CSV:
            return csv_write(spool, path, columns, layout=layout, units=export.options["units"])
        case Format.PARQUET:
            return parquet_write(spool, path, columns, layout=layout, manifest=manifest)
        case Format.CIF:
            return cif_write(spool, path, manifest=partial(_with_structures, manifest))
    return jsonl_write(spool, path)


def _with_structures(manifest: dict[str, Any], written: int) -> dict[str, Any]:
    manifest["structures"] = written
    return manifest


def _stem(query: Query) -> str:
    return f"lodestone-{query.topic or 'records'}-{timezone.now():%Y%m%dT%H%M%SZ}"


def _order(query: Query) -> list[str]:
    """Properties in the order a reader wants them: as selected, else as the topic lists them."""
    schema = topics().get(query.topic or "")
    listed = [*schema.facts, *(item.id for item in schema.properties)] if schema else []
    return list(dict.fromkeys([*query.select, *listed]))


def _software() -> str:
    try:
        return f"Lodestone {version('lodestone')}"
    except PackageNotFoundError:
        return "Lodestone"


def _manifest(export: Export, query: Query, reading: Reading, columns: list[Column]) -> dict[str, Any]:
    return {
        "export": export.pk, "title": export.title, "format": export.format, "options": export.options,
        "software": _software(), "site": export.site, "made": timezone.now().isoformat(), "owner": export.owner.username,
        "query": export.query, "filter": filter_text(query.where) if query.where is not None else None,
        "index_generation": manifest_read().generation, "records": reading.rows, "kinds": reading.kinds,
        "left_out": reading.gone, "datasets": sources_of(reading),
        "columns": [
            {"name": c.name, "property": c.property, "unit": c.unit, "part": c.part, "type": c.kind} for c in columns
        ],
    }  # fmt: skip


def _finish(export: Export, path: Path, manifest: dict[str, Any], reading: Reading) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    size = path.stat().st_size
    whole = {**manifest, "file": path.name, "bytes": size, "sha256": digest.hexdigest()}
    path.with_name("manifest.json").write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    now = timezone.now()
    with transaction.atomic():
        kept = Export.objects.filter(pk=export.pk, state=Export.State.RUNNING, cancel_asked=False).update(
            state=Export.State.DONE, progress=1, rows=reading.rows, file_name=path.name, size=size, follower="",
            sha256=digest.hexdigest(), projects=sorted(reading.projects), ended=now,
            expires=now + timedelta(days=settings.KNOWLEDGE.export_days),
        )  # fmt: skip
        if not kept:
            raise Cancelled
        feed_append(FEED, export.pk)


def orphans_fail() -> int:
    """Mark running exports whose process is gone as failed, with the reason; how many."""
    found = 0
    for uid, follower in Export.objects.filter(state=Export.State.RUNNING).values_list("pk", "follower"):
        if not follower_lives(follower):
            found += Export.objects.filter(pk=uid, state=Export.State.RUNNING, follower=follower).update(
                state=Export.State.FAILED, reason=GONE, ended=timezone.now()
            )
            shutil.rmtree(export_folder(uid), ignore_errors=True)
    return found


def export_due() -> str | None:
    """The export to write next: the one that waits longest, unless enough are being written."""
    if Export.objects.filter(state=Export.State.RUNNING).count() >= settings.KNOWLEDGE.export_parallel:
        return None
    return Export.objects.filter(state=Export.State.QUEUED).order_by(F("created")).values_list("pk", flat=True).first()


_running = threading.Lock()


def exports_run() -> int:
    """Write waiting exports until none waits; how many. One thread of a process does so at a time."""
    if not _running.acquire(blocking=False):
        return 0
    done = 0
    try:
        while (uid := export_due()) is not None:
            done += export_run(uid)
    finally:
        _running.release()
    return done


def exports_wake() -> None:
    """Write waiting exports in a thread of this process, so that stages are not kept waiting."""

    def work() -> None:
        try:
            exports_run()
        finally:
            connections.close_all()

    if not _running.locked():
        threading.Thread(target=work, name="exports", daemon=True).start()
