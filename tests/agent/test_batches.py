"""Pieces of frames and the batches they become: the same rows in the same order, however they were cut."""

import math
from array import array
from pathlib import Path
from typing import Any

import pytest

from ingest.agent.batches import frames_split, join, pack, renumbered
from ingest.agent.errors import SourceError
from ingest.agent.sources.protocol import Frames
from ingest.agent.spool import Spool
from ingest.contract import Batch, Block, Descriptor, Event, decode_batch, encode_batch

HEADER: dict[str, Any] = {"instrument": "mbe", "source": "m", "epoch": "e", "sequence": 0, "sent": 0}


def block(first: int, rows: int, names: str = "ab") -> Block:
    times = array("q", range(first, first + rows))
    return Block(times=times, channels={name: array("d", (t + ord(name) / 1e3 for t in times)) for name in names})


def rows_in(batch: Batch) -> list[tuple[int, tuple[float, ...]]]:
    return [
        (time, tuple(column[at] for column in one.channels.values()))
        for one in batch.blocks
        for at, time in enumerate(one.times)
    ]


@pytest.mark.parametrize("cut", [[1] * 12, [3, 3, 3, 3], [1, 1, 4, 1, 5], [12]])
def test_joined_pieces_hold_the_rows_in_their_order(cut: list[int]) -> None:
    pieces, at = [], 0
    for rows in cut:
        pieces.append(pack(Frames((block(at, rows),))))
        at += rows
    batch = decode_batch(join(pieces, descriptors=(), header=HEADER))
    assert rows_in(batch) == rows_in(Batch(**HEADER, blocks=(block(0, 12),)))
    assert len(batch.blocks) == 1


def test_other_channels_begin_another_block_and_events_and_descriptors_come_along() -> None:
    event = Event(time=5, kind="message", value={"text": "Kühlung"})
    pieces = [
        pack(Frames((block(0, 1),), (), (Descriptor(name="a", unit="°C"),))),
        pack(Frames((block(1, 1, "abc"),))),
        pack(Frames((), (event,), ())),
        pack(Frames((block(2, 1, "abc"), block(3, 2, "a")))),
    ]
    batch = decode_batch(join(pieces, descriptors=(Descriptor(name="z"),), header=HEADER))
    assert [list(one.channels) for one in batch.blocks] == [["a", "b"], ["a", "b", "c"], ["a"]]
    assert [list(one.times) for one in batch.blocks] == [[0], [1, 2], [3, 4]]
    assert batch.events == (event,) and {one.name for one in batch.descriptors} == {"a", "z"}


def test_what_an_older_agent_left_in_its_spool_is_joined_too() -> None:
    old = encode_batch(
        Batch(**{**HEADER, "instrument": "", "source": "", "epoch": ""}, blocks=(block(0, 2),)), compress=False
    )
    batch = decode_batch(join([old, pack(Frames((block(2, 1),)))], descriptors=(), header=HEADER))
    assert [time for time, _ in rows_in(batch)] == [0, 1, 2]


def test_too_large_a_commit_is_cut_into_rows_that_fit_and_nan_stays() -> None:
    big = block(0, 1000)
    big.channels["a"][7] = math.nan
    pieces = frames_split(Frames((big,), tuple(Event(time=n, kind="message", name="x" * 300) for n in range(9))), 1000)
    assert all(len(pack(piece)) < 2000 for piece in pieces) and len(pieces) > 20
    batch = decode_batch(join([pack(piece) for piece in pieces], descriptors=(), header=HEADER))
    assert [time for time, _ in rows_in(batch)] == list(range(1000)) and len(batch.events) == 9
    assert math.isnan(batch.blocks[0].channels["a"][7])


def test_an_event_that_no_server_takes_is_refused_before_it_is_spooled(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    huge = Event(time=1, kind="message", value="x" * 5_000_000)
    with pytest.raises(SourceError, match="an event has 50000"):
        spool.commit("m", "mbe", [Frames((block(0, 1),), (huge,))], {"k": {"at": 1}}, now=1)
    assert spool.counts() == (0, 0, None) and spool.checkpoints("m") == {}, "nothing of it was taken"
    spool.close()


def test_a_batch_whose_number_was_used_gets_a_new_one_in_a_new_epoch(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    before = spool.epoch
    for at in range(2):
        spool.commit("m", "mbe", [Frames((block(at, 1),))], {}, now=at)
        one = spool.claim(now=at)
        assert one is not None
        spool.renumber(one.row)
        again = spool.claim(now=at)
        assert again is not None and not again.fresh
        batch = decode_batch(again.row.payload)
        assert (batch.epoch, batch.sequence) == (spool.epoch, 0)
        assert [time for time, _ in rows_in(batch)] == [at]
        spool.done([again.row])
    assert spool.epoch != before
    assert decode_batch(renumbered(again.row.payload, epoch="x", sequence=9)).sequence == 9
    spool.close()
