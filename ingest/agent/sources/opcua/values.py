"""Data values into readings: source time kept, quality heeded, words and flags apart from numbers."""

import time
from datetime import datetime
from typing import Any

from asyncua import ua

from ingest.agent.sources.opcua.discovery import Found
from ingest.readings.gather import Gatherer
from ingest.readings.payloads import numeric

FAR_NS = 3600 * 10**9  # source and server times that differ more are said


class Intake:
    """Takes values; `last` holds time and value of each channel's newest, so that a new subscription repeats nothing."""

    def __init__(self, gatherer: Gatherer, last: dict[str, dict[str, Any]]) -> None:
        self._gatherer, self.last = gatherer, last
        self._quality: dict[str, str] = {}
        self.touched: set[str] = set()

    def take(self, one: Found, data: ua.DataValue) -> None:
        """One notification."""
        at = self._time(one, data)
        if self._gatherer.full:  # neither its value nor its quality is known from here on
            self._gatherer.lose(at)
            return
        status = data.StatusCode or ua.StatusCode(ua.StatusCodes.Good)
        quality = "good" if status.is_good() else "uncertain" if status.is_uncertain() else "bad"
        if self._quality.get(one.channel, "good") != f"{quality}{'' if quality == 'good' else status.name}":
            self._quality[one.channel] = "good" if quality == "good" else f"{quality}{status.name}"
            self._gatherer.event(at, "quality", one.channel, {"quality": quality, "code": status.name})
        value = None if data.Value is None else data.Value.Value
        if quality == "bad" or value is None:
            return  # no value: a gap in the channel, and the event above says why
        self._value(one, at, value)

    def _value(self, one: Found, at: int, value: Any) -> None:  # Any: whatever the server holds
        if one.words is not None and isinstance(value, int):
            self._gatherer.state(one.channel, at, one.words.get(value, str(value)))
        elif isinstance(value, bool | int | float):
            newest = {"t": at, "v": float(value)}
            if self.last.get(one.channel) != newest:
                self._gatherer.reading(one.channel, at, float(value))
                self.last[one.channel] = newest
                self.touched.add(one.channel)
        elif isinstance(value, ua.LocalizedText):
            self._gatherer.state(one.channel, at, value.Text or "")
        elif isinstance(value, str | datetime):
            self._gatherer.state(one.channel, at, str(value))
        else:
            number = None if isinstance(value, list) else numeric(value)
            if number is None:
                self._gatherer.fault(
                    "not_collected", one.channel, at, f"values of type {type(value).__name__} are not collected"
                )

    def _time(self, one: Found, data: ua.DataValue) -> int:
        now = time.time_ns()
        source, server = _ns(data.SourceTimestamp), _ns(data.ServerTimestamp)
        if source and server and abs(source - server) > FAR_NS:
            self._gatherer.fault(
                "clock", one.channel, now, f"source time is {(source - server) / 1e9:+.0f} s from the server's"
            )
        return source or server or now


def _ns(moment: datetime | None) -> int:
    """Nanoseconds since 1970; 0 where there is no time or one before 1970."""
    if moment is None:
        return 0
    whole = round(moment.replace(microsecond=0).timestamp())
    return max(0, whole * 10**9 + moment.microsecond * 1000)
