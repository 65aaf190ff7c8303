"""Numbers that are moments: seconds since 1970, 1904 or 1900, days of a spreadsheet, 20230612143000."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timezone

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.moments import moment_of, read_dates

_CALLED = re.compile(
    r"^$|time|epoch|unix|posix|uts|stamp|date|clock|^column_\d+$|时间|時刻|日時|zeit|datum", re.IGNORECASE
)
_LATEST = 2.3e9  # seconds since 1970, in 2042
_UNIX = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
# seconds from 1970 back to the zero of other clocks: LabVIEW and old Macs, NTP, spreadsheets
_BEFORE_1970 = {"1904": 2082844800.0, "1900": 2208988800.0, "the spreadsheets' 1899": 2209161600.0}
_SERIAL_1970, _DATENUM_1970 = 25569.0, 719529.0


@dataclass(frozen=True)
class Scale:
    """How numbers become moments: seconds since 1970 = values * `scale` - `before`. `doubt`: why it is not applied."""

    scale: float = 1.0
    before: float = 0.0
    zone: timezone | None = None
    digits: int = 6
    doubt: str | None = None

    def times(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """ns since 1970 of every value; NaN takes the value before."""
        good = np.isfinite(values)
        last = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
        filled = values[np.where(last >= 0, last, int(np.argmax(good)))]
        whole = np.floor(filled * self.scale - self.before)
        rest = (filled - (whole + self.before) / self.scale) * self.scale
        made: NDArray[np.int64] = whole.astype(np.int64) * 10**9 + np.round(rest * 10**self.digits).astype(
            np.int64
        ) * 10 ** (9 - self.digits)
        return made


def absolute_scale(name: str, unit: str | None, values: NDArray[np.float64], days: Sequence[date]) -> Scale | None:
    """The scale of a column that counts time since a fixed moment, never falls, and is called a time or nothing; none for any other."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2 or not _CALLED.search(name) or (np.diff(finite) < 0).any():
        return None
    low, high = float(finite[0]), float(finite[-1])
    for scale, symbol in _UNIX:
        if unit in (None, symbol) and low * scale > 1.0e9 and high * scale < _LATEST:
            return Scale(scale, zone=timezone.utc)  # noqa: UP017 (a timezone, not a tzinfo)
    if unit in (None, "s") and low > 2.9e9 and high < 4.6e9:
        return _since_other(low, days)
    if unit in (None, "d") and (finite % 1 > 0).any():
        return _in_days(name, low, high, days)
    return None


def _near(seconds: float, days: Sequence[date]) -> bool:
    day = moment_of(int(seconds) * 10**9, None).date()
    return any(abs((day - clue).days) <= 1 for clue in days)


def _since_other(low: float, days: Sequence[date]) -> Scale:
    fitting = [before for before in _BEFORE_1970.values() if _near(low - before, days)]
    if len({round(before / 2e8) for before in fitting}) == 1 and len(fitting) == 1:
        return Scale(before=fitting[0])
    return Scale(doubt="seconds since 1904 or 1900, and no date in the file says which; times are as written")


def _in_days(name: str, low: float, high: float, days: Sequence[date]) -> Scale | None:
    dated = re.search(r"date|日時|datum", name, re.IGNORECASE) is not None
    for zero, least, most in ((_SERIAL_1970, 25000, 60000), (_DATENUM_1970, 715000, 760000)):
        if least < low <= high < most and (dated or _near((low - zero) * 86400, days)):
            return Scale(86400.0, zero * 86400.0, digits=3)
    return None


def compact_moments(name: str, cells: Sequence[str]) -> NDArray[np.int64] | None:
    """ns since 1970 of cells such as 20230612143000 under a name that says time; none for others."""
    if not _CALLED.search(name) or not cells or not all(re.fullmatch(r"(?:19|20)\d{12}", cell) for cell in cells):
        return None
    found = read_dates([f"{cell[:8]} {cell[8:]}" for cell in cells])
    return None if found is None or not found.rows.all() else found.times("ymd")
