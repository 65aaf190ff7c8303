"""JSON and JSON lines by their structure: lists of objects, columns, arrays with units."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.parsers.columns_of_cells import read_columns
from ingest.parsers.datasets import Array, channels_of, iso, label_of, technique_shown, understood
from ingest.parsers.evidence import by_rows, is_long, why_no_series
from ingest.parsers.json_data.shapes import Shapes, find_shapes
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import decode

MAX_BYTES = 128 * 2**20


def _documents(text: str) -> Any:  # Any: JSON
    """The document, or the list of documents of JSON lines. Raises CannotParse."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise CannotParse("the JSON is nested too deeply") from error
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        made, bad = [], 0
        for line in lines:
            try:
                made.append(json.loads(line))
            except ValueError:
                bad += 1
        if len(made) >= 2 and bad <= 1:  # the last line may be cut
            return made
        raise CannotParse(f"the JSON is damaged or cut short: {error}") from error


def _short(paths: list[str]) -> dict[str, str]:
    """The shortest end of each path that no other has."""
    made = {}
    for path in paths:
        parts = path.split(".")
        for count in range(1, len(parts) + 1):
            end = ".".join(parts[-count:])
            if sum(other == end or other.endswith("." + end) for other in paths) == 1:
                break
        made[path] = end
    return made


def _tables(shapes: Shapes) -> tuple[list[list[Channel]], dict[str, Any], list[str]]:
    tables: list[list[Channel]] = []
    span: dict[str, Any] = {}
    warnings: list[str] = []
    names = _short(list(shapes.tables))
    for path, columns in sorted(shapes.tables.items(), key=lambda item: -len(next(iter(item[1].values()), []))):
        found = read_columns(columns, shapes.units)
        if found.start is not None and not span:
            span = {"start": iso(found.start), "end": iso(found.end), "start_source": "rows"}
        several = len(shapes.tables) > 1
        shown = names[path] or "rows"
        warnings += [f"{shown}: {warning}" if several else warning for warning in found.warnings]
        suffix = f" ({shown})" if several else ""
        tables.append(
            [replace(c, name=c.name + suffix, axis=c.axis + suffix if c.axis else c.axis) for c in found.channels]
        )
    return tables, span, warnings


def _named(arrays: list[Array], units: dict[str, str]) -> list[Array]:
    names = _short([array.name for array in arrays])
    return [
        replace(array, name=names[array.name], unit=array.unit or units.get(array.name.rsplit(".", 1)[-1]))
        for array in arrays
    ]


class JsonData:
    """Reads JSON; a parser that knows the program's own layout is asked first."""

    name = "json_data"
    version = "2"

    def sniff(self, head: Head) -> float:
        """0.6 for text that begins as JSON does."""
        try:
            text = decode(head_unpacked(head).data).text.lstrip()
        except CannotParse:
            return 0.0
        return 0.6 if re.match(r"(?:\{\s*(?:\"|\}|$)|\[\s*(?:[\[{\"\]]|-?\d[\d.eE+-]*\s*[,\]]))", text[:4000]) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All tables and arrays. Raises CannotParse."""
        document = _documents(decode(read_limited(path, MAX_BYTES)).text)
        if isinstance(document, dict) and ("nbformat" in document or "$schema" in document):
            raise CannotParse("a JSON document of settings, a schema or a notebook; it holds no measurement")
        shapes = find_shapes(document)
        tables, span, warnings = _tables(shapes)
        found = channels_of(_named(shapes.arrays, shapes.units))
        if (why := why_no_series([*tables, *by_rows(found.channels)])) is not None:
            raise CannotParse(f"JSON; {why}")
        channels = [*(channel for table in tables for channel in table), *found.channels]
        facts = shapes.facts
        known = understood({key.rsplit(".", 1)[-1].replace("_", " "): value for key, value in facts.items()}, name)
        said = [value for key, value in facts.items() if re.search("technique|method|type|title|experiment", key, re.I)]
        technique = technique_shown("\n".join(said) if is_long(channels) else "", channels)
        metadata = {**known, **span, "header": dict(list(facts.items())[:300]), "confidence": 0.65}
        return Parsed(label_of(technique), channels, metadata, (), [*warnings, *found.warnings][:40])


plugin = JsonData()
