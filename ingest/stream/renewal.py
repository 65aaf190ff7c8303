"""Runs and steps of instruments that announce none: found in what came, again whenever more has come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, Q
from django.utils import timezone

from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.coverage import stretch_list
from ingest.stream.found import Found, Span, blocks, found_by_activity, found_by_gaps
from ingest.stream.levels import changes, level_names, steps_found
from ingest.stream.logs import found_in_files
from ingest.stream.models import Run, RunRule, StreamEvent
from ingest.stream.moments import moment, nanoseconds
from ingest.stream.runs import belongings_renew, run_create, run_update, run_withdraw, steps_write
from ingest.telemetry.models import ChannelDescriptor
from ingest.telemetry.points import Points
from ingest.telemetry.reading import points_read

PATIENCE_S = 5.0
MOVED = (Run.Origin.ACTIVITY, Run.Origin.GAP, Run.Origin.FILE)


def rule_of(instrument: Instrument) -> RunRule:
    """The rule of an instrument, made with its defaults if it is new."""
    return RunRule.objects.get_or_create(instrument=instrument)[0]


def rule_dirty(instrument: Instrument, since_ns: int) -> None:
    """Data from this time on must be looked at. Call it inside the transaction that brings them."""
    rule_of(instrument)
    row = RunRule.objects.filter(pk=instrument.pk)
    row.filter(Q(dirty_ns=None) | Q(dirty_ns__gt=since_ns)).update(dirty_ns=since_ns)


def source_of(rule: RunRule) -> str:
    """What the rule goes by; `auto` means events if there ever were any, else set points, else gaps."""
    if rule.source != RunRule.Source.AUTO:
        return rule.source
    if StreamEvent.objects.filter(instrument=rule.instrument_id, kind__in=("run_start", "run_stop")).exists():
        return RunRule.Source.EVENTS
    return RunRule.Source.ACTIVITY if levels_of(rule.instrument) else RunRule.Source.GAP


def levels_of(instrument: Instrument) -> dict[str, str | None]:
    """The channels of an instrument that are set, each with its unit."""
    newest = {row.name: row for row in ChannelDescriptor.objects.filter(instrument=instrument).order_by("version")}
    return {name: newest[name].unit for name in level_names({name: row.kind for name, row in newest.items()})}


def runs_renew(*, instrument: Instrument, now: datetime, patient: bool = True) -> int:
    """Look again at what is new since the last look; the number of runs that changed. `patient`: not every few seconds."""
    rule = RunRule.objects.filter(pk=instrument.pk).first()
    if rule is None or rule.dirty_ns is None:
        return 0
    if patient and rule.looked is not None and timedelta(0) <= now - rule.looked < timedelta(seconds=PATIENCE_S):
        return 0
    with transaction.atomic():
        rule = RunRule.objects.select_for_update().select_related("instrument").get(pk=instrument.pk)
        if rule.dirty_ns is None:
            return 0
        since = _anchor(rule, moment(rule.dirty_ns))
        changed = _renew(rule, source_of(rule), since)
        _steps_renew(instrument, since)
        if changed:
            belongings_renew(instrument, min([since, *changed]))
        RunRule.objects.filter(pk=rule.pk).update(dirty_ns=None, looked=now)
    return len(changed)


def _anchor(rule: RunRule, dirty: datetime) -> datetime:
    """From when on to look: the end of the last run that rested long before, else the beginning of the stretch of data."""
    rested = Run.objects.filter(
        instrument=rule.instrument_id, origin=Run.Origin.ACTIVITY, closing="", withdrawn=None,
        found_end__lt=dirty - timedelta(seconds=rule.rest_s + PATIENCE_S),
    ).aggregate(at=Max("found_end"))["at"]  # fmt: skip
    begin = dirty
    for block in stretch_list(rule.instrument, None, dirty, rule.gap_s):
        if block.start <= dirty and dirty <= block.end + timedelta(seconds=rule.gap_s):
            begin = block.start
    return max(filter(None, (begin, rested))) if rested else begin


def _renew(rule: RunRule, source: str, since: datetime) -> list[datetime]:
    """Bring the runs from `since` on up to date; the starts of those that changed."""
    instrument = rule.instrument
    found: Sequence[Found] = ()
    origin = Run.Origin.ACTIVITY
    if source == RunRule.Source.ACTIVITY:
        stretches = _cut(stretch_list(instrument, since), since)
        moved = changes(_levels(instrument, since))
        found = found_by_activity(
            moved, stretches, gap_s=rule.gap_s, rest_s=rule.rest_s, quiet_s=rule.quiet_s, min_s=rule.min_s
        )
    elif source == RunRule.Source.GAP:
        found, origin = found_by_gaps(stretch_list(instrument, since), rule.gap_s, rule.min_s), Run.Origin.GAP
    elif source == RunRule.Source.FILE:
        found, origin = found_in_files(rule), Run.Origin.FILE
    return _reconcile(rule, found, origin, since)


def _cut(stretches: Sequence[Span], since: datetime) -> list[Span]:
    return [Span(max(one.start, since), one.end) for one in stretches]


def _levels(instrument: Instrument, start: datetime, end: datetime | None = None) -> Points:
    names = list(levels_of(instrument))
    if not names:
        return {}
    return points_read(
        instrument=instrument.slug,
        channels=names,
        start_ns=nanoseconds(start),
        end_ns=nanoseconds(end) if end else None,
    )


def _reconcile(rule: RunRule, found: Sequence[Found], origin: str, since: datetime) -> list[datetime]:
    """Known runs take what was found at their place; what is left over is new, and what is found no more is withdrawn."""
    known = list(
        Run.objects.filter(Q(found_end=None) | Q(found_end__gt=since), instrument=rule.instrument_id)
        .exclude(origin=Run.Origin.EVENTS)
        .select_related("instrument")
        .order_by("started", "pk")
    )
    changed: list[datetime] = []
    seen: set[str] = set()
    for one in found:
        touching = [run for run in known if _overlap(run, one) > timedelta(0)]
        shaped = [run for run in touching if is_shaped(run)]
        free = [run for run in touching if not is_shaped(run) and run.pk not in seen]
        if shaped:
            seen.update(run.pk for run in shaped)
            changed += [one.start for run in shaped if _grown(run, one)]
            continue
        if free:
            best = max(free, key=lambda run: (run.withdrawn is None, _overlap(run, one), run.pk))
            seen.add(best.pk)
            before = best.started
            if run_update(best, one):
                changed += [before, best.started]
            continue
        made = run_create(rule.instrument, _named(rule.instrument, one), origin)
        seen.add(made.pk)
        changed.append(made.started)
    for run in known:
        gone = run.pk not in seen and not is_shaped(run) and run.withdrawn is None and run.origin in MOVED
        if gone and run.started >= since:
            run_withdraw(run)
            changed.append(run.started)
    return changed


def is_shaped(run: Run) -> bool:
    """Whether a person has decided where this run lies, or that it is none."""
    return bool(run.withdrawn_by) or run.origin == Run.Origin.PERSON or bool({"started", "ended"} & set(run.corrected))


def _grown(run: Run, found: Found) -> bool:
    """A run that a person shaped follows what is found only at the end that the person left alone."""
    if run.withdrawn_by or {"started", "ended"} <= set(run.corrected):
        spans = [time for time in (run.found_end, found.end) if time is not None]
        end = max(spans) if spans and found.end is not None else found.end
        start = min(filter(None, (run.found_start, found.start)))
        if (start, end) != (run.found_start, run.found_end):
            Run.objects.filter(pk=run.pk).update(found_start=start, found_end=end)
        return False
    return run_update(run, found)


def _overlap(run: Run, found: Found) -> timedelta:
    """How long a known run and a found one share; that of two which both go on is without limit."""
    start = max(min(run.found_start or run.started, run.started), found.start)
    ends = [run.found_end if run.found_start else run.ended, found.end]
    if run.ended is not None and ends[0] is not None:
        ends[0] = max(ends[0], run.ended)
    known = [end for end in ends if end is not None]
    return (min(known) - start) if known else timedelta.max


def _named(instrument: Instrument, found: Found) -> Found:
    """A new run needs a uid that nothing else has."""
    uid = found.uid or f"{instrument.slug[:40]}-{int(found.start.timestamp())}"
    taken = set(Run.objects.filter(pk__startswith=uid).values_list("pk", flat=True))
    number = 1
    while (uid if number == 1 else f"{uid}-{number}") in taken:
        number += 1
    return replace(found, uid=uid if number == 1 else f"{uid}-{number}")


def _steps_renew(instrument: Instrument, since: datetime) -> None:
    """Steps of runs for which the instrument announced none."""
    units = levels_of(instrument)
    if not units:
        return
    runs = Run.objects.filter(Q(ended=None) | Q(ended__gte=since), instrument=instrument, withdrawn=None)
    announced = set(
        StreamEvent.objects.filter(instrument=instrument, kind="step", run__in=runs).values_list("run_id", flat=True)
    )
    for run in runs.exclude(origin=Run.Origin.FILE).exclude(pk__in=announced):
        run_steps_find(run, units)


def run_steps_find(run: Run, units: dict[str, str | None]) -> None:
    """The steps of one run, told from its set points and switches."""
    before = run.started - timedelta(seconds=60)  # the last value before the start tells what the start changed
    points = _levels(run.instrument, before, run.ended)
    if steps_write(run, steps_found(points, units, run.started, run.ended)) and run.state == Run.State.CLOSED:
        feed_append("runs", run.pk)


def rule_again(rule: RunRule) -> None:
    """Look at everything again, from the first data on."""
    first = [span.start for span in blocks(stretch_list(rule.instrument), rule.gap_s)[:1]]
    files = rule.instrument.receipts.aggregate(at=Min("received"))["at"]
    start = min([*first, *([files] if files else [])], default=timezone.now())
    RunRule.objects.filter(pk=rule.pk).update(dirty_ns=nanoseconds(start), looked=None)
