"""How the agent is: the heartbeat to the server, and the small file beside the spool that `status` reads."""

import json
import os
import shutil
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingest.agent import VERSION
from ingest.agent.context import RunningSource
from ingest.agent.errors import ServerError
from ingest.agent.spool import Spool
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire


def state_path(spool: Path) -> Path:
    """Where the running agent writes how it is."""
    return spool.with_name(spool.name + ".state.json")


def heartbeat(spool: Spool, sources: Sequence[RunningSource]) -> dict[str, Any]:
    """The document the server gets; `time` and `oldest` in ns by this computer's clock."""
    rows, size, oldest = spool.counts()
    return {
        "version": VERSION,
        "queue_rows": rows,
        "queue_bytes": size,
        "oldest": oldest,
        "disk_free": shutil.disk_usage(spool.path.parent).free,
        "sources": [{"name": one.name, "state": one.state, "error": one.error} for one in sources],
        "time": time.time_ns(),
    }


def state_write(spool: Spool, sources: Sequence[RunningSource], uploader: Uploader, wire: Wire) -> None:
    """Leave word for `status`; a full disk only costs this word."""
    document = {
        **heartbeat(spool, sources),
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "epoch": spool.epoch,
        "server": {"state": uploader.state, "reason": uploader.reason, "last_delivery": uploader.last_delivery},
        "clock_offset_ns": wire.clock.offset,
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
    """Sends heartbeats on a connection of its own, so that they pass a long upload."""

    def __init__(self, wire: Wire, *, every_s: float) -> None:
        self._wire, self._every_s, self._next = wire, every_s, 0.0

    def beat(self, spool: Spool, sources: Sequence[RunningSource]) -> None:
        """Send one when it is due; failures are the uploader's to report."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every_s
        with suppress(ServerError):
            self._wire.heartbeat(heartbeat(spool, sources))
