"""Exports as NeXus in HDF5: one NXentry, an NXdata for each channel with its time, and units on every number."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.export.domain import Column, Header, column_points
from ingest.telemetry.points import Points

CHUNK = 16_384
VERSION = "0.1"


def nexus_write(header: Header, stretches: Iterable[tuple[float, Points]], path: Path) -> Iterator[float]:
    """Write a NeXus file; yields the share done. Times are whole nanoseconds since the start, so that none is rounded."""
    import h5py

    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.update({"NX_class": "NXroot", "default": "entry", "creator": f"Lodestone {VERSION}"})
        entry = _group(file, "entry", "NXentry")
        _about(entry, header)
        data = _group(entry, "data", "NXcollection")
        places = [
            _channel(data, name, column, header) for name, column in zip(_names(header), header.columns, strict=True)
        ]
        for done, points in stretches:
            for (times, values), series in zip(places, column_points(header, points), strict=True):
                _append(times, series.times - header.start_ns)
                _append(values, series.values)
            yield done
        if places:
            entry.attrs["default"] = f"data/{_names(header)[0]}"


def _group(parent: Any, name: str, kind: str) -> Any:  # Any: h5py brings no types
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time_ns % 10**9:09d}Z"


def _names(header: Header) -> list[str]:
    """Names HDF5 can hold, each once: a slash would be a folder."""
    names: list[str] = []
    for column in header.columns:
        plain = column.channel.replace("/", "_").strip(".") or "channel"
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names


def _about(entry: Any, header: Header) -> None:
    about = dict(header.about)
    entry["title"], entry["start_time"], entry["end_time"] = header.title, _iso(header.start_ns), _iso(header.end_ns)
    if "experiment_identifier" in about:
        entry["experiment_identifier"] = about.pop("experiment_identifier")
    instrument = _group(entry, "instrument", "NXinstrument")
    instrument["name"] = header.instrument
    if "technique" in about:
        instrument["technique"] = about.pop("technique")
    for key, kind in (("sample", "NXsample"), ("user", "NXuser")):
        if key in about:
            _group(entry, key, kind)["name"] = about.pop(key)
    process = _group(entry, "process", "NXprocess")
    process["program"], process["version"], process["date"] = "Lodestone", VERSION, about.pop("exported", "")
    note = _group(process, "provenance", "NXnote")
    note["type"], note["data"] = "application/json", json.dumps(about, ensure_ascii=False)
    steps = _group(entry, "steps", "NXcollection") if header.steps else None
    for at, step in enumerate(header.steps, start=1):
        _step(_group(steps, f"step_{at:03d}", "NXcollection"), step)


def _step(group: Any, step: Mapping[str, Any]) -> None:
    group["name"] = str(step.get("name", ""))
    for key in ("start", "end"):
        if step.get(key):
            group[f"{key}_time"] = str(step[key])
    values = step.get("values")
    for key, value in values.items() if isinstance(values, Mapping) else ():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        place = f"set_{str(key).replace('/', '_') or 'value'}"
        if place in group:
            continue
        group[place] = float(value) if number else str(value)
        if number:
            group[place].attrs["units"] = ""  # recipes name no unit; that of the channel is beside its values


def _channel(data: Any, name: str, column: Column, header: Header) -> tuple[Any, Any]:
    group = _group(data, name, "NXdata")
    group.attrs.update({"signal": "value", "axes": "time"})
    places = []
    for key, kind, units in (("time", np.int64, "ns"), ("value", np.float64, column.unit or "")):
        made = group.create_dataset(
            key, (0,), kind, maxshape=(None,), chunks=(CHUNK,), compression="gzip", compression_opts=1, shuffle=True
        )
        made.attrs["units"] = units
        places.append(made)
    group["time"].attrs["start"] = _iso(header.start_ns)
    group["value"].attrs["long_name"] = column.label
    group.attrs["channel"] = column.channel
    if column.quantity:
        group["value"].attrs["quantity"] = column.quantity
    return places[0], places[1]


def _append(place: Any, values: Any) -> None:
    if len(values):
        old = place.shape[0]
        place.resize((old + len(values),))
        place[old:] = values
