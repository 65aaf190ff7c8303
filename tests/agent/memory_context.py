"""The agent's side of a source, in memory: keeps what is committed, for tests of sources alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingest.agent.errors import Stopping
from ingest.agent.sources.protocol import Checkpoints, Frames, Item, Source
from ingest.contract import Descriptor, Event


class MemoryContext:
    """A SourceContext; `full` makes it refuse, and `hold` a commit wait, as a full spool does."""

    def __init__(self, *, saved: dict[str, dict[str, Any]] | None = None, name: str = "source") -> None:
        self.name, self.instrument, self.epoch = name, "furnace", "e"
        self.saved = saved if saved is not None else {}
        self.limits: dict[str, int] = {}
        self.frames: list[Frames] = []
        self.items: list[Item] = []
        self.reports: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        self.full: str | None = None
        self.hold = False
        self.held = False  # whether a commit had to wait

    def checkpoints(self) -> dict[str, dict[str, Any]]:
        return dict(self.saved)

    def commit(self, *items: Item, checkpoints: Checkpoints | None = None) -> float:
        while self.hold:
            self.held = True
            if self.wait(0.02):
                raise Stopping("stopped while the spool was full")
        self.items.extend(items)
        self.frames.extend(one for one in items if isinstance(one, Frames))
        for key, value in (checkpoints or {}).items():
            if value is None:
                self.saved.pop(key, None)
            else:
                self.saved[key] = value
        return 0.0

    def no_room(self) -> str | None:
        return self.full

    def wait(self, seconds: float) -> bool:
        return self.stopping.wait(max(0.0, seconds))

    def report(self, state: str, error: str = "") -> None:
        self.reports.append((state, error))

    # -- what a test asks -------------------------------------------------------------------------------------------

    def rows(self, channel: str) -> list[tuple[int, float]]:
        """Times and values of a channel, in the order of the commits."""
        return [
            pair
            for one in self.frames
            for block in one.blocks
            if channel in block.channels
            for pair in zip(block.times, block.channels[channel], strict=True)
        ]

    def values(self, channel: str) -> list[float]:
        return [value for _, value in self.rows(channel)]

    def events(self, kind: str, name: str | None = None) -> list[Event]:
        found = [event for one in self.frames for event in one.events if event.kind == kind]
        return [event for event in found if name is None or event.name == name]

    def descriptors(self, channel: str) -> list[Descriptor]:
        return [one for frames in self.frames for one in frames.descriptors if one.name == channel]


@contextmanager
def collecting(source: Source, context: MemoryContext) -> Iterator[MemoryContext]:
    """The source running in a thread, as the agent runs it; stopped and joined at the end, its failure raised."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            source.run(context)
        except BaseException as error:  # shown in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield context
    finally:
        context.stopping.set()
        thread.join(20)
    assert not thread.is_alive(), "the source did not stop"
    if failed:
        raise failed[0]


def eventually(claim: Callable[[], object], *, within_s: float = 20) -> None:
    """Wait until `claim` holds."""
    deadline = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
