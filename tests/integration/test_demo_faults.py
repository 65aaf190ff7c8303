"""The demo shows every kind of fault that it makes on purpose."""

import pytest

from deploy.demo import agent_configure, folder
from ingest.agent.config import config_read
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.gateway.models import Agent
from ingest.stream.models import Alert
from tests.unit.ingest.test_stream import agent, machine_batches, play

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["agent"]  # the fixture


def test_each_fault_of_the_demo_raises_an_alert_of_its_kind(agent: Agent) -> None:
    folder().mkdir(parents=True, exist_ok=True)
    settings = config_read(agent_configure("http://127.0.0.1:8000"))
    [machine] = [source for source in settings.sources if source.type == "simulated"]
    faults = SimulatedParams.model_validate(machine.params).faults
    play(agent, machine_batches(420, faults, 5))
    seen = set(Alert.objects.values_list("kind", "channel"))
    assert {(fault.kind, fault.channel) for fault in faults if fault.channel} <= seen, seen
