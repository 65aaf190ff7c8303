"""What there is to export of a run or of channels, and its points, stretch by stretch. Checks no rights: the notebook does."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from ingest.export.domain import Column, Header, time_edges
from ingest.gateway.models import Instrument
from ingest.mappings.selectors import channel_rules
from ingest.stream.models import Run
from ingest.telemetry.models import ChannelDescriptor
from ingest.telemetry.points import Points
from ingest.telemetry.reading import points_read, stored_spans
from ingest.telemetry.selectors import channel_list

STRETCH_POINTS = 1_000_000


def run_header(run: Run, *, now: datetime) -> Header:
    """A run from its start to its end, or to now while it goes on."""
    start_ns, end_ns = _ns(run.started), _ns(run.ended or now)
    about = {
        "experiment_identifier": run.uid,
        "recipe": run.recipe,
        "sample": run.sample,
        "user": run.person,
        "ended": run.closing,
    }
    return _header(run.instrument, run.title or run.uid, start_ns, end_ns, None, about, run.steps, now)


def channels_header(
    instrument: Instrument, *, channels: Sequence[str] | None, start_ns: int, end_ns: int, now: datetime
) -> Header:
    """Some channels of an instrument (or all) over a stretch of time."""
    return _header(instrument, instrument.title, start_ns, end_ns, channels, {}, [], now)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000


def _header(
    instrument: Instrument, title: str, start_ns: int, end_ns: int, channels: Sequence[str] | None,
    about: dict[str, str], steps: Sequence[dict[str, object]], now: datetime,
) -> Header:  # fmt: skip
    known = channel_list(instrument=instrument.slug, start_ns=start_ns, end_ns=end_ns)
    names = [channel.name for channel in known if channels is None or channel.name in channels]
    agents = ", ".join(instrument.agents.order_by("pk").values_list("name", flat=True))
    about = {**about, "technique": instrument.technique, "agents": agents, "exported": now.isoformat()}
    columns = [column for name in names for column in _columns(instrument, name, start_ns, end_ns)]
    return Header(title, instrument.slug, start_ns, end_ns, tuple(columns),
                  {key: value for key, value in about.items() if value}, tuple(steps))  # fmt: skip


def _columns(instrument: Instrument, name: str, start_ns: int, end_ns: int) -> Iterator[Column]:
    """One column, or one for each unit where the unit changed in this stretch."""
    rows = list(ChannelDescriptor.objects.filter(instrument=instrument, name=name).order_by("since_ns", "version"))
    described = [row for row in rows if row.version > 0] or rows
    first = max((at for at, row in enumerate(described) if row.since_ns <= start_ns), default=0)
    meant = channel_rules(instrument.slug)  # as a person corrected it
    spans: list[list[ChannelDescriptor]] = []
    for row in described[first:]:
        if spans and (row.unit == spans[-1][0].unit or row.since_ns > end_ns):
            continue
        spans.append([row])
    for at, [row] in enumerate(spans):
        begin = start_ns if at == 0 else max(row.since_ns, start_ns)
        end = spans[at + 1][0].since_ns - 1 if at + 1 < len(spans) else end_ns
        if begin <= end:
            rule = meant.get((name, row.unit or None))
            unit, quantity = (rule.unit, rule.quantity) if rule else (row.unit, row.quantity)
            yield Column(name, unit, quantity, begin, min(end, end_ns))


def points_stretches(header: Header, *, most: int = STRETCH_POINTS) -> Iterator[tuple[float, Points]]:
    """The points in order of time, about `most` at once; each with the share of the whole that is done then."""
    names = header.names
    if not names:
        return
    spans = stored_spans(instrument=header.instrument, start_ns=header.start_ns, end_ns=header.end_ns)
    edges = time_edges(spans, header.start_ns, header.end_ns, most)
    for at, (start, end) in enumerate(pairwise(edges), start=1):
        points = points_read(instrument=header.instrument, channels=names, start_ns=start, end_ns=end - 1)
        yield at / (len(edges) - 1), points
