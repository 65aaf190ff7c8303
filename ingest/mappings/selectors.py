"""Reads of saved corrections."""

from django.db.models import Q, QuerySet

from ingest.gateway.models import Instrument
from ingest.mappings.domain import ChannelCorrection, Correction
from ingest.mappings.models import Mapping


def mapping_list(*, instrument: Instrument | None = None) -> QuerySet[Mapping]:
    """Mappings in force, newest first: those of this instrument, or all."""
    found = Mapping.objects.filter(withdrawn=None).select_related("instrument").order_by("-created", "-pk")
    return found.filter(instrument=instrument) if instrument is not None else found


def corrections_for(instrument_id: int | None) -> list[Correction]:
    """What was corrected for files of this instrument, then what holds for the whole laboratory; each newest first."""
    known = Mapping.objects.filter(withdrawn=None).filter(Q(instrument_id=instrument_id) | Q(instrument=None))
    rows = sorted(known.order_by("-created", "-pk")[:500], key=lambda row: row.instrument_id is None)
    return [as_correction(row) for row in rows]


def as_correction(row: Mapping) -> Correction:
    """The pure value of a row."""
    return Correction(
        parser=row.parser,
        names=tuple(row.names),
        whole_lab=row.instrument_id is None,
        technique=row.technique,
        time_zone=row.time_zone,
        hints=row.hints,
        channels=tuple(ChannelCorrection.model_construct(**channel) for channel in row.channels),
        key=row.pk,
    )


def channel_rules(slug: str) -> dict[tuple[str, str | None], ChannelCorrection]:
    """What people said of an instrument's channels, in its files or live: by name and the unit stated; the newest wins."""
    rules: dict[tuple[str, str | None], ChannelCorrection] = {}
    known = Mapping.objects.filter(withdrawn=None, instrument__slug=slug).order_by("-created", "-pk")
    for channels in known.values_list("channels", flat=True)[:500]:
        for channel in channels:
            one = ChannelCorrection.model_construct(**channel)
            rules.setdefault((one.name, one.stated or None), one)
    return rules
