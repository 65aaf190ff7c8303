"""Writes about instruments by people, after a look at their rights: places, codes, tokens, what agents collect."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from eln.errors import NotAllowed
from eln.instruments.models import Placement, Watching
from eln.instruments.selectors import instrument_may_write
from ingest.feeds.services import feed_append
from ingest.gateway.configs import config_write
from ingest.gateway.models import Agent, AgentConfig, EnrolmentCode, Instrument
from ingest.gateway.services import agent_revoke, enrolment_cancel, enrolment_create, instrument_edit
from ingest.gateway.tokens import secret_hash, token_rotate

WINDOWS_S = (300, 900, 3600, 21600)


def _allowed(scope: Scope, instrument: Instrument, sentence: str) -> None:
    if not instrument_may_write(scope=scope, instrument=instrument):
        raise NotAllowed(sentence)


@transaction.atomic
def placement_set(*, scope: Scope, instrument: Instrument, project: Project | None) -> Placement:
    """From now on the instrument's runs and files go into this project."""
    _allowed(scope, instrument, _("Only members who may write can move an instrument to another project."))
    placement, _made = Placement.objects.update_or_create(instrument=instrument, defaults={"project": project})
    feed_append("rights", f"instrument:{instrument.slug}")
    return placement


def instrument_describe(
    *, scope: Scope, instrument: Instrument, title: str, title_zh: str, technique: str, location: str
) -> Instrument:
    """What it is called and where it stands; files are matched with runs of instruments at the same place."""
    _allowed(scope, instrument, _("Only members who may write can change an instrument."))
    return instrument_edit(
        instrument=instrument, title=title, title_zh=title_zh, technique=technique, location=location
    )


@transaction.atomic
def code_create(*, scope: Scope, instrument: Instrument) -> tuple[str, EnrolmentCode]:
    """A one-time code with which an agent enrols for this instrument within a day, and its row."""
    _allowed(scope, instrument, _("Only members who may write can connect an agent."))
    code = enrolment_create(instrument=instrument)
    return code, EnrolmentCode.objects.get(code_hash=secret_hash(code))


def code_cancel(*, scope: Scope, code: EnrolmentCode) -> None:
    """Nobody can enrol with this code any more."""
    _allowed(scope, code.instrument, _("Only members who may write can connect an agent."))
    enrolment_cancel(code=code, now=timezone.now())


def agent_token(*, scope: Scope, agent: Agent, now: datetime) -> str:
    """A new token for an agent; the old one holds until the new one is used. Show it at once: only its hash is kept."""
    _allowed(scope, agent.instrument, _("Only members who may write can give agents tokens."))
    return token_rotate(agent=agent, now=now).token


def agent_dismiss(*, scope: Scope, agent: Agent) -> None:
    """This agent's token opens nothing any more."""
    _allowed(scope, agent.instrument, _("Only members who may write can revoke agents."))
    agent_revoke(agent=agent)


def agent_configure(*, scope: Scope, author: User, agent: Agent, text: str, expected: int | None) -> AgentConfig:
    """What an agent collects from now on. Raises BadInput naming each wrong key, Conflict where another wrote meanwhile."""
    _allowed(scope, agent.instrument, _("Only members who may write can say what an agent collects."))
    return config_write(agent=agent, text=text, author=author.username, expected=expected)


def watching_set(
    *,
    user: User,
    instrument: Instrument,
    channels: list[str] | None,
    logs: dict[str, bool] | None,
    window_s: int | None,
) -> None:
    """Remember how a person looks at an instrument; what is none stays as it was."""
    values: dict[str, object] = {}
    if channels is not None:
        values["channels"] = [str(name)[:120] for name in channels[:200]]
    if logs is not None:
        values["logs"] = {str(unit)[:60]: bool(log) for unit, log in list(logs.items())[:60]}
    if window_s in WINDOWS_S:
        values["window_s"] = window_s
    if values:
        Watching.objects.update_or_create(user=user, instrument=instrument, defaults=values)
