"""The blocks of an OPUS file: a directory of typed blocks, parameters by three letters, and 32-bit data."""

from dataclasses import dataclass

from ingest.parsers.binary import Binary
from ingest.parsers.protocol import CannotParse

Value = int | float | str
MAX_BLOCKS = 5000
# what a block is, in the fields of its type: which part, of what, which parameters, which kind of data, derivative, layout
PARAMETERS_OF_DATA, SERIES, COMPACT = 1, 2, 4


@dataclass(frozen=True)
class Block:
    """Where a block lies and what it holds."""

    part: int
    source: int
    parameters: int
    kind: int
    derivative: int
    layout: int
    at: int
    size: int

    @property
    def is_data(self) -> bool:
        """Whether it holds a spectrum, interferogram or trace."""
        return self.parameters == 0 and self.kind not in (0, 13) and self.layout in (0, COMPACT)

    def describes(self, data: "Block") -> bool:
        """Whether it holds the parameters of that data."""
        mine = (self.part, self.source, self.kind, self.derivative, self.layout)
        return self.parameters == PARAMETERS_OF_DATA and mine == (
            data.part,
            data.source,
            data.kind,
            data.derivative,
            data.layout,
        )


def blocks_of(data: Binary) -> list[Block]:
    """All blocks of the directory that begin within the file. Raises CannotParse."""
    at, most, count = data.unpack("iii", 12)
    if not 0 < at < len(data) or not 0 < count <= MAX_BLOCKS or most < 0:
        raise CannotParse("the directory of the OPUS file lies nowhere; it is cut short or damaged")
    found = []
    for number in range(data.whole(12, at, count)):
        kind, size, start = data.unpack("Iii", at + 12 * number)
        if start <= 0 or size <= 0 or start >= len(data):
            continue
        found.append(
            Block(
                kind & 3,
                kind >> 2 & 3,
                kind >> 4 & 63,
                kind >> 10 & 127,
                kind >> 17 & 3,
                kind >> 19 & 7,
                start,
                4 * size,
            )
        )
    return found


def parameters_of(data: Binary, block: Block) -> dict[str, Value]:
    """Parameters by their three letters, as far as the block can be followed."""
    values: dict[str, Value] = {}
    at, end = block.at, min(block.at + block.size, len(data))
    while at + 8 <= end:
        name = data.text(at, 3).upper()
        kind, words = data.unpack("HH", at + 4)
        if not name or name == "END":
            break
        place, at = at + 8, at + 8 + 2 * words
        if at > end:
            break
        if kind == 0 and words >= 2:
            values[name] = int(data.one("i", place))
        elif kind == 1 and words >= 4:
            values[name] = float(data.one("d", place))
        elif kind in (2, 3, 4):
            values[name] = data.text(place, 2 * words)
    return values
