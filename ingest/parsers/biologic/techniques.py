"""EC-Lab's techniques by number and title, and what follows from them for a table: its axis and its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from ingest.parsers.columns import with_axis
from ingest.parsers.protocol import Channel, Step
from ingest.parsers.steps import steps_of_runs


@cache
def _table() -> list[dict[str, Any]]:
    text = (files("ingest.parsers.biologic") / "techniques.yaml").read_text(encoding="utf-8")
    loaded: list[dict[str, Any]] = yaml.safe_load(text)
    return loaded


def by_number(number: int) -> tuple[str | None, str | None]:
    """(title, technique id) of a technique's number in binary files; none where it is not known."""
    return next(((row["title"], row["technique"]) for row in _table() if row.get("id") == number), (None, None))


def by_title(title: str) -> str | None:
    """The technique of a title such as `Cyclic Voltammetry`; the longest title that it begins with decides."""
    hits = [row for row in _table() if row["title"].lower() in title.lower()]
    best: str | None = max(hits, key=lambda row: len(row["title"]))["technique"] if hits else None
    return best


def by_columns(names: Sequence[str]) -> str | None:
    """What the columns alone show: an impedance spectrum, or nothing certain."""
    return "eis" if {"freq", "Re(Z)", "-Im(Z)"} <= set(names) else None


def on_axes(channels: Sequence[Channel], technique: str | None) -> list[Channel]:
    """Spectra against frequency, currents of a sweep against potential, the rest against time."""
    names = [channel.name for channel in channels]
    clock = "time" if "time" in names else None
    if technique == "eis" and "freq" in names:
        return with_axis(channels, "freq")
    made = with_axis(channels, clock)
    potential = next((name for name in ("Ewe", "<Ewe>", "Ecell") if name in names), None)
    if technique in ("cyclic_voltammetry", "linear_sweep_voltammetry", "pulse_voltammetry") and potential:
        made = [replace(item, axis=potential) if item.quantity == "current" else item for item in made]
    return made


def sequence_steps(
    channels: Sequence[Channel], parameters: Mapping[str, Sequence[Any]]
) -> tuple[list[Step], list[str]]:
    """One step for each run of rows with the same sequence number `Ns`, with that sequence's parameters."""
    found = {channel.name: channel.values for channel in channels if channel.values is not None}
    ns, time = found.get("Ns"), found.get("time")
    if ns is None or time is None or not np.isfinite(ns).all():
        return [], []

    def describe(row: int) -> tuple[str, dict[str, Any]]:
        number = int(ns[row])
        values = {name: row[number] for name, row in parameters.items() if 0 <= number < len(row) and row[number] != ""}
        return f"Ns {number} {values.get('ctrl_type', '')}".strip(), values

    return steps_of_runs(ns, time, describe)
