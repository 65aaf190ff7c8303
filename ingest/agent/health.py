"""How the agent is: the heartbeat to the server, and the small file beside the spool that `status` reads."""

import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingest.agent import VERSION
from ingest.agent.config import ServerSettings
from ingest.agent.context import RunningSource
from ingest.agent.errors import AgentError, ServerError
from ingest.agent.remote import Remote
from ingest.agent.spool import Spool
from ingest.agent.tokens import rotation_is_due, token_rotate
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire

log = logging.getLogger(__name__)


def state_path(spool: Path) -> Path:
    """Where the running agent writes how it is."""
    return spool.with_name(spool.name + ".state.json")


def heartbeat(spool: Spool, sources: Sequence[RunningSource], uploader: Uploader, remote: Remote) -> dict[str, Any]:
    """The document the server gets; `time` and `oldest` in ns by this computer's clock, `lag_s` first of the metrics."""
    rows, size, oldest = spool.counts()
    now = time.time_ns()
    return {
        "version": VERSION,
        "queue_rows": rows,
        "queue_bytes": size,
        "oldest": oldest,
        "disk_free": shutil.disk_usage(spool.path.parent).free,
        "sources": [{"name": one.name, "state": one.state, "error": one.error} for one in sources],
        "time": now,
        "config": remote.state(),
        "metrics": {
            "lag_s": 0.0 if oldest is None else max(0.0, (now - oldest) / 1e9),
            "rows_sent": uploader.rows_sent,
            "bytes_sent": uploader.bytes_sent,
            "files_sent": uploader.files_sent,
            "rejected": spool.rejected(),
            "restarts": sum(one.restarts for one in sources),
            "memory_bytes": _memory(),
            "cpu_s": time.process_time(),
        },
    }


def _memory() -> int | None:
    """Resident memory; None where the system does not say it so."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def state_write(
    spool: Spool, sources: Sequence[RunningSource], uploader: Uploader, remote: Remote, pulse: "Pulse", wire: Wire
) -> None:
    """Leave word for `status`; a full disk only costs this word."""
    document = {
        **heartbeat(spool, sources, uploader, remote),
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "epoch": spool.epoch,
        "server": {"state": uploader.state, "reason": uploader.reason, "last_delivery": uploader.last_delivery},
        "clock_offset_ns": wire.clock.offset,
        "token_expires": pulse.token_expires,
        "sources": [
            {"name": one.name, "type": one.type, "state": one.state, "error": one.error, "restarts": one.restarts}
            for one in sources
        ],
    }
    path = state_path(spool.path)
    with suppress(OSError):
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(document), "utf-8")
        part.replace(path)


class Pulse:
    """Sends heartbeats on a connection of its own, so that they pass a long upload.

    `config_due`: the server told of a configuration that was not fetched yet. `token_expires`: s since 1970, None: never.
    """

    def __init__(self, wire: Wire, server: ServerSettings) -> None:
        self._wire, self._server, self._next = wire, server, 0.0
        self.config_due = False
        self.token_expires: float | None = None
        self._config: int | None = -1  # unlike any answer: look at the first

    def beat(self, spool: Spool, sources: Sequence[RunningSource], uploader: Uploader, remote: Remote) -> None:
        """Send one when it is due; failures are the uploader's to report."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._server.heartbeat_s
        document = heartbeat(spool, sources, uploader, remote)
        try:
            answer = self._wire.heartbeat({**document, "clock_offset_ns": self._wire.clock.offset})
        except ServerError:
            return
        if answer.get("config") != self._config:
            self._config, self.config_due = answer.get("config"), True
        issued, self.token_expires = answer.get("token_issued"), answer.get("token_expires")
        if self._server.token_file is not None and rotation_is_due(issued, self.token_expires):
            self._rotate()

    def soon(self) -> None:
        """Something changed that the server should hear of."""
        self._next = 0.0

    def _rotate(self) -> None:
        try:
            token_rotate(self._server)
        except AgentError as error:
            log.warning("the token could not be rotated before it expires, it is tried again: %s", error)
        else:
            log.info("the token was rotated before its end")
