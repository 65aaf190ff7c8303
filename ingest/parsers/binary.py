"""Numbers and texts at stated places of a binary file, never beyond its end: a file that lies about sizes is refused, not trusted."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse


@dataclass(frozen=True)
class Binary:
    """The bytes of a file and their order (`<` or `>`). Every reading raises CannotParse when the file ends before it."""

    data: bytes
    order: str = "<"

    def __len__(self) -> int:
        return len(self.data)

    def unpack(self, layout: str, at: int) -> tuple[Any, ...]:  # Any: what struct gives
        """Values laid out as `struct` says (without the order), from byte `at` on."""
        size = struct.calcsize(self.order + layout)
        if at < 0 or at + size > len(self.data):
            raise CannotParse(
                f"the file ends at byte {len(self.data)}, inside what should lie at {at}; it is cut short"
            )
        return struct.unpack_from(self.order + layout, self.data, at)

    def one(self, layout: str, at: int) -> Any:  # Any: a number of the asked kind
        """The one value at `at`."""
        return self.unpack(layout, at)[0]

    def text(self, at: int, size: int, encoding: str = "latin-1") -> str:
        """The text in a field of `size` bytes, to its first zero, without blanks around it; empty beyond the end."""
        field = self.data[at : at + size].split(b"\0", 1)[0] if at >= 0 else b""
        text = field.decode(encoding, errors="replace")
        return "".join(character for character in text if character.isprintable()).strip()

    def whole(self, size: int, at: int, count: int) -> int:
        """How many of `count` records of `size` bytes from `at` on the file really holds."""
        return max(0, min(count, (len(self.data) - at) // size)) if at >= 0 and size > 0 else 0

    def numbers(self, kind: str, at: int, count: int, stride: int | None = None) -> NDArray[np.float64]:
        """`count` numbers of a numpy kind (`f4`, `u2`, ...), `stride` bytes apart, shape (count,); fewer when the file ends before."""
        dtype = np.dtype(self.order + kind)
        step = stride or dtype.itemsize
        if step < dtype.itemsize:
            raise CannotParse(f"records of {step} bytes cannot hold numbers of {dtype.itemsize}; the header is damaged")
        held = self.whole(step, at, count)
        if held < count and at >= 0 and at + held * step + dtype.itemsize <= len(self.data):
            held += 1  # the last record may lack its padding
        if held <= 0:
            return np.zeros(0)
        raw = np.ndarray((held,), dtype, self.data, at, (step,))
        with np.errstate(invalid="ignore"):  # a signalling NaN in a damaged file is a NaN like another
            return raw.astype(np.float64)
