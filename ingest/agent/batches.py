"""Frames as the spool keeps them: small pieces joined into one batch when their turn comes. Pure."""

from array import array
from collections.abc import Iterable
from typing import Any

from ingest.agent.sources.protocol import Frames
from ingest.contract import Batch, Block, Descriptor, Event, decode_batch, encode_batch


def pack(frames: Frames) -> bytes:
    """The frames alone, uncompressed, not yet numbered."""
    return encode_batch(
        Batch(
            instrument="",
            source="",
            epoch="",
            sequence=0,
            sent=0,
            descriptors=frames.descriptors,
            events=frames.events,
            blocks=frames.blocks,
        ),
        compress=False,
    )


def rows_of(frames: Frames) -> int:
    """Rows of all blocks, and one for each event."""
    return sum(len(block.times) for block in frames.blocks) + len(frames.events)


def join(packed: Iterable[bytes], *, descriptors: tuple[Descriptor, ...], header: dict[str, Any]) -> bytes:
    """One compressed batch of many packed frames, in their order; `header` holds the batch's other fields.

    Neighbouring blocks with the same channels become one, so that a backlog of single rows is sent as columns.
    """
    events: list[Event] = []
    blocks: list[Block] = []
    known = {one.name: one for one in descriptors}
    for data in packed:
        piece = decode_batch(data)
        events.extend(piece.events)
        known.update((one.name, one) for one in piece.descriptors)
        for block in piece.blocks:
            _append(blocks, block)
    batch = Batch(descriptors=tuple(known.values()), events=tuple(events), blocks=tuple(blocks), **header)
    return encode_batch(batch)


def restamp(data: bytes, *, sent: int, historical: bool) -> bytes:
    """The same batch, sent at another time: its identity and contents stay."""
    return encode_batch(decode_batch(data).model_copy(update={"sent": sent, "historical": historical}))


def _append(blocks: list[Block], block: Block) -> None:
    names = list(block.channels)
    if not blocks or list(blocks[-1].channels) != names:
        blocks.append(Block(times=array("q"), channels={name: array("d") for name in names}))
    last = blocks[-1]
    last.times.frombytes(memoryview(block.times).cast("B"))
    for name in names:
        last.channels[name].frombytes(memoryview(block.channels[name]).cast("B"))
