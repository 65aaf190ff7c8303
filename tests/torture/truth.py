"""What a simulated machine makes, computed without an agent, and what a site holds: compared row by row, value by value."""

import hashlib
import threading
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.agent.config import config_read
from ingest.agent.dry_run import DryContext
from ingest.agent.sources.protocol import Frames, Item
from tests.agent.sites import Site

HELD = """
import hashlib, json
from collections import Counter
from django.db import connection
from ingest.gateway.models import Receipt
from ingest.gateway.selectors import receipt_path
from ingest.telemetry.models import ChannelDescriptor, FrameBatch
from ingest.telemetry.selectors import points_read
names = list(ChannelDescriptor.objects.values_list("name", flat=True).distinct())
series = points_read(instrument="mbe", channels=names, start_ns=0, end_ns=2**62)
digests = {}
times = []
for name, one in series.items():
    digests[name] = hashlib.sha256(one.times.astype("<i8").tobytes() + one.values.astype("<f8").tobytes()).hexdigest()
    times = [int(t) for t in one.times]
files = [hashlib.sha256(receipt_path(r).read_bytes()).hexdigest() for r in Receipt.objects.all()]
states = Counter(Receipt.objects.values_list("state", flat=True))
print(json.dumps({"times": times, "digests": digests, "files": files, "states": states}))
"""


@dataclass
class Collected(DryContext):
    """Keeps every row that a source commits."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    columns: "dict[str, array[float]]" = field(default_factory=dict)

    def _count(self, item: Item) -> None:
        if isinstance(item, Frames):
            for block in item.blocks:
                self.times.extend(block.times)
                for name, values in block.channels.items():
                    self.columns.setdefault(name, array("d")).extend(values)

    def digests(self) -> dict[str, str]:
        """Of each channel's times and values, as `HELD` makes them."""
        return {
            name: hashlib.sha256(self.times.tobytes() + values.tobytes()).hexdigest()
            for name, values in self.columns.items()
        }


def made_by(config: Path, source: str = "machine") -> Collected:
    """All rows of the simulated source in a configuration, which must have a fixed start and number of rows."""
    settings = config_read(config)
    one = next(one for one in settings.sources if one.name == source)
    unhurried = one.model_copy()
    unhurried.__pydantic_extra__.update({"paced": False})  # type: ignore[union-attr] # the plugin's own keys
    context = Collected(source, settings.instrument_of(one), {}, threading.Event(), lambda line: None)
    unhurried.build(settings.folder).run(context)
    return context


@dataclass(frozen=True)
class Difference:
    """Between what was made and what is held."""

    sent: int
    found: int
    lost: int
    doubled: int
    wrong: int  # channels whose values differ, or files that hold other bytes

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, nothing altered."""
        return (self.lost, self.doubled, self.wrong) == (0, 0, 0)


def compare(made: Collected, files: list[bytes], held: dict[str, Any]) -> Difference:
    """Rows by their times, channels by the digest of all their values, files by the digest of their bytes."""
    rows, there = Counter(made.times), Counter(held["times"])
    wanted = Counter(hashlib.sha256(one).hexdigest() for one in files)
    kept = Counter(held["files"])
    lost = sum((rows - there).values()) + sum((wanted - kept).values())
    doubled = sum((there - rows).values()) + sum(
        max(0, count - wanted[one]) for one, count in kept.items() if one in wanted
    )
    wrong = sum(one not in wanted for one in kept) + (
        0 if rows != there else sum(held["digests"].get(name) != digest for name, digest in made.digests().items())
    )
    return Difference(len(made.times) + len(files), sum(there.values()) + sum(kept.values()), lost, doubled, wrong)


def held_by(site: Site) -> dict[str, Any]:
    """What the site holds now."""
    document: dict[str, Any] = site.json(HELD)
    return document
