"""Where an instrument's data lie in time: stretches without a gap, joined as batches come in any order."""

from datetime import datetime

from ingest.gateway.models import Instrument
from ingest.stream.found import Span
from ingest.stream.models import Stretch
from ingest.stream.moments import moment

GAP_NS = 60 * 10**9  # what is shorter is no gap


def stretch_add(instrument: Instrument, start_ns: int, end_ns: int) -> None:
    """Add a stretch of data; what it touches becomes one. Call it inside a transaction."""
    near = list(
        Stretch.objects.filter(instrument=instrument, start_ns__lte=end_ns + GAP_NS, end_ns__gte=start_ns - GAP_NS)
    )
    if not near:
        Stretch.objects.create(instrument=instrument, start_ns=start_ns, end_ns=end_ns)
        return
    kept = near[0]
    start, end = min([start_ns, *(one.start_ns for one in near)]), max([end_ns, *(one.end_ns for one in near)])
    if (start, end) != (kept.start_ns, kept.end_ns):
        Stretch.objects.filter(pk=kept.pk).update(start_ns=start, end_ns=end)
    Stretch.objects.filter(pk__in=[one.pk for one in near[1:]]).delete()


def stretch_list(
    instrument: Instrument, since: datetime | None = None, until: datetime | None = None, gap_s: float = 0
) -> list[Span]:
    """The stretches that touch a time, in order; those with a gap of at most `gap_s` between them joined."""
    from ingest.stream.found import blocks

    rows = Stretch.objects.filter(instrument=instrument).order_by("start_ns")
    if since is not None:
        rows = rows.filter(end_ns__gte=int(since.timestamp() * 1e9))
    if until is not None:
        rows = rows.filter(start_ns__lte=int(until.timestamp() * 1e9))
    return blocks([Span(moment(row.start_ns), moment(row.end_ns)) for row in rows], gap_s)
