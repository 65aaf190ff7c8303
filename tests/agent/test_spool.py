"""The spool: one transaction for rows and checkpoints, numbers given once, order, damage."""

import random
from array import array
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from ingest.agent.errors import SpoolBusy, SpoolCorrupt
from ingest.agent.sources.protocol import Frames, TailPiece
from ingest.agent.spool import Spool
from ingest.contract import Batch, Block, Descriptor, Event, decode_batch

SECOND = 10**9
WHAT = Descriptor(name="T", unit="degC")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    one = Spool(tmp_path / "s.spool", live_window_s=30)
    yield one
    one.close()


def rows(*times: int, descriptors: tuple[Descriptor, ...] = ()) -> Frames:
    return Frames(blocks=(Block(times=array("q", times), channels={"T": array("d", times)}),), descriptors=descriptors)


def claimed(spool: Spool, now: int) -> tuple[Batch, list[int]]:
    """The next batch, delivered."""
    one = spool.claim(now=now)
    assert one is not None
    batch = decode_batch(one.row.payload)
    spool.done([one.row])
    return batch, [time for block in batch.blocks for time in block.times]


def test_small_rows_are_joined_into_one_block_and_numbered_once(spool: Spool) -> None:
    for time in range(5):
        spool.commit("machine", "mbe", [rows(time)], {"k": {"at": time}}, now=time)
    batch, times = claimed(spool, now=6)
    assert times == [0, 1, 2, 3, 4]
    assert (batch.sequence, batch.instrument, len(batch.blocks)) == (0, "mbe", 1)
    assert spool.claim(now=6) is None
    spool.commit("machine", "mbe", [rows(7)], {}, now=7)
    assert claimed(spool, now=8)[0].sequence == 1
    assert spool.checkpoints("machine") == {"k": {"at": 4}}


def test_a_batch_taken_for_sending_never_changes_whatever_comes_after(tmp_path: Path) -> None:
    first = Spool(tmp_path / "s", live_window_s=30)
    first.commit("machine", "mbe", [rows(1), rows(2)], {}, now=1)
    before = first.claim(now=2)
    first.commit("machine", "mbe", [rows(3)], {}, now=3)
    first.close()  # as a kill would: the answer never came
    second = Spool(tmp_path / "s", live_window_s=30)
    again = second.claim(now=4)
    assert before is not None and again is not None
    assert (again.row.sequence, again.row.payload, again.fresh) == (before.row.sequence, before.row.payload, False)
    second.done([again.row])
    assert claimed(second, now=5)[1] == [3]
    second.close()


def test_rows_and_checkpoint_are_stored_together_or_not_at_all(spool: Spool) -> None:
    with pytest.raises(TypeError):
        spool.commit("machine", "mbe", [rows(1)], {"k": {"no": object()}}, now=1)
    assert spool.claim(now=2) is None
    assert spool.bytes == 0
    assert spool.checkpoints("machine") == {}


def test_after_an_outage_live_rows_go_first_and_backlog_is_marked(spool: Spool) -> None:
    now = 10_000 * SECOND
    for age in (5000, 4000, 3000, 10, 5):
        spool.commit("machine", "mbe", [rows(now - age * SECOND)], {}, now=now - age * SECOND)
    live, times = claimed(spool, now)
    assert times == [now - 10 * SECOND, now - 5 * SECOND]
    assert not live.historical
    backlog, times = claimed(spool, now)
    assert times == [now - 5000 * SECOND, now - 4000 * SECOND, now - 3000 * SECOND]
    assert backlog.historical


def test_events_never_overtake_the_rows_before_them(spool: Spool) -> None:
    now = 10_000 * SECOND
    spool.commit("machine", "mbe", [rows(1)], {}, now=now - 100 * SECOND)
    stop = Frames(blocks=rows(2).blocks, events=(Event(time=2, kind="run_stop", value={"uid": "u"}),))
    spool.commit("machine", "mbe", [stop], {}, now=now)
    order = [claimed(spool, now) for _ in range(3)]
    assert [(times, [one.kind for one in batch.events]) for batch, times in order] == [
        ([2], []),
        ([1], []),
        ([], ["run_stop"]),
    ]


def test_descriptors_come_with_the_first_batch_and_again_after_an_outage(spool: Spool) -> None:
    spool.commit("machine", "mbe", [rows(1, descriptors=(WHAT,))], {}, now=1)
    spool.commit("machine", "mbe", [rows(2)], {}, now=2)
    assert claimed(spool, now=3)[0].descriptors == (WHAT.model_copy(update={"since": 1}),)
    spool.commit("machine", "mbe", [rows(3)], {}, now=3)
    assert claimed(spool, now=4)[0].descriptors == ()
    spool.introduce_again()
    spool.commit("machine", "mbe", [rows(4)], {}, now=4)
    assert claimed(spool, now=5)[0].descriptors == (WHAT.model_copy(update={"since": 1}),)


def test_the_byte_count_is_right_after_everything(spool: Spool) -> None:
    spool.commit("machine", "mbe", [rows(*range(100)), TailPiece("t", "a.log", 0.0, 0, b"x\n" * 50)], {}, now=1)
    first = spool.claim(now=2)
    assert first is not None
    assert spool.bytes == len(first.row.payload) + 100
    spool.reject([first.row], "no", now=3)
    assert spool.bytes == len(first.row.payload) + 100, "what was set aside is still on the disk"
    spool.done(spool.files_next())
    assert spool.bytes == len(first.row.payload)


def test_a_spool_that_keeps_failing_in_use_is_given_up_and_kept(tmp_path: Path) -> None:
    Spool(tmp_path / "s").close()
    once = Spool(tmp_path / "s", suspect=1)
    assert once.moved_aside is None
    once.close()
    thrice = Spool(tmp_path / "s", suspect=3)
    assert thrice.moved_aside is not None
    thrice.close()


def test_a_week_of_backlog_is_taken_up_without_delay_and_its_disk_given_back(spool: Spool) -> None:
    now = 10**6 * SECOND
    many = [rows(now - 10**5 * SECOND + at) for at in range(100_000)]
    spool.commit("machine", "mbe", many, {}, now=now - 10**5 * SECOND)
    spool.commit("machine", "mbe", [rows(now)], {}, now=now)
    assert spool.counts()[0] == 100_001
    began = monotonic()
    assert claimed(spool, now)[1] == [now]
    assert len(claimed(spool, now)[1]) == 5000
    assert monotonic() - began < 3
    assert spool.counts()[0] == 95_000
    while spool.counts()[0]:
        claimed(spool, now)
    for _ in range(50):
        spool.shrink()
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert spool.path.stat().st_size < 2001 * 4096 + 200_000


def test_two_agents_cannot_share_a_spool(spool: Spool) -> None:
    with pytest.raises(SpoolBusy, match="another agent"):
        Spool(spool.path)


@pytest.mark.parametrize(
    ("damage", "least"), [("overwritten pages", 150), ("cut short", 100), ("not a database", 0), ("no header", 300)]
)
def test_a_damaged_spool_is_kept_aside_and_what_can_be_read_goes_on_in_a_new_epoch(
    tmp_path: Path, damage: str, least: int
) -> None:
    path = tmp_path / "s.spool"
    first = Spool(path)
    for time in range(300):
        first.commit("machine", "mbe", [rows(*range(100 * time, 100 * time + 100))], {"k": {"at": time}}, now=time)
    epoch = first.epoch
    first.close()
    data = bytearray(path.read_bytes())
    noise = random.Random(1)  # noqa: S311 - noise of a test
    if damage == "overwritten pages":
        for page in range(2, len(data) // 4096, 3):
            data[page * 4096 : page * 4096 + 2048] = noise.randbytes(2048)
    elif damage == "cut short":
        data = data[: len(data) // 2 + 100]
    elif damage == "no header":
        data[:4096] = noise.randbytes(4096)
    else:
        data = bytearray(b"hello\n" * 1000)
    path.write_bytes(data)
    second = Spool(path)
    assert second.moved_aside is not None
    assert second.moved_aside.read_bytes() == bytes(data), "the damaged file is kept byte for byte"
    assert second.epoch != epoch
    second.commit("machine", "mbe", [rows(-1)], {}, now=1)
    times = claimed(second, now=2)[1]
    assert times[-1] == -1 and second.claim(now=2) is None
    kept = times[:-1]
    assert kept == sorted(set(kept)), "in order, none twice"
    assert 100 * least <= len(kept) <= 30_000
    assert second.checkpoints("machine") in ({}, {"k": {"at": 299}})
    second.close()


def test_rows_that_were_delivered_do_not_come_back_from_a_damaged_spool(tmp_path: Path) -> None:
    first = Spool(tmp_path / "s.spool")
    for time in range(300):
        first.commit("machine", "mbe", [rows(*range(100 * time, 100 * time + 100))], {}, now=time)
        if time % 3 == 1:
            claimed(first, now=time)
    waiting = {time for row in range(300) if row > 298 for time in range(100 * row, 100 * row + 100)}
    first.close()
    data = bytearray((tmp_path / "s.spool").read_bytes())
    data[:100] = b"x" * 100
    (tmp_path / "s.spool").write_bytes(data)
    second = Spool(tmp_path / "s.spool")
    assert set(claimed(second, now=400)[1]) == waiting
    assert second.claim(now=400) is None
    second.close()


def test_a_torn_journal_costs_only_the_last_commit(tmp_path: Path) -> None:
    first = Spool(tmp_path / "s.spool")
    first.commit("machine", "mbe", [rows(1)], {"k": {"at": 1}}, now=1)
    first._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    first.commit("machine", "mbe", [rows(2)], {"k": {"at": 2}}, now=2)
    cut = tmp_path / "cut.spool"
    cut.write_bytes(first.path.read_bytes())
    (tmp_path / "cut.spool-wal").write_bytes((tmp_path / "s.spool-wal").read_bytes()[:-1000])
    second = Spool(cut)
    assert (second.epoch, second.checkpoints("machine"), second.moved_aside) == (first.epoch, {"k": {"at": 1}}, None)
    assert claimed(second, now=3)[1] == [1]
    first.close()
    second.close()


def test_damage_while_running_is_reported_as_such(tmp_path: Path) -> None:
    path = tmp_path / "s.spool"
    spool = Spool(path)
    for time in range(400):
        spool.commit("machine", "mbe", [rows(*range(200))], {}, now=time)
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spool._db.execute("PRAGMA cache_size = 0")
    size = path.stat().st_size
    with path.open("r+b") as handle:
        handle.seek(8192)
        handle.write(b"\x5a" * (size - 8192))
    with pytest.raises(SpoolCorrupt):
        for _ in range(500):
            claimed(spool, now=1000)
    spool.close()


def test_descriptors_come_before_their_values_and_a_change_is_a_new_version_from_its_own_time_on(spool: Spool) -> None:
    spool.commit("machine", "mbe", [rows(1, 2, descriptors=(WHAT,))], {}, now=5)
    changed = Descriptor(name="T", unit="K", version=2)
    spool.commit("machine", "mbe", [rows(3, 4, descriptors=(changed,))], {}, now=6)
    spool.commit("machine", "mbe", [rows(5)], {}, now=7)
    batch, times = claimed(spool, now=8)
    assert times == [1, 2, 3, 4, 5]
    assert [(one.unit, one.version, one.since) for one in batch.descriptors if one.version == 1] == [("degC", 1, 1)]
    assert [(one.unit, one.version, one.since) for one in batch.descriptors if one.version == 2] == [("K", 2, 3)]
    spool.introduce_again()
    spool.commit("machine", "mbe", [rows(9)], {}, now=9)
    assert [(one.version, one.since) for one in claimed(spool, now=9)[0].descriptors] == [(2, 3)], (
        "after an outage again"
    )
