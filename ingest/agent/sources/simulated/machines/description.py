"""What a simulated machine is, read from its TOML file: channels, ranges, recipes, responses."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ingest.contract import Descriptor

FOLDER = files("ingest.agent.sources.simulated.machines")


@dataclass(frozen=True)
class Description:
    """One machine. `noise`: standard deviation of each channel that has any, in the channel's unit."""

    name: str
    data: dict[str, Any]  # TOML
    channels: tuple[str, ...]
    descriptors: tuple[Descriptor, ...]
    noise: dict[str, float]

    @property
    def recipes(self) -> list[dict[str, Any]]:
        """In turn, one a run."""
        found: list[dict[str, Any]] = self.data["recipes"]
        return found

    @property
    def writes_files(self) -> bool:
        """Whether it writes data files as its real counterpart does."""
        return "file" in self.data


def machine_names() -> list[str]:
    """Names of all machines, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in FOLDER.iterdir() if entry.name.endswith(".toml"))


@cache
def describe(name: str) -> Description:
    """The machine called `name`. Raises ValueError, naming those that there are."""
    if name not in machine_names():
        raise ValueError(f"there is no simulated machine {name!r}; there are: {', '.join(machine_names())}")
    data = tomllib.loads(FOLDER.joinpath(f"{name}.toml").read_text("utf-8"))
    rows: dict[str, list[Any]] = data["channels"]
    descriptors = tuple(
        Descriptor(name=channel, unit=row[0], quantity=row[1] or None, low=row[2], high=row[3])
        for channel, row in rows.items()
    )
    noise = {channel: float(row[4]) for channel, row in rows.items() if len(row) > 4}
    return Description(name, data, tuple(rows), descriptors, noise)
