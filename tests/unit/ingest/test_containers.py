"""Containers, microscopy and images: real files say what they hold; hostile and damaged ones do no harm."""

import contextlib
import io
import json
import random
import sqlite3
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.registry import HEAD_BYTES, candidates, loaded
from ingest.parsing.sandbox import Limits, parse_isolated

PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"
KNOWN = yaml.safe_load((Path(__file__).parent / "real_containers.yaml").read_text(encoding="utf-8"))
OURS = (
    "bruker_bcf",
    "gatan_dm", "tia_ser", "velox_emd", "tiff_image", "nanonis", "jpk", "igor_wave", "gwyddion", "nanoscope", "netcdf", "sqlite_tables",
    "tdms", "matlab", "numpy_arrays", "json_data", "xml_data", "picture", "hdf5", "workbook",
)  # fmt: skip


def parsed(parser: str, path: Path) -> Parsed:
    return loaded().parsers[parser].parse(path, path.name)


def sample(parser: str) -> Path:
    """A sample that its parser reads."""
    for case in sorted((PARSERS / parser / "samples").iterdir()):
        if json.loads((case / "expected.json").read_text(encoding="utf-8"))["status"] == "parsed":
            return next(file for file in case.iterdir() if file.name != "expected.json")
    raise AssertionError(parser)


@pytest.mark.shared
@pytest.mark.parametrize("truth", KNOWN, ids=lambda truth: Path(truth["file"]).name)
def test_a_real_container_says_what_it_holds(shared: Path, truth: dict[str, Any]) -> None:
    path = shared / "instruments" / truth["file"]
    document = parse_isolated(path, path.name, Limits(seconds=60)).document
    assert document["status"] == "parsed", document["reason"]
    assert (document["technique"], document["metadata"].get("start")) == (truth["technique"], truth["start"])
    found = {entry["name"]: entry for entry in document["channels"]}
    for name, expected in truth["channels"].items():
        entry = found[name]
        sizes = [axis["size"] for axis in entry.get("grid", [])]
        assert [entry["rows"], entry["unit"], entry["quantity"], sizes] == expected, name


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers made of damaged bytes
@pytest.mark.parametrize("parser", [parser for parser in OURS if parser != "matlab"])
def test_damaged_files_are_refused_or_read_and_never_crash(parser: str, tmp_path: Path) -> None:
    data = sample(parser).read_bytes()
    dice = random.Random(parser)  # noqa: S311 (reproducible damage)
    for attempt in range(16):
        broken = bytearray(data)
        if attempt % 2:
            del broken[dice.randrange(len(broken)) :]
        for _ in range(dice.choice((1, 3, 20)) if broken else 0):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        file = tmp_path / "broken.bin"
        file.write_bytes(broken)
        try:
            result = parsed(parser, file)
        except CannotParse as error:
            assert str(error)
        else:
            assert all(
                channel.rows == int(np.prod([a.size for a in channel.grid]))
                for channel in result.channels
                if channel.grid
            )


def test_a_damaged_mat_file_may_crash_its_library_but_only_in_the_sandbox(tmp_path: Path) -> None:
    data = sample("matlab").read_bytes()
    dice = random.Random(7)  # noqa: S311 (reproducible damage)
    for _ in range(6):
        broken = bytearray(data)
        for _ in range(20):
            broken[dice.randrange(128, len(broken))] = dice.randrange(256)
        (tmp_path / "broken.mat").write_bytes(broken)
        document = parse_isolated(tmp_path / "broken.mat", "broken.mat", Limits(seconds=30)).document
        assert document["status"] == "parsed" or document["reason"]


def test_a_link_out_of_the_file_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["inside"] = np.arange(10.0)
    with h5py.File(tmp_path / "bait.h5", "w") as bait:
        bait["own"] = np.arange(5.0)
        bait["linked"] = h5py.ExternalLink("secret.h5", "/inside")
        bait["round"] = h5py.SoftLink("/round")
        layout = h5py.VirtualLayout(shape=(10,), dtype="f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "inside", shape=(10,))
        bait.create_virtual_dataset("virtual", layout)
        group = bait.create_group("plot")
        group.attrs["NX_class"], group.attrs["signal"] = "NXdata", "out"
        group["out"] = h5py.ExternalLink("secret.h5", "/inside")
    result = parsed("hdf5", tmp_path / "bait.h5")
    assert [channel.name for channel in result.channels] == ["own"]
    assert any("another file" in warning for warning in result.warnings)


def test_an_array_that_claims_to_be_huge_is_left_out_by_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as bomb:
        bomb.create_dataset("huge", shape=(200_000, 200_000), dtype="f8", chunks=(1000, 1000), compression="gzip")
        bomb["small"] = np.arange(4.0)
    result = parsed("hdf5", tmp_path / "bomb.h5")
    assert [channel.name for channel in result.channels] == ["small"]
    assert any("huge" in warning for warning in result.warnings)


def test_netcdf_4_and_matlab_7_are_hdf5_with_their_own_conventions(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "run.nc", "w") as file:
        time = file.create_dataset("time", data=np.arange(4.0))
        time.attrs["units"] = "minutes since 2021-05-06 07:00:00"
        time.make_scale("time")
        heat = file.create_dataset("heat", data=np.arange(4.0))
        heat.attrs["units"] = "K"
        heat.dims[0].attach_scale(time)
    result = parsed("hdf5", tmp_path / "run.nc")
    assert result.metadata["start"] == "2021-05-06T07:00:00+00:00"
    assert {c.name: (c.unit, c.axis) for c in result.channels} == {"time": ("s", None), "heat": ("K", "time")}


def test_a_zip_of_different_things_claims_no_technique(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.write(sample("nanonis"), "scan.sxm")
        archive.write(sample("gatan_dm"), "image.dm4")
    result = parsed("zip_files", tmp_path / "both.zip")
    assert result.technique == ""
    assert {str(file["parser"]) for file in result.metadata["files"].values()} == {"nanonis", "gatan_dm"}


def test_a_picture_of_a_million_by_a_million_pixels_is_refused(tmp_path: Path) -> None:
    header = b"BM" + (0).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = (
        (40).to_bytes(4, "little")
        + (10**6).to_bytes(4, "little") * 2
        + (1).to_bytes(2, "little")
        + (24).to_bytes(2, "little")
        + bytes(24)
    )
    (tmp_path / "x.bmp").write_bytes(header + info)
    with pytest.raises(CannotParse, match="1000000000000"):
        parsed("picture", tmp_path / "x.bmp")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.dm3", b"\0\0\0\3" + b"not a tag tree at all, just text" * 4),
        ("x.ser", b"II\x97\x01\x99\x99" + bytes(60)),
        ("x.ibw", b"\x05\x00" + bytes(382) + b"\x01"),
        ("x.bmp", b"BM this is a text that begins with two letters\n" * 5),
        ("x.gwy", b"GWYP" + bytes(100)),
        ("settings.json", b'{"limits": [1, 2], "rows": [{"a": 1}, {"a": 2}]}'),
        ("x.sxm", b":NANONIS:\n1\n"),
    ],
)
def test_a_lookalike_of_a_binary_format_is_not_claimed(name: str, content: bytes) -> None:
    claimed = {parser.name for confidence, parser in candidates(Head(name, content, len(content))) if confidence >= 0.9}
    assert not claimed & set(OURS) or (name == "x.ibw" and not claimed)


def test_samples_are_recognised_whatever_they_are_called() -> None:
    for parser in OURS:
        data = sample(parser).read_bytes()
        first = candidates(Head("something.jpg", data[:HEAD_BYTES], len(data)))[0][1].name
        assert first == parser


def test_a_workbook_with_tables_side_by_side_keeps_them_apart(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["T (K)", "R (ohm)", None, "Field (T)", "V (mV)"])
    for index in range(8):
        sheet.append([index, index * 2, None, index / 10, index * 3])
    stream = io.BytesIO()
    book.save(stream)
    (tmp_path / "two.xlsx").write_bytes(stream.getvalue())
    result = parsed("workbook", tmp_path / "two.xlsx")
    assert {c.name: c.unit for c in result.channels} == {"T": "K", "R": "ohm", "Field": "T", "V": "mV"}


def test_images_are_not_taken_for_spectra_of_an_old_version() -> None:
    for content in (b"BM" + bytes(400), b"MM\0*" + bytes(400)):
        assert loaded().parsers["galactic_spc"].sniff(Head("x", content, len(content))) == 0.0


def test_settings_in_json_are_no_measurement(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"limits": [1, 2], "rows": [{"a": 1}, {"a": 2}]}')
    with pytest.raises(CannotParse, match="short lists of numbers without units"):
        parsed("json_data", tmp_path / "settings.json")


def _json(tmp_path: Path, document: object) -> Parsed:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    return parsed("json_data", path)


def test_a_reference_table_of_named_things_is_kept_with_that_reason(tmp_path: Path) -> None:
    oxides = [{"formula": f"M{i}O", "mass": 40.0 + i, "rank": i} for i in range(60)]
    with pytest.raises(CannotParse, match=r"lists named things \(formula"):
        _json(tmp_path, oxides)
    assert len(_json(tmp_path, [{**row, "mass (g)": row["mass"], "L (mm)": 2.0} for row in oxides]).channels) == 5
    stamped = [{"when": f"20260103:{i:04d}", "P": 3.0 * i, "G": i % 7} for i in range(60)]
    assert [c.rows for c in _json(tmp_path, stamped).channels] == [60, 60, 60]


def test_a_calibration_of_a_few_points_is_no_measurement_of_the_named_technique(tmp_path: Path) -> None:
    def document(rows: int) -> object:
        points = [{"temperature (degC)": 30.0 + i, "signal (uV)": 2.0 * i} for i in range(rows)]
        return {"method": "Differential scanning calorimetry", "points": points}

    assert _json(tmp_path, document(8)).technique == ""
    assert "calorimetry" in _json(tmp_path, document(80)).technique


def test_a_database_of_compounds_is_kept_and_a_logger_beside_its_list_of_channels_is_read(tmp_path: Path) -> None:
    for name, with_readings in (("compounds.db", False), ("logger.db", True)):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as made, made:
            made.execute("CREATE TABLE things (id INTEGER, name TEXT, weight REAL, rank REAL)")
            made.executemany("INSERT INTO things VALUES (?,?,?,?)", [(i, f"thing {i}", i * 1.5, i) for i in range(90)])
            made.execute("CREATE TABLE links (thing_id INTEGER, other_id INTEGER)")
            made.executemany("INSERT INTO links VALUES (?,?)", [(i, i + 1) for i in range(200)])
            if with_readings:
                made.execute("CREATE TABLE readings (time TEXT, temperature REAL)")
                rows = [(f"2026-02-03 10:{i:02d}:00", 20 + i / 10) for i in range(40)]
                made.executemany("INSERT INTO readings VALUES (?,?)", rows)
    with pytest.raises(CannotParse, match="lists named things"):
        parsed("sqlite_tables", tmp_path / "compounds.db")
    assert any(c.times is not None for c in parsed("sqlite_tables", tmp_path / "logger.db").channels)


def test_an_array_beyond_what_one_reading_carries_is_kept_with_that_reason(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file.create_dataset("camera/frames", shape=(3000, 100, 100), dtype="f4", chunks=(1, 100, 100))
    with pytest.raises(CannotParse, match=r"too large to be read here: /camera/frames with 30000000 values"):
        parsed("hdf5", tmp_path / "stack.h5")


def test_a_packed_part_of_a_bruker_container_is_unpacked_up_to_a_limit() -> None:
    from ingest.parsers.bruker_bcf.container import _unpacked

    blocks = [b"<a>" + b"x" * 5000, b"y" * 30 + b"</a>"]
    packed = b"AACS" + struct.pack("<III", 8192, 0, len(blocks)) + bytes(112)
    for block in blocks:
        squeezed = zlib.compress(block)
        packed += struct.pack("<IIII", len(squeezed), len(block), 0, 0) + squeezed
    assert _unpacked(packed, "HeaderData") == b"".join(blocks)
    with pytest.raises(CannotParse, match="cut short"):
        _unpacked(packed[:0x80], "HeaderData")
    with pytest.raises(CannotParse, match="something else than zlib"):
        _unpacked(packed[: 0x80 + 16] + b"BZh91AY" + packed[0x80 + 23 :], "HeaderData")


def test_a_bruker_container_that_lies_about_its_chunks_is_refused(tmp_path: Path) -> None:
    data = bytearray(sample("bruker_bcf").read_bytes())
    for at, value in ((0x128, 3), (0x140, 10**6), (0x144, 0)):
        changed = bytes(data[:at]) + struct.pack("<I", value) + bytes(data[at + 4 :])
        (tmp_path / "map.bcf").write_bytes(changed)
        with pytest.raises(CannotParse):
            parsed("bruker_bcf", tmp_path / "map.bcf")
