"""What people change about runs: each change is kept with who and why, and what is found later never overwrites it.

Rights are checked by the notebook, which calls these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.errors import BadInput
from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.stream.models import Run, RunChange, RunRule, StreamEvent
from ingest.stream.moments import nanoseconds
from ingest.stream.renewal import levels_of, rule_again, rule_dirty, rule_of, run_steps_find, runs_renew
from ingest.stream.runs import TEXTS, belongings_renew, fields_copied, runs_from_events, steps_renew

TIMES = ("started", "ended")


@contextmanager
def _alone(instrument: Instrument) -> Iterator[None]:
    """One transaction in which nobody else changes the runs of this instrument."""
    rule_of(instrument)
    with transaction.atomic():
        RunRule.objects.select_for_update().get(pk=instrument.pk)
        yield


def _note(run: Run, person: str, field: str, before: object, after: object, reason: str) -> None:
    RunChange.objects.create(
        run=run,
        person=person[:150],
        field=field,
        before=_text(before),
        after=_text(after),
        reason=reason.strip()[:2000],
    )


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value if value is not None else "")


def _settle(runs: Sequence[Run], since: datetime) -> None:
    """Steps, events and alerts follow the runs; followers hear of it."""
    belongings_renew(runs[0].instrument, since)
    for run in runs:
        if run.withdrawn is None and run.origin != Run.Origin.FILE:
            announced = StreamEvent.objects.filter(run=run, kind="step").exists()
            if announced:
                steps_renew(run)
            else:
                run_steps_find(run, levels_of(run.instrument))
    feed_append("runs", [run.pk for run in runs])


def _fresh(run: Run) -> Run:
    return Run.objects.select_related("instrument").get(pk=run.pk)


def run_correct(*, run: Run, person: str, reason: str = "", changes: Mapping[str, Any]) -> Run:
    """Set title, recipe, sample, person, `started` or `ended` (aware; none = it still goes on). Raises BadInput."""
    unknown = set(changes) - {*TEXTS, *TIMES}
    if unknown:
        raise BadInput(f"{', '.join(sorted(unknown))}: a run has no such field to correct")
    with _alone(run.instrument):
        run = _fresh(run)
        since = run.started
        wanted = {name: value for name, value in changes.items() if getattr(run, name) != value}
        for name, value in wanted.items():
            if name in TEXTS and len(value) > TEXTS[name]:
                raise BadInput(f"{name} is longer than {TEXTS[name]} characters")
            _note(run, person, name, getattr(run, name), value, reason)
            setattr(run, name, value)
        if run.ended is not None and run.ended <= run.started:
            raise BadInput("a run must end after it began: check the two times")
        if "ended" in wanted:
            run.state, run.closing = (Run.State.CLOSED if run.ended else Run.State.OPEN), ""
        if wanted:
            run.corrected = sorted({*run.corrected, *wanted})
            run.save()
            _settle([run], min(since, run.started))
    return run


def run_release(*, run: Run, person: str, field: str) -> Run:
    """Give a field back to the rule: what the instrument says counts again."""
    with _alone(run.instrument):
        run = _fresh(run)
        if field not in run.corrected:
            return run
        before = getattr(run, field)
        run.corrected = [name for name in run.corrected if name != field]
        if field == "started" and run.found_start:
            run.started = run.found_start
        if field == "ended" and run.found_start:
            run.ended = run.found_end
            run.state = Run.State.CLOSED if run.found_end else Run.State.OPEN
        run.save()
        _again(run)
        run = _fresh(run)
        _note(run, person, "released", f"{field} = {_text(before)}", f"{field} = {_text(getattr(run, field))}", "")
        _settle([run], min(run.started, run.found_start or run.started))
    return run


def _again(run: Run) -> None:
    """Look again at the time of a run."""
    runs_from_events(run.instrument)
    rule_dirty(run.instrument, nanoseconds(run.found_start or run.started))
    runs_renew(instrument=run.instrument, now=timezone.now(), patient=False)


def run_split(*, run: Run, at: datetime, person: str, reason: str = "") -> Run:
    """Cut a run in two at a time within it; the second, which is new."""
    with _alone(run.instrument):
        run = _fresh(run)
        if not run.started < at < (run.ended or timezone.now()):
            raise BadInput("split a run at a time between its start and its end")
        second = Run(
            pk=_uid(run), instrument=run.instrument, origin=Run.Origin.PERSON, started=at, ended=run.ended, state=run.state,
            closing=run.closing, found_start=run.found_start, found_end=run.found_end,
            corrected=["started", *(["ended"] if "ended" in run.corrected or run.origin == Run.Origin.EVENTS else [])],
            **fields_copied(run),
        )  # fmt: skip
        second.save(force_insert=True)
        run.ended, run.state, run.closing = at, Run.State.CLOSED, ""
        run.corrected = sorted({*run.corrected, "ended"})
        run.save()
        _note(run, person, "split", "", second.pk, reason)
        _note(second, person, "split", run.pk, second.pk, reason)
        _settle([run, second], run.started)
    return second


def _uid(run: Run) -> str:
    taken = set(Run.objects.filter(pk__startswith=run.pk[:58]).values_list("pk", flat=True))
    number = 2
    while f"{run.pk[:58]}.{number}" in taken:
        number += 1
    return f"{run.pk[:58]}.{number}"


def runs_merge(*, runs: Iterable[Run], person: str, reason: str = "") -> Run:
    """Make one run of several of one instrument: the first goes on to the end of the last, the others are withdrawn."""
    many = sorted(runs, key=lambda run: run.started)
    if len(many) < 2 or len({run.instrument_id for run in many}) > 1:
        raise BadInput("choose at least two runs of one instrument to merge")
    with _alone(many[0].instrument):
        many = [_fresh(run) for run in many]
        kept, others = many[0], many[1:]
        ends = [run.ended for run in many]
        last = max((end for end in ends if end is not None), default=None) if None not in ends else None
        kept.ended, kept.closing = last, ""
        kept.state = Run.State.CLOSED if last else Run.State.OPEN
        kept.corrected = sorted({*kept.corrected, "started", *(["ended"] if last else [])})
        founds = [run.found_end for run in many if run.found_start]
        kept.found_end = None if None in founds else max((end for end in founds if end), default=None)
        kept.save()
        for other in others:
            _withdraw(other, person)
            _note(other, person, "merged", other.pk, kept.pk, reason)
        _note(kept, person, "merged", ", ".join(run.pk for run in others), kept.pk, reason)
        _settle(many, kept.started)
    return kept


def _withdraw(run: Run, person: str) -> None:
    run.withdrawn, run.withdrawn_by = timezone.now(), person[:150]
    run.save(update_fields=["withdrawn", "withdrawn_by"])


def run_remove(*, run: Run, person: str, reason: str = "") -> Run:
    """It was no run, such as a start by accident. It stays in the history and can be brought back."""
    with _alone(run.instrument):
        run = _fresh(run)
        if run.withdrawn is None:
            _withdraw(run, person)
            _note(run, person, "withdrawn", "", "", reason)
            _settle([run], run.started)
    return run


def run_restore(*, run: Run, person: str, reason: str = "") -> Run:
    """Bring back a run that was removed."""
    with _alone(run.instrument):
        run = _fresh(run)
        if run.withdrawn is not None:
            run.withdrawn, run.withdrawn_by = None, ""
            run.corrected = sorted({*run.corrected, "started", *(["ended"] if run.ended else [])})
            run.save()
            _note(run, person, "restored", "", "", reason)
            _settle([run], run.started)
    return run


def run_add(
    *, instrument: Instrument, started: datetime, ended: datetime | None, person: str, reason: str = "", **texts: str
) -> Run:
    """A run that nothing announced, entered by hand."""
    if ended is not None and ended <= started:
        raise BadInput("a run must end after it began: check the two times")
    with _alone(instrument):
        uid = f"{instrument.slug[:40]}-{int(started.timestamp())}"
        run = Run(pk=uid, instrument=instrument)
        if Run.objects.filter(pk=uid).exists():
            run.pk = _uid(run)
        run.origin, run.started, run.ended = Run.Origin.PERSON, started, ended
        run.state = Run.State.CLOSED if ended else Run.State.OPEN
        run.found_start, run.found_end = started, ended
        run.corrected = ["ended", "started", *sorted(texts)]
        for name, text in texts.items():
            setattr(run, name, text[: TEXTS[name]])
        run.save(force_insert=True)
        _note(run, person, "added", "", f"{_text(started)} – {_text(ended)}", reason)
        _settle([run], started)
    return run


def run_rule_set(*, instrument: Instrument, **values: Any) -> RunRule:
    """Change how the runs of an instrument are found, and find them again. Raises BadInput."""
    if values.get("source") not in (None, *RunRule.Source.values):
        raise BadInput(f"a rule goes by one of {', '.join(RunRule.Source.values)}")
    for name in ("gap_s", "rest_s", "quiet_s", "min_s"):
        if name in values and not 1 <= float(values[name]) <= 366 * 86400:
            raise BadInput("the times of a rule lie between a second and a year")
    with _alone(instrument):
        RunRule.objects.filter(pk=instrument.pk).update(**values)
        rule_again(rule_of(instrument))
    runs_renew(instrument=instrument, now=timezone.now(), patient=False)
    return rule_of(instrument)
