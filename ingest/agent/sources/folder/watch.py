"""One look at a watched folder after the other: what each file found means, and shipping those that are finished."""

import hashlib
import os
import time
from typing import Any

from ingest.agent.sources.folder.follow import Follower
from ingest.agent.sources.folder.ledger import Ledger, key_of, path_of, shipped_entry
from ingest.agent.sources.folder.params import FolderParams
from ingest.agent.sources.folder.scan import Scan, Seen
from ingest.agent.sources.folder.shipping import file_item
from ingest.agent.sources.protocol import Item, SourceContext

GATHER = 100  # finished files that share one commit


class Watch:
    """Remembers between scans; `faults` lists what could not be read in the last round."""

    def __init__(self, params: FolderParams, context: SourceContext) -> None:
        self._params, self._context = params, context
        self.ledger = Ledger()
        self._follower = Follower(params, context, self.ledger)
        self._still: dict[str, tuple[tuple[int, int], float]] = {}  # mark, and since when (monotonic)
        self._gathered: list[tuple[str, dict[str, Any], list[Item]]] = []
        self.faults: list[str] = []
        for key, saved in context.checkpoints().items():
            if saved["kind"] == "tail":
                self._follower.load(path_of(key), saved)
            else:
                self.ledger.note(path_of(key), saved)

    def round(self, found: Scan) -> None:
        """One look at everything that was found."""
        self.faults = []
        for relative in self._follower.followed():
            self._try(relative, self._follower.step)
        for relative, seen in sorted(found.files.items()):
            if self._context.wait(0):
                break
            if relative not in self._follower and not self.ledger.is_shipped(relative, *seen.mark):
                self._try(relative, self._look, seen)
        self._flush()
        for gone in self._still.keys() - found.files.keys():
            del self._still[gone]

    def _try(self, relative: str, step: Any, *arguments: Any) -> None:  # Any: one of our own methods
        """Do one step; a file that cannot be read now is reported and tried again at the next round."""
        try:
            step(relative, *arguments)
        except OSError as error:
            self.faults.append(f"{relative}: {error.strerror or error}")

    def _look(self, relative: str, seen: Seen) -> None:
        """A file that is new, or changed since it was shipped."""
        limit = self._context.limits.get("upload")
        if limit is not None and seen.size > limit:
            self.faults.append(f"{relative}: {seen.size} bytes are over the server's limit of {limit}; it is not sent")
        elif self._follower.resume(relative, seen):
            self._still.pop(relative, None)
        elif not self._params.grows(relative):
            self._settle(relative, seen, self._params.settle_s)
        elif self._follower.begin(relative, seen, unfinished=self._stood(relative, seen, self._params.line_wait_s)):
            self._still.pop(relative, None)
        else:
            self._settle(relative, seen, self._params.close_after_s)

    def _stood(self, relative: str, seen: Seen, seconds: float) -> bool:
        """Whether a file has not changed for so long."""
        mark, since = self._still.get(relative, (None, 0.0))
        return mark == seen.mark and seen.size > 0 and time.monotonic() - since >= seconds

    def _settle(self, relative: str, seen: Seen, settle_s: float) -> None:
        """Ship a file when it stood still long enough."""
        mark, since = self._still.get(relative, (None, 0.0))
        if mark != seen.mark:
            self._still[relative] = (seen.mark, time.monotonic())
            if settle_s > 0:
                return
        elif time.monotonic() - since < settle_s:
            return
        with (self._params.path / relative).open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            status = os.fstat(handle.fileno())
        if (status.st_size, status.st_mtime_ns) != seen.mark:
            self._still.pop(relative, None)
            return
        same = self.ledger.sha256(relative) == sha256
        item = file_item(self._params, self._context, relative, seen, sha256)
        self._still.pop(relative, None)
        self._gathered.append((relative, shipped_entry(seen.size, seen.mtime_ns, sha256), [] if same else [item]))
        if len(self._gathered) >= GATHER:
            self._flush()

    def _flush(self) -> None:
        """Commit the finished files gathered so far."""
        if not self._gathered:
            return
        items = [item for _, _, some in self._gathered for item in some]
        self._context.commit(*items, checkpoints={key_of(relative): done for relative, done, _ in self._gathered})
        for relative, done, _ in self._gathered:
            self.ledger.note(relative, done)
        self._gathered.clear()
