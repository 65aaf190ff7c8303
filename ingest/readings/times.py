"""Times as instruments and messages write them, as nanoseconds since 1970 UTC. Pure."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.readings.errors import Garbled

TimeUnit = Literal["auto", "s", "ms", "us", "ns"]
SCALE = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
LATEST = 2**63 - 1
_1980_S = 315_532_800  # a number below this in every unit is no time but a counter


def zone_check(name: str | None) -> str | None:
    """The name of a time zone. Raises ValueError where this computer does not know it."""
    if name is not None:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"time zone {name!r} is not known here; write it as Europe/Berlin") from error
    return name


def time_ns(value: object, *, unit: TimeUnit = "auto", zone: str | None = None) -> int:
    """One time. Numbers are counted in `unit` (`auto`: told from their size), text is a number or ISO 8601.

    A text without offset is meant in `zone`, or in this computer's zone where none is given. Raises Garbled.
    """
    if isinstance(value, bool) or value is None:
        raise Garbled(f"{value!r} is no time")
    if isinstance(value, int | float):
        return _number(value, unit)
    text = str(value).strip()
    try:
        return _number(int(text) if text.lstrip("-").isdigit() else float(text), unit)
    except ValueError:
        return _iso(text, zone)


def _number(value: int | float, unit: TimeUnit) -> int:
    if not math.isfinite(value):
        raise Garbled(f"{value!r} is no time")
    if unit == "auto":
        unit = next((one for one in ("s", "ms", "us", "ns") if value < 10**11 * 10**9 / SCALE[one]), "ns")
    found = int(Decimal(repr(value)) * SCALE[unit])  # the digits as written, not their binary neighbour
    if not _1980_S * 10**9 <= found <= LATEST:
        raise Garbled(f"{value!r} is no time since 1970 in {unit}")
    return found


def _iso(text: str, zone: str | None) -> int:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("/", "-"))
    except ValueError as error:
        raise Garbled(f"{text[:60]!r} is no time: write seconds since 1970, or 2026-05-01T12:00:00+02:00") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone)) if zone else moment.astimezone()
    whole = moment.astimezone(UTC).replace(microsecond=0)
    found = round(whole.timestamp()) * 10**9 + moment.microsecond * 1000
    if not 0 <= found <= LATEST:
        raise Garbled(f"{text[:60]!r} lies before 1970 or after 2262")
    return found
