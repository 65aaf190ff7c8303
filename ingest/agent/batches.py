"""Frames as the spool keeps them: small pieces joined into one batch when their turn comes. Pure.

A piece is the length of its header (uint32), the header (JSON: blocks, events, descriptors) and the columns, each value in
8 bytes. Pieces of one source mostly have the same header, byte for byte: it is read once and their columns are joined as bytes.
"""

import json
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingest.agent.sources.protocol import Frames
from ingest.contract import Batch, Block, Descriptor, Event, decode_batch, encode_batch

MAGIC = b"LSF1"
_LENGTH = struct.Struct("<I")


def pack(frames: Frames) -> bytes:
    """The frames alone, uncompressed, not yet numbered. Raises ValueError where a channel's length differs from the times'."""
    shapes, columns = [], []
    for block in frames.blocks:
        rows = len(block.times)
        columns.append(_bytes("q", block.times))
        for name, values in block.channels.items():
            if len(values) != rows:
                raise ValueError(f"channel {name!r} has {len(values)} values for {rows} times")
            columns.append(_bytes("d", values))
        shapes.append((rows, tuple(block.channels)))
    head = _plain_head(tuple(shapes))
    if frames.events or frames.descriptors:
        head = _head(shapes, frames.events, frames.descriptors)
    return b"".join([_LENGTH.pack(len(head)), head, *columns])


@lru_cache(maxsize=64)
def _plain_head(shapes: tuple[tuple[int, tuple[str, ...]], ...]) -> bytes:
    return _head(list(shapes), (), ())


def _head(shapes: list[tuple[int, tuple[str, ...]]], events: Iterable[Event], known: Iterable[Descriptor]) -> bytes:
    document = {
        "blocks": [[rows, list(names)] for rows, names in shapes],
        "events": [one.model_dump(mode="json") for one in events],
        "descriptors": [one.model_dump(mode="json") for one in known],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _bytes(code: str, values: Any) -> bytes:  # Any: an array, or any sequence of numbers
    column = values if isinstance(values, array) and values.typecode == code else array(code, values)
    return column.tobytes()


def dated(frames: Frames, *, now: int) -> Frames:
    """The same with every descriptor saying from when it holds: from the first row beside it, else from now."""
    if all(one.since is not None for one in frames.descriptors):
        return frames
    since = min((min(block.times) for block in frames.blocks if len(block.times)), default=now)
    known = tuple(
        one if one.since is not None else one.model_copy(update={"since": since}) for one in frames.descriptors
    )
    return replace(frames, descriptors=known)


def rows_of(frames: Frames) -> int:
    """Rows of all blocks, and one for each event."""
    return sum(len(block.times) for block in frames.blocks) + len(frames.events)


def frames_split(frames: Frames, limit: int) -> list[Frames]:
    """The same frames in pieces of about `limit` bytes, the rows in order; descriptors go first, events last.

    Raises ValueError where one row, one event or one descriptor alone is larger.
    """
    pieces = [Frames(descriptors=some) for some in _gathered(frames.descriptors, limit, "a descriptor")]
    for block in frames.blocks:
        width = 8 * (len(block.channels) + 1)
        if width > limit:
            raise ValueError(f"one row of {len(block.channels)} channels is larger than {limit} bytes")
        step = max(1, limit // width)
        for at in range(0, len(block.times), step):
            cut = {name: values[at : at + step] for name, values in block.channels.items()}
            pieces.append(Frames((Block(times=block.times[at : at + step], channels=cut),)))
    return pieces + [Frames(events=some) for some in _gathered(frames.events, limit, "an event")]


def _gathered(items: tuple[Any, ...], limit: int, what: str) -> list[tuple[Any, ...]]:
    """Neighbours together up to the limit. Any: events or descriptors."""
    groups: list[list[Any]] = []
    size = limit + 1
    for item in items:
        own = len(item.model_dump_json())
        if own > limit:
            raise ValueError(f"{what} has {own} bytes, more than the {limit} that are taken")
        size += own
        if size > limit:
            groups.append([])
            size = own
        groups[-1].append(item)
    return [tuple(group) for group in groups]


@dataclass(frozen=True)
class _Head:
    """The header of a piece, read."""

    shapes: tuple[tuple[int, tuple[str, ...]], ...]
    events: tuple[Event, ...]
    descriptors: tuple[Descriptor, ...]


def _head_read(head: bytes) -> _Head:
    document = json.loads(head)
    return _Head(
        tuple((int(rows), tuple(names)) for rows, names in document["blocks"]),
        tuple(Event.model_validate(one) for one in document["events"]),
        tuple(Descriptor.model_validate(one) for one in document["descriptors"]),
    )


def join(packed: Iterable[bytes], *, descriptors: tuple[Descriptor, ...], header: dict[str, Any]) -> bytes:
    """One compressed batch of many packed frames, in their order; `header` holds the batch's other fields.

    Neighbouring blocks with the same channels become one, so that a backlog of single rows is sent as columns.
    """
    events: list[Event] = []
    blocks: list[Block] = []
    known = {(one.name, one.version): one for one in descriptors}
    for head, bodies in _alike(packed):
        for _ in bodies:
            events.extend(head.events)
        known.update(((one.name, one.version), one) for one in head.descriptors)
        if len(head.shapes) == 1 and head.shapes[0][0] == 1:
            _append_rows(blocks, head.shapes[0][1], b"".join(bodies))
        else:
            for body in bodies:
                _append_blocks(blocks, head.shapes, body)
    batch = Batch(descriptors=tuple(known.values()), events=tuple(events), blocks=tuple(blocks), **header)
    return encode_batch(batch)


def _alike(packed: Iterable[bytes]) -> list[tuple[_Head, list[memoryview]]]:
    """Pieces in order; neighbours with the same header together."""
    groups: list[tuple[bytes, list[memoryview]]] = []
    for piece in packed:
        data = piece
        if data[:4] == MAGIC:  # left in the spool by an older agent
            old = decode_batch(data)
            data = pack(Frames(old.blocks, old.events, old.descriptors))
        (length,) = _LENGTH.unpack_from(data)
        head = data[4 : 4 + length]
        if not groups or groups[-1][0] != head:
            groups.append((head, []))
        groups[-1][1].append(memoryview(data)[4 + length :])
    return [(_head_read(head), bodies) for head, bodies in groups]


def _append_rows(blocks: list[Block], names: tuple[str, ...], rows: bytes) -> None:
    """Single rows one after the other, each its time and its values: taken apart by strides."""
    cells, width = array("q"), len(names) + 1
    cells.frombytes(rows)
    last = _last(blocks, names)
    last.times.extend(cells[::width])
    for at, name in enumerate(names, 1):
        last.channels[name].frombytes(cells[at::width].tobytes())


def _append_blocks(blocks: list[Block], shapes: tuple[tuple[int, tuple[str, ...]], ...], body: memoryview) -> None:
    at = 0
    for rows, names in shapes:
        last = _last(blocks, names)
        last.times.frombytes(body[at : at + 8 * rows])
        for name in names:
            at += 8 * rows
            last.channels[name].frombytes(body[at : at + 8 * rows])
        at += 8 * rows


def _last(blocks: list[Block], names: tuple[str, ...]) -> Block:
    """The block that takes more rows of these channels."""
    if not blocks or tuple(blocks[-1].channels) != names:
        blocks.append(Block(times=array("q"), channels={name: array("d") for name in names}))
    return blocks[-1]


def restamp(data: bytes, *, sent: int, historical: bool) -> bytes:
    """The same batch, sent at another time: its identity and contents stay."""
    return encode_batch(decode_batch(data).model_copy(update={"sent": sent, "historical": historical}))


def renumbered(data: bytes, *, epoch: str, sequence: int) -> bytes:
    """The same rows under another number."""
    return encode_batch(decode_batch(data).model_copy(update={"epoch": epoch, "sequence": sequence}))
