"""Any HDF5 file by its structure: NeXus, NetCDF 4, MATLAB 7.3, tables, and plain datasets; never outside the file."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import (
    MAX_CELLS,
    MAX_CHANNELS,
    Array,
    channels_of,
    iso,
    label_of,
    technique_shown,
    understood,
)
from ingest.parsers.delimited_text.dates import decide_order, find_stamp
from ingest.parsers.hdf5 import nexus
from ingest.parsers.hdf5.tree import attribute, child, is_numeric, numbers, small, walk
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_METADATA = 400


class _Reader:
    """One open file on its way to Parsed."""

    def __init__(self, root: Any, name: str) -> None:  # Any: h5py ships no types
        self.root, self.name = root, name
        self.objects = list(walk(root))
        self.matlab = any(attribute(item, "MATLAB_class") for path, item in self.objects[:50] if path.count("/") == 1)
        self.arrays: list[Array] = []
        self.texts: list[Channel] = []
        self.facts: dict[str, str] = {}
        self.warnings: list[str] = []
        self.taken: set[str] = set()

    def entries(self) -> list[Any]:
        """The NXentry groups."""
        return [item for _, item in self.objects if attribute(item, "NX_class") == "NXentry"]

    def plots(self) -> list[Any]:
        """NXdata groups with a signal, the default one first."""
        first = nexus.default_data(self.root)
        groups = [item for _, item in self.objects if attribute(item, "NX_class") == "NXdata"]
        rest = [group for group in groups if nexus.signal_of(group) is not None and (first is None or group != first)]
        return ([first] if first is not None else []) + rest

    def take(self, dataset: Any, *, axes: tuple[Any, ...] = (), group: str = "") -> None:
        """Add one dataset of numbers, once."""
        path = dataset.name
        if path in self.taken:
            return
        self.taken.add(path)
        values = numbers(dataset)
        if values is None:
            self.warnings.append(f"{path}: {dataset.size} values left out: too many, damaged, or kept in another file")
            return
        if self.matlab and values.ndim > 1:
            values = values.T  # MATLAB writes columns first
        named = nexus.name_of(dataset, path)
        self.arrays.append(Array(named, values, nexus.unit_of(dataset), axes or nexus.scales_of(dataset), group))

    def too_large(self) -> str:
        """The largest datasets that no reading may carry, with their sizes."""
        sized = [item for _, item in self.objects if getattr(item, "size", None)]
        large = sorted((item for item in sized if item.size > MAX_CELLS), key=lambda item: -int(item.size))
        return ", ".join(f"{item.name} with {item.size} values" for item in large[:3])

    def take_plots(self) -> None:
        """What the file means to be looked at, with its axes."""
        for group in self.plots():
            signal = nexus.signal_of(group)
            if signal is None or not is_numeric(signal):
                continue
            axes = nexus.axes_in(group, signal)
            self.take(signal, axes=axes if signal.ndim else (), group=group.name)
            for key in group:
                item = child(group, key)
                if item is not None and hasattr(item, "shape") and is_numeric(item) and item.ndim >= 1:
                    same = item.shape == signal.shape and item.ndim == 1
                    self.take(item, axes=axes if same and key != axes[0].name else (), group=group.name)

    def take_rest(self) -> None:
        """All other datasets: numbers by group, tables by column, single values as facts."""
        import h5py

        for path, item in self.objects:
            if not isinstance(item, h5py.Dataset) or path.startswith("/#refs#") or item.shape is None:
                continue
            if item.dtype.names:
                self._table(path, item)
            elif item.size == 1 and not item.attrs.get("MATLAB_int_decode"):
                self._fact(path, item)
            elif self.matlab and attribute(item, "MATLAB_class") == "char":
                self._characters(path, item)
            elif is_numeric(item) and item.size > 1:
                self._plain(path, item)
            elif item.dtype.kind in "OSU" and item.ndim == 1 and 1 < item.size <= 20_000 and len(self.texts) < 50:
                self._words(path, item)

    def _plain(self, path: str, item: Any) -> None:
        """A dataset no convention claims. Many bytes in one place may be a text, which is no measurement."""
        if item.dtype == np.uint8 and item.size <= 200_000 and path.rsplit("/", 1)[-1].lower() == "metadata":
            return
        if len(self.arrays) < MAX_CHANNELS and not _is_empty_scale(item):
            self.take(item, group=path.rsplit("/", 1)[0])

    def _table(self, path: str, item: Any) -> None:
        if item.size < 2 or item.ndim != 1:
            return
        values = numbers(item)
        if values is None:
            return
        for field in values.dtype.names or ():
            column = values[field]
            if column.dtype.kind in "iufbc":
                self.arrays.append(Array(field, column, None, (), path))
            elif column.dtype.kind in "SUO" and len(column) <= 20_000:
                words = tuple(_word(entry) for entry in column)
                self.texts.append(Channel(field, texts=words))

    def _fact(self, path: str, item: Any) -> None:
        value = small(item)
        if value is not None and value != "" and len(self.facts) < MAX_METADATA:
            unit = nexus.unit_of(item)
            self.facts[path.lstrip("/")] = f"{value} {unit}" if unit and not isinstance(value, str) else str(value)

    def _characters(self, path: str, item: Any) -> None:
        codes = numbers(item) if item.size <= 10_000 else None
        if codes is not None:
            self.facts[path.lstrip("/")] = "".join(chr(int(code)) for code in codes.T.reshape(-1))

    def _words(self, path: str, item: Any) -> None:
        try:
            values = item[()]
        except (OSError, TypeError, ValueError, RuntimeError):
            return
        if not all(isinstance(entry, bytes | str) for entry in values[:5]):
            return
        words = tuple(_word(entry) for entry in values)
        if max(map(len, words), default=0) < 500:
            self.texts.append(Channel(path.rsplit("/", 1)[-1], texts=words))

    def attributes(self) -> None:
        """Attributes of the file and its first groups, as facts."""
        for path, item in self.objects[:200]:
            for key in list(item.attrs)[:100]:
                value = attribute(item, key)
                if (
                    value
                    and not key.isupper()
                    and key not in ("NX_class", "units", "signal", "axes", "target", "default")
                ):
                    self.facts.setdefault(f"{path.lstrip('/')}@{key}".lstrip("@"), value[:500])
            if len(self.facts) > 2 * MAX_METADATA or path.count("/") > 2:
                break


def _is_empty_scale(item: Any) -> bool:
    """A NetCDF dimension without a variable holds no values of its own."""
    return (attribute(item, "NAME") or "").startswith("This is a netCDF dimension but not a netCDF variable")


def _word(entry: Any) -> str:
    return entry.decode("utf-8", errors="replace").strip("\0 ") if isinstance(entry, bytes) else str(entry)


def _times(header: dict[str, Any]) -> dict[str, Any]:
    """Start and end as ISO times; what is no time, or can be read in two ways, is left out."""
    made = dict(header)
    for key in ("start", "end"):
        text = made.pop(key, None)
        if not text:
            continue
        try:
            made[key] = datetime.fromisoformat(re.sub(r"\s*Z$", "+00:00", text)).isoformat()
        except ValueError:
            stamp = find_stamp(text)
            order = decide_order([stamp]) if stamp else None
            if stamp is not None and order is not None:
                made[key] = stamp.readings[order].isoformat()
    return made


def _technique(reader: _Reader, header: dict[str, Any], channels: list[Channel]) -> str | None:
    """By the application definition, else by what titles, descriptions and quantities show."""
    claimed = nexus.DEFINITIONS.get(str(header.get("definition", "")))
    if claimed is not None:
        return claimed
    places = [path for path, _ in reader.objects[:2000]]
    if any(re.search(r"/EBSD/Data(?:/|$)", path) for path in places):
        return "ebsd"
    telling = [
        value
        for key, value in reader.facts.items()
        if re.search(r"title|technique|method|description|experiment_type", key, re.I)
    ]
    return technique_shown("\n".join([str(header.get("title", "")), *telling[:40]]), channels)


def _parsed(reader: _Reader) -> Parsed:
    reader.take_plots()
    reader.take_rest()
    reader.attributes()
    header: dict[str, Any] = {}
    for entry in reader.entries()[:1]:
        header = _times(nexus.header_of(entry))
    if not reader.arrays and (large := reader.too_large()):
        raise CannotParse(f"an HDF5 file too large to be read here: {large}; at most {MAX_CELLS} values are")
    if not reader.arrays:
        raise CannotParse(f"an HDF5 file with {len(reader.objects) - 1} objects but without an array of numbers")
    found = channels_of(reader.arrays)
    technique = _technique(reader, header, found.channels)
    said = {key.rsplit("/", 1)[-1].rsplit("@", 1)[-1].replace("_", " "): value for key, value in reader.facts.items()}
    metadata: dict[str, Any] = {**understood(said, reader.name), **header}
    if found.start is not None and "start" not in metadata:
        metadata |= {"start": iso(found.start), "end": iso(found.end), "start_source": "time axis"}
    metadata["header"] = dict(list(reader.facts.items())[:MAX_METADATA])
    metadata["confidence"] = 0.9 if header else 0.7
    return Parsed(
        label_of(technique), [*found.channels, *reader.texts], metadata, (), [*reader.warnings, *found.warnings][:40]
    )


class Hdf5:
    """Reads HDF5 by structure; a parser that knows the program that wrote the file is asked first."""

    name = "hdf5"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.6 for the signature of HDF5, at the start or after a block of 512 bytes (MATLAB) and its doubles."""
        return 0.6 if any(head.data[at : at + 8] == MAGIC for at in (0, 512, 1024, 2048, 4096)) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All arrays of numbers, the default plot first. Raises CannotParse."""
        import h5py

        try:
            with h5py.File(path, "r", locking=False) as file:
                return _parsed(_Reader(file["/"], name))
        except (OSError, RuntimeError, KeyError) as error:
            raise CannotParse(f"the HDF5 file is damaged: {error}") from error


plugin = Hdf5()
