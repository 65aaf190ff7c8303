"""Events become runs and their steps; the order in which batches arrive does not matter."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.models import Run, StreamEvent

NEW_RUN = "a new run began"


def moment(time_ns: int) -> datetime:
    """Aware UTC of nanoseconds since 1970."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


def _text(value: Mapping[str, Any], key: str, limit: int) -> str:
    return str(value.get(key) or "")[:limit]


def event_record(instrument: Instrument, event: Mapping[str, Any]) -> StreamEvent:
    """Write one event, and what it says of a run. Call it inside a transaction."""
    value = event["value"] if isinstance(event["value"], dict) else {}
    time = moment(event["time"])
    run: Run | None
    if event["kind"] == "run_start":
        run = run_begin(instrument, value, time)
    elif event["kind"] == "run_stop":
        run = run_end(instrument, value, time)
    else:
        run = run_at(instrument, time)
        if run is not None and event["kind"] == "step":
            step_add(run, str(event["name"]), time, value)
    return StreamEvent.objects.create(
        instrument=instrument,
        run=run,
        time=time,
        kind=event["kind"],
        name=str(event["name"])[:200],
        value=event["value"],
    )


def run_at(instrument: Instrument, time: datetime) -> Run | None:
    """The run that went on at this time."""
    runs = Run.objects.filter(Q(ended__isnull=True) | Q(ended__gte=time), instrument=instrument, started__lte=time)
    return runs.order_by("-started").first()


def _uid(instrument: Instrument, value: Mapping[str, Any], time: datetime) -> str:
    return _text(value, "uid", 64) or f"{instrument.slug[:40]}-{int(time.timestamp())}"


def run_begin(instrument: Instrument, value: Mapping[str, Any], time: datetime) -> Run | None:
    """A run starts; one still open before it is closed. None when the uid belongs to another instrument."""
    uid = _uid(instrument, value, time)
    fields = {
        "title": _text(value, "title", 200) or _text(value, "recipe", 200),
        "recipe": _text(value, "recipe", 200),
        "sample": _text(value, "sample", 120),
        "person": _text(value, "person", 120),
        "started": time,
    }
    run, made = Run.objects.get_or_create(pk=uid, defaults={"instrument": instrument, **fields})
    if run.instrument_id != instrument.pk:
        return None
    if not made:  # its end came first, or the start was sent twice
        Run.objects.filter(pk=uid).update(**fields)
        run.refresh_from_db()
    for other in Run.objects.filter(instrument=instrument, state=Run.State.OPEN, started__lt=time).exclude(pk=uid):
        run_close(other, time, NEW_RUN)
    feed_append("runs", uid)
    return run


def run_end(instrument: Instrument, value: Mapping[str, Any], time: datetime) -> Run | None:
    """A run stops; a stop whose start has not come yet makes the run, the start fills it in later."""
    uid = _text(value, "uid", 64)
    run = Run.objects.filter(instrument=instrument, pk=uid).first() if uid else run_at(instrument, time)
    if run is None and uid and not Run.objects.filter(pk=uid).exists():
        run = Run.objects.create(pk=uid, instrument=instrument, started=time)
    if run is not None and (run.state == Run.State.OPEN or run.closing):
        run_close(run, time, "")
    return run


def run_close(run: Run, time: datetime, closing: str) -> None:
    """End a run, with the reason where no stop event came; its last step ends with it."""
    run.ended, run.state, run.closing = max(time, run.started), Run.State.CLOSED, closing
    run.steps = steps_ordered(run.steps, run.ended)
    run.save(update_fields=["ended", "state", "closing", "steps"])
    feed_append("runs", run.pk)


def step_add(run: Run, name: str, time: datetime, values: Mapping[str, Any]) -> None:
    """Add a step; each ends where the next begins."""
    step = {"name": name, "start": time.isoformat(), "end": None, "values": dict(values)}
    if any((known["name"], known["start"]) == (name, step["start"]) for known in run.steps):
        return
    run.steps = steps_ordered([*run.steps, step], run.ended)
    run.save(update_fields=["steps"])
    if run.state == Run.State.CLOSED:
        feed_append("runs", run.pk)


def steps_ordered(steps: list[dict[str, Any]], ended: datetime | None) -> list[dict[str, Any]]:
    """The steps by their start, each with its end; the last ends with the run."""
    ordered = sorted(steps, key=lambda step: datetime.fromisoformat(step["start"]))
    ends = [step["start"] for step in ordered[1:]] + [ended.isoformat() if ended else None]
    return [{**step, "end": end} for step, end in zip(ordered, ends, strict=False)]
