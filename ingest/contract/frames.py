"""Live channels on the wire: a batch is a small JSON header and packed little-endian columns.

Layout: b"LSF1", uint32 header length, header (JSON, UTF-8), body. The body, compressed as the header says (zlib by the
standard library; a reader may know more codecs), holds for each block its times (int64, nanoseconds since 1970 UTC, source
clock) and then each channel's values (float64; NaN where a channel has no value in that row). Simple enough for a hundred
lines of LabVIEW or PowerShell.
"""

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.contract.versions import CONTRACT_VERSION, SUPPORTED_VERSIONS

MAGIC = b"LSF1"
MAX_BODY_BYTES = 256 * 2**20


class BatchError(ValueError):
    """The bytes are no batch of a version we know; the message says where they differ."""


class BatchVersionError(BatchError):
    """A batch of a version we do not know: its sender is newer or older than we are."""


class Descriptor(BaseModel):
    """What a channel is; sent before its first value and again, with a higher version, when it changes."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=120)
    unit: str | None = Field(default=None, description="as the instrument spells it")
    quantity: str | None = Field(default=None, description="registry name, where the sender knows")
    kind: Literal["analog", "state"] = "analog"
    low: float | None = Field(default=None, description="below this the reading is out of range")
    high: float | None = None
    version: int = 1
    since: int | None = Field(
        default=None, description="ns since 1970: holds from then on; none = from the first row of its batch"
    )


class Event(BaseModel):
    """Something that happened at one time.

    kind `run_start` (value: {"uid", "title", "recipe", "sample", "person"}), `run_stop` (value: {"uid"}), `step`
    (name = step, value = set points), `shutter` (name = shutter, value = true/false), `message`, `birth`, `death`, `gap`.
    """

    model_config = ConfigDict(frozen=True)

    time: int = Field(description="nanoseconds since 1970 UTC, source clock")
    kind: str = Field(min_length=1, max_length=40)
    name: str = ""
    value: Any = None  # JSON, by kind


class Block(BaseModel):
    """Channels that share their times. `times` int64 ns, shape (n,); `channels[name]` float64, shape (n,)."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    times: Any  # array('q') when built by an agent; anything with the buffer protocol and 8-byte items
    channels: dict[str, Any]


class Batch(BaseModel):
    """One hand-over of an agent; (agent, source, epoch, sequence) is stored at most once."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    version: int = CONTRACT_VERSION
    instrument: str
    source: str
    epoch: str = Field(description="changes when the agent's spool is made anew, so that sequences may restart")
    sequence: int = Field(ge=0)
    sent: int = Field(description="agent's clock at sending, ns since 1970 UTC")
    historical: bool = Field(default=False, description="replayed after an outage: not for the live view")
    descriptors: tuple[Descriptor, ...] = ()
    events: tuple[Event, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def points(self) -> int:
        """Values in all blocks."""
        return sum(len(block.times) * len(block.channels) for block in self.blocks)


def _packed(code: str, values: Any) -> bytes:
    column = values if isinstance(values, array) and values.typecode == code else array(code, values)
    if sys.byteorder == "big":
        column = array(code, column)
        column.byteswap()
    return column.tobytes()


@dataclass(frozen=True)
class Codec:
    """A way to compress a body. `unpack(data, size)`: the `size` bytes that were packed; raises BatchError."""

    name: str
    pack: Callable[[bytes], bytes]
    unpack: Callable[[memoryview, int], bytes]


def _inflate(data: memoryview, size: int) -> bytes:
    try:
        inflater = zlib.decompressobj()
        body = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise BatchError(f"the batch body is damaged: {error}") from error
    if len(body) <= size and not inflater.eof:
        raise BatchError("the batch body is cut short")
    return body


ZLIB = Codec("zlib", lambda body: zlib.compress(body, 1), _inflate)


def encode_batch(batch: Batch, *, compress: bool = True, codec: Codec = ZLIB) -> bytes:
    """The bytes of a batch. Columns may be array('q'/'d') or any iterable of numbers."""
    blocks, parts = [], []
    for block in batch.blocks:
        rows = len(block.times)
        parts.append(_packed("q", block.times))
        for name, values in block.channels.items():
            if len(values) != rows:
                raise BatchError(f"channel {name!r} has {len(values)} values for {rows} times")
            parts.append(_packed("d", values))
        blocks.append({"rows": rows, "channels": list(block.channels)})
    body = b"".join(parts)
    header = batch.model_dump(mode="json", exclude={"blocks"})
    header["blocks"] = blocks
    header["compression"] = codec.name if compress else None
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return MAGIC + struct.pack("<I", len(head)) + head + (codec.pack(body) if compress else body)


def decode_batch(data: bytes, *, codecs: Sequence[Codec] = (ZLIB,)) -> Batch:
    """The batch in `data`; its columns are memoryviews of int64 and float64. Raises BatchError."""
    if len(data) < 8 or data[:4] != MAGIC:
        raise BatchError("not a Lodestone frame batch: it must begin with LSF1")
    (length,) = struct.unpack("<I", data[4:8])
    try:
        header = json.loads(data[8 : 8 + length])
        version = header["version"]
        shapes = [(int(b["rows"]), [str(c) for c in b["channels"]]) for b in header.pop("blocks")]
        compression = header.pop("compression")
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BatchError(f"the batch header cannot be read: {error!r}") from error
    if version not in SUPPORTED_VERSIONS:
        raise BatchVersionError(f"batch version {version} is not among those this server reads: {SUPPORTED_VERSIONS}")
    if any(len(set(names)) < len(names) for _, names in shapes):
        raise BatchError("a block names one channel twice; give each column a name of its own")
    wanted = sum(8 * rows * (1 + len(names)) for rows, names in shapes)
    if wanted > MAX_BODY_BYTES or any(rows < 0 for rows, _ in shapes):
        raise BatchError(f"a batch holds at most {MAX_BODY_BYTES} bytes; send smaller ones")
    body = _body(memoryview(data)[8 + length :], compression, wanted, codecs)
    if wanted != len(body):
        raise BatchError(f"the header promises {wanted} bytes of columns, the body holds {len(body)}")
    blocks, at, view = [], 0, memoryview(body)
    for rows, names in shapes:
        columns = []
        for code in ["q"] + ["d"] * len(names):
            columns.append(view[at : at + 8 * rows].cast(code))  # type: ignore[call-overload]
            at += 8 * rows
        blocks.append(Block(times=columns[0], channels=dict(zip(names, columns[1:], strict=True))))
    try:
        return Batch(**header, blocks=tuple(blocks))
    except ValidationError as error:
        raise BatchError(f"the batch header is not valid: {error}") from error


def _body(data: memoryview, compression: str | None, size: int, codecs: Sequence[Codec]) -> bytes | memoryview:
    if compression is None:
        return data
    for codec in codecs:
        if codec.name == compression:
            return codec.unpack(data, size)
    known = ", ".join(codec.name for codec in codecs)
    raise BatchError(f"compression {compression!r} is not known; use {known} or none")
