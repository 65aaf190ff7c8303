"""Dates and clocks as instruments write them; which of two numbers is the day is decided from evidence or not at all."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Literal, NamedTuple

Order = Literal["ymd", "dmy", "mdy"]
ORDERS: tuple[Order, ...] = ("ymd", "dmy", "mdy")
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "avr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8,
    "sep": 9, "oct": 10, "okt": 10,
    "nov": 11,
    "dec": 12, "dez": 12, "déc": 12, "fév": 2, "aoû": 8,
}  # fmt: skip
_WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6, "montag": 0,
    "dienstag": 1, "mittwoch": 2, "donnerstag": 3, "freitag": 4,
    "samstag": 5, "sonntag": 6, "星期一": 0, "星期二": 1, "星期三": 2,
     "星期四": 3, "星期五": 4, "星期六": 5, "星期日": 6, "星期天": 6}  # fmt: skip
_WEEKDAY = re.compile(
    r"(?<![^\W\d_])(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|satur|sat|sun)(?:day)?(?![^\W\d_])|"
    r"(montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|星期[一二三四五六日天])",
    re.IGNORECASE,
)
_WORDS = r"(?:" + "|".join(_MONTHS) + r")[a-zäéû]*\.?"
_CLOCK = (
    r"(?P<half1>[上下]午|午[前後])?\s*(?P<h>\d{1,2})(?P<sep>[:\-时時])(?P<m>\d{1,2})分?(?:(?:(?P=sep)|(?<=分))(?P<s>\d{1,2})(?:(?:[.,]|:(?=\d{1,6}\b))(?P<f>\d{1,9}))?秒?)?"
    r"\s*(?P<half>[ap]\.?m\b\.?)?\s*(?P<zone>\(?(?:Z\b|(?:UTC|GMT)?[+-]\d{2}:?\d{2}\b|(?:UTC|GMT)[+-]\d{1,2}\b|[+-]\d{2}(?![\d:.-])|UTC\b|GMT\b)\)?)?"
)
_BODY = (
    r"(?P<body>(?P<Y>\d{4})(?P<y1>[-/.年])(?P<M>\d{1,2})[-/.月](?P<D>\d{1,2})日?"
    r"|(?P<a>\d{1,2})(?P<ab>[-/.])(?P<b>\d{1,2})(?P=ab)(?P<c>\d{4}|\d{2})"
    rf"|(?P<d2>\d{{1,2}})\.?[-/ ](?P<word>{_WORDS})[-/ ,]+(?P<Y2>\d{{4}}|\d{{2}})"
    rf"|(?P<word3>{_WORDS})[-/ ](?P<d3>\d{{1,2}})(?:st|nd|rd|th)?[-/ ,]+(?P<Y3>\d{{4}})(?!:)"
    rf"|(?P<Y4>\d{{4}})[-/ ](?P<word4>{_WORDS})[-/ ](?P<d4>\d{{1,2}})"
    r"|(?P<Y5>(?:19|20)\d\d)(?P<M5>[01]\d)(?P<D5>[0-3]\d)(?=[T _]\d{6}(?!\d)))"
)
_STAMP = re.compile(
    rf"(?<![\d.]){_BODY}(?:(?:[T ,_;]|\s)*[T ,_;\-]{_CLOCK}"
    r"|[T _](?P<h6>\d\d)(?P<m6>\d\d)(?P<s6>\d\d)(?P<zone6>Z|[+-]\d{2}:?\d{2})?)?(?![\d])",
    re.IGNORECASE,
)
_BSD = re.compile(  # as C's ctime and LabVIEW write it: Mon Jun 12 14:03:11 2023
    rf"(?<![\w])(?P<word>{_WORDS})\s+(?P<d>\d{{1,2}})\s+(?P<h>\d{{1,2}}):(?P<m>\d{{2}}):(?P<s>\d{{2}})(?:\.(?P<f>\d+))?\s+(?:(?P<half>[ap]m)\s+)?(?P<zone>UTC|GMT)?\s*(?P<Y>\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[ap]\.?m\b\.?)?)[ ,_;\-]+(?:[a-zäöü]{2,10},?\s+)?$", re.IGNORECASE
)
_ALONE = re.compile(_CLOCK.replace("[:\\-时時]", "[:时時]"), re.IGNORECASE)
_HMS = re.compile(r"(?:(\d+)\s*d\s*)?(\d+)\s*h\s*(\d+)\s*m(?:in)?\s*(\d+(?:\.\d+)?)\s*s(?:ec)?", re.IGNORECASE)


class Stamp(NamedTuple):
    """A date found in text: its readings by order of day and month, and whether a clock stood beside it."""

    readings: dict[Order, datetime]
    has_clock: bool
    text: str


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _month(word: str) -> int:
    return _MONTHS[word[:3].lower()]


def _calendar(match: re.Match[str]) -> Iterator[tuple[Order, int, int, int]]:
    found = match.groupdict()
    if found["Y"]:
        yield "ymd", int(found["Y"]), int(found["M"]), int(found["D"])
    elif found["word"]:
        yield "dmy", _year(found["Y2"]), _month(found["word"]), int(found["d2"])
    elif found["word3"]:
        yield "mdy", int(found["Y3"]), _month(found["word3"]), int(found["d3"])
    elif found["word4"]:
        yield "ymd", int(found["Y4"]), _month(found["word4"]), int(found["d4"])
    elif found["Y5"]:
        yield "ymd", int(found["Y5"]), int(found["M5"]), int(found["D5"])
    else:
        a, b, c = found["a"], found["b"], found["c"]
        yield "dmy", _year(c), int(b), int(a)
        if found["ab"] != ".":
            yield "mdy", _year(c), int(a), int(b)
        if len(c) == 2 and len(a) == 2:
            yield "ymd", _year(a), int(b), int(c)


class _Clock(NamedTuple):
    hour: int
    minute: int
    second: int
    micro: int
    zone: timezone | None


def _clock(match: re.Match[str]) -> _Clock | None:
    found = match.groupdict()
    if found.get("h6"):
        return _Clock(int(found["h6"]), int(found["m6"]), int(found["s6"]), 0, _zone(found["zone6"]))
    if not found["h"]:
        return _Clock(0, 0, 0, 0, None)
    hour, half = int(found["h"]), _half(found)
    if half and not (1 <= hour <= 12 or (hour < 24 and found.get("half1"))):
        return None
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    micro = int((found["f"] or "0")[:6].ljust(6, "0"))
    return _Clock(hour, int(found["m"]), int(found["s"] or 0), micro, _zone(found["zone"]))


def _half(found: dict[str, str | None]) -> str:
    """a or p of a twelve-hour clock, or nothing."""
    chinese = found.get("half1")
    if chinese:
        return "a" if chinese in ("上午", "午前") else "p"
    return (found["half"] or "").lower()[:1]


def _zone(text: str | None) -> timezone | None:
    bare = (text or "").strip("()")
    if not bare:
        return None
    if bare.upper() in ("Z", "UTC", "GMT"):
        return timezone.utc  # noqa: UP017 (a timezone, not a tzinfo)
    digits = re.sub(r"\D", "", bare)
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    offset = int(hours) * 60 + int(minutes)
    return timezone(timedelta(minutes=-offset if "-" in bare else offset)) if offset < 1440 else None


def _weekday(text: str) -> int | None:
    match = _WEEKDAY.search(text)
    return _WEEKDAYS[match[2].lower() if match[2] else match[1][:3].lower()] if match else None


def _bsd(text: str) -> Stamp | None:
    match = _BSD.search(text)
    if match is None:
        return None
    micro = int((match["f"] or "0")[:6].ljust(6, "0"))
    hour = int(match["h"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"][0].lower() == "p" else 0)
    try:
        made = datetime(
            int(match["Y"]),
            _month(match["word"]),
            int(match["d"]),
            hour,
            int(match["m"]),
            int(match["s"]),
            micro,
            _zone(match["zone"]),
        )
    except ValueError:
        return None
    return Stamp({"mdy": made}, True, match[0])


def find_stamp(text: str) -> Stamp | None:
    """The first date in the text, with every reading that the calendar, and the name of the day beside it, allow."""
    text = text[:400]
    if (bsd := _bsd(text)) is not None:
        return bsd
    for match in _STAMP.finditer(text):
        clock, written = _clock(match), match["h"] is not None or match["h6"] is not None
        if clock is None:
            continue
        if not written and (before := _BEFORE.search(text[: match.start()])) is not None:
            seconds = clock_seconds(before[1])
            if seconds is not None and seconds < 86400:
                clock, written = (
                    _Clock(
                        int(seconds) // 3600, int(seconds) // 60 % 60, int(seconds) % 60, round(seconds % 1 * 1e6), None
                    ),
                    True,
                )
        readings: dict[Order, datetime] = {}
        for order, year, month, day in _calendar(match):
            try:
                made = datetime(year, month, day, *clock[:4], tzinfo=clock.zone)
            except ValueError:
                continue
            if 1950 <= made.year <= 2100:
                readings[order] = made
        if readings:
            return Stamp(_on_day(readings, text), written, match[0])
    return None


def match_stamp(text: str) -> re.Match[str] | None:
    """The match of a date that begins the text and is all of it but a clock, so that cells written alike can be read by place."""
    if _BSD.search(text):
        return None
    match = _STAMP.search(text)
    return (
        match
        if match is not None and match.start() == 0 and match.end() == len(text) and match["half1"] is None
        else None
    )


def match_clock(match: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Where the parts of the clock stand: h, m, s, f, half, zone."""
    compact = {"h6": "h", "m6": "m", "s6": "s", "zone6": "zone"}
    named = [*((part, part) for part in ("h", "m", "s", "f", "half", "zone")), *compact.items()]
    return {part: match.span(group) for group, part in named if match[group]}


def zone_minutes(text: str) -> int:
    """Minutes east of UTC."""
    zone = _zone(text)
    offset = zone.utcoffset(None) if zone is not None else None
    return int(offset.total_seconds() // 60) if offset is not None else 0


def _on_day(readings: dict[Order, datetime], text: str) -> dict[Order, datetime]:
    """Only the readings that fall on the day of the week the text names, if any does."""
    if len(readings) < 2 or (day := _weekday(text)) is None:
        return readings
    return {order: made for order, made in readings.items() if made.weekday() == day} or readings


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


_WRITTEN = (
    ("ymd", re.compile(r"(?<![a-z])[yj]{2,4}[-./ ]m{1,2}[-./ ][dt]{1,2}(?![a-z])", re.IGNORECASE)),
    ("dmy", re.compile(r"(?<![a-z])(?:d{1,2}|t{1,2}|j{2})[-./ ]m{1,2}[-./ ][yja]{2,4}(?![a-z])", re.IGNORECASE)),
    ("mdy", re.compile(r"(?<![a-z])m{1,2}[-./ ][dt]{1,2}[-./ ][yj]{2,4}(?![a-z])", re.IGNORECASE)),
)


def written_order(text: str) -> Order | None:
    """The order that the text spells out, such as `MM/DD/YYYY`."""
    said: list[Order] = [order for order, pattern in _WRITTEN if pattern.search(text)]  # type: ignore[misc]  # literals
    return said[0] if len(said) == 1 else None


def decide_order(stamps: Sequence[Stamp], clues: Iterable[date] = (), said: Order | None = None) -> Order | None:
    """The order of day and month that the evidence leaves: impossible dates, time running back, other dates.

    `said`: the order that the header spells out, or that other dates of the file show.
    """
    allowed = _allowed(stamps)
    if not stamps or not allowed:
        return None
    if len(allowed) == 1 or all(len(set(stamp.readings.values())) == 1 for stamp in stamps):
        return allowed[0]
    readings = {order: _steady(stamps, order) for order in allowed}
    steady = [order for order in allowed if readings[order][0]] or allowed
    if len(steady) == 1:
        return steady[0]
    if said in steady:
        return said
    shortest = min(readings[order][1] for order in steady)
    smooth = [order for order in steady if readings[order][1] <= max(2.0, shortest)]
    if len(smooth) == 1 and len(stamps) > 1:
        return smooth[0]
    days = list(clues)
    near = [o for o in steady if any(abs((stamps[0].readings[o].date() - day).days) <= 1 for day in days)]
    return near[0] if len(near) == 1 else None
