"""What a run would ship, without spooling or sending anything: the sources run for real, into a context that only counts."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingest.agent.batches import rows_of
from ingest.agent.config import Settings
from ingest.agent.errors import AgentError, Stopping
from ingest.agent.sources.protocol import Checkpoints, FileShip, Frames, Item, TailClose, TailPiece
from ingest.agent.status import checkpoints_read


@dataclass
class DryContext:
    """A SourceContext that tells each item to `say` and forgets it."""

    name: str
    instrument: str
    saved: dict[str, dict[str, Any]]
    stopping: threading.Event
    say: Callable[[str], None]
    epoch: str = "dry-run"
    limits: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    lines: int = 0
    files: int = 0
    bytes: int = 0
    error: str = ""

    def checkpoints(self) -> dict[str, dict[str, Any]]:
        """Where a run would begin."""
        return self.saved

    def commit(self, *items: Item, checkpoints: Checkpoints | None = None) -> float:
        """Count; nothing is stored."""
        if self.stopping.is_set():
            raise Stopping("the dry run ends")
        for item in items:
            self._count(item)
        return 0.0

    def _count(self, item: Item) -> None:
        match item:
            case Frames():
                self.rows += rows_of(item)
                if item.descriptors:
                    self.say(f"{self.name}: {len(item.descriptors)} channels")
            case TailPiece():
                self.lines += item.data.count(b"\n")
                self.bytes += len(item.data)
                self.say(f"{self.name}: {item.file_name}, bytes {item.offset} to {item.offset + len(item.data)}")
            case TailClose():
                self.say(f"{self.name}: {item.envelope.file_name} is finished, {item.envelope.size} bytes")
            case FileShip():
                self.files += 1
                self.bytes += item.envelope.size
                self.say(
                    f"{self.name}: {item.envelope.metadata.get('path', item.envelope.file_name)}, {item.envelope.size} bytes"
                )

    def no_room(self) -> str | None:
        """There is always room: nothing is stored."""
        return None

    def wait(self, seconds: float) -> bool:
        """Sleep; true when the time is over."""
        return self.stopping.wait(max(0.0, seconds))

    def report(self, state: str, error: str = "") -> None:
        """Note what would be said."""
        if error and error != self.error:
            self.say(f"{self.name}: {state}: {error}")
        self.error = error


def dry_run(
    settings: Settings, *, seconds: float, stopping: threading.Event, say: Callable[[str], None]
) -> list[DryContext]:
    """Run all sources for so long; what each would have shipped. Raises SpoolError where a present spool cannot be read."""
    contexts = [
        DryContext(
            one.name, settings.instrument_of(one), checkpoints_read(settings.spool.path, one.name), stopping, say
        )
        for one in settings.sources
    ]
    threads = []
    for one, context in zip(settings.sources, contexts, strict=True):
        source = one.build(settings.folder)
        threads.append(threading.Thread(target=_run, args=(source, context), name=one.name))
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline and not stopping.is_set():
        stopping.wait(0.1)
    stopping.set()
    for thread in threads:
        thread.join(10)
    return contexts


def _run(source: Any, context: DryContext) -> None:  # Any: a Source
    try:
        source.run(context)
    except Stopping:
        return
    except (AgentError, OSError) as error:
        context.report("failed", str(error))
