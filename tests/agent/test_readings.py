"""Readings one by one: blocks by shared times, versions, faults once a minute, times of every kind; replayed rows stay apart."""

from array import array
from pathlib import Path

import pytest

from ingest.agent.sources.protocol import Frames
from ingest.agent.spool import Spool
from ingest.contract import Block, Descriptor, decode_batch
from ingest.readings import Gatherer
from ingest.readings.errors import Garbled
from ingest.readings.gather import channel_name
from ingest.readings.payloads import leaves, lookup, name_and_unit, numeric
from ingest.readings.times import time_ns

SECOND = 10**9
NOW = 1_767_225_600 * SECOND


def test_channels_with_the_same_times_share_a_block() -> None:
    gatherer = Gatherer()
    for at in range(3):
        gatherer.reading("a", NOW + at, at)
        gatherer.reading("b", NOW + at, 2 * at)
    gatherer.reading("c", NOW, 7)
    found = gatherer.take()
    assert sorted(sorted(block.channels) for block in found.blocks) == [["a", "b"], ["c"]]
    assert found.rows == 7 and not gatherer.take()


def test_versions_rise_across_restarts_and_across_a_lost_checkpoint() -> None:
    first = Gatherer()
    assert first.describe("a", time_ns=NOW, unit="K") and not first.describe("a", time_ns=NOW + 1, unit="K")
    again = Gatherer(first.known())
    assert not again.describe("a", time_ns=NOW + SECOND, unit="K")
    assert again.describe("a", time_ns=NOW + SECOND, unit="degC")
    lost = Gatherer()
    lost.describe("a", time_ns=NOW + 600 * SECOND, unit="mbar")
    versions = [one.take().descriptors[-1].version for one in (first, again, lost)]
    assert versions == sorted(set(versions))


def test_a_fault_is_said_at_once_and_then_once_a_minute_with_how_often() -> None:
    gatherer = Gatherer()
    for at in range(130):
        gatherer.fault("garbled", "a", NOW + at * SECOND, "no number")
    assert [event.value.get("unsaid") for event in gatherer.take().events] == [None, 59, 59]


def test_long_names_stay_distinct_and_short() -> None:
    one, two = channel_name("x" * 200 + "/temperature"), channel_name("y" + "x" * 200 + "/temperature")
    assert one != two and len(one) == len(two) == 120 and one.endswith("/temperature")
    assert channel_name("  a\n b\x00 ") == "a b" and channel_name("") == "value"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1767225600, NOW),
        (1767225600.25, NOW + SECOND // 4),
        (1767225600250, NOW + SECOND // 4),
        (1767225600250000, NOW + SECOND // 4),
        (NOW + 1, NOW + 1),
        ("1767225600.000001", NOW + 1000),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01 01:00:00+01:00", NOW),
        ("2026-01-01T08:00:00.5", NOW + SECOND // 2),
    ],
)
def test_times_of_every_kind(value: object, wanted: int) -> None:
    assert time_ns(value, zone="Asia/Shanghai") == wanted


@pytest.mark.parametrize("value", ["noon", None, True, 12, float("nan"), "1889-01-01T00:00:00Z", -5])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(Garbled):
        time_ns(value)


def test_numbers_paths_leaves_and_units() -> None:
    assert [numeric(one) for one in ("1,5", " 2e-8 ", True, "1_0", "off", None)] == [1.5, 2e-8, 1.0, None, None, None]
    document = {"a": {"b": [{"c": 1}, None]}, "d.e": "x"}
    assert lookup(document, "a.b.0.c") == 1 and lookup(document, ["d.e"]) == "x"
    with pytest.raises(Garbled, match="there is no 'z'"):
        lookup(document, "a.z")
    assert dict(leaves(document)) == {"a.b.0.c": 1, "d.e": "x"}
    assert [name_and_unit(one) for one in ("P [mbar]", "T (K)", "n []", "x")] == [
        ("P", "mbar"),
        ("T", "K"),
        ("n", None),
        ("x", None),
    ]


def rows(*times: int) -> tuple[Block, ...]:
    return (Block(times=array("q", times), channels={"a": array("d", [1.0] * len(times))}),)


def test_replayed_rows_are_sent_as_historical_and_do_not_mix_with_live_ones(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.commit("s", "i", [Frames(rows(1, 2), historical=True)], {}, now=NOW)
    spool.commit("s", "i", [Frames(rows(NOW))], {}, now=NOW)
    spool.commit("s", "i", [Frames(rows(3), historical=True)], {}, now=NOW)
    sent = []
    while (claimed := spool.claim(now=NOW + SECOND)) is not None:
        again = spool.claim(now=NOW + SECOND)
        assert again is not None and again.historical == claimed.historical, "also when it is sent once more"
        batch = decode_batch(claimed.row.payload)
        sent.append((batch.historical, [time for block in batch.blocks for time in block.times]))
        spool.done([claimed.row])
    spool.close()
    assert sent == [(True, [1, 2, 3]), (False, [NOW])]


def test_both_versions_of_a_channel_travel_in_one_batch(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for version, unit in ((1, "K"), (2, "degC")):
        said = Descriptor(name="a", unit=unit, version=version, since=NOW + version)
        spool.commit("s", "i", [Frames(rows(NOW + version), descriptors=(said,))], {}, now=NOW)
    claimed = spool.claim(now=NOW)
    spool.close()
    assert claimed is not None
    found = decode_batch(claimed.row.payload).descriptors
    assert sorted((one.version, one.unit, one.since) for one in found) == [(1, "K", NOW + 1), (2, "degC", NOW + 2)]
