"""The tag tree of Gatan's dm3 and dm4 files: groups of named values; arrays of numbers stay as views of the file's bytes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse

MAX_TAGS = 200_000
MAX_DEPTH = 40
_GROUP, _VALUE = 20, 21
_STRUCT, _STRING, _ARRAY = 15, 18, 20
_TYPES = {2: "i2", 3: "i4", 4: "u2", 5: "u4", 6: "f4", 7: "f8", 8: "u1", 9: "i1", 10: "u1", 11: "i8", 12: "u8"}

Tree = dict[str, Any]  # Any: groups within groups, numbers, texts and arrays


class _Reader:
    """Position in the file and the two byte orders: the frame is big-endian, values are as the header says."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.tags = data, 0, 0
        self.version = self._whole(4)
        if self.version not in (3, 4):
            raise CannotParse("not a Gatan file of version 3 or 4")
        self.word = 4 if self.version == 3 else 8
        self._whole(self.word)
        self.order = "<" if self._whole(4) else ">"

    def _take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise CannotParse("the Gatan file ends before its tags do: it is cut short")
        taken = self.data[self.at : self.at + size]
        self.at += size
        return taken

    def _whole(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big", signed=size == 4)

    def group(self, depth: int = 0) -> Tree:
        """The tags of a group, by name; those without a name by their number."""
        if depth > MAX_DEPTH:
            raise CannotParse("the tags of the Gatan file are nested too deeply")
        self._take(2)
        count = self._whole(self.word)
        made: Tree = {}
        for index in range(count):
            self.tags += 1
            if self.tags > MAX_TAGS:
                raise CannotParse("the Gatan file holds more tags than any microscope writes")
            kind = self._whole(1)
            name = self._take(self._whole(2)).decode("latin-1") or str(index)
            if self.version == 4:
                self._take(8)
            if kind == _GROUP:
                made[name] = self.group(depth + 1)
            elif kind == _VALUE:
                made[name] = self._value()
            else:
                raise CannotParse("a tag of the Gatan file is neither a group nor a value: it is damaged")
        return made

    def _value(self) -> Any:
        if self._take(4) != b"%%%%":
            raise CannotParse("a tag of the Gatan file lacks its mark: it is damaged")
        count = self._whole(self.word)
        if not 1 <= count <= 2000:
            raise CannotParse("a tag of the Gatan file describes itself in too many words: it is damaged")
        info = [self._whole(self.word) for _ in range(count)]
        return self._typed(info)

    def _typed(self, info: list[int]) -> Any:
        kind = info[0]
        if kind in _TYPES:
            return self._numbers(kind, 1)[0].item()
        if kind == _STRUCT:
            return tuple(self._numbers(field, 1)[0].item() for field in self._fields(info))
        if kind == _STRING:
            return self._take(2 * info[1]).decode("utf-16-le" if self.order == "<" else "utf-16-be", errors="replace")
        if kind == _ARRAY:
            return self._array(info)
        raise CannotParse(f"a tag of the Gatan file has the unknown type {kind}: it is damaged")

    @staticmethod
    def _fields(info: list[int]) -> list[int]:
        fields = info[4::2][: info[2]] if len(info) > 2 else []
        if not fields or any(field not in _TYPES for field in fields):
            raise CannotParse("a structure in the Gatan file is damaged")
        return fields

    def _numbers(self, kind: int, count: int) -> NDArray[Any]:
        dtype = np.dtype(self.order + _TYPES[kind])
        return np.frombuffer(self._take(dtype.itemsize * count), dtype)

    def _array(self, info: list[int]) -> Any:
        kind, count = info[1], info[-1]
        if kind in _TYPES:
            values = self._numbers(kind, count)
            return values.tobytes().decode("utf-16-le", errors="replace") if kind == 4 and count < 4096 else values
        if kind == _STRUCT:
            fields = self._fields(info[1:-1])
            size = sum(np.dtype(_TYPES[field]).itemsize for field in fields)
            return self._take(size * count)
        raise CannotParse("an array in the Gatan file is damaged")


def read_tags(data: bytes) -> Tree:
    """The whole tree. Raises CannotParse for files that are cut or damaged."""
    try:
        return _Reader(data).group()
    except (IndexError, ValueError, OverflowError) as error:
        raise CannotParse(f"the Gatan file is damaged: {error}") from error


def at(tree: Tree, path: str) -> Any:
    """The value at a path such as `ImageTags.Microscope Info.Voltage`; none where there is none."""
    here: Any = tree
    for part in path.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here
