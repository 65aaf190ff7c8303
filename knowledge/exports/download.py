"""A finished file as an answer that can be resumed: RFC 9110 ranges, a strong ETag, If-Range."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

PIECE = 2**18
MEDIA = {
    "csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}  # fmt: skip


def _range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; none where the header is to be ignored. Raises ValueError outside the file."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        if int(last) == 0:
            raise ValueError(header)
        return max(0, size - int(last)), size - 1
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError(header)
    return start, end


def file_answer(request: HttpRequest, path: Path, *, sha256: str) -> HttpResponseBase:
    """The file, or the part that Range asks for."""
    size = path.stat().st_size
    etag = f'"{sha256}"'
    headers = {
        "ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{path.name}"',
        "Repr-Digest": f"sha-256=:{_base64(sha256)}:",
    }  # fmt: skip
    media = MEDIA[path.suffix[1:]]
    asked = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
    if etag in asked or f"W/{etag}" in asked or "*" in asked:
        return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    start, end, status = 0, size - 1, 200
    wanted = request.headers.get("Range", "")
    if wanted and request.headers.get("If-Range", etag) == etag:
        try:
            part = _range(wanted, size)
        except ValueError:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
        if part is not None:
            (start, end), status = part, 206
            headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    pieces = _pieces(path, start, end)
    source = _in_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(source, status=status, content_type=media, headers=headers)
    response.headers["Content-Length"] = str(end - start + 1)
    return response


def _base64(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


def _pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start + 1
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    def take() -> bytes | None:
        return next(pieces, None)

    while (piece := await sync_to_async(take)()) is not None:
        yield piece
