"""A random table in a random dialect is read as it was written, or kept with a reason; never as something else."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.parsers.delimited_text.plugin import plugin
from ingest.parsers.protocol import CannotParse, Parsed

COLUMNS = (
    ("Temperature", "degC", ("°C", "degC", "℃")),
    ("Pressure", "mbar", ("mbar",)),
    ("Voltage", "V", ("V",)),
    ("Current", "mA", ("mA",)),
    ("Power", "W", ("W",)),
    ("Ar flow", "sccm", ("sccm", "SCCM")),
    ("Thickness", "nm", ("nm",)),
    ("Frequency", "Hz", ("Hz",)),
    ("Setpoint", None, ()),
    ("Status word", None, ()),
)
STAMPS = {
    "%Y-%m-%d %H:%M:%S": "sure",
    "%Y/%m/%d %H:%M:%S": "sure",
    "%Y-%m-%dT%H:%M:%S": "sure",
    "%d.%m.%Y %H:%M:%S": "sure",
    "%d-%b-%Y %H:%M:%S": "sure",
    "%d/%m/%Y %H:%M:%S": "open",
    "%m/%d/%Y %I:%M:%S %p": "open",
}


@dataclass(frozen=True)
class Case:
    """A file and what it says."""

    data: bytes
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    values: tuple[tuple[float, ...], ...]  # by row
    start: datetime | None
    order_is_open: bool


def _number(value: float, digits: int, decimal: str, style: str) -> str:
    text = f"{value:.{digits}E}" if style == "scientific" else f"{value:.{digits}f}"
    return text.replace(".", decimal)


def _labels(draw: st.DrawFn, columns: list[tuple[str, str | None, str]], delimiter: str) -> list[list[str]]:
    """One header line, or two where units stand in a line of their own."""
    style = draw(st.sampled_from(["({})", " [{}]", " ({})", "/{}", " / {}", " in {}", "row", "(row)"]))
    if delimiter == " ":
        columns = [(name.replace(" ", "_"), unit, written) for name, unit, written in columns]
        style = style if style.startswith(("(", "/")) or style == "row" else "({})"
    if "row" in style and all(unit for _, unit, _ in columns):
        units = [f"({written})" if style == "(row)" else written for _, _, written in columns]
        return [[name for name, _, _ in columns], units]
    style = "({})" if "row" in style else style
    return [[name + (style.format(written) if unit else "") for name, unit, written in columns]]


def _preamble(draw: st.DrawFn, prefix: str) -> list[str]:
    pairs = draw(
        st.lists(
            st.sampled_from(
                [
                    "Sample: Si-0042",
                    "Operator: Kim",
                    "Instrument: Furnace 3",
                    "Program version = 4.2.1",
                    "Remark: none",
                    "Gain = 20",
                ]
            ),
            max_size=5,
            unique=True,
        )
    )
    return [prefix + pair for pair in pairs]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A table with names and units, perhaps with times, in one of many dialects."""
    delimiter = draw(st.sampled_from(["\t", ";", ",", " ", "|"]))
    decimal = "." if delimiter == "," else draw(st.sampled_from([".", ","]))
    chosen = draw(st.lists(st.sampled_from(COLUMNS), min_size=2, max_size=6, unique=True))
    columns = [(name, unit, draw(st.sampled_from(written)) if written else "") for name, unit, written in chosen]
    rows = draw(st.integers(5, 40))
    digits, style = draw(st.integers(1, 6)), draw(st.sampled_from(["plain", "plain", "scientific"]))
    low, high = draw(st.sampled_from([(0.0, 1.0), (0.0, 900.0), (1e-3, 5e3)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    table = rng.uniform(low, high, size=(rows, len(columns)))
    cells = [[_number(value, digits, decimal, style) for value in row] for row in table]
    values = tuple(tuple(float(cell.replace(decimal, ".")) for cell in row) for row in cells)
    clock = draw(st.sampled_from([None, *STAMPS])) if delimiter != " " else None
    start, labels = None, _labels(draw, columns, delimiter)
    if clock is not None:
        start = datetime(2000, 1, 1) + timedelta(seconds=draw(st.integers(0, 10**9)))  # noqa: DTZ001 (files state no zone)
        step = timedelta(seconds=draw(st.sampled_from([1, 10, 600, 40000])))
        cells = [[(start + number * step).strftime(clock), *row] for number, row in enumerate(cells)]
        labels = [["Date and time", *labels[0]], *([["", *line] for line in labels[1:]])]
    joined = [delimiter.join(line) for line in [*labels, *cells]]
    if draw(st.booleans()) and delimiter != " ":
        joined[len(labels) :] = [line + delimiter for line in joined[len(labels) :]]  # at the end of each row
    prefix = draw(st.sampled_from(["", "# ", "% "]))
    joined[: len(labels)] = [prefix + line for line in joined[: len(labels)]]
    ends = draw(st.sampled_from(["\n", "\r\n", "\r", "\r\r\n", "\n\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gbk", "cp1252", "shift_jis"]))
    text = ends.join([*_preamble(draw, prefix), *joined, *([""] if draw(st.booleans()) else [])])
    legacy = {"gbk": "°", "shift_jis": "°", "cp1252": "℃"}.get(encoding)
    if legacy is not None and legacy in text:
        encoding = "utf-8"
    sure = clock is None or STAMPS[clock] == "sure"
    return Case(
        text.encode(encoding),
        tuple(name for name, _, _ in columns),
        tuple(unit for _, unit, _ in columns),
        values,
        start,
        not sure,
    )


def read(data: bytes) -> Parsed | None:
    """What the sniffer says, or none where it keeps the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.dat"
        path.write_bytes(data)
        try:
            return plugin.parse(path, path.name)
        except CannotParse:
            return None


def plain(name: str) -> str:
    """A name as it stands whether blanks were blanks or underscores."""
    return name.replace("_", " ")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(cases())
def test_what_is_read_is_what_was_written(case: Case) -> None:
    parsed = read(case.data)
    if parsed is None:
        return
    channels = [channel for channel in parsed.channels if channel.name != "Date and time"]
    assert [plain(channel.name) for channel in channels] == list(case.names)
    assert [channel.unit for channel in channels] == list(case.units)
    for channel, wanted in zip(channels, zip(*case.values, strict=True), strict=True):
        assert channel.values is not None, channel.name
        np.testing.assert_allclose(channel.values, wanted, rtol=1e-12)
    if case.start is None:
        assert parsed.start is None
    elif not (case.order_is_open and parsed.start is None):
        assert parsed.start == case.start


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(cases())
def test_nearly_every_dialect_is_read_and_not_only_kept(case: Case) -> None:
    assert read(case.data) is not None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(cases(), st.floats(0.5, 1.0))
def test_a_cut_file_gives_the_rows_that_are_whole(case: Case, share: float) -> None:
    parsed = read(case.data[: int(len(case.data) * share)])
    for channel in parsed.channels if parsed is not None else ():
        if channel.values is None or plain(channel.name) not in case.names:
            continue
        column = [row[case.names.index(plain(channel.name))] for row in case.values]
        whole = channel.values[: max(0, len(channel.values) - 1)]
        np.testing.assert_allclose(whole, column[: len(whole)], rtol=1e-12)
