"""NumPy `.npy` and `.npz`: plain arrays and tables; pickled objects are refused, for they run code."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import MAX_CELLS, Array, channels_of, label_of, technique_shown
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import read_limited

MAGIC = b"\x93NUMPY"
MAX_MEMBERS = 500


def _load(data: bytes, name: str) -> Any:  # Any: whatever type the file states
    """The array, after a look at the size it states."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream, max_header_size=100_000)
        if dtype.hasobject:
            raise CannotParse(f"{name} holds pickled Python objects, which could run code; it was not opened")
        cells = 1
        for size in shape:
            cells *= int(size)
        if cells > MAX_CELLS or cells * dtype.itemsize > len(data):
            raise CannotParse(
                f"{name} states {' x '.join(map(str, shape))} values, more than there are or than this reader takes"
            )
        stream.seek(0)
        return np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError, TypeError, SyntaxError) as error:
        raise CannotParse(f"{name} is damaged: {error}"[:300]) from error


def _arrays(name: str, value: Any) -> tuple[list[Array], list[Channel]]:
    if value.dtype.names:
        fields = [(field, value[field].reshape(-1)) for field in value.dtype.names if value[field].dtype.shape == ()]
        return [Array(f, v, None, (), name) for f, v in fields if v.dtype.kind in "iufbc"], [
            Channel(f, texts=tuple(str(word) for word in v)) for f, v in fields if v.dtype.kind == "U"
        ]
    if value.dtype.kind in "iufbc":
        return [Array(name, value)], []
    if value.dtype.kind == "U" and value.ndim == 1:
        return [], [Channel(name, texts=tuple(str(word) for word in value[:20_000]))]
    return [], []


def _members(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        items = archive.infolist()
        if len(items) > MAX_MEMBERS or sum(item.file_size for item in items) > 512 * 2**20:
            raise CannotParse("the .npz unpacks to more than 512 MiB or 500 arrays")
        if not items or not all(item.filename.endswith(".npy") for item in items):
            raise CannotParse("a zip that does not only hold NumPy arrays")
        return [(item.filename.removesuffix(".npy"), archive.read(item)) for item in items]


class NumpyArrays:
    """Reads `.npy` and `.npz` without pickle."""

    name = "numpy_arrays"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the signature, at the start or in the first file of a zip."""
        if head.data.startswith(MAGIC):
            return 0.95
        first = (
            head.data[30 : 30 + int.from_bytes(head.data[26:28], "little")]
            if head.data.startswith(b"PK\x03\x04")
            else b""
        )
        return 0.85 if first.endswith(b".npy") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All arrays. Raises CannotParse."""
        with path.open("rb") as stream:
            packed = stream.read(2) == b"PK"
        try:
            members = _members(path) if packed else [(Path(name).stem or "values", read_limited(path))]
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            ValueError,
            OSError,
            zlib.error,
        ) as error:
            raise CannotParse(f"the .npz is damaged: {error}") from error
        arrays: list[Array] = []
        texts: list[Channel] = []
        warnings: list[str] = []
        for key, data in members:
            try:
                numeric, words = _arrays(key, _load(data, key))
            except CannotParse as error:
                warnings.append(str(error))
                continue
            arrays += numeric
            texts += words
        if not any(array.values.size for array in arrays):
            raise CannotParse(warnings[0] if warnings else "a NumPy file without an array of numbers")
        found = channels_of(arrays)
        technique = technique_shown("", found.channels)
        return Parsed(
            label_of(technique), [*found.channels, *texts], {"confidence": 0.7}, (), [*warnings, *found.warnings][:40]
        )


plugin = NumpyArrays()
