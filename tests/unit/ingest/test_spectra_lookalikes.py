"""Files that share a magic, an extension or a word with a spectroscopy format are left to others."""

import io
import struct
import zipfile

import pytest

from ingest.parsers.protocol import Head
from ingest.parsers.registry import candidates

READERS = {
    "bruker_brml", "bruker_opus", "bruker_raw", "bruker_uxd", "galactic_spc", "hysprint", "labspec", "perkin_elmer", "renishaw_text",
    "renishaw_wdf", "rigaku_smartlab", "scienta_text", "spectrometer_text", "specs_xml", "specs_xy", "vamas", "woollam",
}  # fmt: skip


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.raw", b"RAW materials, order of May\nSrCO3 12 kg\nTiO2 3 kg\n" * 10),
        ("noise.raw", b"RAW " + bytes(range(256)) * 4),
        ("film.brml", zipped("Experiment.txt")),
        ("film.rasx", zipped("Data/Profile.txt")),
        ("edax.spc", b"\x00\x4b" + b"\xff" * 600),
        ("eds.spc", b"\x00\x4d" + struct.pack("<f", 3.2) * 200),
        ("one.wdf", b"WDF1" + bytes(600)),
        ("pairs.asp", b"60\n4000\n3500\n1\n2\n4\n" + b"4000 0.1\n3999 0.2\n" * 30),
        ("numbers.asp", b"12\n1\n2\n3\n4\n5\n" + b"7\n" * 30),
        ("data.xml", b"<?xml version='1.0'?><any><struct/></any>"),
        ("letter.txt", b"We used VASEmethod[x] as in the manual of the ellipsometer.\nBest regards\n"),
        ("wave.txt", b"#Wave\tIntensity\tError\n1\t2\t3\n4\t5\t6\n"),
        ("options.json", b'{"parameters": {"start_voltage": 1, "name": "x"}, "data": []}'),
        ("setup.ini", b"[Info]\nVersion=1\n[Region]\nName=EU\n"),
        ("grid.txt", b"XUNITS\tNANOMETERS\nrows\n1\t2\n"),
        ("opus.0", b"\x0a\x0a\x0a\xfe" + bytes(200)),
    ],
)  # fmt: skip
def test_a_lookalike_is_not_claimed(name: str, content: bytes) -> None:
    claimed = {parser.name for _, parser in candidates(Head(name, content[:65536], len(content)))}
    assert not claimed & READERS
