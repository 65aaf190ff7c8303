"""Corrections of runs by people, after a look at their rights; the rows are ingest's own, and so are the writes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.errors import ElnError, NotAllowed
from eln.instruments.selectors import instrument_may_write
from eln.runs.selectors import run_may_write
from ingest.gateway.models import Instrument
from ingest.stream import corrections
from ingest.stream.models import Run, RunRule

CORRECTABLE = ("title", "recipe", "sample", "person")


def _allowed(scope: Scope, runs: Sequence[Run]) -> None:
    if not all(run_may_write(scope=scope, run=run) for run in runs):
        raise NotAllowed(_("You may see this run, but not correct it."))


def time_given(text: str, zone: str) -> datetime | None:
    """A time as a form sends it, in the reader's zone (minutes west of UTC, as a browser says it); none for no text."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        return datetime.fromtimestamp(moment.replace(tzinfo=UTC).timestamp() + 60 * int(zone or 0), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ElnError(_("{text} is no time; write it as 2026-03-02 14:30:00.").format(text=text)) from error


def run_edit(*, scope: Scope, author: User, run: Run, values: Mapping[str, str], zone: str, reason: str) -> Run:
    """Correct what a form gives: texts and times. An empty end leaves it as it is. Raises NotAllowed, ElnError, BadInput."""
    _allowed(scope, [run])
    changes: dict[str, Any] = {  # Any: texts and times
        name: values[name].replace("\0", "").strip() for name in CORRECTABLE if name in values
    }
    for name in ("started", "ended"):
        moment = time_given(values.get(name, ""), zone)
        known = getattr(run, name)
        # a form shows whole seconds: what it gives back unchanged is no correction
        if moment is not None and (known is None or moment != known.replace(microsecond=0)):
            changes[name] = moment
    return corrections.run_correct(run=run, person=author.username, reason=reason, changes=changes)


def run_release(*, scope: Scope, author: User, run: Run, field: str) -> Run:
    """Let the instrument's word count again for a field."""
    _allowed(scope, [run])
    return corrections.run_release(run=run, person=author.username, field=field)


def run_split(*, scope: Scope, author: User, run: Run, at: datetime | None, reason: str) -> Run:
    """Cut a run in two; the second."""
    _allowed(scope, [run])
    if at is None:
        raise ElnError(_("Say at which time to split."))
    return corrections.run_split(run=run, at=at, person=author.username, reason=reason)


def runs_merge(*, scope: Scope, author: User, runs: Sequence[Run], reason: str) -> Run:
    """Make one run of several."""
    _allowed(scope, runs)
    return corrections.runs_merge(runs=runs, person=author.username, reason=reason)


def run_remove(*, scope: Scope, author: User, run: Run, reason: str) -> Run:
    """It was no run."""
    _allowed(scope, [run])
    return corrections.run_remove(run=run, person=author.username, reason=reason)


def run_restore(*, scope: Scope, author: User, run: Run) -> Run:
    """It was one after all."""
    _allowed(scope, [run])
    return corrections.run_restore(run=run, person=author.username)


def run_add(
    *, scope: Scope, author: User, instrument: Instrument, started: datetime | None, ended: datetime | None, title: str
) -> Run:
    """A run entered by hand."""
    if not instrument_may_write(scope=scope, instrument=instrument):
        raise NotAllowed(_("Only members who may write can enter runs of this instrument."))
    if started is None:
        raise ElnError(_("Say when the run began."))
    return corrections.run_add(
        instrument=instrument, started=started, ended=ended, person=author.username, title=title.strip()[:200]
    )


def run_rule_set(
    *, scope: Scope, instrument: Instrument, source: str, gap_min: str, rest_min: str, pattern: str
) -> RunRule:
    """How runs of an instrument are found from now on; minutes as a form gives them."""
    if not instrument_may_write(scope=scope, instrument=instrument):
        raise NotAllowed(_("Only members who may write can change how runs are found."))
    try:
        gap_s, rest_s = 60 * float(gap_min), 60 * float(rest_min)
    except ValueError as error:
        raise ElnError(_("Give the times as numbers of minutes.")) from error
    return corrections.run_rule_set(
        instrument=instrument, source=source, gap_s=gap_s, rest_s=rest_s, file_pattern=pattern.strip()[:200]
    )
