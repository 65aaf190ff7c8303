"""Save and withdraw what a person corrected; whoever calls asks for the files to be read again (`files_reread`)."""

from typing import Any

from django.utils import timezone
from pydantic import ValidationError

from ingest.errors import BadInput
from ingest.gateway.models import Instrument
from ingest.mappings.domain import ChannelCorrection, Hints, technique_known, zone_of
from ingest.mappings.models import Mapping


def mapping_save(
    *,
    instrument: Instrument | None,
    parser: str,
    names: list[str],
    technique: str = "",
    time_zone: str = "",
    hints: dict[str, Any] | None = None,
    channels: list[dict[str, Any]],
    file_name: str = "",
    person: str = "",
) -> Mapping:
    """Remember a correction. `channels`: [{name, stated, unit, quantity}] of those that change.

    Raises BadInput, each sentence in `details["faults"]`.
    """
    made, faults = _channels(channels)
    known = technique_known(technique) if technique else ""
    if known is None:
        faults.append(f"{technique!r} is no technique of the registry.")
    if time_zone and zone_of(time_zone) is None:
        faults.append(f"{time_zone!r} is no time zone; write it as for example Europe/Berlin.")
    try:
        decided = Hints.model_validate(hints or {}).given()
    except ValidationError as error:
        faults += [_fault(one["msg"]) for one in error.errors()]
        decided = {}
    if faults:
        raise BadInput(" ".join(faults), faults=faults)
    return Mapping.objects.create(
        instrument=instrument,
        parser=parser,
        names=names,
        technique=known or "",
        time_zone=time_zone,
        hints=decided,
        channels=made,
        file_name=file_name[-400:],
        person=person,
    )


def _fault(text: str) -> str:
    return text.removeprefix("Value error, ")


def _channels(channels: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    made, faults = [], []
    for channel in channels:
        try:
            one = ChannelCorrection.model_validate(channel)
        except ValidationError as error:
            faults += [f"{channel.get('name')}: {_fault(fault['msg'])}." for fault in error.errors()]
            continue
        contradiction = one.contradiction()
        if contradiction:
            faults.append(f"{one.name}: {contradiction}.")
        made.append(one.model_dump())
    return made, faults


def mapping_withdraw(*, mapping: Mapping, person: str) -> None:
    """Stop applying a mapping; what was read with it is read again by the caller's request."""
    Mapping.objects.filter(pk=mapping.pk, withdrawn=None).update(withdrawn=timezone.now(), withdrawn_by=person)
