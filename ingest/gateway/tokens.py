"""Tokens of agents: issued, rotated, expired. Only hashes are kept; 256 random bits need no slow hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from ingest.errors import NotAuthorised
from ingest.gateway.models import Agent


@dataclass(frozen=True)
class Issued:
    """A token, shown once. `expires`: None where tokens of this site do not."""

    token: str
    expires: datetime | None


def secret_hash(secret: str) -> str:
    """How tokens and codes are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_expiry(issued: datetime) -> datetime | None:
    """When a token issued then ends, by the site's settings."""
    days = settings.INGEST.token_days
    return issued + timedelta(days=days) if days else None


def token_rotate(*, agent: Agent, now: datetime) -> Issued:
    """A new token for an agent. The one it has stays valid until the new one is used for the first time."""
    token = secrets.token_urlsafe(32)
    Agent.objects.filter(pk=agent.pk).update(next_token_hash=secret_hash(token))
    return Issued(token, token_expiry(now))


def token_agent(*, token: str, now: datetime) -> Agent:
    """The agent that a token belongs to; the first use of a rotated one ends the old. Raises NotAuthorised."""
    wanted = secret_hash(token)
    found = Agent.objects.select_related("instrument").filter(Q(token_hash=wanted) | Q(next_token_hash=wanted)).first()
    if found is None:
        raise NotAuthorised("this token is not known here: enrol the agent again with a new code")
    if found.revoked is not None:
        raise NotAuthorised("this agent was revoked: enrol it again with a new code")
    if found.token_hash != wanted:
        return _taken_over(found, wanted, now)
    if found.token_expires is not None and found.token_expires <= now:
        raise NotAuthorised("this token expired: enrol the agent again with a new code")
    return found


@transaction.atomic
def _taken_over(agent: Agent, wanted: str, now: datetime) -> Agent:
    """The rotated token becomes the token."""
    Agent.objects.filter(pk=agent.pk, next_token_hash=wanted).update(
        token_hash=wanted, next_token_hash=None, token_issued=now, token_expires=token_expiry(now)
    )
    agent.refresh_from_db()
    return agent
