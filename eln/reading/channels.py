"""The channels of an instrument as its agents describe them, and what a person says they are."""

from typing import Any

from django.http import QueryDict

from eln.accounts.models import User
from eln.reading.page import Row, quantity_named
from eln.reading.services import allowed
from eln.ui.labels import quantity_label
from ingest.gateway.models import Instrument
from ingest.mappings.domain import LIVE
from ingest.mappings.services import mapping_save
from ingest.parsing.services import files_reread
from ingest.telemetry.selectors import ChannelInfo, channel_list


def channel_rows(instrument: Instrument, entered: QueryDict | None = None) -> list[Row]:
    """The channels in order of name; what was typed into a refused form is kept."""
    made = []
    for at, channel in enumerate(channel_list(instrument=instrument.slug)):
        unit, quantity = channel.unit or "", quantity_label(channel.quantity)
        if entered is not None:
            unit, quantity = entered.get(f"unit-{at}", unit), entered.get(f"quantity-{at}", quantity)
        shown = {"name": channel.name, "kind": channel.kind, "min": channel.minimum, "max": channel.maximum}
        made.append(Row(at, {**shown, "rows": channel.rows}, "", unit, quantity, _sure(channel)))
    return made


def _sure(channel: ChannelInfo) -> str:
    if channel.corrected:
        return "person"
    if not channel.quantity:
        return "no"
    return "yes" if channel.confidence >= 0.8 else "maybe"


def channels_save(*, user: User, instrument: Instrument, form: QueryDict) -> int:
    """Remember what the person changed; how many channels. Files with these columns are read again. Raises BadInput."""
    allowed(user, instrument)
    known = channel_list(instrument=instrument.slug)
    changed: list[dict[str, Any]] = []
    for at, channel in enumerate(known):
        if f"unit-{at}" not in form or form.get(f"name-{at}") != channel.name:
            continue  # a channel that came while the form was open
        unit, quantity = form.get(f"unit-{at}", "").strip() or None, quantity_named(form.get(f"quantity-{at}", ""))
        if (unit, quantity) != (channel.unit, channel.quantity):
            stated = channel.stated if channel.corrected else channel.unit
            changed.append({"name": channel.name, "stated": stated, "unit": unit, "quantity": quantity})
    if changed:
        names = [one["name"] for one in changed]
        mapping_save(instrument=instrument, parser=LIVE, names=names, channels=changed, person=user.username)
        files_reread(instrument=instrument, parser=LIVE, names=names)
    return len(changed)
