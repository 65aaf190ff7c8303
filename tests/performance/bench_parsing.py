"""How long it takes to read files through the sandbox, from a closed file to named arrays."""

import time
from collections.abc import Iterator
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "instruments"
CASES = {
    "EPIC channel, 63077 rows": "growth-mbe/pdi-mbe8-epic/Ga.PID.MV.txt",
    "XRDML map, 102255 points": "xrd/xrayutilities-films/rsm_2.xrdml.bz2",
    "text table, 5578 rows of 117 columns": "growth-sputter/dtu-lesker/anait_0034_Ba-Zr_RecordingSet 2025.07.07-15.31.01.CSV",
}


def figures() -> Iterator[tuple[str, float, str]]:
    """Seconds for each case, the process included; nothing where the real files are absent."""
    from ingest.parsing.services import parse_path

    for name, file in CASES.items():
        path = SHARED / file
        if not path.is_file():
            continue
        began = time.perf_counter()
        outcome = parse_path(path)
        seconds = time.perf_counter() - began
        points = sum(channel.rows for channel in outcome.channels)
        yield f"parse {name}", seconds, "s"
        yield f"parse {name}: values", points / seconds, "1/s"
