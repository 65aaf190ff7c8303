"""Files are recognised by content: a wrong name deceives nobody, a lookalike is refused."""
# ruff: noqa: E501 (tables of cases)

from pathlib import Path

import pytest

from ingest.parsers.protocol import Head
from ingest.parsers.registry import CERTAIN, candidates, loaded
from ingest.parsing.signatures import describe

PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"


def best(name: str, content: bytes) -> tuple[str | None, float]:
    found = candidates(Head(name, content[:65536], len(content)))
    return (found[0][1].name, found[0][0]) if found else (None, 0.0)


def sample(path: str) -> bytes:
    (file,) = [f for f in (PARSERS / path).iterdir() if f.name != "expected.json"]
    return file.read_bytes()


@pytest.mark.parametrize(
    ("path", "parser"),
    [("pdi_epic/samples/channel", "pdi_epic"), ("ikz_pld/samples/events", "ikz_pld"), ("xrdml/samples/one-scan", "xrdml"), ("xrdml/samples/packed", "xrdml")],
)  # fmt: skip
def test_a_wrong_extension_deceives_nobody(path: str, parser: str) -> None:
    name, confidence = best("something.jpg", sample(path))
    assert name == parser
    assert confidence >= CERTAIN


def test_a_renamed_deposition_log_is_still_known_by_its_layout() -> None:
    assert best("export.txt", sample("ikz_pld/samples/data"))[0] == "ikz_pld"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fake.xrdml", b'<?xml version="1.0"?><measurements><xrdMeasurements/></measurements>'),
        ("fake.xrdml", b"1,2\n3,4\n5,6\n"),
        ("Ga.PID.MV.txt", b"Date,Ga.PID.MV\n12/06/2023 00:00:01.727,300.0\n"),
        ("26042023_1630-x.dlog", b"time\tvalue\n" + b"1\t2\n" * 10),
        ("26042023_1630-x.dlog", b"\t".join([b"1.000E+0"] * 9) + b"\n" + b"\t".join([b"0.500E+0"] * 9) + b"\n" * 4),
        ("x.elog", b"0:0:14\tsomething else happened\n0:1:14\tand again\n"),
        ("day.zip", b"PK\x03\x04" + b"\0" * 100),
    ],
)
def test_a_lookalike_is_not_claimed(name: str, content: bytes) -> None:
    assert best(name, content)[0] in (
        None,
        "delimited_text",
        "zip_files",
        "xml_data",
    )  # readers by structure, which refuse it


def test_no_registered_parser_is_broken() -> None:
    assert loaded().broken == {}
    assert {"pdi_epic", "ikz_pld", "xrdml", "delimited_text"} <= set(loaded().parsers)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"RAW4.00" + bytes(100), "Bruker RAW4.00"), (b"\x89HDF\r\n\x1a\n", "HDF5 or NeXus"), (b"SQLite format 3\0", "SQLite database"), (b'{"a": [1, 2]}', "JSON text"),
        (b"<?xml version='1.0'?>\n<a:doc/>", "XML with the root element a:doc"), (b"PK\x03\x04broken", "damaged zip archive"), (b"BMW is a car maker", "text of an unknown layout"), (b"", "empty file"),
    ],
)  # fmt: skip
def test_unread_files_are_called_by_what_they_are(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    assert describe(file, content) == what


def test_the_reference_page_names_every_parser() -> None:
    page = (PARSERS.parents[1] / "docs" / "reference" / "parsers.md").read_text(encoding="utf-8")
    for name, parser in loaded().parsers.items():
        assert f"## {name}" in page
        assert f"version {parser.version}" in page, f"{name}: say its present version in docs/reference/parsers.md"
