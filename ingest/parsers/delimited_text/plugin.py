"""The sniffer: tables of numbers in text never seen before; refuses what is no table, claims only what the file shows."""

import gc
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.delimited_text.arrangement import find_start, finish
from ingest.parsers.delimited_text.columns import Around, Columns
from ingest.parsers.delimited_text.dates import find_stamp
from ingest.parsers.delimited_text.doubts import disagreements
from ingest.parsers.delimited_text.header import Named
from ingest.parsers.delimited_text.preamble import clues, no_value, read_preamble, shown_order
from ingest.parsers.delimited_text.reader import STRUCTURED, Reader, names_of
from ingest.parsers.delimited_text.tables import find_shape
from ingest.parsers.delimited_text.told import Told
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import Text, decode, lines_of
from ingest.schemas.registry import quantity_of, technique_of, techniques

MAX_BYTES = 128 * 2**20
LEAST = 0.3
_PROMISE = re.compile(
    r"^(?:no\.?|number|nr\.?|#|count) ?(?:of )?(?:points|data ?points|rows|data|records|values|samples|lines)$|^(?:points|npoints|values/curve)$",  # noqa: E501
    re.IGNORECASE,
)


def _promises(pairs: dict[str, str], rows: int) -> list[str]:
    found = []
    for key, value in pairs.items():
        if _PROMISE.match(key.strip()) and re.fullmatch(r"\d{1,9}", value.strip()) and int(value) > rows:
            found.append(f"the header promises {value.strip()} points ({key}), {rows} rows follow")
    return found


def _hint(preamble_text: str, names: Sequence[Named]) -> str | None:
    """The technique, from words and from the quantities that names and units show."""
    shown = [quantity_of(column.name, column.unit)[0] for column in names]
    return technique_of(preamble_text, shown)


def _confidence(reader: Reader, warnings: Sequence[str]) -> float:
    header, rows = reader.main.header, len(reader.main.table.rows)
    score = 0.4 + (0.25 if header else 0.0) + (0.1 if rows >= 10 else 0.0)
    if header is not None:
        score += 0.15 * header.units / max(1, len(header.columns))
    return round(max(0.3, min(0.9, score - 0.03 * min(len(warnings), 5))), 2)


def _assemble(reader: Reader) -> Parsed:
    around = reader.around()
    rows = reader.main.table.rows
    samples = [stamp for row in rows[:50] + rows[-50:] for cell in row[:3] if (stamp := find_stamp(cell)) is not None]
    preamble = read_preamble(around[:400], reader.name, samples, reader.told.order)
    names = names_of(reader.main)
    technique = _hint("\n".join(around[:150]) + "\n" + " ".join(column.name for column in names), names)
    evidence = Around(clues(around, reader.name), reader.told.order or shown_order(around), no_value(preamble.pairs))
    columns = reader.build(reader.main, technique, evidence)
    if not any(channel.values is not None and np.isfinite(channel.values).any() for channel in columns.channels):
        raise CannotParse("no column of numbers in this text")
    start, start_warnings = find_start(columns, preamble, reader.name)
    warnings = [
        *reader.warnings(),
        *columns.warnings,
        *_grouped(columns),
        *disagreements(columns.channels),
        *start_warnings,
        *_promises(preamble.pairs, len(rows)),
    ]
    if "start" not in start:
        warnings += preamble.warnings
    channels = finish(columns, start)
    for number, other in enumerate(reader.others, start=2):
        built = reader.build(other, technique, evidence)
        channels += [replace(channel, name=f"{channel.name} (table {number})", axis=None) for channel in built.channels]
    if len(reader.main.table.blocks) > 1:
        blocks = reader.main.table.blocks
        numbers = np.concatenate(
            [np.full(count, index, dtype=np.float64) for index, count in enumerate(blocks, start=1)]
        )
        channels += [Channel("block", numbers)] if len(numbers) == len(rows) else []
    known: dict[str, Any] = {
        key: preamble.metadata[key]
        for key in ("sample", "operator", "instrument", "date", "start_text")
        if key in preamble.metadata
    }
    layout = {"encoding": reader.encoding, "delimiter": reader.shape.delimiter, "decimal": reader.shape.decimal}
    metadata: dict[str, Any] = {
        **start,
        **known,
        **layout,
        "header": preamble.pairs,
        "confidence": _confidence(reader, warnings),
    }
    label = techniques()[technique].label["en"] if technique else ""
    return Parsed(label, channels, metadata, (), list(dict.fromkeys(warnings))[:40])


def _grouped(columns: Columns) -> list[str]:
    """One warning for all columns that have the same fault."""
    found = [f"{_list(names)}: {why}" for why, names in columns.unclaimed.items()]
    if len(columns.empty) == 1:
        found.append(f"{columns.empty[0]}: the column is empty")
    elif columns.empty:
        found.append(f"{len(columns.empty)} columns are empty: {_list(columns.empty)}")
    return found


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def read_text(text: Text, name: str) -> Parsed:
    """The tables of a text that came out of another container, such as a sheet or a record. Raises CannotParse."""
    return _assemble(Reader(text, name))


class DelimitedText:
    """Reads any table of numbers in text. Says little and only what the file shows."""

    name = "delimited_text"
    version = "3"

    def sniff(self, head: Head) -> float:
        """0.5 for text with a table near its start, 0.3 for other text (the table may come later), 0 for binary and markup."""
        unpacked = head_unpacked(head)
        if not unpacked.data:
            return LEAST if head.data else 0.0  # packed in larger blocks than the head: only parsing can tell
        try:
            text = decode(unpacked.data)
        except CannotParse:
            return 0.0
        if STRUCTURED.match(text.text[:2000]) or not text.text.strip():
            return 0.0
        return 0.5 if find_shape(lines_of(text.text)[:-1][:600]) is not None else LEAST

    def parse(self, path: Path, name: str) -> Parsed:
        """The tables of the file. Raises CannotParse for binary content, markup, prose, and bare columns without a header."""
        return self.parse_hinted(path, name, {})

    def parse_hinted(self, path: Path, name: str, hints: Mapping[str, Any]) -> Parsed:
        """As `parse`, with what a person said of decimal sign, delimiter, order of dates, header line and encoding."""
        told = Told.of(hints)
        collecting = gc.isenabled()
        gc.disable()  # millions of small lists and no cycles: searching them again and again takes longer than reading
        try:
            return _assemble(Reader(decode(read_limited(path, MAX_BYTES), told.encoding), name, told))
        finally:
            if collecting:
                gc.enable()


plugin = DelimitedText()
