"""Answers of one JSON document a line, written as they are made, under ASGI as under WSGI."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import orjson
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse

MEDIA = "application/jsonl"
AT_ONCE = 200


def wants_lines(request: HttpRequest) -> bool:
    """Whether the caller prefers lines to one document."""
    preferred = request.get_preferred_type(["application/json", MEDIA, "application/x-ndjson"])
    return preferred in (MEDIA, "application/x-ndjson")


def lines(documents: Iterator[Mapping[str, object]]) -> Iterator[bytes]:
    """The documents as lines, some at once."""
    kept: list[bytes] = []
    for document in documents:
        kept.append(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        if len(kept) >= AT_ONCE:
            yield b"".join(kept)
            kept = []
    yield b"".join(kept)


async def in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece made in a thread, as database and files want it; a reader who leaves ends the reading."""
    take: Callable[[Iterator[bytes]], bytes | None] = lambda source: next(source, None)  # noqa: E731
    try:
        while (piece := await sync_to_async(take)(pieces)) is not None:
            yield piece
    finally:
        await sync_to_async(connections.close_all)()


def streamed(request: HttpRequest, pieces: Iterator[bytes], media: str = MEDIA) -> StreamingHttpResponse:
    """An answer of these pieces."""
    return StreamingHttpResponse(in_threads(pieces) if isinstance(request, ASGIRequest) else pieces, content_type=media)
