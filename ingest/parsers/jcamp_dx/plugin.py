"""JCAMP-DX: spectra, peak tables and pages of NTUPLES in all number forms, several blocks of one file apart."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.columns import technique_name
from ingest.parsers.jcamp_dx.asdf import Ordinates, groups, ordinates
from ingest.parsers.jcamp_dx.axes import Variable, plain_variables, tuple_variables
from ingest.parsers.jcamp_dx.records import Block, DataTable, blocks_of, number_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.scans import Column, Scan, apart, end_to_end, names_apart, stated
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import decode, lines_of
from ingest.schemas.registry import quantity_of, technique_of

_BEGINS = re.compile(r"\s*(?:\$\$[^\n]*\n\s*)*##\s*(?:TITLE|JCAMP[-_ ]?DX)\s*=", re.IGNORECASE)
_TYPES = (
    (r"\bmass spec", "mass_spectrometry"), (r"\bNMR\b", "nmr"), (r"\braman\b", "raman"),
    (r"infrared|\bFT-?IR\b|\bIR spec", "ftir"), (r"\buv\b|ultraviolet|\bvis", "uv_vis"),
)  # fmt: skip
_FORM = re.compile(r"\(\s*(?P<x>[A-Z]\d?)\s*\+\+\s*\(?\s*(?P<y>[A-Z]\d?)\s*\.\.\s*(?P=y)\s*\)*", re.IGNORECASE)
_PAIRS = re.compile(r"\(\s*(?P<one>[A-Z]{2,4})\s*\.\.\s*(?P=one)\s*\)", re.IGNORECASE)
_ASSIGNED = re.compile(r"\(\s*([-+.\deE]+)\s*,\s*(?:([-+.\deE]+)\s*,)?[^<)]*<([^>]*)>\s*\)")


def _technique(block: Block) -> str | None:
    said = block.records.get("DATATYPE", "")
    for pattern, technique in _TYPES:
        if re.search(pattern, said, re.IGNORECASE):
            return technique
    return technique_of(said, [])


def _positions(read: Ordinates, x: Variable, warnings: list[str]) -> NDArray[np.float64]:
    """The abscissas: even between the first and last where the number of points is as promised, else by each line's own."""
    count = len(read.values)
    first, last = x.first, x.last
    starts = [(at, value * x.factor) for at, value in read.abscissas if np.isfinite(value)]
    if first is None and starts:
        first = starts[0][1]
    if count == x.points and first is not None and last is not None:
        return np.linspace(first, last, count)
    if x.points and x.points > 1 and first is not None and last is not None:
        step = (last - first) / (x.points - 1)
    else:
        step = _step(starts, first, last, count)
    made = (first or 0.0) + step * np.arange(count, dtype=np.float64)
    strays = [at for at, value in starts if at < count and abs(made[at] - value) > max(1.5 * abs(step), 1e-9)]
    if not strays:
        return made
    for (at, value), until in zip(starts, [at for at, _ in starts[1:]] + [count], strict=True):
        made[at:until] = value + step * np.arange(max(0, until - at))
    warnings.append(f"{len(strays)} lines begin elsewhere than the step says; their points lie where each line states")
    return made


def _step(starts: list[tuple[int, float]], first: float | None, last: float | None, count: int) -> float:
    """The step that the lines' own abscissas show, else what the two ends leave."""
    if len(starts) > 1 and starts[-1][0] > starts[0][0]:
        return (starts[-1][1] - starts[0][1]) / (starts[-1][0] - starts[0][0])
    return (last - first) / (count - 1) if first is not None and last is not None and count > 1 else 1.0


def _checked(variable: Variable, values: NDArray[np.float64]) -> list[str]:
    """Where the values are not those the header states: their number, least and greatest."""
    found = []
    if variable.points is not None and variable.points != len(values):
        found.append(f"the header promises {variable.points} points, {len(values)} follow")
    finite = values[np.isfinite(values)]
    if not len(finite):
        return found
    span = max(float(np.ptp(finite)), abs(float(finite.max())), 1e-300)
    for word, said, is_now in (
        ("least", variable.least, float(finite.min())), ("greatest", variable.most, float(finite.max())),
    ):  # fmt: skip
        if said is not None and abs(said - is_now) > 0.01 * span:
            found.append(f"the header states {said:g} as the {word} {variable.name}, the values have {is_now:g}")
    return found


def _column(variable: Variable, values: NDArray[np.float64], technique: str | None) -> Column:
    quantity, _ = quantity_of(variable.name, variable.unit, technique)
    if variable.name == "frequency" and technique == "nmr":
        quantity = "frequency"
    return Column(values, variable.unit, quantity)


def _series(table: DataTable, x: Variable, y: Variable, technique: str | None, warnings: list[str]) -> Scan:
    read = ordinates(table.lines)
    if read.failed_checks:
        warnings.append(f"{read.failed_checks} lines fail their check: values may be lost or damaged there")
    values = read.values * y.factor
    warnings += _checked(y, values)
    positions = _positions(read, x, warnings)
    return Scan({x.name: _column(x, positions, technique), y.name: _column(y, values, technique)})


def _points(table: DataTable, variables: Sequence[Variable], technique: str | None, warnings: list[str]) -> Scan:
    numbers, over = groups(table.lines, len(variables))
    if over:
        warnings.append(f"{over} numbers at the end make no whole point and are left out")
    scan = Scan()
    for variable, values in zip(variables, numbers.T, strict=True):
        scaled = values * variable.factor
        warnings += [note for note in _checked(variable, scaled) if note not in warnings]
        scan.columns[variable.name] = _column(variable, scaled, technique)
    return scan


def _read(table: DataTable, block: Block, technique: str | None, warnings: list[str]) -> Scan | None:
    """The numbers of one table; none, with a warning, where its form is no form of numbers."""
    tuples = tuple_variables(block, technique) if table.kind == "DATATABLE" else {}
    if not tuples:
        x, y = plain_variables(block, technique)
        tuples = {"X": x, "Y": y}
    if (series := _FORM.search(table.form)) is not None:
        symbols = [series["x"].upper(), series["y"].upper()]
        if all(symbol in tuples for symbol in symbols):
            return _series(table, tuples[symbols[0]], tuples[symbols[1]], technique, warnings)
    pairs = _PAIRS.search(table.form)
    if pairs is not None:
        more = {"W": Variable("width"), "M": Variable("multiplicity"), "Z": Variable("z")}
        chosen = [tuples.get(symbol) or more.get(symbol) for symbol in pairs["one"].upper()]
        if all(chosen):
            kept = [variable for variable in chosen if variable is not None]
            return _points(table, kept, technique, warnings)
    warnings.append(f"a table of the form {table.form[:60]!r} is not read")
    return None


def _assigned(table: DataTable, block: Block, technique: str | None) -> list[Channel]:
    """Peaks with what a person assigned them to, as a column of texts."""
    found = _ASSIGNED.findall("\n".join(table.lines))
    if not found:
        return []
    x, y = plain_variables(block, technique)
    axis = f"assigned {x.name}"
    made = [Channel(axis, np.array([_or_nan(item[0]) for item in found]), unit=x.unit)]
    if any(item[1] for item in found):
        heights = np.array([_or_nan(item[1]) for item in found])
        made.append(Channel(f"assigned {y.name}", heights, unit=y.unit, axis=axis))
    return [*made, Channel("assignment", texts=tuple(item[2].strip() for item in found), axis=axis)]


def _or_nan(text: str) -> float:
    number = number_of(text)
    return float("nan") if number is None else number


def _paged(scans: list[tuple[str, Scan]]) -> list[Channel]:
    """Pages of one block: side by side where each holds another variable, else end to end with the page's own variable."""
    columns = [next(reversed(scan.columns)) for _, scan in scans]
    lengths = {scan.rows for _, scan in scans}
    if len(set(columns)) == len(columns) and len(lengths) == 1:
        joined = Scan()
        for _, scan in scans:
            joined.columns.update(scan.columns)
        return list(apart([joined]))
    channels = list(end_to_end([scan for _, scan in scans]))
    pages = [number_of(page.partition("=")[2]) for page, _ in scans]
    if all(page is not None for page in pages):
        symbol = scans[0][0].partition("=")[0].strip()
        rows = [scan.rows for _, scan in scans]
        channels.append(Channel(f"page {symbol}", np.repeat(np.array(pages, dtype=np.float64), rows)))
    return channels


def _block(block: Block, warnings: list[str]) -> list[Channel]:
    technique = _technique(block)
    scans: list[tuple[str, Scan]] = []
    texts: list[Channel] = []
    notes: list[str] = []
    for table in block.tables:
        if table.kind == "PEAKASSIGNMENTS":
            texts += _assigned(table, block, technique)
            continue
        scan = _read(table, block, technique, notes)
        if scan is not None and scan.rows:
            scans.append((table.page, scan))
    for variable in plain_variables(block, technique):
        if variable.unknown:
            notes.append(f"{variable.name}: the unit {variable.unknown!r} is not known and not claimed")
    warnings += [note for note in notes if note not in warnings]
    if not scans:
        return texts
    paged = [item for item in scans if item[0]]
    plain = [scan for page, scan in scans if not page]
    return [*(_paged(paged) if paged else []), *(apart(plain) if plain else []), *texts]


def _metadata(blocks: Sequence[Block], name: str) -> tuple[dict[str, Any], list[str]]:
    """What the first block with data says, with the outer block's records beneath it."""
    first = next((block for block in blocks if block.tables), blocks[0])
    records = {**blocks[0].records, **first.records}
    clock = re.sub(r"^(\d{1,2}:\d\d)\.(\d\d)$", r"\1:\2", records.get("TIME", "").strip())
    date = re.sub(r"\s+", " ", records.get("LONGDATE") or _with_century(records.get("DATE", "")))
    start, warnings = stated_start(date, name, clock, "ymd")
    known = {
        "title": records.get("TITLE"),
        "sample": records.get("SAMPLEDESCRIPTION") or records.get("TITLE"),
        "instrument": records.get("SPECTROMETERDATASYSTEM"),
        **start,
    }
    header = {key: value for block in reversed(blocks) for key, value in block.written.items() if value}
    plain = {key: value.split("\n")[0].strip() for key, value in known.items() if value}
    return {**stated(plain), "header": dict(list(header.items())[:300])}, warnings


def _with_century(text: str) -> str:
    """The date `YY/MM/DD` of version 4.24 with its century: the format is older than no file of 1950."""
    match = re.fullmatch(r"\s*(\d\d)/(\d{1,2})/(\d{1,2})\s*(.*)", text, re.DOTALL)
    if match is None or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[3]) <= 31:
        return text
    year = int(match[1]) + (1900 if int(match[1]) >= 50 else 2000)
    return f"{year}-{int(match[2]):02d}-{int(match[3]):02d} {match[4]}".strip()


class JcampDx:
    """Reads JCAMP-DX of versions 4.24 to 6: infrared, Raman, UV-Vis, NMR, mass and other spectra."""

    name = "jcamp_dx"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for a text that begins with a title or version record."""
        return 0.97 if _BEGINS.match(head_unpacked(head).data[:2000].decode("latin-1")) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All blocks. Raises CannotParse where none holds numbers."""
        text = decode(read_limited(path)).text
        blocks = blocks_of(lines_of(text))
        warnings: list[str] = []
        found = [(block, _block(block, warnings)) for block in blocks]
        full = [(block, channels) for block, channels in found if channels]
        if not full:
            kinds = Counter(table.form for block in blocks for table in block.tables)
            held = f"tables of the form {next(iter(kinds))!r} without a number" if kinds else "no table of numbers"
            raise CannotParse(f"JCAMP-DX with {held}")
        if not blocks[0].ended:
            warnings.append("the file ends without ##END: it may be cut short")
        channels = full[0][1] if len(full) == 1 else _called_apart(full)
        techniques = {_technique(block) for block, _ in full}
        technique = next(iter(techniques)) if len(techniques) == 1 else None
        metadata, more = _metadata(blocks, name)
        return Parsed(technique_name(technique), channels, metadata, (), [*warnings, *more][:40])


def _called_apart(full: Sequence[tuple[Block, list[Channel]]]) -> list[Channel]:
    """Channels of several blocks, each under the title of its block."""
    titles = names_apart([block.records.get("TITLE", "").split("\n")[0][:60] for block, _ in full])
    return [
        replace(item, name=f"{title}: {item.name}", axis=f"{title}: {item.axis}" if item.axis else None)
        for title, (_, channels) in zip(titles, full, strict=True)
        for item in channels
    ]


plugin = JcampDx()
