"""JSON lists of flat objects, plain or gzip: one object is one row; a `structure` object is kept as a structure."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from knowledge.imports.readers.text import MAX_BYTES
from knowledge.imports.tables import Refused, Table


def _load(path: Path) -> Any:  # Any: JSON
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Refused(f"holds more than {MAX_BYTES // 2**20} MiB: split it")
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            return [json.loads(line) for line in data.splitlines() if line.strip()]
        return json.loads(data)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise Refused(f"is no readable JSON: {error}") from error


def _cell(value: Any) -> str:  # Any: JSON
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def json_read(path: Path) -> Table:
    """The table of a JSON list of objects. Raises Refused for other JSON."""
    document = _load(path)
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise Refused("is JSON, but no list of objects: each object must be one row")
    columns: dict[str, None] = {}
    structures: dict[int, Any] = {}
    broken = [(n, "is no JSON object") for n, item in enumerate(document, 1) if not isinstance(item, dict)]
    objects = [(n, item) for n, item in enumerate(document, 1) if isinstance(item, dict)]
    for number, item in objects:
        for key, value in list(item.items()):
            if isinstance(value, dict):
                if "lattice" in value and "sites" in value:
                    structures[number] = value
                continue
            columns[key] = None
    rows = [
        tuple(_cell(item.get(name)) if not isinstance(item.get(name), dict) else "" for name in columns)
        for _, item in objects
    ]
    return Table(tuple(columns), rows, True, broken, [n for n, _ in objects], 1, structures)
