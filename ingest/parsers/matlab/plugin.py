"""MATLAB 5 to 7 `.mat`: variables and fields of structures; objects and functions are left out. 7.3 is HDF5."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import Array, channels_of, iso, label_of, technique_shown, understood
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import read_limited

MAX_DEPTH = 6
MAX_FIELDS = 2000


class _Reader:
    def __init__(self) -> None:
        self.arrays: list[Array] = []
        self.facts: dict[str, str] = {}
        self.texts: list[Channel] = []
        self.left: list[str] = []
        self.seen = 0

    def take(self, name: str, value: Any, depth: int = 0) -> None:  # Any: what a variable may hold
        """Add a variable; structures by their fields, cells only where they hold words."""
        self.seen += 1
        if self.seen > MAX_FIELDS or depth > MAX_DEPTH:
            return
        if isinstance(value, str):
            self.facts[name] = value[:500]
            return
        if hasattr(value, "todense"):
            value = np.asarray(value.todense()) if np.prod(value.shape) < 4_000_000 else None
        if not isinstance(value, np.ndarray):
            if isinstance(value, int | float | np.number):
                self.facts[name] = str(value)
            return
        if value.dtype.names:
            self._structure(name, value, depth)
        elif value.dtype.kind == "U":
            words = tuple(str(word) for word in value.reshape(-1))
            if len(words) == 1:
                self.facts[name] = words[0][:500]
            elif words:
                self.texts.append(Channel(name, texts=words))
        elif value.dtype.kind == "O":
            self._cells(name, value, depth)
        elif value.dtype.kind in "iufbc":
            self._numbers(name, value)
        else:
            self.left.append(name)

    def _numbers(self, name: str, value: Any) -> None:
        if value.size == 1:
            self.facts[name] = str(value.reshape(-1)[0])
        elif value.size:
            self.arrays.append(Array(name, value, None, (), name.rpartition(".")[0]))

    def _structure(self, name: str, value: Any, depth: int) -> None:
        for index, item in enumerate(value.reshape(-1)[:50], start=1):
            stem = name if value.size == 1 else f"{name}({index})"
            for field in value.dtype.names:
                self.take(f"{stem}.{field}", item[field], depth + 1)

    def _cells(self, name: str, value: Any, depth: int) -> None:
        flat = value.reshape(-1)
        if flat.size == 1:
            self.take(name, flat[0], depth + 1)
        elif flat.size and all(
            isinstance(item, np.ndarray) and item.dtype.kind == "U" and item.size <= 1 for item in flat[:5000]
        ):
            self.texts.append(
                Channel(name, texts=tuple(str(item.reshape(-1)[0]) if item.size else "" for item in flat[:5000]))
            )
        else:
            for index, item in enumerate(flat[:50], start=1):
                self.take(f"{name}{{{index}}}", item, depth + 1)


def _header(data: bytes) -> str:
    return data[:116].decode("latin-1").strip("\0 ")


class Matlab:
    """Reads MAT-files of version 5 (MATLAB 5 to 7)."""

    name = "matlab"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the text and byte-order mark of version 5."""
        return 0.95 if head.data.startswith(b"MATLAB 5.0 MAT-file") and head.data[126:128] in (b"IM", b"MI") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All variables. Raises CannotParse."""
        from scipy.io import loadmat

        data = read_limited(path)
        said = _header(data[:128])
        try:
            variables = loadmat(io.BytesIO(data), struct_as_record=True, chars_as_strings=True, squeeze_me=False)
        except MemoryError:
            raise
        except (Exception, struct.error) as error:  # the library fails in many ways on damaged files
            raise CannotParse(f"the MAT-file is damaged: {type(error).__name__}: {error}"[:300]) from error
        reader = _Reader()
        for key, value in variables.items():
            if not key.startswith("__"):
                reader.take(key, value)
        if not reader.arrays:
            raise CannotParse("a MAT-file without an array of numbers")
        found = channels_of(reader.arrays)
        technique = technique_shown("\n".join([*reader.facts.values()]), found.channels)
        known = understood({key.rsplit(".", 1)[-1]: value for key, value in reader.facts.items()}, name)
        if found.start is not None:
            known |= {"start": iso(found.start), "end": iso(found.end)}
        warnings = [*found.warnings, *(f"{left}: an object or function, not read" for left in reader.left[:5])]
        metadata = {**known, "file_header": said, "header": dict(list(reader.facts.items())[:300]), "confidence": 0.7}
        return Parsed(label_of(technique), [*found.channels, *reader.texts], metadata, (), warnings[:40])


plugin = Matlab()
