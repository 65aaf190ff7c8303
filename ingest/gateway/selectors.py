"""What can be read of the gateway: where a receipt's bytes are, how the agents are."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ingest.blobs.services import blob_path
from ingest.gateway.models import Agent, Receipt
from ingest.home import home

LATE_S, SILENT_S = 90.0, 600.0


def tail_path(receipt_id: str) -> Path:
    """Where the bytes of a growing log lie until it is closed."""
    return home() / "uploads" / f"{receipt_id}.tail"


def receipt_path(receipt: Receipt) -> Path:
    """The bytes of a receipt; of a growing or failed one those that have arrived. Raises BlobMissing."""
    if receipt.state != Receipt.State.DONE:
        return tail_path(receipt.pk)
    return blob_path(receipt.sha256)


@dataclass(frozen=True)
class AgentHealth:
    """How an agent is. `silent_s`: since it last spoke; the queue is what it has not delivered yet, by its own word."""

    agent: Agent
    state: Literal["ok", "late", "silent", "never", "revoked"]
    silent_s: float | None
    queue_rows: int
    queue_bytes: int
    faults: list[str]


def agent_health(*, instrument: str, now: datetime) -> list[AgentHealth]:
    """The agents of an instrument, newest first."""
    agents = Agent.objects.filter(instrument__slug=instrument).select_related("instrument")
    return [_health(agent, now) for agent in agents.order_by("-created")]


def _health(agent: Agent, now: datetime) -> AgentHealth:
    silent = None if agent.last_seen is None else max(0.0, (now - agent.last_seen).total_seconds())
    state: Literal["ok", "late", "silent", "never", "revoked"] = "ok"
    if agent.revoked is not None:
        state = "revoked"
    elif silent is None:
        state = "never"
    elif silent > LATE_S:
        state = "silent" if silent > SILENT_S else "late"
    beat = agent.health if isinstance(agent.health, dict) else {}
    sources = [source for source in beat.get("sources") or [] if isinstance(source, dict)]
    faults = [f"{source.get('name', '?')}: {source['error']}" for source in sources if source.get("error")]
    return AgentHealth(
        agent, state, silent, int(beat.get("queue_rows") or 0), int(beat.get("queue_bytes") or 0), faults
    )
