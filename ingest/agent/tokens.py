"""The token file: written in one step, readable by its owner only, replaced by rotation."""

import os
import time
from pathlib import Path
from typing import Any

from ingest.agent.config import ServerSettings
from ingest.agent.errors import ConfigError
from ingest.agent.wire import Wire


def token_write(path: Path, token: str) -> None:
    """Replace the token file in one step; never readable by others, not for a moment; on disk when this returns."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(token + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def token_rotate(server: ServerSettings) -> dict[str, Any]:
    """Have a new token, keep it, and use it once, which ends the old one; the server's answer without the token.

    A running agent takes the new one from the file as soon as the old is refused. Whenever this is cut short, the token in
    the file is a valid one: the server lets the old live until the new one is used. Raises ConfigError, ServerError.
    """
    if server.token_file is None:
        raise ConfigError("server.token: a token in the configuration cannot be rotated; use token_file instead")
    wire = Wire(server, server.secret())
    try:
        answer = dict(wire.rotate())
        token_write(server.token_file, str(answer.pop("token")))
    finally:
        wire.close()
    fresh = Wire(server, server.secret())
    try:
        fresh.config(None)
    finally:
        fresh.close()
    return answer


def rotation_is_due(issued: float | None, expires: float | None, *, now: float | None = None) -> bool:
    """When a third of a token's life is left; never for one that does not expire."""
    if issued is None or expires is None:
        return False
    return (time.time() if now is None else now) > expires - (expires - issued) / 3
