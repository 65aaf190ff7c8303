"""Who speaks: bearer tokens of agents, kept as hashes, each for one instrument, revocable."""

from django.http import HttpRequest
from django.utils import timezone

from ingest.errors import NotAuthorised
from ingest.gateway.models import Agent
from ingest.gateway.tokens import token_agent


def agent_of(request: HttpRequest) -> Agent:
    """The agent whose token the request carries. Raises NotAuthorised."""
    return agent_authorised(request.headers.get("Authorization", ""))


def agent_authorised(authorization: str) -> Agent:
    """The agent of an Authorization header. Raises NotAuthorised."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthorised("send the agent's token as `Authorization: Bearer TOKEN`; `enrol` gives one")
    return token_agent(token=token.strip(), now=timezone.now())
