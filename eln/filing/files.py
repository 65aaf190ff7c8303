"""Stage `eln.filing.files`: a file that was parsed (or kept) goes to the right entry, or to the inbox with why."""

from collections.abc import Sequence

from eln.filing.services import file_parsed
from ingest.parsing.models import ParsedFile


class FileFiles:
    """Follows `parsed`; key = primary key of ParsedFile."""

    name = "eln.filing.files"
    feed = "parsed"

    def process(self, keys: Sequence[str]) -> None:
        """File each; a growing log comes again and again and is attached once."""
        found = ParsedFile.objects.select_related("receipt", "receipt__instrument").filter(pk__in=keys).order_by("pk")
        for parsed in found:
            file_parsed(parsed)
