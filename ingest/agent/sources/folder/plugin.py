"""The watched folder as a source of the agent: scan, ship, wait, again."""

import time
from typing import ClassVar

from pydantic import BaseModel

from ingest.agent.errors import SourceAway
from ingest.agent.sources.folder.params import FolderParams
from ingest.agent.sources.folder.scan import scan
from ingest.agent.sources.folder.watch import Watch
from ingest.agent.sources.protocol import SourceContext

MAX_SHARE = 0.03  # of a processor for scanning: a large folder is scanned less often ...
MAX_PAUSE_S = 15.0  # ... but not more seldom than this


class FolderSource:
    """Ships what appears and grows in a folder."""

    Params: ClassVar[type[BaseModel]] = FolderParams

    def __init__(self, name: str, params: FolderParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """What lies there now. Raises SourceAway."""
        found = scan(self._params)
        growing = sum(self._params.grows(relative) for relative in found.files)
        size = sum(seen.size for seen in found.files.values())
        lines = [f"{self._params.path}: {len(found.files)} files, {growing} of them followed, {size} bytes"]
        return lines + [f"cannot read the folder {relative}" for relative in found.unreadable]

    def run(self, context: SourceContext) -> None:
        """Scan until told to stop; a folder that is away is reported and tried again."""
        watch = Watch(self._params, context)
        pause = 0.0
        while not context.wait(pause):
            began = time.monotonic()
            try:
                found = scan(self._params, watch.ledger.is_shipped)
                pause = max(self._params.rescan_s, min((time.monotonic() - began) / MAX_SHARE, MAX_PAUSE_S))
                watch.round(found)
            except SourceAway as error:
                pause = self._params.rescan_s
                context.report("away", str(error))
            else:
                faults = [*watch.faults, *(f"cannot read the folder {one}" for one in found.unreadable)]
                context.report("running", "; ".join(faults[:3]))
