"""kill -9 of agent and server at random moments, while a machine streams and logs are written, rotated and files appear."""

import os
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.agent.agents import SIMULATED, a_config, agent_command, agent_kill, agent_start, folder_source
from tests.agent.sites import Site
from tests.replay.replayer import LOSSLESS, Replayer
from tests.torture.truth import Difference, compare, held_by, made_by

RATE_HZ = 100.0


def a_log(seed: int, lines: int) -> bytes:
    """A log such as a growth controller writes."""
    draw = random.Random(seed)  # noqa: S311 - values
    rows = (f"{row}\t{600 + draw.gauss(0, 1):.3f}\t{draw.random():.3e}\n" for row in range(lines))
    return b"time / s\tT / degC\tp / mbar\n" + "".join(rows).encode()


def kills(count: int, *, seed: int = 1, agents_only: bool = False) -> tuple[Difference, dict[str, Any]]:
    """`count` kills, two thirds of them of the agent; then all is left alone until it is there, and compared."""
    with tempfile.TemporaryDirectory(prefix="lodestone-torture-") as folder:
        place = Path(folder)
        site = Site(place / "site")
        site.start()
        try:
            return _killed(place, site, count, random.Random(seed), agents_only)  # noqa: S311 - moments
        finally:
            site.stop()


def _killed(
    place: Path, site: Site, count: int, draw: random.Random, agents_only: bool
) -> tuple[Difference, dict[str, Any]]:
    began, data = time.monotonic(), place / "data"
    data.mkdir()
    rows = int(RATE_HZ * count * 1.5)
    stream = (
        f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrows = {rows}\nrate_hz = {RATE_HZ}\nbatch_s = 0.05\n"
        "time_factor = 100.0\nrun_s = 600.0\npause_s = 60.0"
    )
    files = folder_source(data, follow=["*.log*"], line_wait_s=0.5)
    config = a_config(place, site.url, stream, files)
    config.write_text(config.read_text().replace('token = "right-token"', 'token_file = "agent.token"'))
    enrolled = agent_command("enrol", "--server", site.url, "--code", site.enrolment_code(), "--config", str(config))
    assert enrolled.returncode == 0, enrolled.stderr
    logs = [(f"growth-{number}.log", a_log(number, 150 * count)) for number in range(2)]
    replayer = Replayer(data, logs, speed=120, seed=draw.randrange(2**30), mischief=LOSSLESS, every=10)
    stopping, scans = threading.Event(), [os.urandom(draw.randint(10, 200_000)) for _ in range(count)]
    writer = threading.Thread(target=replayer.run, args=(stopping,))
    agent, killed = agent_start(config), {"agent": 0, "server": 0}
    writer.start()
    try:
        for number, scan in enumerate(scans):
            _drop(data, f"scan-{number:03d}.dat", scan)
            time.sleep(draw.uniform(0.2, 1.5))
            if not agents_only and draw.random() < 1 / 3:
                site.kill()
                site.start()
                killed["server"] += 1
            else:
                agent_kill(agent)
                agent = agent_start(config)
                killed["agent"] += 1
        writer.join()
        made = made_by(config)
        wanted = scans + [one for generations in replayer.written().values() for one in generations]
        deadline = time.monotonic() + 60 + 2 * count
        while True:
            difference = compare(made, wanted, held_by(site))
            if difference.clean or time.monotonic() > deadline:
                break
            time.sleep(2)
    finally:
        stopping.set()
        agent.terminate()
        agent.wait(30)
    refused = agent_command("status", "--config", str(config)).returncode
    if not difference.clean:
        shutil.copytree(place, place.with_name(place.name + "-kept"), ignore=shutil.ignore_patterns("*.lock"))
    return difference, {
        "kills": killed,
        "seconds": time.monotonic() - began,
        "refused": refused,
        "mischief": replayer.done,
    }


def _drop(data: Path, name: str, content: bytes) -> None:
    """A file appears; while the share is away, as soon as it is back."""
    while True:
        try:
            (data / name).write_bytes(content)
        except FileNotFoundError:
            time.sleep(0.05)
        else:
            return
