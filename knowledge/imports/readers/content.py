"""What a file is, by its first bytes and not by its name, and the tables in it."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

from ingest.parsers.text import lines_of
from knowledge.imports.readers.archive import DAMAGED, archive_tables, is_tar, unpacked
from knowledge.imports.readers.delimited import delimited_tables
from knowledge.imports.readers.explained import explained
from knowledge.imports.readers.json_tables import json_tables
from knowledge.imports.readers.json_text import is_json
from knowledge.imports.readers.latex import is_latex, latex_tables
from knowledge.imports.readers.markdown import is_markdown, markdown_tables
from knowledge.imports.readers.optimade import is_optimade, optimade_tables
from knowledge.imports.readers.pages import is_page, page_tables
from knowledge.imports.readers.text import MAX_BYTES, is_structure, text_of
from knowledge.imports.tables import Refused, Table

_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_WORKBOOK_NAME = re.compile(r"(?i).*\.(xlsx|xlsm|xlsb|xls|ods)")


def file_tables(path: Path) -> list[Table]:
    """The tables of a file, each with what other parts of the file say about its columns. Raises Refused."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused(f"larger than {MAX_BYTES // 2**20} MiB: split the table")
    return explained(content_tables(path.read_bytes(), path.name))


def content_tables(data: bytes, name: str, depth: int = 0) -> list[Table]:
    """The tables of a file's bytes; `name` helps only where the bytes are silent. Raises Refused."""
    if not data.strip():
        raise Refused("is empty")
    if data.startswith(_PACKED):
        if depth > 3:
            raise Refused("is packed several times: unpack it")
        return content_tables(unpacked(data), re.sub(r"(?i)\.(gz|bz2|xz)$", "", name), depth + 1)
    if data.startswith(b"SQLite format 3\0"):
        from knowledge.imports.readers.databases import sqlite_tables

        return sqlite_tables(data)
    if data[:4] == b"PAR1" or data[:6] == b"ARROW1":
        from knowledge.imports.readers.databases import parquet_tables

        return parquet_tables(data)
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0") or is_tar(data):
        return _container(data, depth)
    return text_tables(text_of(data), name)


def _container(data: bytes, depth: int) -> list[Table]:
    from knowledge.imports.readers.workbook import workbook_tables

    if data[:2] == b"PK":
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                names = set(archive.namelist())
        except DAMAGED as error:
            raise Refused(f"cannot be opened as a workbook or an archive: {error}") from error
        if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
            return archive_tables(data, depth, content_tables)
    elif is_tar(data):
        return archive_tables(data, depth, content_tables)
    return workbook_tables(data)


def text_tables(text: str, name: str) -> list[Table]:
    """The tables of a text: JSON, a page, LaTeX, Markdown, or lines of cells."""
    if is_optimade(text):
        return optimade_tables(text)
    if is_json(text) or re.search(r"(?i)\.(json|jsonl|ndjson)$", name):
        return json_tables(text)
    if is_page(text):
        return page_tables(text)
    if is_latex(text):
        return latex_tables(text)
    if is_structure(text):
        raise Refused("is a crystal structure (CIF), not a table: give it a name that ends in .cif")
    lines = lines_of(text)
    if is_markdown(lines):
        return markdown_tables(lines)
    try:
        return delimited_tables(lines)
    except Refused as error:
        if _WORKBOOK_NAME.fullmatch(name):
            raise Refused(f"cannot be opened as a workbook: it holds text, which {error}") from error
        raise
