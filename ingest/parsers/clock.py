"""Dates in headers whose layout the format fixes, as ISO text; no order of day and month is guessed here."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def iso_start(text: str | None, layouts: Sequence[str]) -> str | None:
    """ISO time of a text in one of the `strptime` layouts; without an offset where the layout has none. None for anything else."""
    if not text:
        return None
    for layout in layouts:
        try:
            made = datetime.strptime(text.strip(), layout)  # noqa: DTZ007 (a zone only where the file states one)
        except ValueError:
            continue
        return made.isoformat() if 1950 <= made.year <= 2100 else None
    return None


def iso_exact(text: str | None) -> str | None:
    """ISO text as XML writes it (fractions of any length, `Z`), made what `datetime.fromisoformat` reads; none for anything else."""
    if not text:
        return None
    try:
        made = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return made.isoformat() if 1950 <= made.year <= 2100 else None


def iso_filetime(ticks: int) -> str | None:
    """ISO time, UTC, of a Windows file time (100 ns since 1601); none where it holds none."""
    if not 116444736 * 10**9 < ticks < 2**62:
        return None
    try:
        return (datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)).isoformat()
    except OverflowError:
        return None
