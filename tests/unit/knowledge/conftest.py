"""Every test begins in English, whatever language the page of an earlier one was asked in; and the Neo4j of the tests."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import translation


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def neo4j_empty(settings: LazySettings) -> Iterator[None]:
    """The site has the Neo4j of this run, with nothing in it; there is one for all processes, so each waits its turn."""
    from knowledge.neo4j.connection import write

    uri = os.environ.get("LODESTONE_TEST_NEO4J_URI")
    if not uri:
        pytest.skip("no Neo4j: LODESTONE_TEST_NEO4J_URI is not set (make test starts one)")
    settings.NEO4J = {"uri": uri, "user": "", "password": "", "database": "neo4j"}
    with Path(tempfile.gettempdir(), f"lodestone-neo4j-{uri.rpartition(':')[2]}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        write("MATCH (n) DETACH DELETE n")
        yield


@pytest.fixture
def neo4j_site(neo4j_empty: None, db: None) -> None:
    """The same, with the records there are."""
    from knowledge.neo4j.services import graph_rebuild

    graph_rebuild()
