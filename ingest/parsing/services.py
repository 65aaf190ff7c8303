"""Parse files: by path for the command line, by receipt for the notebook."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument, Receipt
from ingest.gateway.selectors import receipt_path
from ingest.mappings.domain import Correction, corrected, hints_for
from ingest.mappings.selectors import corrections_for
from ingest.parsing.arrays import arrays_place, arrays_write
from ingest.parsing.models import ParsedFile
from ingest.parsing.result import Outcome
from ingest.parsing.sandbox import Limits, parse_isolated
from ingest.parsing.selectors import parsed_due, parser_versions


@dataclass(frozen=True)
class Reading:
    """What a file says; `names` = its channels as read without hints, by which files of one layout know each other."""

    outcome: Outcome
    names: tuple[str, ...]


MOST_HINTS = 3  # remembered ways of reading that are tried on a file that nothing reads by itself


def limits() -> Limits:
    """The limits of one parser, from the settings."""
    return Limits(
        seconds=settings.INGEST.parse_timeout_s,
        cpu_s=settings.INGEST.parse_timeout_s,
        memory_bytes=settings.INGEST.parse_memory_bytes,
    )


def parse_path(path: Path, name: str | None = None) -> Outcome:
    """What the file at `path`, called `name` by its sender, says; `kept` with a reason where nothing reads it."""
    return parse_isolated(Path(path), name or Path(path).name, limits())


def parse_corrected(
    path: Path, name: str, corrections: Sequence[Correction], hints: Mapping[str, Any] | None = None
) -> Reading:
    """What the file says with what people corrected in files like it; `hints` of a person stand above remembered ones."""
    first = parse_path(path, name)
    if first.status != "parsed" and not hints:
        return _by_remembered_hints(path, name, corrections) or Reading(first, ())
    names = _names(first)
    wanted = {**hints_for(corrections, first.document), **(hints or {})}
    outcome = parse_isolated(path, name, limits(), wanted) if wanted else first
    return _corrected(outcome, corrections, names)


def _by_remembered_hints(path: Path, name: str, corrections: Sequence[Correction]) -> Reading | None:
    """A file that is read only as a person once said of its instrument's files; it must turn out to be of their layout."""
    for one in [known for known in corrections if known.hints and not known.whole_lab][:MOST_HINTS]:
        outcome = parse_isolated(path, name, limits(), one.hints)
        if outcome.status == "parsed" and one.fits(str(outcome.document["parser"]), _names(outcome)):
            return _corrected(outcome, corrections, ())
    return None


def _names(outcome: Outcome) -> tuple[str, ...]:
    return tuple(channel["name"] for channel in outcome.document["channels"])


def _corrected(outcome: Outcome, corrections: Sequence[Correction], names: tuple[str, ...]) -> Reading:
    if outcome.status != "parsed":
        return Reading(outcome, names)
    document, channels = corrected(outcome.document, outcome.channels, corrections, names or _names(outcome))
    return Reading(replace(outcome, document=document, channels=channels), names)


def receipt_parse(*, receipt: Receipt) -> ParsedFile:
    """Parse what a receipt holds now and store the outcome; safe to repeat. Raises BlobMissing."""
    path = receipt_path(receipt)
    size, began = path.stat().st_size, time.perf_counter()
    outcome = parse_corrected(path, receipt.file_name, corrections_for(receipt.instrument_id)).outcome
    return parsed_store(receipt=receipt, outcome=outcome, size=size, seconds=time.perf_counter() - began)


def parsed_store(*, receipt: Receipt, outcome: Outcome, size: int, seconds: float) -> ParsedFile:
    """Store an outcome as the receipt's one parsed file, its arrays beside it, and tell the followers."""
    document = {"file": receipt.file_name, **outcome.document}
    parser = document["parser"] or ""
    growing = receipt.state == Receipt.State.GROWING
    fields: dict[str, Any] = {
        "sha256": "" if growing else receipt.sha256,
        "size": size,
        "parser": parser,
        "parser_version": outcome.parser_version or parser_versions()[""],
        "status": outcome.status,
        "technique": (document["technique"] or "")[:200],
        "confidence": document["confidence"],
        "document": document,
        "reason": document["reason"] or "",
        "started": moment(document["metadata"].get("start")),
        "ended": moment(document["metadata"].get("end")),
        "growing": growing,
        "seconds": seconds,
    }
    part = arrays_write(outcome.channels) if outcome.status == "parsed" else None
    with transaction.atomic():
        parsed, _ = ParsedFile.objects.update_or_create(receipt=receipt, defaults=fields)
        if part is not None:
            arrays_place(part, parsed.pk)
        feed_append("parsed", str(parsed.pk))
    return parsed


def moment(text: object) -> datetime | None:
    """An ISO time as an aware one; a time whose zone the file does not state is taken as UTC."""
    try:
        made = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return made.replace(tzinfo=UTC) if made is not None and made.tzinfo is None else made


def reparse_request(*, limit: int = 10_000) -> int:
    """Ask for all files to be parsed again that newer parsers may read better; how many there are."""
    due = [parsed.receipt_id for parsed in parsed_due()[:limit]]
    with transaction.atomic():
        feed_append("receipts", due)
    return len(due)


def receipts_reread(*, receipts: Sequence[str]) -> None:
    """Ask for these receipts to be read again, whatever read them before."""
    with transaction.atomic():
        for at in range(0, len(receipts), 500):
            ParsedFile.objects.filter(receipt__in=receipts[at : at + 500]).update(parser_version="")
        feed_append("receipts", receipts)


def files_reread(*, instrument: Instrument | None, parser: str, names: Sequence[str] = (), unread: bool = False) -> int:
    """Ask for the files that a new or withdrawn mapping concerns to be read again; how many there are.

    With an instrument all its files that share a channel of these names, and with `unread` those kept unread; else those
    that `parser` read anywhere.
    """
    known = ParsedFile.objects.filter(receipt__instrument=instrument) if instrument is not None else None
    read = known if known is not None else ParsedFile.objects.filter(parser=parser)
    wanted, kept = set(names), ParsedFile.Status.KEPT if unread and known is not None else None
    due = [
        receipt
        for receipt, status, document in read.order_by("-pk").values_list("receipt_id", "status", "document").iterator()
        if status == kept or wanted & {channel["name"] for channel in document.get("channels", ())}
    ]
    receipts_reread(receipts=due)
    return len(due)
