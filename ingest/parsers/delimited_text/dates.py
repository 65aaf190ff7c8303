"""Dates and clocks as instruments write them; which of two numbers is the day is decided from evidence or not at all."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Literal, NamedTuple

Order = Literal["ymd", "dmy", "mdy"]
ORDERS: tuple[Order, ...] = ("ymd", "dmy", "mdy")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<word>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CLOCK = (
    r"(?P<h>\d{1,2})(?P<sep>[:\-])(?P<m>\d{1,2})(?:(?P=sep)(?P<s>\d{1,2})(?:(?:[.,]|:(?=\d{3}\b))(?P<f>\d{1,9}))?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>Z\b|UTC|GMT|[+-]\d{2}:?\d{2}\b)?"
)
_BODY = (
    r"(?:(?P<Y>\d{4})(?P<y1>[-/.年])(?P<M>\d{1,2})[-/.月](?P<D>\d{1,2})日?"
    r"|(?P<a>\d{1,2})(?P<ab>[-/.])(?P<b>\d{1,2})(?P=ab)(?P<c>\d{4}|\d{2})"
    rf"|(?P<d2>\d{{1,2}})[-/ ]{_MONTH}[-/ ,]+(?P<Y2>\d{{4}}|\d{{2}})"
    rf"|{_MONTH.replace('word', 'word3')}[-/ ](?P<d3>\d{{1,2}})(?:st|nd|rd|th)?[-/ ,]+(?P<Y3>\d{{4}}))"
)
_STAMP = re.compile(rf"(?<![\d.]){_BODY}(?:(?:[T ,_]|\s)*[T ,_\-]{_CLOCK})?(?![\d])", re.IGNORECASE)
_ALONE = re.compile(_CLOCK.replace("[:\\-]", ":"), re.IGNORECASE)
_HMS = re.compile(r"(?:(\d+)\s*d\s*)?(\d+)\s*h\s*(\d+)\s*m(?:in)?\s*(\d+(?:\.\d+)?)\s*s", re.IGNORECASE)


class Stamp(NamedTuple):
    """A date found in text: its readings by order of day and month, and whether a clock stood beside it."""

    readings: dict[Order, datetime]
    has_clock: bool
    text: str


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _calendar(match: re.Match[str]) -> Iterator[tuple[Order, int, int, int]]:
    found = match.groupdict()
    if found["Y"]:
        yield "ymd", int(found["Y"]), int(found["M"]), int(found["D"])
    elif found["word"]:
        yield "dmy", _year(found["Y2"]), _MONTHS.index(found["word"][:3].lower()) + 1, int(found["d2"])
    elif found["word3"]:
        yield "mdy", int(found["Y3"]), _MONTHS.index(found["word3"][:3].lower()) + 1, int(found["d3"])
    else:
        a, b, c = found["a"], found["b"], found["c"]
        yield "dmy", _year(c), int(b), int(a)
        if found["ab"] != ".":
            yield "mdy", _year(c), int(a), int(b)
        if len(c) == 2 and len(a) == 2:
            yield "ymd", _year(a), int(b), int(c)


def _clock(match: re.Match[str]) -> tuple[int, int, int, int, timezone | None] | None:
    found = match.groupdict()
    if not found["h"]:
        return 0, 0, 0, 0, None
    hour, half = int(found["h"]), (found["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    micro = int((found["f"] or "0")[:6].ljust(6, "0"))
    return hour, int(found["m"]), int(found["s"] or 0), micro, _zone(found["zone"])


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return timezone.utc  # noqa: UP017 (a timezone, not a tzinfo)
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes)) if minutes < 1440 else None


def find_stamp(text: str) -> Stamp | None:
    """The first date in the text, with every reading that the calendar allows."""
    for match in _STAMP.finditer(text[:400]):
        clock = _clock(match)
        if clock is None:
            continue
        readings: dict[Order, datetime] = {}
        for order, year, month, day in _calendar(match):
            try:
                hour, minute, second, micro, zone = clock
                made = datetime(year, month, day, hour, minute, second, micro, tzinfo=zone)
            except ValueError:
                continue
            if 1950 <= made.year <= 2100:
                readings[order] = made
        if readings:
            return Stamp(readings, match["h"] is not None, match[0])
    return None


def compact_dates(text: str) -> list[date]:
    """Dates in names and paths that leave no doubt: 20230612, 2023-06-12, 2023_06_12."""
    found = []
    for year, month, day in re.findall(r"(?<!\d)((?:19|20)\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)", text):
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def clock_seconds(text: str) -> float | None:
    """Seconds since midnight, or a duration: `13:40:25.811`, `3:31 PM`, `144:02:18`, `0h 5m 3s`."""
    if (words := _HMS.fullmatch(text.strip())) is not None:
        return int(words[1] or 0) * 86400.0 + int(words[2]) * 3600 + int(words[3]) * 60 + float(words[4])
    long = re.fullmatch(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)", text.strip())
    if long is not None:
        return int(long[1]) * 3600.0 + int(long[2]) * 60 + float(long[3].replace(",", "."))
    match = _ALONE.fullmatch(text.strip())
    clock = _clock(match) if match is not None else None
    return None if clock is None else clock[0] * 3600.0 + clock[1] * 60 + clock[2] + clock[3] / 1e6


def find_clock(text: str) -> float | None:
    """Seconds since midnight of a clock somewhere in the text."""
    match = re.search(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]\.?m\.?)?", text, re.IGNORECASE)
    return clock_seconds(match[0]) if match else None


def _allowed(stamps: Sequence[Stamp]) -> list[Order]:
    return [order for order in ORDERS if all(order in stamp.readings for stamp in stamps)]


def _steady(stamps: Sequence[Stamp], order: Order) -> tuple[bool, float]:
    """Whether time never runs back by more than a day, and the longest step in days."""
    times = [stamp.readings[order].replace(tzinfo=None) for stamp in stamps]
    steps = [(after - before).total_seconds() / 86400 for before, after in itertools.pairwise(times)]
    return all(step > -1 for step in steps), max(steps, default=0.0)


def decide_order(stamps: Sequence[Stamp], clues: Iterable[date] = ()) -> Order | None:
    """The order of day and month that the evidence leaves: impossible dates, time running back, long jumps, other dates near by."""
    allowed = _allowed(stamps)
    if not stamps or not allowed:
        return None
    if len(allowed) == 1 or all(len(set(stamp.readings.values())) == 1 for stamp in stamps):
        return allowed[0]
    readings = {order: _steady(stamps, order) for order in allowed}
    steady = [order for order in allowed if readings[order][0]] or allowed
    if len(steady) == 1:
        return steady[0]
    shortest = min(readings[order][1] for order in steady)
    smooth = [order for order in steady if readings[order][1] <= max(2.0, shortest)]
    if len(smooth) == 1 and len(stamps) > 1:
        return smooth[0]
    days = list(clues)
    near = [o for o in steady if any(abs((stamps[0].readings[o].date() - day).days) <= 1 for day in days)]
    return near[0] if len(near) == 1 else None
