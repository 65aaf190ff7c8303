"""Reads of instruments: which ones a reader may watch, how they are, what is live."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from eln.accounts.scope import Scope
from ingest.gateway.models import Agent, Instrument
from ingest.stream.models import Alert, Run

FRESH = timedelta(seconds=30)


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
    """How an instrument is now. `seen`: the last word of any of its agents."""

    instrument: Instrument
    agents: list[Agent]
    seen: datetime | None
    run: Run | None
    alerts: int

    @property
    def online(self) -> bool:
        """An agent spoke within the last half minute."""
        return self.seen is not None and timezone.now() - self.seen < FRESH


def instrument_state(instrument: Instrument) -> State:
    """Agents, current run and open alerts of one instrument."""
    agents = list(instrument.agents.filter(revoked=None).order_by("name"))
    seen = max((agent.last_seen for agent in agents if agent.last_seen), default=None)
    run = instrument.runs.filter(state="open", withdrawn=None).order_by("-started").first()
    return State(instrument, agents, seen, run, instrument.alerts.filter(ended=None).count())


def alert_list(*, instrument: Instrument, limit: int = 50) -> QuerySet[Alert]:
    """The newest alerts of an instrument."""
    return instrument.alerts.order_by("-started")[:limit]
