"""Clocks that jump by an hour and back while an agent streams, and a change to summer time."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.agent.agents import ROOT, SIMULATED, a_config, agent_command, eventually
from tests.agent.gateway_double import GatewayDouble

ROWS = 900
START = 1_767_225_600_000_000_000
STREAM = f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrows = {ROWS}\nrate_hz = 100.0\nbatch_s = 0.05"


def jumps(*, zone: str = "Europe/Berlin") -> dict[str, Any]:
    """One hour forth, back, and back once more; what arrived, and the offset that the agent estimates each time."""
    with tempfile.TemporaryDirectory(prefix="lodestone-clock-") as folder:
        place = Path(folder)
        (place / "server").mkdir()
        gateway = GatewayDouble(place / "server").start()
        config, offset = a_config(place, gateway.url, STREAM), place / "offset"
        offset.write_text("0")
        with config.with_suffix(".log").open("ab") as log:
            agent = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.shifted", str(offset), "run", "--config", str(config)],
                cwd=ROOT, stdout=log, stderr=log, env={"TZ": zone, "PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        estimated = []
        try:
            eventually(lambda: gateway.times(), within_s=30)
            for hours in (1, 0, -1, 0):
                offset.write_text(str(hours * 3600))
                before = len(gateway.times())
                _grown(gateway, min(before + 50, ROWS - 1))
                wanted = -hours * 3600
                _learned(config, wanted)
                estimated.append(_offset(config))
            eventually(lambda: len(gateway.times()) >= ROWS, within_s=60)
        finally:
            agent.terminate()
            agent.wait(20)
            gateway.stop()
        times = gateway.times()
        return {
            "sent": ROWS,
            "found": len(times),
            "lost": ROWS - len(set(times)),
            "doubled": len(times) - len(set(times)),
            "altered": sum(one != START + round(row * 1e7) for row, one in enumerate(sorted(set(times)))),
            "offsets": [round(one) for one in estimated],
        }


def _grown(gateway: GatewayDouble, rows: int) -> None:
    eventually(lambda: len(gateway.times()) > rows, within_s=30)


def _learned(config: Path, offset: float) -> None:
    eventually(lambda: abs(_offset(config) - offset) < 5, within_s=30)


def _offset(config: Path) -> float:
    document = json.loads(agent_command("status", "--json", "--config", str(config)).stdout)
    value = document.get("clock_offset_s")
    return 1e9 if value is None else float(value)


if __name__ == "__main__":
    began = time.monotonic()
    print(jumps(), time.monotonic() - began)
