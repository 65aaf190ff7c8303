"""TA Instruments Universal Analysis, text: keys, `Sig1` to `SigN` that name the columns, `StartOfData`, rows."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, whole_rows, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_MODULES = [
    (r"\bSDT|\bTGA.*DSC|DSC.*TGA", "simultaneous_thermal_analysis"), (r"\bTGA|\bTG\b", "thermogravimetry"),
    (r"\bDSC|\bMDSC", "dsc"), (r"\bTMA\b|dilato", "dilatometry"),
]  # fmt: skip
_OURS = {
    "sample": "Sample", "operator": "Operator", "instrument": "Instrument", "method": "OrgMethod",
    "sample_mass": "Size", "comments": "Comment",
}  # fmt: skip


class TaInstruments:
    """Recognised by the list of signals and the mark where data begin."""

    name = "ta_instruments"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 with `Nsig`, `Sig1` and `StartOfData`."""
        text = head_text(head)
        marks = (r"^Nsig\t", r"^Sig1\t", r"^StartOfData")
        return 0.96 if all(re.search(mark, text, re.MULTILINE) for mark in marks) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All signals. Raises CannotParse."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        at = next((number for number, line in enumerate(lines) if line.strip() == "StartOfData"), None)
        if at is None:
            raise CannotParse("the header is not followed by StartOfData; the file is cut")
        pairs = {key: value.strip() for key, _, value in (line.partition("\t") for line in lines[:at]) if key.strip()}
        labels = [
            pairs[key] for key in sorted((k for k in pairs if re.fullmatch(r"Sig\d+", k)), key=lambda k: int(k[3:]))
        ]
        rows, cut = whole_rows(lines[at + 1 :], None, len(labels), text.endswith(("\n", "\r")))
        if not rows:
            raise CannotParse("holds no rows: the measurement never began or the file is cut")
        decimal = decimal_sign(rows)
        marked = [bool(re.fullmatch(r"-\d+([.,]0*)?", row[0])) for row in rows]
        technique = next(
            (t for pattern, t in _MODULES if re.search(pattern, pairs.get("Instrument", ""), re.IGNORECASE)), None
        )
        kept = [row for row, mark in zip(rows, marked, strict=True) if not mark]
        channels, warnings = channels_of([named(label) for label in labels], kept, technique, decimal)
        warnings += ["the last row is cut short"] if cut else []
        clock = next((item.name for item in channels if item.quantity == "time"), None)
        metadata, doubts = stated_start(pairs.get("Date", ""), name, clock=pairs.get("Time", ""))
        metadata |= {ours: pairs[theirs].replace("\t", " ") for ours, theirs in _OURS.items() if pairs.get(theirs)}
        steps = _segments(channels, marked, clock)
        return Parsed(
            technique_name(technique),
            with_axis(channels, clock),
            metadata | {"header": pairs},
            steps,
            [*doubts, *warnings],
        )


def _segments(channels: list[Channel], marked: list[bool], clock: str | None) -> list[Step]:
    """Segments between the rows that mark their ends; their times in the clock's unit become seconds."""
    time: Any = next((item for item in channels if item.name == clock), None)
    if time is None or not any(marked):
        return []
    scale = {"min": 60.0, "h": 3600.0}.get(time.unit, 1.0)
    steps: list[Step] = []
    first = at = 0
    for mark in [*marked, True]:
        if not mark:
            at += 1
        elif at > first:
            values = time.values[first:at] * scale
            if np.isfinite(values).all():
                steps.append(
                    Step(f"segment {len(steps) + 1}", float(values[0]), float(values[-1]), {"rows": at - first})
                )
            first = at
    return steps if len(steps) > 1 else []


plugin = TaInstruments()
