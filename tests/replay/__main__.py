"""`python -m tests.replay FOLDER LOG...`: write real logs again into a folder, for an agent to follow."""

import argparse
import sys
from pathlib import Path

from tests.replay.replayer import MISCHIEF, Replayer


def main() -> int:
    """Write, then say what was done."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("logs", type=Path, nargs="+")
    parser.add_argument("--speed", type=float, default=100, help="lines per second and log (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mischief", nargs="*", choices=MISCHIEF, default=[], help="what to do to the files meanwhile")
    options = parser.parse_args()
    contents = [(path.name, path.read_bytes()) for path in options.logs]
    replayer = Replayer(
        options.folder, contents, speed=options.speed, seed=options.seed, mischief=tuple(options.mischief)
    )
    replayer.run()
    for name, generations in replayer.written().items():
        print(f"{name}: {sum(map(len, generations))} bytes in {len(generations)} files")
    print(", ".join(f"{count} x {kind}" for kind, count in replayer.done.items()) or "nothing was done to the files")
    return 0


sys.exit(main())
