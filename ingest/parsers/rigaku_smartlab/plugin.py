"""Rigaku SmartLab: RASX containers and RAS text, every scan."""

import re
from pathlib import Path

from ingest.parsers.archive import names_in_head
from ingest.parsers.protocol import Head, Parsed
from ingest.parsers.rigaku_smartlab.ras import read_ras
from ingest.parsers.rigaku_smartlab.rasx import read_rasx

TECHNIQUE = "X-ray diffraction"
_MEMBER = re.compile(r"Data\d+/(?:Profile|Mea?surementConditions|Image)\d+\.\w+$", re.IGNORECASE)


class RigakuSmartlab:
    """Reads what SmartLab Studio and Guidance write, by the container's members or the first line."""

    name = "rigaku_smartlab"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 for a zip with `DataN/ProfileN.txt` or text that begins with `*RAS_DATA_START`."""
        if head.data.startswith(b"PK\x03\x04"):
            return 0.98 if any(_MEMBER.match(name) for name in names_in_head(head.data)) else 0.0
        start = head.data.lstrip(b"\xef\xbb\xbf \t\r\n")
        return 0.98 if start.startswith((b"*RAS_DATA_START", b"*RAS_HEADER_START")) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All scans end to end. Raises CannotParse."""
        with path.open("rb") as stream:
            packed = stream.read(4) == b"PK\x03\x04"
        return read_rasx(path, TECHNIQUE) if packed else read_ras(path, TECHNIQUE)


plugin = RigakuSmartlab()
