"""The door for batches: an ASGI application before Django's that takes `POST frames` and hands everything else on.

Batches are the one call that comes thousands of times an hour with bodies of megabytes. Here their bytes stay in memory, wait in
a queue of bounded size, and are made durable by a few threads that keep their database connections. When the queue is full, a
sender is told when to come back (429 with Retry-After); its body is read and dropped, so that it sees the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpResponse

from ingest.errors import BadInput, LodestoneError, TooLarge, TooMany
from ingest.gateway.api import FRAMES_LIMIT, frames_take
from ingest.gateway.endpoint import answered, problem

PATH = "/ingest/api/v1/frames"
THREADS = 4
RETRY_S = 1
Message = MutableMapping[str, Any]  # Any: what ASGI allows
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]  # Any: frameworks name ASGI's messages differently


class Gone(Exception):
    """The sender went away before its body was whole."""


class Room:
    """How many bytes of bodies may wait or be worked on at once; used from the event loop only."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken = limit, 0

    def take(self, size: int) -> None:
        """Count `size` more bytes. Raises TooMany; a single body always finds room in an empty queue."""
        if self._taken and self._taken + size > self._limit:
            raise TooMany(
                f"{self._taken // 2**20} MiB of batches wait to be stored: the sender will try again",
                retry_after=RETRY_S,
            )
        self._taken += size

    def give(self, size: int) -> None:
        """These bytes are done with."""
        self._taken -= size


class FramesDoor:
    """Takes batches, hands on the rest."""

    def __init__(self, site: Application) -> None:
        self._site = site
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="frames")
        self._room = Room(settings.INGEST.max_queue_bytes)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await self._frames(scope, receive, send)
        else:
            await self._site(scope, receive, send)

    async def _frames(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {key.lower(): value for key, value in scope["headers"]}
        token, taken = headers.get(b"authorization", b"").decode("latin-1"), 0
        try:
            announced = _announced(headers)
            taken = FRAMES_LIMIT if announced is None else announced
            try:
                self._room.take(taken)
            except TooMany:
                taken = 0
                await _drain(receive)
                raise
            data = await _body(receive, taken)
            if announced is not None and len(data) != announced:
                raise BadInput(f"the body has {len(data)} of {announced} bytes; nothing was stored, send it again")
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, _take, token, data)
        except Gone:
            return
        except LodestoneError as error:
            answer = problem(error)
        finally:
            self._room.give(taken)
        await _reply(answer, send)


def _announced(headers: dict[bytes, bytes]) -> int | None:
    length = headers.get(b"content-length", b"")
    announced = int(length) if length.isdigit() else None
    if announced is not None and announced > FRAMES_LIMIT:
        raise TooLarge(
            f"the body has {announced} bytes, at most {FRAMES_LIMIT} are taken: send smaller pieces", limit=FRAMES_LIMIT
        )
    return announced


async def _body(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > limit:
            raise TooLarge(f"the body has more than {limit} bytes: send smaller pieces", limit=limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _drain(receive: Receive) -> None:
    """Read what is still to come and drop it: a sender that is cut off would not see why."""
    read = 0
    while read <= FRAMES_LIMIT:
        message = await receive()
        read += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _take(token: str, data: bytes) -> HttpResponse:
    """Runs in a thread of the door's own."""
    _connection_settle()
    return answered(lambda: frames_take(authorization=token, data=data), what="POST frames")


def _connection_settle() -> None:
    """Close a connection that failed or, on a server, is too old; SQLite's stays open as long as the thread."""
    if connection.vendor != "sqlite" or connection.errors_occurred:
        connection.close_if_unusable_or_obsolete()


async def _reply(answer: HttpResponse, send: Send) -> None:
    headers = [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in answer.items()]
    headers.append((b"content-length", str(len(answer.content)).encode()))
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
