"""The way to the site's Neo4j, if it has one."""

import atexit
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from neo4j import Driver

WAIT_S, AGAIN_S = 5.0, 2.0  # for a connection, and for trying a transaction again: a reader waits
_lock = threading.Lock()
_drivers: dict[tuple[str, str], "Driver"] = {}


class GraphAway(KnowledgeError):
    """The graph database does not answer, or there is none."""

    code = "graph_away"
    status = 503


def configured() -> bool:
    """Whether the site names a Neo4j (LODESTONE_NEO4J_URI)."""
    return bool(settings.NEO4J["uri"])


def driver() -> "Driver":
    """The connections of this process. Raises GraphAway where the site has no Neo4j."""
    from neo4j import GraphDatabase

    place = settings.NEO4J
    if not place["uri"]:
        raise GraphAway("this site has no Neo4j: set LODESTONE_NEO4J_URI, then run manage.py rebuild graph")
    key = (place["uri"], place["user"])
    with _lock:
        if key not in _drivers:
            who = (place["user"], place["password"]) if place["user"] else None
            _drivers[key] = GraphDatabase.driver(
                place["uri"], auth=who, connection_timeout=WAIT_S, max_transaction_retry_time=AGAIN_S
            )
            atexit.register(_drivers[key].close)
        return _drivers[key]


@contextmanager
def _explained() -> Iterator[None]:
    from neo4j.exceptions import AuthError, DriverError, ServiceUnavailable

    try:
        yield
    except AuthError as error:
        raise GraphAway("Neo4j refuses the account: check LODESTONE_NEO4J_USER and its password") from error
    except (ServiceUnavailable, DriverError, OSError) as error:
        raise GraphAway(f"Neo4j does not answer at {settings.NEO4J['uri']}: start it, or ask the index") from error


def read(text: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a reading statement. Raises GraphAway."""
    from neo4j import READ_ACCESS

    with (
        _explained(),
        driver().session(database=settings.NEO4J["database"], default_access_mode=READ_ACCESS) as session,
    ):
        return session.execute_read(lambda work: work.run(text, dict(parameters)).data())


def write(text: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Run one writing statement in a transaction that is tried again on a lost connection. Raises GraphAway."""
    with _explained(), driver().session(database=settings.NEO4J["database"]) as session:
        session.execute_write(lambda work: work.run(text, dict(parameters or {})).consume())
