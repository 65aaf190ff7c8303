"""Text of optical spectrometers whose columns have no names: Ocean Optics and JASCO; the header says what they are."""

import re
from pathlib import Path

from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.spectrometer_text import jasco, ocean_optics
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode


class SpectrometerText:
    """Reads both by the words that begin their data."""

    name = "spectrometer_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for `>>>>>Begin Spectral Data` or JASCO's keys followed by XYDATA."""
        start = head.data.replace(b"\0", b"")[:20_000]
        if ocean_optics.BEGIN.search(start.decode("latin-1")):
            return 0.95
        return (
            0.95 if set(re.findall(rb"^(XUNITS|YUNITS|NPOINTS|XYDATA)\b", start, re.MULTILINE)) >= jasco.KEYS else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum. Raises CannotParse."""
        text = decode(read_limited(path)).text
        if ocean_optics.BEGIN.search(text[:20_000]):
            return ocean_optics.read(text)
        if "XYDATA" in text[:20_000]:
            return jasco.read(text)
        raise CannotParse("neither a spectrum of Ocean Optics nor of JASCO")


plugin = SpectrometerText()
