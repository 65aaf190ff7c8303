"""Exports through the API: ask, follow, fetch, remove."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import Field

from knowledge.access.deeds import once
from knowledge.access.models import Right
from knowledge.api.application import reading
from knowledge.api.documents import SearchIn
from knowledge.api.me import person
from knowledge.api.problems import NothingHere
from knowledge.api.search import query_of
from knowledge.exports.download import MEDIA, file_answer
from knowledge.exports.models import Export
from knowledge.exports.selectors import export_file, export_list, export_manifest
from knowledge.exports.services import export_cancel, export_create, export_remove, export_retry

router = Router(tags=["exports"])
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORMS = {media.partition(";")[0]: BINARY for media in MEDIA.values()}
RANGE: dict[str, Any] = {  # Any: JSON of OpenAPI
    "parameters": [{"in": "header", "name": "Range", "schema": {"type": "string"}, "example": "bytes=1000-"}],
    "responses": {
        200: {"description": "The file", "content": FORMS},
        206: {"description": "The part that Range asked for", "content": FORMS},
        416: {"description": "The file is shorter than that"},
    },
}


class ExportIn(SearchIn):
    """A search as for `search`, and the form of the file. All matches are written, whatever page the search names."""

    format: Literal["csv", "jsonl", "parquet", "cif-zip"] = "csv"
    units: Literal["header", "row", "none"] = Field("header", description="where a CSV table has its units")
    layout: Literal["wide", "long"] = Field("wide", description="a row for each record, or for each value")
    title: str = Field("", max_length=200)


class ExportOut(Schema):
    """An export. `file` and `manifest` are addresses once it is done."""

    id: str
    title: str
    format: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "expired"]
    progress: float = Field(description="0 to 1")
    records: int
    bytes: int
    sha256: str | None
    reason: str | None = Field(description="why it failed")
    query: dict[str, Any]
    created: datetime
    ended: datetime | None
    expires: datetime | None = Field(description="when the file is removed")
    file: str | None
    manifest: str | None


def _out(request: HttpRequest, export: Export) -> dict[str, object]:
    done = export.state == Export.State.DONE
    base = request.build_absolute_uri(f"/knowledge/api/v1/exports/{export.pk}")
    return {
        "id": export.pk, "title": export.title, "format": export.format, "state": export.state,
        "progress": round(export.progress, 4), "records": export.rows, "bytes": export.size,
        "sha256": export.sha256 or None, "reason": export.reason or None, "query": export.query,
        "created": export.created, "ended": export.ended, "expires": export.expires,
        "file": f"{base}/file" if done else None, "manifest": f"{base}/manifest" if done else None,
    }  # fmt: skip


def _own(request: HttpRequest, uid: str) -> Export:
    caller, user = person(request, Right.EXPORT)
    found = export_list(user=user, bound=caller.bound).filter(pk=uid).first()
    if found is None:
        raise NothingHere("There is no such export among yours.")
    return found


@router.post("/exports", response={202: ExportOut}, operation_id="export_create", summary="Ask for an export")
def create(request: HttpRequest, response: HttpResponse, asked: ExportIn) -> Status[dict[str, object]]:
    """A job that writes all matches to a file. With an Idempotency-Key the same request makes no second one."""
    caller, user = person(request, Right.EXPORT)
    query = query_of(SearchIn.model_validate(asked.model_dump(include=set(SearchIn.model_fields))))

    def make() -> str:
        return export_create(
            owner=user, scope=caller.scope, query=query, kind=asked.format, title=asked.title,
            options={"units": asked.units, "layout": asked.layout}, site=request.build_absolute_uri("/"),
            project=caller.key.project if caller.key else None,
        ).pk  # fmt: skip

    made, again = once(request, user=user, make=make)
    response.headers["Location"] = f"/knowledge/api/v1/exports/{made}"
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return Status(202, _out(request, _own(request, made)))


@router.get("/exports", response=list[ExportOut], operation_id="exports", summary="My exports")
def exports(request: HttpRequest) -> list[dict[str, object]]:
    """The caller's exports, newest first, 200 at most."""
    caller, user = person(request, Right.EXPORT)
    return [_out(request, export) for export in export_list(user=user, bound=caller.bound)[:200]]


@router.get("/exports/{export}", response=ExportOut, operation_id="export", summary="How far it is")
def export(request: HttpRequest, export: str) -> dict[str, object]:
    """One export; ask again every second or so until it is no longer queued or running."""
    return _out(request, _own(request, export))


@router.post("/exports/{export}/cancel", response=ExportOut, operation_id="export_cancel", summary="Cancel an export")
def cancel(request: HttpRequest, export: str) -> dict[str, object]:
    """End it: at once while it waits, soon while it runs."""
    export_cancel(export=_own(request, export))
    return _out(request, _own(request, export))


@router.post("/exports/{export}/retry", response=ExportOut, operation_id="export_retry", summary="Make it again")
def retry(request: HttpRequest, export: str) -> dict[str, object]:
    """The same search with the records and rights of now."""
    export_retry(export=_own(request, export))
    return _out(request, _own(request, export))


@router.delete("/exports/{export}", response={204: None}, operation_id="export_remove", summary="Remove an export")
def remove(request: HttpRequest, export: str) -> Status[None]:
    """Forget it, with its file."""
    export_remove(export=_own(request, export))
    return Status(204, None)


@router.get("/exports/{export}/file", operation_id="export_file", summary="The file", openapi_extra=RANGE)
def file(request: HttpRequest, export: str) -> HttpResponseBase:
    """The finished file; Range with If-Range resumes a download. 409 while there is none."""
    found = _own(request, export)
    return file_answer(request, export_file(found, scope=reading(request).scope), sha256=found.sha256)


@router.get(
    "/exports/{export}/manifest", response=dict[str, Any], operation_id="export_manifest", summary="What the file holds"
)
def manifest(request: HttpRequest, export: str) -> dict[str, Any]:  # Any: JSON
    """Query, count, columns, checksum, and the data sets with licence and citation."""
    return export_manifest(_own(request, export), scope=reading(request).scope)
