"""JSON in the shapes that programs write, archives, and files of typed columns."""

# ruff: noqa: E501 - a file is easier to see in one piece

import bz2
import gzip
import io
import json
import lzma
import random
import sqlite3
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from knowledge.imports.tables import Refused
from tests.unit.knowledge.layouts.making import Found, a_sheet_book, check, put, read

C2 = ("formula", "gap")
RECORDS: list[dict[str, Any]] = [
    {"formula": "MgO", "gap": 7.8},
    {"formula": "NaCl", "gap": None},
    {"formula": "KCl", "gap": 8.4},
]
WANTED = Found(C2, 3, cells={(1, "gap"): "7.8", (2, "gap"): "", (3, "formula"): "KCl"})

DOCUMENTS: dict[str, tuple[Any, Found | list[Found]]] = {
    "records": (RECORDS, WANTED),
    "wrapped": ({"meta": {"n": 3, "by": {"name": "nobody"}}, "data": RECORDS}, WANTED),
    "wrapped_twice": ({"response": {"count": 3, "results": RECORDS}}, WANTED),
    "columns_of_lists": ({"formula": ["MgO", "NaCl", "KCl"], "gap": [7.8, None, 8.4]}, WANTED),
    "pandas_split": ({"columns": ["formula", "gap"], "index": [0, 1, 2], "data": [["MgO", 7.8], ["NaCl", None], ["KCl", 8.4]]}, WANTED),
    "pandas_split_by_formula": ({"columns": ["gap"], "index": ["MgO", "NaCl", "KCl"], "data": [[7.8], [None], [8.4]]}, WANTED),
    "pandas_columns": ({"formula": {"0": "MgO", "1": "NaCl", "2": "KCl"}, "gap": {"0": 7.8, "1": None, "2": 8.4}}, WANTED),
    "pandas_columns_by_formula": ({"gap": {"MgO": 7.8, "NaCl": None, "KCl": 8.4}}, WANTED),
    "pandas_index": ({"0": RECORDS[0], "1": RECORDS[1], "2": RECORDS[2]}, Found(("id", *C2), 3)),
    "pandas_table": (
        {"schema": {"fields": [{"name": "formula", "type": "string"}, {"name": "gap", "type": "number"}]}, "data": RECORDS},
        WANTED,
    ),
    "list_of_lists": ([["formula", "gap"], ["MgO", 7.8], ["NaCl", None], ["KCl", 8.4]], WANTED),
    "list_of_lists_without_names": ([["MgO", 7.8], ["NaCl", 8.5]], Found(("column_1", "column_2"), 2, header=False)),
    "by_id": ({"mp-1": {"formula": "MgO", "gap": 7.8}, "mp-2": {"formula": "NaCl"}}, Found(("id", *C2), 2, cells={(2, "id"): "mp-2"}, locators={2: "key mp-2"})),
    "by_formula": ({"MgO": {"gap": 7.8, "sg": 225}, "GaAs": {"gap": 1.42, "sg": 216}}, Found(("formula", "gap", "sg"), 2, cells={(2, "formula"): "GaAs"})),
    "nested": (
        [{"formula": "MgO", "cell": {"a": 4.21, "angles": {"alpha": 90}}, "tags": ["oxide"]}],
        Found(("formula", "cell.a", "cell.angles.alpha", "tags"), 1, cells={(1, "cell.angles.alpha"): "90", (1, "tags"): '["oxide"]'}),
    ),
    "value_and_unit": (
        [{"formula": "MgO", "gap": {"value": 7.8, "unit": "eV"}, "B": {"value": 160, "units": "GPa", "uncertainty": 5}}, {"formula": "NaCl", "gap": {"value": None, "unit": "eV"}}],
        Found(("formula", "gap", "B"), 2, cells={(1, "gap"): "7.8 eV", (1, "B"): "160 ± 5 GPa", (2, "gap"): ""}),
    ),
    "composition_as_object": ([{"composition": {"Bi": 2, "Se": 3}, "gap": 0.3}, {"composition": {"Mg": 1, "O": 1}, "gap": 7.8}], Found(("composition", "gap"), 2, cells={(1, "composition"): "Bi2Se3", (2, "composition"): "MgO"})),
    "export_of_mongo": ([{"_id": {"$oid": "abc"}, "formula": "MgO", "gap": {"$numberDouble": "7.8"}}], Found(("_id", *C2), 1, cells={(1, "_id"): "abc", (1, "gap"): "7.8"})),
    "json_api": ({"data": [{"id": "1", "type": "structures", "attributes": {"formula": "MgO", "gap": 7.8}}], "meta": {}}, Found(("id", "type", *C2), 1)),
    "several_lists": (
        {"insulators": RECORDS, "superconductors": [{"formula": "Nb", "Tc": 9.2}]},
        [Found(C2, 3, place="insulators", locators={1: "insulators, item 1"}), Found(("formula", "Tc"), 1, place="superconductors")],
    ),
    "one_object": ({"formula": "MgO", "gap": 7.8, "path": [1, 2]}, Found((*C2, "path"), 1)),
    "by_axis_with_lists": (
        {"runs": {"a": {"x": [1, 2], "y": {"z": [3]}}, "b": {"x": [4], "y": {"z": []}}}, "rows": RECORDS},
        WANTED,
    ),
    "lists_by_formula": (
        {"MgO": [{"phase": "B1", "gap": 7.8}, {"phase": "B2", "gap": 6.1}], "ZnO": [{"phase": "B4", "gap": 3.3}]},
        Found(("formula", "phase", "gap"), 3, cells={(2, "formula"): "MgO", (3, "phase"): "B4"}),
    ),
    "odd_items": ([RECORDS[0], 3, RECORDS[1], None], Found(C2, 2, broken=(2, 4))),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_becomes_its_tables(tmp_path: Path, name: str) -> None:
    document, wanted = DOCUMENTS[name]
    check(read(tmp_path, "a.json", json.dumps(document)), *(wanted if isinstance(wanted, list) else [wanted]))


LINES = "\n".join(map(json.dumps, RECORDS))
TEXTS: dict[str, tuple[str, str, Found]] = {
    "one_a_line": ("a.jsonl", LINES, WANTED),
    "one_a_line_named_txt": ("a.txt", LINES + "\n\n", WANTED),
    "a_bad_line": ("a.jsonl", f'{LINES}\n{{"formula": "K\n', Found(C2, 3, broken=(4,), locators={1: "line 1"})),
    "variable": ("a.js", f"// made by a program\nvar data =\n{json.dumps(RECORDS)};\n", WANTED),
    "constant": ("a.js", f"export const rows = {json.dumps(RECORDS)};", WANTED),
    "literal_of_javascript": ("a.js", "module.exports = [{formula: 'MgO', gap: 7.8,}, {formula: 'NaCl', gap: undefined}, /* doubtful */ {formula: 'KCl', gap: 8.4},];", WANTED),
    "literal_of_python": ("a.json", "[{'formula': 'MgO', 'gap': 7.8}, {'formula': 'NaCl', 'gap': None}, {'formula': 'KCl', 'gap': 8.4}]", WANTED),
    "not_a_number": ("a.json", '[{"formula": "MgO", "gap": 7.8}, {"formula": "NaCl", "gap": NaN}, {"formula": "KCl", "gap": 8.4}]', WANTED),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_nearly_json_is_read(tmp_path: Path, name: str) -> None:
    file, text, wanted = TEXTS[name]
    check(read(tmp_path, file, text), wanted)


def test_structures_stay_with_their_rows(tmp_path: Path) -> None:
    structure = {"lattice": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}, "sites": []}
    (table,) = read(tmp_path, "a.json", json.dumps([{"formula": "MgO"}, {"formula": "KCl", "structure": structure}]))
    assert (table.columns, dict(table.structures)) == (("formula",), {2: structure})


CSV = b"formula,gap\nMgO,7.8\nNaCl,\nKCl,8.4\n"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_packed_files_are_read_by_content(tmp_path: Path, pack: Any) -> None:
    check(read(tmp_path, "table.csv", pack(CSV)), WANTED)


def a_zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return buffer.getvalue()


def test_every_member_of_an_archive_is_read_or_named(tmp_path: Path) -> None:
    book = a_sheet_book(lambda sheet: put(sheet, "A1", [["compound", "Tc"], ["Nb", 9.2]]))
    data = a_zip(in__a_dot_csv=CSV, in__b_dot_xlsx=book, in__read_dot_txt=b"some words", _dot_hidden=b"x")
    first, second = tables = read(tmp_path, "tables.zip", data)
    check(tables, WANTED, Found(("compound", "Tc"), 1, locators={1: "in/b.xlsx, sheet S1, row 2"}))
    assert (first.place, second.place) == ("in/a.csv", "in/b.xlsx, sheet S1")
    assert any("in/read.txt" in note for note in first.notes)


def test_a_tar_is_an_archive_too(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    check(read(tmp_path, "tables.tar.gz", buffer.getvalue()), WANTED)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (a_zip(a_dot_csv=b"formula,gap\n" + b"0" * (40 * 2**20)), "attack"),
        (gzip.compress(b"formula,gap\n" + b"0" * (40 * 2**20)), "attack"),
        (a_zip(a_dot_zip=a_zip(b_dot_zip=a_zip(c_dot_csv=CSV))), "archive in archives"),
        (gzip.compress(CSV)[:-9], "damaged"),
        (a_zip(a_dot_csv=CSV)[:-30], "damaged|cannot be opened"),
        (a_zip(read_dot_txt=b"some words"), "holds no table"),
    ],
)
def test_dangerous_and_damaged_archives_are_refused(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        read(tmp_path, "a.zip", data)


def test_the_tables_of_a_database_are_read(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "my gaps" (formula TEXT, gap REAL)')
        connection.executemany('INSERT INTO "my gaps" VALUES (?, ?)', [("MgO", 7.8), ("NaCl", None), ("KCl", 8.4)])
        connection.execute("CREATE TABLE empty (x)")
    connection.close()
    check(read(tmp_path, "a.db", path.read_bytes()), WANTED)


def test_parquet_and_arrow_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import feather, parquet

    made = pa.Table.from_pylist(RECORDS)
    parquet.write_table(made, tmp_path / "made.parquet")
    feather.write_feather(made, tmp_path / "made.feather")
    for name in ("made.parquet", "made.feather"):
        check(read(tmp_path, f"copy-{name}", (tmp_path / name).read_bytes()), WANTED)


@pytest.mark.parametrize("text", ['{"a": 1}', "[]", "[1, 2, 3]", '{"x": [1, 2], "y": {"z": 3}}'])
def test_json_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused, match="no list of objects"):
        read(tmp_path, "a.json", text)


SEEDS = [
    ("a.csv", b"Table 1\nformula,Eg (eV),sg\n,eV,\nMgO,7.8,225\nNaCl,8.5,225\n\n* a note\n"),
    ("a.md", b"# Gaps\n\n|formula|Eg|\n|-|-|\n|MgO|7.8|\n"),
    ("a.tex", rb"\begin{tabular}{lc} Formula & $E_g$ (eV) \\ \hline MgO & 7.8 \\ \end{tabular}"),
    (
        "a.html",
        b"<html><table><tr><th rowspan=2>formula<th colspan=2>x<tr><td>a<td>b<tr><td>MgO<td>1<td>2</table></html>",
    ),
    ("a.json", json.dumps({"data": RECORDS}).encode()),
    ("a.txt", b"formula   Eg    sg\nMgO       7.8   225\nNaCl            225\n"),
    ("a.xlsx", a_sheet_book(lambda sheet: put(sheet, "B3", [["formula", "Tc"], ["Nb", 9.2], ["Pb", "=C4"]]))),
    ("a.zip", a_zip(a_dot_csv=CSV)),
]


@pytest.mark.parametrize(("name", "data"), SEEDS, ids=[name for name, _ in SEEDS])
def test_a_damaged_file_is_read_or_refused_and_no_row_is_lost(tmp_path: Path, name: str, data: bytes) -> None:
    chance = random.Random(20)  # noqa: S311 - damage, no secret
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(damaged) + 1)
            damaged[at : at + chance.choice([0, 1, 9])] = chance.choice(
                [b"", b",", b"\n", b'"', b"\xff", b"|", b"{", b"\t"]
            )
        try:
            tables = read(tmp_path, name, bytes(damaged) or b" ")
        except Refused as error:
            assert str(error)
            continue
        for table in tables:
            check(
                [table], Found(table.columns, len(table.rows), tuple(n for n, _ in table.broken), header=table.header)
            )
