"""What NeXus, NetCDF and MATLAB conventions say about a dataset inside an HDF5 file: its unit, its axes, what is plotted first."""

from typing import Any

import numpy as np

from ingest.parsers.datasets import Axis
from ingest.parsers.hdf5.tree import attribute, child, is_numeric, numbers, small, text_of, texts

# application definitions that name one technique (NeXus standard)
DEFINITIONS = {
    "NXxas": "xas", "NXarpes": "arpes", "NXmpes_arpes": "arpes", "NXxps": "xps", "NXmpes": "photoemission",
    "NXellipsometry": "ellipsometry", "NXraman": "raman",
    "NXsts": "sts", "NXstm": "stm", "NXafm": "afm", "NXxrd_pan": "xrd", "NXxrd": "xrd", "NXmonopd": "xrd", "NXsas": "sas",
    "NXcanSAS": "sas", "NXrefscan": "reflectometry", "NXfluo": "xrf", "NXtomo": "tomography",
}  # fmt: skip

_VAGUE = ("data", "value", "values", "value_set", "signal", "array", "raw", "d", "dataset", "demand")


def unit_of(dataset: Any) -> str | None:  # Any: h5py ships no types
    """The unit as written, by any of the usual attributes."""
    for key in ("units", "unit", "Units", "Unit", "unit_string", "DIMENSION_UNITS"):
        if found := attribute(dataset, key):
            return found
    return None


def name_of(dataset: Any, path: str) -> str:
    """The name of a dataset: a long name where it says one, else the last part of its path."""
    long = attribute(dataset, "long_name") or attribute(dataset, "label")
    if long and len(long) < 60:
        return long
    parts = [part for part in path.split("/") if part]
    return "/".join(parts[-2:]) if parts[-1].lower() in _VAGUE else parts[-1]


def _column(dataset: Any) -> Axis | None:
    name = dataset.name.rsplit("/", 1)[-1]
    if not is_numeric(dataset) or dataset.ndim != 1:
        return None
    values = numbers(dataset)
    return Axis(name, None if values is None else np.asarray(values, np.float64), unit_of(dataset))


def signal_of(group: Any) -> Any | None:
    """The dataset that an NXdata group names as its signal, in the new way or the old."""
    name = attribute(group, "signal")
    found = child(group, name) if name else None
    if found is not None and hasattr(found, "shape"):
        return found
    for key in group:
        item = child(group, key)
        if item is not None and hasattr(item, "shape") and str(item.attrs.get("signal", "")).strip("b'\"[] ") == "1":
            return item
    return None


def _marked(group: Any, dimensions: int) -> list[str]:
    """Axes in the old way: each says on itself which dimension it stands for."""
    names = [""] * dimensions
    for key in group:
        item = child(group, key)
        mark = item.attrs.get("axis") if item is not None and hasattr(item, "shape") else None
        number = text_of(mark) if isinstance(mark, bytes | str) else mark
        try:
            at = int(np.asarray(number).reshape(-1)[0]) if number is not None else 0
        except (ValueError, TypeError, IndexError):
            continue
        if 1 <= at <= dimensions and not names[at - 1]:
            names[at - 1] = key
    return names


def axes_in(group: Any, signal: Any) -> tuple[Axis, ...]:
    """One axis for each dimension of the signal of an NXdata group; by index where none is named."""
    names = texts(group, "axes") or texts(signal, "axes") or _marked(group, signal.ndim)
    made = []
    for index in range(signal.ndim):
        name = names[index] if index < len(names) else ""
        item = child(group, name) if name and name != "." else None
        axis = _column(item) if item is not None and hasattr(item, "shape") else None
        made.append(axis or Axis(name if name and name != "." else f"dimension {index + 1}"))
    return tuple(made)


def scales_of(dataset: Any) -> tuple[Axis, ...]:
    """Axes by dimension scales (NetCDF 4 and others); none where no dimension has one."""
    try:
        found = [list(dim.values()) for dim in dataset.dims]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    if not any(found):
        return ()
    return tuple(
        (_column(scales[0]) if scales else None) or Axis(f"dimension {index}") for index, scales in enumerate(found, 1)
    )


def default_data(root: Any) -> Any | None:
    """The group that a file says is to be plotted first: along `default`, else the first NXdata with a signal."""
    here, steps = root, 0
    while here is not None and (name := attribute(here, "default")) and steps < 8:
        here, steps = child(here, name), steps + 1
    return here if here is not None and here is not root and signal_of(here) is not None else None


def header_of(entry: Any) -> dict[str, Any]:
    """What an NXentry says about itself: times, title, definition, sample, operator, instrument."""
    wanted = {
        "start": "start_time", "end": "end_time", "title": "title", "definition": "definition", "experiment": "experiment_identifier",
        "sample": "sample/name", "operator": "user/name", "instrument": "instrument/name", "program": "program_name",
    }  # fmt: skip
    made: dict[str, Any] = {}
    for key, path in wanted.items():
        here: Any = entry
        for part in path.split("/"):
            here = child(here, part) if here is not None and hasattr(here, "keys") else None
        value = small(here) if here is not None and hasattr(here, "shape") else None
        if isinstance(value, str) and value:
            made[key] = value
    return made
