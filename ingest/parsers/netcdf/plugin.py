"""NetCDF classic (3): variables over their dimensions, units and times by the CF conventions. NetCDF 4 is HDF5."""

from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import Array, Axis, channels_of, iso, label_of, technique_shown, understood
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed


def _text(value: Any) -> str | None:  # Any: an attribute of the file
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip("\0 ")
    return value if isinstance(value, str) else None


def _attribute(item: Any, name: str) -> Any:
    return item._attributes.get(name)  # scipy offers attributes only as Python attributes, which own names may hide


def _values(variable: Any) -> Any:
    """The values in their real scale; what the file marks as missing is empty."""
    raw = np.array(variable[:] if variable.shape else variable.getValue())
    if raw.dtype.kind not in "iuf":
        return None
    made = raw.astype(np.float64)
    for key in ("_FillValue", "missing_value"):
        marked = _attribute(variable, key)
        if marked is not None and not isinstance(marked, bytes):
            made = np.where(raw == np.asarray(marked).reshape(-1)[0], np.nan, made)
    scale, offset = _attribute(variable, "scale_factor"), _attribute(variable, "add_offset")
    made = made * float(np.asarray(scale).reshape(-1)[0]) if scale is not None else made
    return made + float(np.asarray(offset).reshape(-1)[0]) if offset is not None else made


def _parsed(file: Any, name: str) -> Parsed:
    columns = {key: values for key, variable in file.variables.items() if (values := _values(variable)) is not None}
    units = {key: _text(_attribute(file.variables[key], "units")) for key in columns}
    arrays, texts = [], []
    for key, variable in file.variables.items():
        if key not in columns:
            texts += _words(key, variable)
            continue
        axes = tuple(
            Axis(d, columns[d] if d in columns and columns[d].ndim == 1 else None, units.get(d))
            for d in variable.dimensions
        )
        own = len(axes) == 1 and axes[0].name == key
        arrays.append(Array(key, columns[key], units[key], () if own else axes, "/".join(variable.dimensions)))
    if not any(array.values.size for array in arrays):
        raise CannotParse("a NetCDF file without a variable of numbers")
    found = channels_of(arrays)
    facts = {key: text for key, value in file._attributes.items() if (text := _text(value))}
    metadata: dict[str, Any] = {**understood(facts, name), "header": facts}
    if found.start is not None:
        metadata |= {"start": iso(found.start), "end": iso(found.end), "start_source": "time axis"}
    technique = technique_shown("\n".join([facts.get("title", ""), facts.get("source", "")]), found.channels)
    return Parsed(label_of(technique), [*found.channels, *texts], metadata, (), found.warnings[:40])


def _words(name: str, variable: Any) -> list[Channel]:
    raw = np.array(variable[:])
    if raw.dtype.kind != "S" or raw.ndim != 2 or raw.shape[0] > 20_000:
        return []
    return [Channel(name, texts=tuple(b"".join(row).decode("utf-8", errors="replace").strip("\0 ") for row in raw))]


class Netcdf:
    """Reads NetCDF classic and its 64-bit variant."""

    name = "netcdf"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the signature."""
        return 0.95 if head.data[:4] in (b"CDF\x01", b"CDF\x02") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All variables. Raises CannotParse."""
        from scipy.io import netcdf_file

        try:
            with netcdf_file(str(path), "r", mmap=False) as file:
                return _parsed(file, name)
        except (CannotParse, MemoryError):
            raise
        except Exception as error:  # the library fails in many ways on damaged files
            raise CannotParse(f"the NetCDF file is damaged: {type(error).__name__}: {error}"[:300]) from error


plugin = Netcdf()
