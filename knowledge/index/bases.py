"""Making a base: a folder with the records of many changes as one sorted table, and the arrays every search needs."""

import json
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.index import segments
from knowledge.index.arrays import SMALL, Segment
from knowledge.index.columns import columns, sql_types
from knowledge.topics.schema import topics

if TYPE_CHECKING:
    import duckdb
    import pyarrow

TABLE = "data.duckdb"
MEMORY = "1GB"
SORTED = 100_000  # rows sorted at once: with all their columns they fit the memory
ALWAYS = ("formula", "topic", "dataset", "kind", "spacegroup_number", "nelements", "external_id")
ROW_GROUP = 122_880
# what a page shows of a record, in the order in which a document lists it
DOCUMENT = (
    "record, version, topic, dataset, kind, formula, formula_source, external_id, spacegroup_number, elements, "
    "file_name, locator, project_id, stated"
)


def database() -> "duckdb.DuckDBPyConnection":
    """An empty database in memory that attaches bases; what does not fit its memory goes to the index folder for a while."""
    import duckdb

    place = segments.folder() / "spill"
    settings = {"autoinstall_known_extensions": "false", "memory_limit": MEMORY, "temp_directory": str(place)}
    return duckdb.connect(":memory:", config=settings)  # type: ignore[arg-type]  # its stub wants one type of values


def base_build(opened: "duckdb.DuckDBPyConnection", source: str, older: Sequence[Segment]) -> str:
    """A base of what the SELECT `source` gives: every column of the index and `deleted`. Its name, for the manifest.

    `older` are the bases before it, in which it takes the place of records of the same id.
    """
    name = segments.base_name()
    place = segments.folder() / f"{name}.new"
    place.mkdir(parents=True)
    opened.execute(f"ATTACH '{place / TABLE}' AS made")
    _sorted(opened, source)
    _described(opened, place)
    opened.execute("DETACH made")
    _prepared(opened, name, place, older)
    place.rename(segments.folder() / name)
    return name


def _sorted(opened: "duckdb.DuckDBPyConnection", source: str) -> None:
    """Write the rows in the order of their formulae, a stretch of formulae at a time: rows are wide, and memory is bounded."""
    listed = ", ".join(f'"{column}"' for column in sql_types())
    rows = f"SELECT {listed}, deleted FROM ({source})"  # noqa: S608 - our columns
    opened.execute(f"CREATE TABLE made.entries AS {rows} LIMIT 0")
    for stretch in _stretches(opened, source):
        opened.execute(f"INSERT INTO made.entries {rows} WHERE {stretch} ORDER BY formula NULLS LAST, record")


def _stretches(opened: "duckdb.DuckDBPyConnection", source: str) -> list[str]:
    """Conditions that part the rows by formula into stretches of about SORTED rows, in order; the last has those without."""
    ((rows,),) = opened.execute(f"SELECT count(*) FROM ({source})").fetchall()  # noqa: S608 - our own text
    many = max(1, -(-rows // SORTED))
    parts = f"SELECT formula, ntile({many}) OVER (ORDER BY formula) AS part FROM ({source}) WHERE formula IS NOT NULL"  # noqa: S608
    ends = opened.execute(f"SELECT max(formula) FROM ({parts}) GROUP BY part ORDER BY part").fetchall()  # noqa: S608 - as above
    marks = list(dict.fromkeys("'" + end.replace("'", "''") + "'" for (end,) in ends[:-1]))
    if not marks:
        return ["true"]
    middle = [f"formula > {one} AND formula <= {other}" for one, other in pairwise(marks)]
    return [f"formula <= {marks[0]}", *middle, f"formula > {marks[-1]} OR formula IS NULL"]


def _described(opened: "duckdb.DuckDBPyConnection", place: Path) -> None:
    """Write how many rows there are, the columns, and which of them hold anything."""
    names = list(sql_types())
    counts = ", ".join(f'count("{name}")' for name in names)
    ((rows, *stated),) = opened.execute(f"SELECT count(*), {counts} FROM made.entries").fetchall()  # noqa: S608 - our columns
    filled = [name for name, number in zip(names, stated, strict=True) if number]
    described = {"rows": rows, "columns": names, "filled": filled}
    (place / "base.json").write_text(json.dumps(described), encoding="utf-8")


def base_open(name: str, relation: str, place: Path | None = None) -> Segment:
    """A base on disk as a segment; `relation` is where its table will be found."""
    place = place or segments.folder() / name
    described = json.loads((place / "base.json").read_text(encoding="utf-8"))
    return Segment(name, relation, described["rows"], place, frozenset(described["filled"]))


def base_columns(name: str) -> list[str]:
    """The columns a base was made with."""
    found: list[str] = json.loads((segments.folder() / name / "base.json").read_text(encoding="utf-8"))["columns"]
    return found


def _prepared(opened: "duckdb.DuckDBPyConnection", base: str, place: Path, older: Sequence[Segment]) -> None:
    """Make the arrays that the first search would wait for, and note which older rows are replaced."""
    opened.execute(f"ATTACH '{place / TABLE}' AS made (READ_ONLY)")
    opened.execute("CREATE OR REPLACE TEMP VIEW made_rows AS SELECT *, rowid AS row FROM made.entries")
    _documents(opened, place)
    segment = base_open(base, "made_rows", place)
    ids, _order = segment.keys(opened)
    for lower in older:
        np.save(place / f"dead-{lower.name}.npy", np.sort(lower.rows_of(opened, ids)))
    gone = opened.execute("SELECT row FROM made_rows WHERE deleted ORDER BY row").fetchnumpy()["row"]
    np.save(place / "deleted.npy", np.asarray(gone, dtype=np.int64))
    if segment.rows > SMALL:
        _arrays_made(opened, segment)
    opened.execute("DROP VIEW made_rows")
    opened.execute("DETACH made")


def _arrays_made(opened: "duckdb.DuckDBPyConnection", segment: Segment) -> None:
    """Make the arrays of what pages count and draw; those of a small base are made as soon as they are asked for."""
    segment.element_bitmaps(opened)
    segment.numbers(opened, "project_id")
    for name in segment.filled.intersection(hot_columns()):
        segment.bitmaps(opened, name)
    for column in columns():
        if column.family == "number" and column.name in segment.filled:
            segment.ranked(opened, column.name)


def _documents(opened: "duckdb.DuckDBPyConnection", place: Path) -> None:
    """Write what a page shows of each row as one JSON document after the other, and where each begins."""
    text = f"SELECT json_array({DOCUMENT})::VARCHAR AS document FROM made_rows ORDER BY row"  # noqa: S608 - our columns
    starts, end = [np.zeros(1, dtype=np.int64)], 0
    with (place / "documents.json").open("wb") as file:
        for batch in opened.sql(text).to_arrow_reader(ROW_GROUP):
            column = batch.column(0)
            offsets = _offsets(column)
            data = column.buffers()[2]
            file.write(memoryview(data)[offsets[0] : offsets[-1]] if data else b"")
            starts.append(offsets[1:] - offsets[0] + end)
            end = int(starts[-1][-1]) if len(starts[-1]) else end
        file.write(b"\n")  # an empty file cannot be mapped
    np.save(place / "documents.starts.npy", np.concatenate(starts))


def _offsets(column: "pyarrow.Array[Any]") -> NDArray[np.int64]:
    import pyarrow as pa

    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    held = np.frombuffer(memoryview(column.buffers()[1] or b""), dtype=width)
    return held[column.offset : column.offset + len(column) + 1].astype(np.int64)


def hot_columns() -> list[str]:
    """The columns that pages count: those of every record, and the facets of the topics."""
    facets = {
        column.name
        for column in columns()
        for topic in column.topics
        if column.family != "list" and (item := topics()[topic].property(column.property)) and item.facet
    }
    return [*ALWAYS, *sorted(facets)]


def base_dead(base: Segment, older: str) -> NDArray[np.int64]:
    """The rows of an older base that this one replaces."""
    file = segments.folder() / base.name / f"dead-{older}.npy"
    return np.load(file) if file.exists() else np.empty(0, dtype=np.int64)


def base_deleted(base: Segment) -> NDArray[np.int64]:
    """The rows of a base that only say that a record is gone."""
    return np.asarray(np.load(segments.folder() / base.name / "deleted.npy"), dtype=np.int64)


def base_drop(name: str) -> None:
    """Remove a base that no manifest names."""
    shutil.rmtree(segments.folder() / name, ignore_errors=True)
