"""Read points and channels: from the segments in the catalogue and the small batches not yet moved there.

A page asks through the notebook, which checks the reader's rights on the instrument's runs; these functions check none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.mappings.domain import ChannelCorrection
from ingest.mappings.selectors import channel_rules
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit
from ingest.telemetry.models import ChannelDescriptor
from ingest.telemetry.points import EMPTY, Series, cut, statistics, thinned
from ingest.telemetry.reading import parts_read, points_read
from ingest.telemetry.segments import segment_read
from ingest.telemetry.tiles import series_zoomed, zoom_plan

__all__ = ["ChannelInfo", "Series", "channel_list", "series_read"]


@dataclass(frozen=True)
class ChannelInfo:
    """A channel and what came of it. `minimum` and `maximum` in `unit`, none without points.

    Unit and quantity as a person corrected them (then `stated` holds the agent's unit), else as the agent described them; a
    quantity nobody named is guessed from name and unit. `confidence` 0..1 is that of the quantity.
    """

    name: str
    unit: str | None
    quantity: str | None
    kind: str
    rows: int
    minimum: float | None
    maximum: float | None
    confidence: float = 0.0
    corrected: bool = False
    stated: str | None = None


def series_read(
    *, instrument: str, channels: Sequence[str], start_ns: int, end_ns: int, max_points: int = 2000
) -> dict[str, Series]:
    """The series of each named channel, thinned to about `max_points` by minimum and maximum; empty where nothing came."""
    zoom = zoom_plan(instrument=instrument, start_ns=start_ns, end_ns=end_ns, max_points=max_points)
    if zoom is not None:
        return {name: series_zoomed(zoom=zoom, channel=name) for name in channels}
    points = points_read(instrument=instrument, channels=channels, start_ns=start_ns, end_ns=end_ns)
    return {name: thinned(points.get(name, EMPTY), max_points) for name in channels}


def _summary(instrument: str, start_ns: int | None, end_ns: int | None) -> dict[str, list[float]]:
    """[rows, minimum, maximum, start, end] by channel; segments that lie wholly inside are not opened."""
    segments, waiting = parts_read(instrument, start_ns, end_ns, live=False)
    parts: list[dict[str, list[float]]] = []
    for segment in segments:
        inside = (start_ns is None or segment.start_ns >= start_ns) and (end_ns is None or segment.end_ns <= end_ns)
        parts.append(
            segment.statistics if inside else statistics(segment_read(segment.path, start_ns=start_ns, end_ns=end_ns))
        )
    for points in waiting:
        chosen = {name: cut(series, start_ns, end_ns) for name, series in points.items()}
        parts.append(statistics({name: series for name, series in chosen.items() if len(series)}))
    total: dict[str, list[float]] = {}
    for part in parts:
        for name, (rows, low, high, start, end) in part.items():
            known = total.get(name)
            total[name] = (
                [rows, low, high, start, end]
                if known is None
                else [
                    known[0] + rows,
                    min(known[1], low),
                    max(known[2], high),
                    min(known[3], start),
                    max(known[4], end),
                ]
            )
    return total


def channel_list(*, instrument: str, start_ns: int | None = None, end_ns: int | None = None) -> list[ChannelInfo]:
    """The channels with points in a stretch of time (with none given: all that were ever described), in order of name."""
    summary = _summary(instrument, start_ns, end_ns)
    rows = ChannelDescriptor.objects.filter(instrument__slug=instrument)
    newest: dict[str, ChannelDescriptor] = {}
    for row in rows.order_by("version"):
        known = newest.get(row.name)
        # what was first said of a channel holds for points from before it was said, such as a backlog's
        if known is None or known.version == 0 or end_ns is None or row.since_ns <= end_ns:
            newest[row.name] = row
    everything = start_ns is None and end_ns is None
    meant = channel_rules(instrument)
    found = []
    for name in sorted(newest):
        if name not in summary and not everything:
            continue
        line = summary.get(name, [0, None, None])
        row = newest[name]
        found.append(
            _meant(ChannelInfo(name, row.unit, row.quantity, row.kind, int(line[0] or 0), line[1], line[2]), meant)
        )
    return found


def _meant(channel: ChannelInfo, rules: Mapping[tuple[str, str | None], ChannelCorrection]) -> ChannelInfo:
    rule = rules.get((channel.name, channel.unit or None))
    if rule is not None:
        return replace(
            channel, unit=rule.unit, quantity=rule.quantity, confidence=1.0, corrected=True, stated=channel.unit
        )
    if channel.quantity:
        return replace(channel, confidence=1.0)
    quantity, confidence = quantity_of(channel.name, parse_unit(channel.unit or "", channel.name))
    return replace(channel, quantity=quantity, confidence=confidence)
