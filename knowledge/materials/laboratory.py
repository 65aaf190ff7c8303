"""What this laboratory has of a material: samples of its composition, the notebook entries about them, measured patterns."""

from collections.abc import Iterable
from dataclasses import dataclass

from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.entries.selectors import attachment_list, entry_list
from eln.samples.models import Sample
from eln.samples.selectors import sample_list
from knowledge.formula import NotAFormula, parse_formula
from knowledge.records.models import Record

MOST = 12
MOST_FILES = 200
ANGLE = "two_theta"


@dataclass(frozen=True)
class Laboratory:
    """Samples with their number of entries, the newest entries, and files that hold a pattern over two-theta."""

    samples: tuple[Sample, ...]
    entries: tuple[Entry, ...]
    patterns: tuple[Attachment, ...]
    more: int


def laboratory(formula: str, records: Iterable[Record], *, scope: Scope) -> Laboratory:
    """What the reader may see of it. `records`: those of the material; their notebook entries count as well."""
    samples = [one for one in _samples(scope) if _reduced(one.formula) == formula]
    named = {record.entry_id for record in records if record.entry_id}
    every = entry_list(scope=scope)
    found = (every.filter(sample__in=samples) | every.filter(pk__in=named)).distinct()
    keys = list(found.values_list("pk", flat=True)[:MOST_FILES])
    files = attachment_list(scope=scope).filter(entry__in=keys, status=Attachment.Status.PARSED).order_by("-created")
    patterns = [one for one in files[:MOST_FILES] if _over_angle(one)]
    return Laboratory(tuple(samples[:MOST]), tuple(found[:MOST]), tuple(patterns[:MOST]), max(0, len(keys) - MOST))


def _samples(scope: Scope) -> list[Sample]:
    return list(sample_list(scope=scope).exclude(formula=""))


def _reduced(text: str) -> str:
    try:
        return parse_formula(text).reduced
    except NotAFormula:
        return ""


def _over_angle(attachment: Attachment) -> bool:
    """Whether the file has a column of two-theta, as its description says."""
    channels = attachment.parsed.document.get("channels", []) if attachment.parsed else []
    return any(channel.get("quantity") == ANGLE for channel in channels if isinstance(channel, dict))
