"""The door for OPTIMADE: an ASGI application before Django's that answers programs below /optimade and hands everything else on.

Programs ask many short questions; Django's middleware for pages (sessions, languages, forms) costs more than their answers. People
who are logged in carry a session: their requests go on to Django, where the same answers wait behind a view.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http.request import split_domain_port, validate_host

from knowledge.optimade.http import MOUNT, Call, respond

THREADS = 4
Message = MutableMapping[str, Any]  # Any: what ASGI allows
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]  # Any: frameworks name ASGI's messages differently


class OptimadeDoor:
    """Answers OPTIMADE, hands on the rest."""

    def __init__(self, site: Application) -> None:
        self._site = site
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="optimade")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        call = _call(scope) if scope["type"] == "http" else None
        if call is None:
            await self._site(scope, receive, send)
            return
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _responded, call)
        body = found.body if call.method != "HEAD" else b""
        headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in found.headers]
        headers.append((b"content-type", found.content_type.encode()))
        if found.status not in (204, 304):
            headers.append((b"content-length", str(len(found.body)).encode()))
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _responded(call: Call) -> Any:
    try:
        return respond(call)
    finally:
        close_old_connections()


def _call(scope: MutableMapping[str, Any]) -> Call | None:
    """The request if it is ours: below /optimade, for a name of this site, without a session."""
    path: str = scope["path"]
    if path != MOUNT and not path.startswith(f"{MOUNT}/"):
        return None
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "")
    session = f"{settings.SESSION_COOKIE_NAME}=" in headers.get("cookie", "")
    if session or not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return None
    return Call(
        method=scope["method"],
        path=path,
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        scheme=scope.get("scheme", "http"),
        host=host,
        client=(scope.get("client") or ("",))[0],
    )
