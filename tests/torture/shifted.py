"""`python -m tests.torture.shifted FILE run --config ...`: the agent with a clock that is off by the seconds in a file.

The wall clock of Python is shifted, the monotonic one is not, which is what happens when somebody sets a computer's clock.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

OFFSET = Path(sys.argv[1])


def shifted(real: Callable[[], int]) -> Callable[[], int]:
    """A clock in ns that is off."""

    def now() -> int:
        try:
            return real() + int(float(OFFSET.read_text() or 0) * 1e9)
        except (OSError, ValueError):
            return real()

    return now


time_ns = shifted(time.time_ns)
time.time_ns = time_ns
time.time = lambda: time_ns() / 1e9

from ingest.agent.cli import main  # noqa: E402 - only with the clock in place

sys.exit(main(sys.argv[2:]))
