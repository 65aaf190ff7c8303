"""What the simulated machine has, read from machine.toml."""

import tomllib
from importlib.resources import files
from typing import Any

from ingest.contract import Descriptor

MACHINE: dict[str, Any] = tomllib.loads(
    files("ingest.agent.sources.simulated").joinpath("machine.toml").read_text("utf-8")
)
CHANNELS: tuple[str, ...] = tuple(MACHINE["channels"])
DESCRIPTORS = tuple(
    Descriptor(name=name, unit=unit, quantity=quantity or None, low=low, high=high)
    for name, (unit, quantity, low, high) in MACHINE["channels"].items()
)
