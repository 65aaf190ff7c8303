"""PicoQuant histogram text (TimeHarp, PicoHarp, HydraHarp): decay curves over the time that the bins' width gives."""

import re
from pathlib import Path

import numpy as np

from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_FIRST = re.compile(rb"#(?:TimeHarp|PicoHarp|HydraHarp|MultiHarp)\s+\d+\s+Histogram Data", re.IGNORECASE)


class PicoquantText:
    """Reads histograms by their first line."""

    name = "picoquant_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the first line of a histogram."""
        return 0.97 if _FIRST.match(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All curves over one time. Raises CannotParse."""
        lines = lines_of(decode(read_limited(path)).text)
        said: dict[str, str] = {}
        begin = None
        for number, line in enumerate(lines):
            if line.strip().lower() == "#counts":
                begin = number + 1
                break
            if line.startswith("#") and number + 1 < len(lines):
                said[line[1:].strip()] = lines[number + 1].strip()
        table, left = numbers_of(lines[begin:] if begin is not None else [])
        if not len(table):
            raise CannotParse("a histogram's header and no counts: nothing was measured, or the file is cut short")
        warnings = [f"{left} rows are no whole rows and left out"] if left else []
        promised = number_of(said.get("channels per curve"))
        if promised is not None and promised != len(table):
            warnings.append(f"the header promises {promised:g} bins, {len(table)} rows follow")
        widths, _ = numbers_of([said.get("ns/bin", "")])
        width = (
            float(widths.flat[0]) if widths.size and (widths == widths.flat[0]).all() and widths.flat[0] > 0 else None
        )
        channels: list[Channel] = []
        if width is not None:
            time = width * np.arange(len(table), dtype=np.float64)
            channels.append(Channel("time", time, unit="ns", quantity="time", confidence=1.0))
        else:
            warnings.append("the width of the bins is missing or differs between curves; counts have no time")
        for at in range(table.shape[1]):
            label = "counts" if table.shape[1] == 1 else f"counts {at + 1}"
            axis = "time" if width is not None else None
            channels.append(
                Channel(label, table[:, at], unit="counts", quantity="intensity", confidence=1.0, axis=axis)
            )
        start, odd = stated_start(lines[0].partition("Data")[2], name)
        instrument = lines[0][1:].partition("Histogram")[0].strip()
        metadata = {**start, "instrument": instrument, "bin_width_ns": width}
        return Parsed("time-resolved photoluminescence", channels, metadata, (), warnings + odd)


plugin = PicoquantText()
