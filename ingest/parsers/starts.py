"""When a measurement began, from the date and clock a header states; no order of day and month is guessed."""

from datetime import datetime, timedelta
from typing import Any

from ingest.parsers.delimited_text.dates import Order, clock_seconds, compact_dates, decide_order, find_stamp


def stated_start(
    text: str, name: str = "", clock: str = "", order: Order | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Metadata with `start` (ISO, no offset where no zone is stated), `date` where no clock is, or `start_text` with a warning.

    `clock` is a time that stands apart from the date. `order` is the format's own where it has one; it yields to a date that
    it makes impossible. `name` is the file's, whose dates help to decide.
    """
    stamp = find_stamp(text)
    if stamp is None:
        return ({"start_text": text.strip()}, []) if text.strip() else ({}, [])
    chosen = order if order in stamp.readings else decide_order([stamp], compact_dates(name))
    if chosen is None:
        warning = f"the date {stamp.text.strip()!r} can be read with the day or the month first; no start is claimed"
        return {"start_text": f"{text.strip()} {clock.strip()}".strip()}, [warning]
    start = stamp.readings[chosen]
    seconds = clock_seconds(clock) if clock and not stamp.has_clock else None
    if seconds is not None:
        start += timedelta(seconds=seconds % 86400)
    if stamp.has_clock or seconds is not None:
        return {"start": start.isoformat()}, []
    return {"date": start.date().isoformat()}, []


def start_time(metadata: dict[str, Any]) -> datetime | None:
    """The start in metadata as a time."""
    start = metadata.get("start")
    return datetime.fromisoformat(start) if isinstance(start, str) else None
