"""Who speaks: bearer tokens of agents, kept as hashes, each for one instrument, revocable."""

import hmac

from django.http import HttpRequest

from ingest.errors import NotAuthorised
from ingest.gateway.models import Agent
from ingest.gateway.services import secret_hash


def agent_of(request: HttpRequest) -> Agent:
    """The agent whose token the request carries. Raises NotAuthorised."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthorised("send the agent's token as `Authorization: Bearer TOKEN`; `enrol` gives one")
    wanted = secret_hash(token.strip())
    agent = Agent.objects.select_related("instrument").filter(token_hash=wanted).first()
    if agent is None or not hmac.compare_digest(agent.token_hash, wanted):
        raise NotAuthorised("this token is not known here: enrol the agent again with a new code")
    if agent.revoked is not None:
        raise NotAuthorised("this agent was revoked: enrol it again with a new code")
    return agent
