"""Turn the form of a reading into a saved mapping, and have the files it concerns read again."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.errors import NotAllowed
from eln.instruments.selectors import instrument_may_write
from eln.reading.page import HINTS, SHOWN, quantity_named
from eln.reading.trials import Trial
from ingest.errors import BadInput
from ingest.gateway.models import Instrument
from ingest.mappings.models import Mapping
from ingest.mappings.services import mapping_save, mapping_withdraw
from ingest.parsing.services import files_reread


def hints_of(form: QueryDict) -> dict[str, Any]:
    """How to read the text, as chosen; raises BadInput for a header line that is no number."""
    found: dict[str, Any] = {key: form[key] for key in HINTS if form.get(key)}
    if "day_first" in found:
        found["day_first"] = found["day_first"] == "true"
    line = form.get("header_line", "").strip()
    if line and not line.isdecimal():
        raise BadInput(_("The line of the column names is a number; 0 says that there is none."))
    return found | ({"header_line": int(line[:7])} if line else {})


def channels_of(form: QueryDict, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The channels whose unit or quantity the person changed, as `mapping_save` takes them."""
    changed = []
    for at, channel in enumerate(document["channels"][:SHOWN]):
        if f"unit-{at}" not in form and f"quantity-{at}" not in form:
            continue
        unit, quantity = form.get(f"unit-{at}", "").strip() or None, quantity_named(form.get(f"quantity-{at}", ""))
        if (unit, quantity) != (channel["unit"], channel["quantity"]):
            stated = channel.get("stated", channel["unit"])
            changed.append({"name": channel["name"], "stated": stated, "unit": unit, "quantity": quantity})
    return changed


def allowed(user: User, instrument: Instrument | None) -> None:
    """Raises NotAllowed when a person may not change how files of this instrument (none: of all) are read."""
    if instrument is None:
        if not user.is_staff:
            raise NotAllowed(
                _("Only a steward may change how files of all instruments are read; choose the instrument.")
            )
    elif not instrument_may_write(scope=Scope.of(user), instrument=instrument):
        raise NotAllowed(_("You may watch this instrument, but not change how its files are read."))


def reading_save(
    *, user: User, trial: Trial, reading: dict[str, Any], form: QueryDict, instrument: Instrument | None
) -> tuple[Mapping, int]:
    """Remember the corrections for `instrument` (none: everywhere); (mapping, files that are read again). Raises BadInput."""
    allowed(user, instrument)
    document = reading["document"]
    channels, hints = channels_of(form, document), hints_of(form)
    technique = form.get("technique", "")
    if technique == (document["technique"] or ""):
        technique = ""
    zone = form.get("time_zone", "").strip()
    if not (channels or hints or technique or zone):
        raise BadInput(_("Nothing was changed; correct a channel, the technique or how the text is read."))
    names = reading["names"] or [channel["name"] for channel in document["channels"]]
    mapping = mapping_save(
        instrument=instrument,
        parser=document["parser"] or "",
        names=names,
        technique=technique,
        time_zone=zone,
        hints=hints,
        channels=channels,
        file_name=trial.name,
        person=user.username,
    )
    return mapping, files_reread(instrument=instrument, parser=mapping.parser, names=names, unread=bool(mapping.hints))


def reading_withdraw(*, user: User, mapping: Mapping) -> int:
    """Forget a correction; how many files are read again without it."""
    allowed(user, mapping.instrument)
    mapping_withdraw(mapping=mapping, person=user.username)
    return files_reread(instrument=mapping.instrument, parser=mapping.parser, names=mapping.names)
