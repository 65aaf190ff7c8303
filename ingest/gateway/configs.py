"""What agents are told to collect: versioned documents, one line of them per agent; nothing is ever overwritten."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from ingest.contract.remote import RemoteError, remote_read
from ingest.errors import BadInput, Conflict
from ingest.gateway.models import Agent, AgentConfig


@dataclass(frozen=True)
class ConfigState:
    """What an agent should run and what it says it runs. `refused`: why it does not run the newest one.

    state: `none` (nothing was set from here), `running`, `waiting` (not fetched yet), `refused`, `forbidden` (the agent's own file
    forbids it).
    """

    wanted: AgentConfig | None
    running: int | None
    state: str
    refused: str
    heard: datetime | None


def config_write(*, agent: Agent, text: str, author: str, expected: int | None = None) -> AgentConfig:
    """Store the next version; the same text as the newest again changes nothing. Raises BadInput naming each wrong key.

    expected: the newest version its writer saw. Raises Conflict where another was written meanwhile.
    """
    text = text.replace("\r\n", "\n").strip() + "\n"
    try:
        remote_read(text)
    except RemoteError as error:
        raise BadInput(f"the configuration cannot be used: {error}") from error
    newest = config_newest(agent=agent)
    version = newest.version if newest else 0
    if expected is not None and expected != version:
        raise Conflict(f"version {version} was written meanwhile: look at it first", version=version)
    if newest is not None and newest.text == text:
        return newest
    try:
        with transaction.atomic():
            return AgentConfig.objects.create(agent=agent, version=version + 1, text=text, author=author[:120])
    except IntegrityError as error:
        raise Conflict("another version was written at the same moment: look at it first") from error


def config_newest(*, agent: Agent) -> AgentConfig | None:
    """What the agent should run; None where nothing was ever set from here."""
    return AgentConfig.objects.filter(agent=agent).order_by("-version").first()


def config_list(*, agent: Agent, limit: int = 50) -> list[AgentConfig]:
    """All versions, the newest first."""
    return list(AgentConfig.objects.filter(agent=agent).order_by("-version")[:limit])


def config_tag(config: AgentConfig | None) -> str:
    """The ETag of a version."""
    mark = hashlib.sha256(config.text.encode()).hexdigest()[:16] if config else "none"
    return f'"{config.version if config else 0}-{mark}"'


def config_state(agent: Agent) -> ConfigState:
    """The newest version beside what the agent said of it in its last heartbeat."""
    wanted = config_newest(agent=agent)
    health = agent.health if isinstance(agent.health, dict) else {}
    heard = health.get("config")
    said = heard if isinstance(heard, dict) else {}
    running = said.get("version") if isinstance(said.get("version"), int) else None
    refused = str(said.get("refused") or "") if wanted and said.get("refused_version") == wanted.version else ""
    if said.get("remote") is False:
        state = "forbidden"
    elif wanted is None:
        state = "none"
    elif running == wanted.version:
        state = "running"
    else:
        state = "refused" if refused else "waiting"
    return ConfigState(wanted, running, state, refused, agent.last_seen)
