"""Writes about instruments: where their entries belong, and codes for new agents."""

from django.db import transaction
from django.utils.translation import gettext as _

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from eln.errors import NotAllowed
from eln.instruments.models import Placement
from eln.instruments.selectors import instrument_may_write
from ingest.feeds.services import feed_append
from ingest.gateway.models import Instrument
from ingest.gateway.services import enrolment_create


@transaction.atomic
def placement_set(*, scope: Scope, instrument: Instrument, project: Project | None) -> Placement:
    """From now on the instrument's runs and files go into this project."""
    if not instrument_may_write(scope=scope, instrument=instrument):
        raise NotAllowed(_("Only members who may write can move an instrument to another project."))
    placement, _made = Placement.objects.update_or_create(instrument=instrument, defaults={"project": project})
    feed_append("rights", f"instrument:{instrument.slug}")
    return placement


@transaction.atomic
def code_create(*, scope: Scope, instrument: Instrument) -> str:
    """A one-time code with which an agent enrols for this instrument within a day."""
    if not instrument_may_write(scope=scope, instrument=instrument):
        raise NotAllowed(_("Only members who may write can connect an agent."))
    return enrolment_create(instrument=instrument)
