"""Runs as they are found become rows; whoever a person corrected stays as the person left it.

What is found depends only on all that came, not on the order in which it came: events, stretches of data, set points.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.coverage import stretch_list
from ingest.stream.found import Found, Said, found_by_events
from ingest.stream.models import Alert, Run, StreamEvent
from ingest.stream.moments import moment

__all__ = ["event_record", "moment", "run_at", "run_close", "runs_from_events"]
TEXTS = {"title": 200, "recipe": 200, "sample": 120, "person": 120}


def event_record(instrument: Instrument, event: Mapping[str, Any]) -> StreamEvent:
    """Write one event. Call it inside a transaction."""
    return StreamEvent.objects.create(
        instrument=instrument,
        time=moment(event["time"]),
        kind=event["kind"],
        name=str(event["name"])[:200],
        value=event["value"],
    )


def run_at(instrument: Instrument, time: datetime) -> Run | None:
    """The run that went on at this time."""
    runs = Run.objects.filter(
        Q(ended__isnull=True) | Q(ended__gte=time), instrument=instrument, started__lte=time, withdrawn=None
    )
    return runs.order_by("-started").first()


def _said(event: StreamEvent) -> Said:
    value = event.value if isinstance(event.value, dict) else {}
    uid = str(value.get("uid") or "")[:64]
    if not uid and event.kind == "run_start":
        uid = f"{event.instrument.slug[:40]}-{int(event.time.timestamp())}"
    facts = {name: str(value.get(name) or "")[:limit] for name, limit in TEXTS.items()}
    return Said(event.time, event.kind, uid, {**facts, "title": facts["title"] or facts["recipe"]})


def runs_from_events(instrument: Instrument) -> list[Run]:
    """Bring the runs that the instrument itself announced up to date; those that changed."""
    events = StreamEvent.objects.filter(instrument=instrument, kind__in=("run_start", "run_stop"))
    said = [_said(event) for event in events.select_related("instrument").order_by("time", "pk")]
    silence_s = settings.INGEST.run_silence_s
    known = {run.pk: run for run in Run.objects.filter(pk__in={one.uid for one in said if one.uid})}
    since = min((one.time for one in said), default=None)
    found = found_by_events(said, stretch_list(instrument, since, gap_s=silence_s), silence_s)
    changed = []
    for one in found:
        run = known.get(one.uid)
        if run is not None and run.instrument_id != instrument.pk:
            continue  # a run of another instrument
        if run is None:
            changed.append(run_create(instrument, one, Run.Origin.EVENTS))
        elif run_update(run, one):
            changed.append(run)
    return changed


def run_create(instrument: Instrument, found: Found, origin: str) -> Run:
    """A run that was found for the first time."""
    texts = {name: found.facts.get(name, "") for name in TEXTS}
    run = Run(pk=found.uid, instrument=instrument, origin=origin, started=found.start, **texts)
    _take(run, found)
    run.save(force_insert=True)
    if found.steps:
        steps_write(run, found.steps)
    feed_append("runs", run.pk)
    return run


def run_update(run: Run, found: Found) -> bool:
    """Write what was found into a run, except what a person set; whether that changed anything."""
    before = _written(run)
    if found.end is None and run.state == Run.State.CLOSED and run.closing and not _goes_on(run):
        found = Found(found.start, run.found_end or run.ended, found.uid, run.closing, found.facts)
    if run.withdrawn is not None and not run.withdrawn_by:
        run.withdrawn = None  # it is found again
    _take(run, found)
    renewed = bool(found.steps) and steps_write(run, found.steps)
    if _written(run) == before and not renewed:
        return False
    run.save()
    feed_append("runs", run.pk)
    return True


def _goes_on(run: Run) -> bool:
    """Whether data came after a run was closed for want of them."""
    return run.ended is not None and any(span.end > run.ended for span in stretch_list(run.instrument, run.ended))


def _written(run: Run) -> tuple[object, ...]:
    names = (*TEXTS, "started", "ended", "state", "closing", "found_start", "found_end", "withdrawn")
    return tuple(getattr(run, name) for name in names)


def _take(run: Run, found: Found) -> None:
    run.found_start, run.found_end = found.start, found.end
    for name, text in found.facts.items():
        if text and name not in run.corrected:
            setattr(run, name, text)
    if "started" not in run.corrected:
        run.started = found.start
    if "ended" not in run.corrected:
        run.ended = None if found.end is None else max(found.end, run.started)
        run.state = Run.State.OPEN if found.end is None else Run.State.CLOSED
        run.closing = found.closing


def run_close(run: Run, time: datetime, closing: str) -> None:
    """End a run with the reason why nobody said so; its last step ends with it."""
    run.ended, run.state, run.closing = max(time, run.started), Run.State.CLOSED, closing
    run.found_end = run.ended
    run.save(update_fields=["ended", "state", "closing", "found_end"])
    steps_renew(run)
    feed_append("runs", run.pk)


def run_withdraw(run: Run, now: datetime | None = None) -> None:
    """The rule finds this run no more; its row stays."""
    Run.objects.filter(pk=run.pk).update(withdrawn=now or timezone.now(), withdrawn_by="")
    Alert.objects.filter(run=run).update(run=None)
    StreamEvent.objects.filter(run=run).update(run=None)
    feed_append("runs", run.pk)


def belongings_renew(instrument: Instrument, since: datetime) -> None:
    """Events and alerts from `since` on belong to the run that went on at their time, the one begun last where two did."""
    runs = list(
        Run.objects.filter(Q(ended=None) | Q(ended__gte=since), instrument=instrument, withdrawn=None)
        .order_by("-started", "-pk")
        .values_list("pk", "started", "ended")
    )
    for table, field in ((StreamEvent, "time"), (Alert, "started")):
        moved: dict[str | None, list[int]] = {}
        rows = table.objects.filter(instrument=instrument, **{f"{field}__gte": since})
        for pk, time, held in rows.values_list("pk", field, "run_id").iterator(chunk_size=2000):
            owner = next(
                (run for run, begun, ended in runs if begun <= time and (ended is None or time <= ended)), None
            )
            if owner != held:
                moved.setdefault(owner, []).append(pk)
        for owner, keys in moved.items():
            for at in range(0, len(keys), 500):
                table.objects.filter(pk__in=keys[at : at + 500]).update(run=owner)


def steps_renew(run: Run) -> bool:
    """Take the steps that the instrument announced during a run, each until the next; whether that changed them."""
    rows = StreamEvent.objects.filter(instrument_id=run.instrument_id, kind="step", time__gte=run.started)
    if run.ended is not None:
        rows = rows.filter(time__lte=run.ended)
    following = Run.objects.filter(instrument_id=run.instrument_id, withdrawn=None, started__gt=run.started)
    upper = following.order_by("started").values_list("started", flat=True).first()
    if upper is not None:
        rows = rows.filter(time__lt=upper)
    steps: dict[tuple[str, datetime], dict[str, Any]] = {}
    for row in rows.order_by("time", "pk"):
        values = row.value if isinstance(row.value, dict) else {}
        step = {"name": row.name, "start": row.time.isoformat(), "end": None, "values": values}
        steps.setdefault((row.name, row.time), step)
    return bool(steps) and steps_write(run, list(steps.values()))


def steps_write(run: Run, steps: Sequence[Mapping[str, Any]]) -> bool:
    """Keep the steps of a run in order, the last ending with it; whether that changed them."""
    ordered = sorted(steps, key=lambda step: datetime.fromisoformat(step["start"]))
    ends = [step["start"] for step in ordered[1:]] + [run.ended.isoformat() if run.ended else None]
    written = [{**step, "end": end} for step, end in zip(ordered, ends, strict=False)]
    if written == run.steps:
        return False
    run.steps = written
    Run.objects.filter(pk=run.pk).update(steps=written)
    return True


def events_take(instrument: Instrument, events: Iterable[Mapping[str, Any]]) -> None:
    """Write events, and what they say of runs, steps and belongings. Call it inside a transaction."""
    written = [event_record(instrument, event) for event in events]
    if not written:
        return
    announced = any(event.kind in ("run_start", "run_stop") for event in written)
    changed = runs_from_events(instrument) if announced else []
    belongings_renew(instrument, min([*(event.time for event in written), *(run.started for run in changed)]))
    told = {run.pk for run in changed}
    during = (run_at(instrument, event.time) for event in written if event.kind == "step")
    keys = told | {run.pk for run in during if run is not None}
    for run in Run.objects.filter(pk__in=keys).select_related("instrument"):
        if steps_renew(run) and run.pk not in told and run.state == Run.State.CLOSED:
            feed_append("runs", run.pk)


def fields_copied(run: Run) -> dict[str, str]:
    """The texts of a run, for one that is split off."""
    return {name: getattr(run, name) for name in TEXTS}
