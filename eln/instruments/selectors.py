"""Reads of instruments: which ones a reader may watch, and how they are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from eln.accounts.scope import Scope
from ingest.gateway.models import Agent, Instrument
from ingest.gateway.selectors import LATE_S, SILENT_S
from ingest.stream.models import Alert, DayCount, Run, Stretch
from ingest.stream.moments import moment


def instrument_list(*, scope: Scope) -> QuerySet[Instrument]:
    """Instruments of readable projects and those of none."""
    found = Instrument.objects.select_related("placement__project").order_by("title")
    return found if scope.everything else found.filter(Q(placement=None) | scope.q("placement__project"))


def instrument_may_write(*, scope: Scope, instrument: Instrument) -> bool:
    """Whether a person may file for this instrument and enrol agents."""
    placement = getattr(instrument, "placement", None)
    return scope.may_write(placement.project_id if placement else None)


@dataclass(frozen=True)
class State:
    """How an instrument is now. `seen`: the last word of any of its agents; `last`: the time of its newest point.

    `lag_s`: how far the newest point is behind now, while an agent speaks; none where nothing streams.
    """

    instrument: Instrument
    agents: list[Agent]
    seen: datetime | None
    last: datetime | None
    lag_s: float | None
    today: int
    run: Run | None
    alerts: int

    @property
    def state(self) -> Literal["online", "late", "offline", "never"]:
        """By the last word of its agents."""
        if self.seen is None:
            return "never"
        silent = (timezone.now() - self.seen).total_seconds()
        return "online" if silent <= LATE_S else "late" if silent <= SILENT_S else "offline"

    @property
    def online(self) -> bool:
        """An agent spoke lately."""
        return self.state == "online"


def instrument_states(instruments: Iterable[Instrument]) -> list[State]:
    """How these instruments are; a handful of queries however many there are."""
    many = list(instruments)
    keys = [one.pk for one in many]
    now = timezone.now()
    agents: dict[int, list[Agent]] = {key: [] for key in keys}
    for agent in Agent.objects.filter(instrument__in=keys, revoked=None).order_by("name"):
        agents[agent.instrument_id].append(agent)
    last = dict(Stretch.objects.filter(instrument__in=keys).values_list("instrument").annotate(Max("end_ns")))
    today = dict(DayCount.objects.filter(instrument__in=keys, day=now.date()).values_list("instrument", "points"))
    open_runs = Run.objects.filter(instrument__in=keys, state="open", withdrawn=None).order_by("started")
    runs = {run.instrument_id: run for run in open_runs}
    alerts = dict(Alert.objects.filter(instrument__in=keys, ended=None).values_list("instrument").annotate(Count("pk")))
    return [
        _state(
            one, agents[one.pk], last.get(one.pk), today.get(one.pk, 0), runs.get(one.pk), alerts.get(one.pk, 0), now
        )
        for one in many
    ]


def _state(
    instrument: Instrument,
    agents: list[Agent],
    last_ns: int | None,
    today: int,
    run: Run | None,
    alerts: int,
    now: datetime,
) -> State:
    seen = max((agent.last_seen for agent in agents if agent.last_seen), default=None)
    last = moment(last_ns) if last_ns is not None else None
    speaks = seen is not None and (now - seen).total_seconds() <= SILENT_S
    lag_s = max((now - last).total_seconds(), 0.0) if last is not None and speaks else None
    return State(instrument, agents, seen, last, lag_s, today, run, alerts)


def instrument_state(instrument: Instrument) -> State:
    """How one instrument is."""
    return instrument_states([instrument])[0]


def alert_list(*, instrument: Instrument, limit: int = 50) -> QuerySet[Alert]:
    """The newest alerts of an instrument."""
    return instrument.alerts.order_by("-started")[:limit]
