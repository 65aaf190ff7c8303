"""Files of an export from its records, which lie as JSON lines in the folder by then: memory holds a few thousand at most."""

import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from knowledge.errors import KnowledgeError
from knowledge.exports.columns import LONG, MOST_COLUMNS, Column, Seen, long_rows, text_of, wide_row

if TYPE_CHECKING:
    import pyarrow as pa

GROUP = 5000
MOST_NAME = 60
WHOLE = ("version", "spacegroup_number")  # fields of the record that are whole numbers
Steps = Iterator[int]  # records done so far
Manifest = dict[str, Any]  # Any: JSON


class TooWide(KnowledgeError):
    """The table would have too many columns."""

    code = "too_many_columns"


class NothingToWrite(KnowledgeError):
    """No record gives what the format holds."""

    code = "nothing_to_export"


def spooled(path: Path) -> Iterator[dict[str, Any]]:
    """The records of the spool file."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def columns_of(seen: Seen, *, layout: str, first: Sequence[str]) -> list[Column]:
    """The columns of the table. Raises TooWide."""
    columns = LONG if layout == "long" else seen.columns(first=first)
    if len(columns) > MOST_COLUMNS:
        raise TooWide(
            f"The table would have {len(columns)} columns, {MOST_COLUMNS} at most: choose the long layout, or select properties."
        )
    return columns


def _rows(spool: Path, columns: Sequence[Column], layout: str) -> Iterator[list[list[Any]]]:
    for document in spooled(spool):
        yield list(long_rows(document)) if layout == "long" else [wide_row(document, columns)]


def csv_write(spool: Path, path: Path, columns: Sequence[Column], *, layout: str, units: str) -> Steps:
    """UTF-8, commas, decimal points; units in the header, in a row of their own, or nowhere."""
    in_header = units == "header"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([f"{c.name} [{c.unit}]" if in_header and _has_unit(c) else c.name for c in columns])
        if units == "row":
            table.writerow([c.unit if _has_unit(c) else "" for c in columns])
        for done, rows in enumerate(_rows(spool, columns, layout), start=1):
            table.writerows([_plain(cell) for cell in row] for row in rows)
            if done % GROUP == 0:
                yield done


def _has_unit(column: Column) -> bool:
    return bool(column.unit) and column.part in (None, "low", "high", "uncertainty")


def _plain(cell: Any) -> Any:
    """A cell of CSV; text that a spreadsheet would run as a formula is kept from it by an apostrophe."""
    if cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    text = text_of(cell)
    return f"'{text}" if re.match(r"[=@\t\r]|[+-](?![\d.∞])", text) else text


def parquet_write(spool: Path, path: Path, columns: Sequence[Column], *, layout: str, manifest: Manifest) -> Steps:
    """One row group per some thousand records; unit and property stand in each field's metadata, the manifest in the file's."""
    import pyarrow.parquet as pq

    schema = _schema(columns, manifest)
    kept: list[list[Any]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for done, rows in enumerate(_rows(spool, columns, layout), start=1):
            kept += rows
            if done % GROUP == 0:
                file.write_table(_table(kept, columns, schema))
                kept = []
                yield done
        file.write_table(_table(kept, columns, schema))


def _schema(columns: Sequence[Column], manifest: Manifest) -> "pa.Schema":
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "number": pa.float64(), "text": pa.string(), "boolean": pa.bool_(), "list": pa.list_(pa.string())
    }  # fmt: skip
    fields: list[pa.Field[Any]] = []  # Any: of several types
    for column in columns:
        about = {"unit": column.unit or "", "property": column.property or "", "part": column.part or ""}
        whole = column.name in WHOLE and column.property is None
        fields.append(pa.field(column.name, pa.int64() if whole else types[column.kind], metadata=about))
    return pa.schema(fields, metadata={"lodestone": json.dumps(manifest, ensure_ascii=False)})


def _table(rows: list[list[Any]], columns: Sequence[Column], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    cells = zip(*rows, strict=True) if rows else [()] * len(columns)
    arrays = [
        pa.array(_typed(values, column), type=kind.type)
        for values, column, kind in zip(cells, columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _typed(values: Sequence[Any], column: Column) -> list[Any]:
    """Numbers as floats: Arrow refuses whole numbers that a float does not hold exactly."""
    if column.kind != "number" or (column.property is None and column.name in WHOLE):
        return list(values)
    return [None if value is None else float(value) for value in values]


def jsonl_write(spool: Path, path: Path) -> Steps:
    """The spool itself: one full record a line."""
    spool.replace(path)
    yield 0


def cif_write(spool: Path, path: Path, *, manifest: Callable[[int], Manifest]) -> Steps:
    """One file for each record with a structure, named by formula and record; the manifest lies beside them."""
    written = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as packed:
        for done, document in enumerate(spooled(spool), start=1):
            if document["structure"]:
                packed.writestr(cif_name(document), document["structure"])
                written += 1
            if done % GROUP == 0:
                yield done
        if not written:
            raise NothingToWrite("None of these records has a crystal structure: choose another format or search.")
        packed.writestr("manifest.json", json.dumps(manifest(written), ensure_ascii=False, indent=1))


def cif_name(document: dict[str, Any]) -> str:
    """A file name that says what the structure is and cannot clash: formula and record."""
    formula = re.sub(r"[^A-Za-z0-9().-]+", "_", document["formula"] or document["title"] or "structure")
    return f"{formula[:MOST_NAME].strip('._') or 'structure'}_{document['record']}.cif"
