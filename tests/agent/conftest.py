"""The gateway double, running, for any test of the agent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.gateway_double import GatewayDouble


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayDouble]:
    """Answers on a free port of this computer; its store is in tmp_path/server."""
    (tmp_path / "server").mkdir()
    double = GatewayDouble(tmp_path / "server").start()
    yield double
    double.stop()
