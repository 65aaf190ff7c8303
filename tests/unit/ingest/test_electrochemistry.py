"""Readers of electrochemistry, transport, thermal analysis and loggers: real files, twins in binary and text, damaged binaries."""

import random
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from ingest.parsers.arbin.access import Database, _page
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.registry import loaded
from ingest.parsing.sandbox import Limits, parse_isolated

KNOWN = yaml.safe_load((Path(__file__).parent / "real_electrochemistry.yaml").read_text(encoding="utf-8"))
PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"


def parsed(parser: str, path: Path) -> Parsed:
    return loaded().parsers[parser].parse(path, path.name)


@pytest.mark.shared
@pytest.mark.parametrize("truth", KNOWN, ids=lambda truth: Path(truth["file"]).name)
def test_a_real_file_says_what_it_holds(shared: Path, truth: dict[str, Any]) -> None:
    path = shared / "instruments" / truth["file"]
    document = parse_isolated(path, path.name, Limits(seconds=60)).document
    assert document["status"] == "parsed", document["reason"]
    assert document["technique"] == truth["technique"]
    assert document["metadata"].get("start") == truth["start"]
    found = {channel["name"]: channel for channel in document["channels"]}
    for name, (unit, quantity) in truth["channels"].items():
        assert (found[name]["rows"], found[name]["unit"], found[name]["quantity"]) == (truth["rows"], unit, quantity), (
            name
        )


@pytest.mark.shared
@pytest.mark.parametrize("stem", ["cp", "lsv", "ocv", "peis"])
def test_ec_lab_binary_and_text_hold_the_same_values(shared: Path, stem: str) -> None:
    folder = shared / "instruments/electrochem/biologic-eclab"
    binary, text = (parsed("biologic", folder / f"{stem}.{kind}") for kind in ("mpr", "mpt"))
    assert (binary.technique, binary.start) == (text.technique, text.start)
    written = {channel.name: channel for channel in text.channels}
    assert {channel.name for channel in binary.channels} <= set(written)
    for channel in binary.channels:
        assert channel.unit == written[channel.name].unit, channel.name
        # text is printed from single precision with 8 digits, sums of charge with 16
        np.testing.assert_allclose(
            channel.values, written[channel.name].values, rtol=2e-7, atol=1e-12, err_msg=channel.name
        )


def access_page(rows: list[tuple[int, float, float | None]], owner: int = 7) -> bytes:
    """A page of a Jet 4 database: rows of a long, a double and a single, laid from the end of the page to its beginning."""
    page, offsets = bytearray(4096), []
    end = len(page)
    for number, time, current in rows:
        mask = 0b011 if current is None else 0b111
        record = struct.pack("<Hidf", 3, number, time, 0.0 if current is None else current) + bytes([mask])
        end -= len(record)
        page[end : end + len(record)] = record
        offsets.append(end)
    struct.pack_into("<2sHIIH", page, 0, b"\x01\x01", 100, owner, 0, len(rows))
    struct.pack_into(f"<{len(rows)}H", page, 14, *offsets)
    return bytes(page)


def test_rows_of_an_access_page_are_read_with_deleted_ones_left_out_and_empty_cells_empty() -> None:
    kinds = {"Data_Point": (4, 0, 0), "Test_Time": (7, 4, 1), "Current": (6, 12, 2)}
    columns = {name: SimpleNamespace(type=t, fixed_offset=at, column_id=c) for name, (t, at, c) in kinds.items()}
    page = bytearray(access_page([(1, 0.5, 0.25), (2, 1.5, None), (3, 2.5, -0.25)]))
    found = _page(bytes(page), columns)
    np.testing.assert_array_equal(found["Data_Point"], [1, 2, 3])
    np.testing.assert_array_equal(found["Current"], [0.25, np.nan, -0.25])
    (second,) = struct.unpack_from("<H", page, 16)
    struct.pack_into("<H", page, 16, second | 0x8000)
    np.testing.assert_array_equal(_page(bytes(page), columns)["Test_Time"], [0.5, 2.5])
    chance = random.Random(5)  # noqa: S311 (damage, no secret)
    for _ in range(300):
        torn = bytearray(page)
        for _ in range(20):
            torn[chance.choice((12, 13, *range(14, 40), chance.randrange(4096)))] = chance.randrange(256)
        assert len(_page(bytes(torn), columns)["Current"]) <= 2048


@pytest.mark.shared
def test_the_fast_reader_of_access_rows_says_what_the_library_says(shared: Path) -> None:
    database = Database(shared / "instruments/electrochem/arbin-res/20160805_test001_45_cc_01.res")
    slow = database.records("Channel_Statistic_Table")
    for name, values in database.numbers("Channel_Statistic_Table").items():
        np.testing.assert_array_equal(values, np.array(slow[name], dtype=np.float64), err_msg=name)


def binaries() -> list[tuple[str, Path]]:
    folders = {
        "biologic": ("cycling", "unknown-column", "spectrum-unnamed"),
        "neware": ("nda-29", "ndax"),
        "picolog": ("two-inputs",),
        "fusion_gc": ("two-detectors",),
    }
    return [
        (parser, next(file for file in (PARSERS / parser / "samples" / case).iterdir() if file.name != "expected.json"))
        for parser, cases in folders.items()
        for case in cases
    ]


@pytest.mark.parametrize(
    ("parser", "file"), binaries(), ids=lambda value: value.name if isinstance(value, Path) else value
)
def test_a_damaged_binary_is_read_in_part_or_refused(parser: str, file: Path, tmp_path: Path) -> None:
    whole, damaged = file.read_bytes(), tmp_path / file.name
    chance = random.Random(7)  # noqa: S311 (damage, no secret)
    for _ in range(80):
        data = bytearray(whole[: chance.randrange(1, len(whole))] if chance.random() < 0.5 else whole)
        for _ in range(chance.choice((0, 1, 5, 40))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged.write_bytes(bytes(data))
        try:
            result = parsed(parser, damaged)
        except CannotParse as refusal:
            assert str(refusal)
        else:
            assert sum(channel.rows for channel in result.channels) < 200_000


def test_only_the_beginning_decides_whose_file_it_is() -> None:
    reader = loaded().parsers["biologic"]
    assert reader.sniff(Head("x.mpt", b"EC-Lab ASCII FIL\nNb header", 30)) == 0.0
    assert reader.sniff(Head("x.mpr", b"\0BIO-LOGIC MODULAR FILE\x1a", 30)) == 0.0
