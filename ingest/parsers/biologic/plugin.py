"""BioLogic EC-Lab and BT-Lab: text export (.mpt) and binary file (.mpr); settings (.mps) are refused with what they are."""

import re
from pathlib import Path

from ingest.parsers.biologic.mpr import MAGIC as BINARY
from ingest.parsers.biologic.mpr import read_mpr
from ingest.parsers.biologic.mpt import MAGIC as TEXT
from ingest.parsers.biologic.mpt import read_mpt, settings_reason
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode

_SETTINGS = re.compile(r"(?:EC|BT)-L(?:AB|ab) SETTING FILE")


def _first(data: bytes) -> str:
    try:
        return decode(data[:4096]).text.lstrip()
    except CannotParse:
        return ""


class BioLogic:
    """Tells the three apart by their first line."""

    name = "biologic"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 by the first line."""
        if head.data.startswith(BINARY):
            return 0.98
        first = _first(head.data)
        return 0.98 if TEXT.match(first) or _SETTINGS.match(first) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """A measurement. Raises CannotParse."""
        data = read_limited(path)
        if data.startswith(BINARY):
            return read_mpr(data, name)
        text = decode(data).text
        if _SETTINGS.match(text.lstrip()):
            raise CannotParse(settings_reason(text))
        return read_mpt(text, name)


plugin = BioLogic()
