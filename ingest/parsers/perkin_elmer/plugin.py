"""PerkinElmer spectra: UV WinLab text (`PE UV`), Spectrum binary (`PEPE`), and the bare list of `.asp`."""

from pathlib import Path

from ingest.parsers.perkin_elmer.bare_list import looks_like_list, read_list
from ingest.parsers.perkin_elmer.spectrum import MAGIC, read_spectrum
from ingest.parsers.perkin_elmer.uv_winlab import FIRST, read_uv_winlab
from ingest.parsers.protocol import Head, Parsed


class PerkinElmer:
    """Reads the three by their first bytes; the bare list by its six header lines that agree with its length."""

    name = "perkin_elmer"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the two magics, 0.92 for a list whose header agrees with itself."""
        if head.data.startswith(MAGIC) or FIRST.match(head.data):
            return 0.97
        return 0.92 if looks_like_list(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum. Raises CannotParse."""
        with path.open("rb") as stream:
            start = stream.read(64)
        if start.startswith(MAGIC):
            return read_spectrum(path)
        return read_uv_winlab(path) if FIRST.match(start) else read_list(path)


plugin = PerkinElmer()
