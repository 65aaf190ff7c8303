"""One agent per spool: an advisory lock on a file beside it, released by the system whatever happens to the process."""

import os
import sys
from pathlib import Path
from typing import IO

from ingest.agent.errors import SpoolBusy


def lock_take(path: Path) -> IO[bytes]:
    """Hold `path` until the returned file is closed. Raises SpoolBusy."""
    handle = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.set_inheritable(handle.fileno(), False)
    except OSError as error:
        handle.close()
        raise SpoolBusy(f"another agent works with this spool ({path}); stop it, or give this one its own") from error
    return handle
