"""Valid objects of the notebook; a test states only what matters to it."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from eln.accounts.scope import Scope
from eln.accounts.services import membership_set, project_create
from eln.entries.models import Entry
from eln.filing.runs import run_file
from eln.instruments.models import Placement
from eln.models import Project, User
from ingest.contract import Envelope
from ingest.gateway.models import Instrument, Receipt
from ingest.gateway.services import instrument_ensure, receipt_accept
from ingest.parsing.models import ParsedFile
from ingest.stream.models import Run

START = datetime(2026, 9, 21, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = count(1)


def a_person(name: str = "", *, staff: bool = False) -> User:
    """Somebody who may log in (without a password, which is slow to hash); `staff=True` may do everything."""
    return User.objects.create(username=name or f"person-{next(_numbers)}", is_staff=staff, is_superuser=staff)


def a_project(title: str = "", owner: User | None = None, **members: str) -> Project:
    """A project; further members by name: a_project(bob="reader")."""
    project = project_create(title=title or f"Project {next(_numbers)}", owner=owner or a_person())
    for username, role in members.items():
        membership_set(scope=Scope.system(), project=project, username=username, role=role)
    return project


def an_instrument(slug: str = "mbe-1", project: Project | None = None) -> Instrument:
    """A growth machine, its runs going to `project`."""
    instrument = instrument_ensure(slug=slug, title=slug.upper(), technique="MBE")
    if project is not None:
        Placement.objects.update_or_create(instrument=instrument, defaults={"project": project})
    return instrument


def a_run(
    instrument: Instrument | None = None, *, start: datetime = START, hours: float | None = 2, **facts: Any
) -> Run:
    """A run of `hours`; none = it still goes on."""
    ended = None if hours is None else start + hours * HOUR
    defaults = {"title": "SrTiO3 on LSAT", "recipe": "STO", "sample": "STO-17", "person": "mwu", "steps": []}
    return Run.objects.create(
        uid=facts.pop("uid", f"run-{next(_numbers):04}"),
        instrument=instrument or an_instrument(),
        started=start,
        ended=ended,
        state="open" if hours is None else "closed",
        **{**defaults, **facts},
    )


def an_entry(**facts: Any) -> Entry:
    """The entry that a run opened."""
    return run_file(a_run(**facts))


def a_receipt(data: bytes = b"1,2\n", name: str = "file.csv", **facts: Any) -> Receipt:
    """A stored file as an agent or a page hands it over."""
    envelope = Envelope(
        id=facts.pop("id", f"file-{next(_numbers):06}"),
        file_name=name,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        **facts,
    )
    return receipt_accept(envelope=envelope, payload=data)


def a_parsed_file(
    receipt: Receipt | None = None, *, start: datetime | None = None, hours: float = 1, **facts: Any
) -> ParsedFile:
    """What a parser said of a receipt, without running one."""
    receipt = receipt or a_receipt()
    document = {"status": facts.get("status", "parsed"), "channels": [], "metadata": {}, "steps": [], "warnings": []}
    return ParsedFile.objects.create(
        receipt=receipt,
        sha256=receipt.sha256,
        parser="delimited_text",
        status=facts.pop("status", "parsed"),
        started=start,
        ended=start + hours * HOUR if start else None,
        document={**document, **facts.pop("document", {})},
        **facts,
    )
