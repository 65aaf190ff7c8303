"""What the set-up page of an instrument shows: agents, gaps in the data, channels with their versions; no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from eln.filing.models import FilingRule
from ingest.gateway.configs import ConfigState, config_list, config_state
from ingest.gateway.models import AgentConfig, Instrument
from ingest.gateway.selectors import AgentHealth, agent_health
from ingest.stream.coverage import stretch_list
from ingest.stream.found import Span
from ingest.telemetry.models import ChannelDescriptor

SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
WIDTH = 1000  # of the timeline's drawing
STARTER = """\
[[sources]]
name = "files"
type = "folder"
path = "data"            # the folder the instrument writes to
follow = ["*.log"]       # files that grow while they are written
"""


@dataclass(frozen=True)
class Bar:
    """A stretch of data in the timeline: position and width in units of the drawing."""

    x: float
    width: float
    span: Span


@dataclass(frozen=True)
class Timeline:
    """When data came. `gaps`: the longest first."""

    start: datetime
    end: datetime
    bars: list[Bar]
    gaps: list[Span]


def timeline(instrument: Instrument, now: datetime, length: timedelta) -> Timeline:
    """The stretches of data of the last while."""
    start = now - length
    spans = [
        Span(max(one.start, start), min(one.end, now))
        for one in stretch_list(instrument, start, now, gap_s=length.total_seconds() / 2000)
    ]
    scale = WIDTH / length.total_seconds()
    bars = [
        Bar(
            round((one.start - start).total_seconds() * scale, 2),
            round(max((one.end - one.start).total_seconds() * scale, 1.5), 2),
            one,
        )
        for one in spans
    ]
    gaps = [Span(before.end, after.start) for before, after in pairwise(spans)]
    return Timeline(start, now, bars, sorted(gaps, key=lambda gap: gap.start - gap.end)[:8])


@dataclass(frozen=True)
class Channel:
    """A channel with all that was ever said of it, the newest first."""

    name: str
    newest: ChannelDescriptor
    older: Sequence[ChannelDescriptor]


def channels(instrument: Instrument) -> list[Channel]:
    """The channels of an instrument by name; what was seen without a description counts only where nothing else is known."""
    rows: dict[str, list[ChannelDescriptor]] = {}
    for row in ChannelDescriptor.objects.filter(instrument=instrument).order_by("name", "-version"):
        rows.setdefault(row.name, []).append(row)
    found = []
    for name, many in rows.items():
        described = [row for row in many if row.version > 0] or many
        found.append(Channel(name, described[0], described[1:]))
    return found


@dataclass(frozen=True)
class AgentView:
    """An agent, how it is, what it should collect and what it says it collects."""

    health: AgentHealth
    lag_s: float | None
    clock_s: float | None
    sources: list[dict[str, Any]]  # Any: as the agent sent it
    config: ConfigState
    versions: list[AgentConfig]
    text: str


def agents(instrument: Instrument, now: datetime) -> list[AgentView]:
    """The agents of an instrument, the newest first, revoked ones last."""
    views = [_agent(health) for health in agent_health(instrument=instrument.slug, now=now)]
    return sorted(views, key=lambda view: view.health.state == "revoked")


def _agent(health: AgentHealth) -> AgentView:
    beat = health.agent.health if isinstance(health.agent.health, dict) else {}
    time, oldest, offset = (beat.get(key) for key in ("time", "oldest", "clock_offset_ns"))
    lag_s: float | None = None
    if isinstance(time, int):
        lag_s = max((time - oldest) / 1e9, 0.0) if isinstance(oldest, int) else 0.0
    sources = [one for one in beat.get("sources") or [] if isinstance(one, dict)]
    config = config_state(health.agent)
    return AgentView(
        health,
        lag_s,
        offset / 1e9 if isinstance(offset, int) else None,
        sources,
        config,
        config_list(agent=health.agent, limit=10),
        config.wanted.text if config.wanted else STARTER,
    )


def setup_page(instrument: Instrument, now: datetime, span: str) -> dict[str, Any]:
    """The context of setup.html, without rights."""
    rules = FilingRule.objects.filter(instrument=instrument, active=True).select_related("partner", "person")
    return {
        "agents": agents(instrument, now),
        "timeline": timeline(instrument, now, SPANS.get(span, SPANS["day"])),
        "span": span if span in SPANS else "day",
        "spans": [("day", _("1 day")), ("week", _("7 days")), ("month", _("30 days"))],
        "width": WIDTH,
        "channels": channels(instrument),
        "rules": rules.order_by("-pk")[:50],
        "tab": "setup",
    }
