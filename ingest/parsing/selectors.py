"""What can be read of parsed files: their channels with arrays, and which are due again."""

import hashlib
from functools import cache

from ingest.parsers.protocol import Channel
from ingest.parsing.arrays import array_read, arrays_read
from ingest.parsing.models import ParsedFile


def parsed_channels(parsed: ParsedFile) -> list[Channel]:
    """The channels of a parsed file with their arrays, in the order of the file; empty for a kept one."""
    return arrays_read(parsed.pk) if parsed.status == ParsedFile.Status.PARSED else []


def parsed_channel(parsed: ParsedFile, row: int) -> Channel | None:
    """One channel by its place in the document; none where there is none."""
    return array_read(parsed.pk, row) if parsed.status == ParsedFile.Status.PARSED else None


@cache
def parser_versions() -> dict[str, str]:
    """The version of each installed parser, and under the empty name one that changes when any of them does."""
    from ingest.parsers.registry import loaded

    versions = {name: parser.version for name, parser in loaded().parsers.items()}
    mark = hashlib.sha256(repr(sorted(versions.items())).encode()).hexdigest()[:12]
    return {**versions, "": f"all:{mark}"}


def is_current(parsed: ParsedFile) -> bool:
    """True when no installed parser could say more: the same version read it, or none of the present ones can."""
    return parsed.parser_version == parser_versions().get(parsed.parser, "")


def parsed_due() -> list[ParsedFile]:
    """Files to parse again after an upgrade of parsers, the oldest first."""
    candidates = ParsedFile.objects.only("pk", "receipt_id", "parser", "parser_version").order_by("pk")
    return [parsed for parsed in candidates.iterator(chunk_size=2000) if not is_current(parsed)]
