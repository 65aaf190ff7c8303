"""Runs and files find their entries, whatever the order in which they come and however often."""

from datetime import timedelta

import pytest

from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.entries.services import entry_edit
from eln.filing.domain import Window, best
from eln.filing.files import FileFiles
from eln.filing.runs import FileRuns, run_file
from eln.filing.services import file_parsed
from eln.samples.models import Sample
from ingest.gateway.models import Agent
from ingest.stream.corrections import run_remove
from tests.builders.eln import (
    HOUR,
    START,
    a_parsed_file,
    a_person,
    a_project,
    a_receipt,
    a_run,
    an_entry,
    an_instrument,
)

pytestmark = pytest.mark.django_db


def test_a_run_opens_an_entry_and_its_end_finishes_it() -> None:
    mwu = a_person("mwu")
    run = a_run(hours=None)
    FileRuns().process([run.uid])
    entry = Entry.objects.get(run=run)
    assert (entry.state, entry.title, entry.person, entry.sample and entry.sample.name) == (
        "open", "SrTiO3 on LSAT", mwu, "STO-17",
    )  # fmt: skip
    run.state, run.ended = "closed", START + HOUR
    run.save()
    FileRuns().process([run.uid, run.uid])
    entry = Entry.objects.get(run=run)
    assert (entry.state, entry.ended) == ("finished", START + HOUR)


def test_a_correction_by_a_person_survives_the_run_being_filed_again() -> None:
    ada = a_person("ada")
    entry = an_entry()
    entry_edit(scope=Scope.of(ada), author=ada, entry=entry, version=1, field="title", value="Better title")
    assert entry.run is not None and run_file(entry.run).title == "Better title"


def test_a_file_goes_to_the_run_its_sender_names() -> None:
    entry = an_entry(uid="run-7")
    attachment = file_parsed(a_parsed_file(a_receipt(run="run-7")))
    assert attachment is not None and (attachment.entry, attachment.why) == (entry, "run")


def test_a_file_whose_run_is_not_known_yet_waits_and_then_moves() -> None:
    attachment = file_parsed(a_parsed_file(a_receipt(run="late", instrument="mbe-1")))
    assert attachment is not None and (attachment.entry, attachment.why) == (None, "run_unknown")
    run = a_run(uid="late")
    FileRuns().process(["late"])
    attachment.refresh_from_db()
    assert attachment.entry == Entry.objects.get(run=run)


def test_a_file_goes_to_the_run_that_was_going_on_at_its_time() -> None:
    machine = an_instrument()
    an_entry(instrument=machine, start=START)
    second = an_entry(instrument=machine, start=START + 3 * HOUR)
    an_entry(instrument=an_instrument("other"), start=START + 3 * HOUR)
    attachment = file_parsed(a_parsed_file(a_receipt(instrument="mbe-1"), start=START + 3.5 * HOUR))
    assert attachment is not None and (attachment.entry, attachment.why) == (second, "time")


def test_a_file_without_any_hint_lies_in_the_inbox_with_the_reason() -> None:
    an_entry()
    file = file_parsed(a_parsed_file(a_receipt(instrument="mbe-1")))
    assert file is not None and (file.entry, file.why) == (None, "no_time") and file.why_text
    file = file_parsed(a_parsed_file(a_receipt(instrument="mbe-1"), start=START + 9 * HOUR))
    assert file is not None and file.why == "no_match"
    file = file_parsed(a_parsed_file(status="kept", reason="damaged zip archive"))
    assert file is not None and (file.status, file.reason, file.why) == ("kept", "damaged zip archive", "no_instrument")


def test_the_sample_in_the_file_leads_to_its_newest_entry_of_the_same_project_only() -> None:
    project = a_project()
    entry = an_entry(instrument=an_instrument(project=project), sample="STO-17")
    stated = {"metadata": {"sample": "sto-17"}}
    inside = file_parsed(a_parsed_file(a_receipt(metadata={"project": project.slug}), document=stated))
    outside = file_parsed(a_parsed_file(document=stated))
    assert inside is not None and (inside.entry, inside.why) == (entry, "sample")
    assert outside is not None and outside.entry is None


def test_a_sender_who_names_a_new_sample_gets_an_entry_for_it() -> None:
    file = file_parsed(a_parsed_file(a_receipt(name="a.xrdml", sample="NEW-1"), start=START, technique="XRD"))
    assert file is not None and file.entry is not None
    assert (file.entry.title, file.entry.technique, file.entry.started) == ("a.xrdml", "XRD", START)
    assert Sample.objects.get(name="NEW-1").entries.count() == 1


def test_a_growing_log_is_attached_once_and_refreshed() -> None:
    entry = an_entry(hours=None)
    receipt = a_receipt(instrument="mbe-1")
    parsed = a_parsed_file(receipt, start=START, growing=True)
    FileFiles().process([str(parsed.pk)])
    parsed.document = {**parsed.document, "channels": [{"name": "P_growth"}]}
    parsed.ended = START + 1.5 * HOUR
    parsed.save()
    FileFiles().process([str(parsed.pk), str(parsed.pk)])
    attachment = Attachment.objects.get(receipt=receipt)
    assert (attachment.entry, attachment.parsed) == (entry, parsed)
    entry.refresh_from_db()
    assert "p_growth" in entry.words


def test_predictions_and_literature_are_not_filed() -> None:
    assert file_parsed(a_parsed_file(a_receipt(kind="prediction"))) is None


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], (None, False)),
        ([(1, 0, 2), (2, 2, 4)], (2, False)),
        ([(1, 0, 10), (2, 0, 10)], (None, True)),
        ([(1, 5, None)], (None, False)),
        ([(1, 3.01, None)], (1, False)),
    ],
    ids=["none", "longest overlap", "two alike", "later", "touching within the slack"],
)
def test_the_longest_overlap_wins(
    windows: list[tuple[int, float, float | None]], expected: tuple[int | None, bool]
) -> None:
    given = [Window(key, START + s * HOUR, None if e is None else START + e * HOUR) for key, s, e in windows]
    assert best(given, START + 1.8 * HOUR, START + 3 * HOUR + timedelta(0)) == expected


def test_an_agent_cannot_file_into_a_project_that_is_not_its_instruments() -> None:
    theirs, own = a_project(), a_project()
    instrument = an_instrument(project=own)
    receipt = a_receipt(instrument=instrument.slug, metadata={"project": theirs.slug})
    receipt.agent = Agent.objects.create(name="pc", instrument=instrument, token_hash="x")
    receipt.save()
    attachment = file_parsed(a_parsed_file(receipt))
    assert attachment is not None and attachment.project == own


def test_a_run_that_was_none_takes_its_entry_along_unless_somebody_wrote_in_it() -> None:
    ada = a_person("ada")
    empty, written = an_entry(uid="run-a"), an_entry(uid="run-b")
    entry_edit(scope=Scope.of(ada), author=ada, entry=written, version=1, field="text", value="It grew well.")
    file = file_parsed(a_parsed_file(a_receipt(run="run-a", instrument="mbe-1"), start=START))
    for entry in (empty, written):
        assert entry.run is not None
        run_remove(run=entry.run, person="ada", reason="by accident")
    FileRuns().process(["run-a", "run-b"])
    assert file is not None
    file.refresh_from_db()
    assert (file.entry, list(Entry.objects.all())) == (None, [written])
