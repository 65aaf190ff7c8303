"""The official validator of OPTIMADE against our server on loopback: seeds 1 to 20, by key and without."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from deploy.services import free_port
from knowledge.optimade.door import OptimadeDoor
from tests.builders.eln import a_person
from tests.builders.structures import a_small_database, more_structures

pytestmark = [
    pytest.mark.django_db(transaction=True),  # the door reads from its own threads
    pytest.mark.filterwarnings("ignore"),  # the validator's own
]
MANDATORY, OPTIONAL = 58, 14


async def _nowhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    more_structures(24)  # a first page of nothing but structures, from which the validator draws its example
    a_small_database()
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(OptimadeDoor(_nowhere), port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/optimade"
    running.should_exit = True
    thread.join(10)


def validated(url: str, seed: int, **how: Any) -> Any:
    """What the validator counted."""
    import random

    from optimade.validator import ImplementationValidator

    random.seed(seed)
    validator = ImplementationValidator(base_url=url, verbosity=-1, respond_json=False, **how)
    validator.validate_implementation()
    counted = validator.results
    told = (counted.failure_messages, counted.optional_failure_messages, counted.internal_failure_messages)
    assert not any(told), told
    return counted


def test_all_seeds_are_green(server: str) -> None:
    for seed in range(1, 21):
        counted = validated(f"{server}/v1", seed)
        assert counted.success_count >= MANDATORY, seed
        assert counted.optional_success_count >= OPTIONAL, seed


def test_the_unversioned_address_and_a_key_are_green(server: str, settings: Any) -> None:
    from knowledge.access.services import key_create

    assert validated(server, 1).success_count >= MANDATORY - 1  # without a version there is one test less
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"optimade_anonymous": "no"})
    _key, token = key_create(user=a_person("ada"), name="validator")
    assert validated(f"{server}/v1", 2, http_headers={"X-API-Key": token}).success_count >= MANDATORY
