"""What stands around a table: keys and values, the start of the measurement, sample, operator."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from ingest.parsers.delimited_text.dates import (
    Order,
    Stamp,
    compact_dates,
    decide_order,
    find_clock,
    find_stamp,
    written_order,
)
from ingest.parsers.delimited_text.header import uncommented

MAX_KEYS = 300
_PAIR = re.compile(r"^(?P<key>[^:=\t]{1,70}?)\s*(?:=|:(?!\d\d)(?![\\/]))\s*(?P<value>.*)$")
_START = re.compile(
    r"start(?:ed)?\b|begin|recorded (?:at|on)|acqui(?:sition|red)|performed|measured (?:at|on)|measurement (?:date|time)|开始|测量(?:时间|日期)|測定(?:日|開始)",  # noqa: E501
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^(?:date(?: ?(?:/|and|&|_) ?time)?|date ?time|time ?stamp|(?:test|experiment|scan|run|file|log) date(?: and time)?|file date and time|fileopentime|日期|时间|日時|日付|datum)\b",  # noqa: E501
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"^(?:time|clock|(?:test|experiment|scan|run|log|start) time|uhrzeit|时间|時刻)\s*(?:\(.*\))?$", re.IGNORECASE
)
_NOT_START = re.compile(
    r"sav(?:ed|ing)|creat|calibrat|version|modif|expir|print|export|stop|end|finish|birth|constant|acq\. time|acquisition time",
    re.IGNORECASE,
)
_END = re.compile(r"^(?:end|stop|finish(?:ed)?)(?: (?:time|date|on|at))*$|结束", re.IGNORECASE)
_SAMPLE = re.compile(
    r"^(?:sample(?: ?(?:name|id|identification|no\.?|number))?|specimen(?: (?:name|id))?|substrate (?:number|id)|sample1_name|样品(?:名称?|编号)?|試料名?|probe)$",  # noqa: E501
    re.IGNORECASE,
)
_OPERATOR = re.compile(
    r"^(?:operator|user(?: ?name)?|measured by|author|操作员|操作者|測定者|bediener)$", re.IGNORECASE
)
_INSTRUMENT = re.compile(r"^(?:instrument|device|spectrometer|system|machine|仪器|装置)$", re.IGNORECASE)

_NO_VALUE = re.compile(
    r"missing (?:value|data)|no[ _-]?data(?:[ _]?value)?$|nodata|fill ?value|null ?value|invalid (?:value|data)|bad value|缺失值|欠損値",
    re.IGNORECASE,
)


class Preamble(NamedTuple):
    """Keys and values as written, and what of them is understood."""

    pairs: dict[str, str]
    metadata: dict[str, object]
    warnings: list[str]


def read_pairs(lines: Iterable[str]) -> dict[str, str]:
    """Keys and values in the order of the file: `key: value`, `key = value`, or the first two cells of a line."""
    pairs: dict[str, str] = {}
    kept = [uncommented(line).strip() for line in lines]
    for index, line in enumerate(kept):
        if len(pairs) >= MAX_KEYS:
            break
        key, value = _pair(line) or _pair_below(line, kept[index + 1] if index + 1 < len(kept) else "") or ("", "")
        key = key.strip(' #*:="').strip()
        if key and re.search(r"[^\W\d_]", key) and len(value) < 2000:
            pairs.setdefault(key, value.strip().strip('"').strip())
    return pairs


def _pair(line: str) -> tuple[str, str] | None:
    match = _PAIR.match(line)
    if match is not None:
        return match["key"], match["value"]
    for delimiter in ("\t", ";", ","):
        key, found, value = line.partition(delimiter)
        if found and key.strip() and len(key) <= 70 and value.strip(" \t;,"):
            return key, re.sub(r"[\t;]+", " ", value.strip(" \t;,"))
    return None


def _pair_below(line: str, below: str) -> tuple[str, str] | None:
    """`Recorded at 2025-12-22 15:39` in one line, without a sign between."""
    match = re.match(r"^(recorded (?:at|on)|started (?:at|on)|date|performed)\s+(.+)$", line, re.IGNORECASE)
    return (match[1], match[2]) if match else None


def _titles_over_values(lines: Sequence[str]) -> dict[str, str]:
    """Two lines of equally many cells, titles over values, such as `Name, Date Started, User`."""
    for above, below in itertools.pairwise(lines):
        titles = [cell.strip() for cell in re.split(r"[,;\t]", uncommented(above))]
        values = [cell.strip() for cell in re.split(r"[,;\t]", uncommented(below))]
        telling = any(_START.search(title) or _DATE.match(title) for title in titles)
        if 2 <= len(titles) == len(values) <= 20 and telling and not re.search(r"\d", above) and find_stamp(below):
            return {title: value for title, value in zip(titles, values, strict=True) if title}
    return {}


def _stamp_of(pairs: dict[str, str]) -> tuple[Stamp | None, float | None]:
    """The stamp of the start, by the most telling key; a clock from a key of its own where the date has none."""
    clock = next(
        (c for key, value in pairs.items() if _CLOCK.match(key) and (c := find_clock(value)) is not None), None
    )
    usable = [(key, value) for key, value in pairs.items() if not _NOT_START.search(key)]
    for pattern in (_START, _DATE):
        stamps = [stamp for key, value in usable if pattern.search(key) and (stamp := find_stamp(value)) is not None]
        best = next((stamp for stamp in stamps if stamp.has_clock), stamps[0] if stamps else None)
        if best is not None:
            return best, None if best.has_clock else clock
    return None, clock


def _lone(lines: Sequence[str]) -> Stamp | None:
    """A line near the top that is a date with a clock and little else."""
    for line in lines[:6]:
        stamp = find_stamp(line)
        if (
            stamp is not None
            and stamp.has_clock
            and (line.strip().startswith(stamp.text) or line.strip().endswith(stamp.text))
            and len(line) < 120
        ):
            return stamp
    return None


def read_preamble(lines: Sequence[str], name: str, more: Sequence[Stamp] = (), said: Order | None = None) -> Preamble:
    """Understand the lines around the table.

    `more` are stamps of the rows, which help to decide the order of day and month; `said` is what a person told of it.
    """
    pairs = {**_titles_over_values(lines), **read_pairs(lines)}
    metadata: dict[str, object] = {}
    warnings: list[str] = []
    for field, pattern in (("sample", _SAMPLE), ("operator", _OPERATOR), ("instrument", _INSTRUMENT)):
        value = next((value for key, value in pairs.items() if pattern.match(key.strip()) and value.strip(" -")), None)
        if value:
            metadata[field] = value[:200]
    stamp, clock = _stamp_of(pairs)
    stamp = stamp or _lone([uncommented(line) for line in lines])
    if stamp is None:
        return Preamble(pairs, metadata, warnings)
    order = decide_order([stamp], clues(lines, name), said or shown_order(lines)) or _shared_order(stamp, more)
    if order is None:
        warnings.append(
            f"the date {stamp.text.strip()!r} can be read with the day or the month first; no start is claimed"
        )
        metadata["start_text"] = stamp.text.strip()
        return Preamble(pairs, metadata, warnings)
    start = stamp.readings[order]
    if clock is not None:
        start = start + timedelta(seconds=clock % 86400)
    if stamp.has_clock or clock is not None:
        metadata["start"] = start.isoformat()
    else:
        metadata["date"] = start.date().isoformat()
    return Preamble(pairs, metadata, warnings)


def _shared_order(stamp: Stamp, more: Sequence[Stamp]) -> Order | None:
    order = decide_order([*more]) if more else None
    return order if order in stamp.readings else None


def clues(lines: Sequence[str], name: str) -> list[date]:
    """Dates that leave no doubt, in the file's name and in the lines."""
    found = compact_dates(name)
    for line in lines[:200]:
        found += compact_dates(line)
        stamp = find_stamp(line)
        if stamp is not None and len(set(stamp.readings.values())) == 1:
            found.append(next(iter(stamp.readings.values())).date())
    return found[:100]


def shown_order(lines: Sequence[str]) -> Order | None:
    """The order of day and month that the file spells out, or shows by a date of numbers that can be read in one way only."""
    said: set[Order] = set()
    for line in lines[:300]:
        if re.search(r"format|date|time|\[|\(", line, re.IGNORECASE) and (order := written_order(line)) is not None:
            said.add(order)
    for line in lines[:300] if not said else ():
        stamp = find_stamp(line)
        if stamp is not None and len(stamp.readings) == 1 and re.match(r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}", stamp.text):
            said |= set(stamp.readings)
    return next(iter(said)) if len(said) == 1 else None


def no_value(pairs: Mapping[str, str]) -> tuple[float, ...]:
    """The numbers that the file declares to mean no value."""
    found = [value for key, value in pairs.items() if _NO_VALUE.search(key)]
    return tuple(float(value) for value in found if re.fullmatch(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?", value))


def start_of_name(name: str) -> datetime | None:
    """A date with a clock in a file's name, year first: `2025.07.07-15.31.01`, `2024-11-21T12-53-39`, `20230917_163000`."""
    match = re.search(
        r"(?<!\d)((?:19|20)\d\d)[-._]?([01]\d)[-._]?([0-3]\d)[-_T ]+([0-2]\d)[-.:h_]?([0-5]\d)(?:[-.:m_]?([0-5]\d))?(?!\d)",
        name,
    )
    try:
        return datetime(*(int(part or 0) for part in match.groups())) if match else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None
