"""Files are weighed, unsure ones wait with proposals, and what a person decided holds for the files that look alike."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from eln.accounts.scope import Scope
from eln.entries.models import Attachment
from eln.entries.selectors import inbox_list
from eln.errors import ElnError, NotAllowed
from eln.filing.decisions import files_assign, files_read_again, files_set_aside, rule_forget, stroke_undo
from eln.filing.domain import Evidence, name_parts, pattern_of, proposals, same_sample, settled
from eln.filing.models import Decision, FilingRule
from eln.filing.runs import FileRuns
from eln.filing.services import file_parsed
from ingest.feeds.models import FeedEvent
from ingest.gateway.models import Instrument
from ingest.stream.corrections import run_correct
from tests.builders.eln import HOUR, START, a_parsed_file, a_person, a_project, a_receipt, an_entry, an_instrument

pytestmark = pytest.mark.django_db


def filed(name: str = "scan-001.csv", start: datetime | None = None, **facts: Any) -> Attachment:
    """A file of the camera that has gone through the stage."""
    document = facts.pop("document", {})
    receipt = a_receipt(name.encode() + str(start).encode(), name=name, instrument="camera", **facts)
    attachment = file_parsed(a_parsed_file(receipt, start=start, hours=0.1, document=document))
    assert attachment is not None
    return attachment


def at_one_place(*instruments: Instrument) -> None:
    for instrument in instruments:
        Instrument.objects.filter(pk=instrument.pk).update(location="Room 12")
        instrument.refresh_from_db()


def test_a_file_of_an_instrument_beside_a_running_one_is_proposed_not_filed() -> None:
    camera, machine = an_instrument("camera"), an_instrument("mbe-1")
    at_one_place(camera, machine)
    entry = an_entry(instrument=machine)
    file = filed(start=START + HOUR)
    assert (file.entry, file.why) == (None, "unsure")
    assert [(one["entry"], one["reasons"]) for one in file.proposals] == [(entry.pk, ["place"])]
    assert list(inbox_list(scope=Scope.system())) == [file]


def test_two_weak_signs_together_are_enough() -> None:
    camera, machine = an_instrument("camera"), an_instrument("mbe-1")
    at_one_place(camera, machine)
    entry = an_entry(instrument=machine, sample="STO-17")
    assert filed("rheed_STO-17_003.png", START + HOUR).entry == entry


def test_a_run_of_another_sample_than_the_file_names_is_not_trusted() -> None:
    camera = an_instrument("camera")
    other, mine = an_entry(instrument=camera, sample="STO-17"), an_entry(start=START + 9 * HOUR, sample="LSAT-3")
    file = filed(start=START + HOUR, document={"metadata": {"sample": "LSAT-3"}})
    assert {one["entry"] for one in file.proposals} == {other.pk, mine.pk}
    assert file.entry in (None, mine)


def test_what_a_person_decides_is_remembered_for_the_files_that_look_alike() -> None:
    camera, machine = an_instrument("camera"), an_instrument("mbe-1")
    at_one_place(camera, machine)
    first, second = an_entry(instrument=machine), an_entry(instrument=machine, start=START + 5 * HOUR)
    ada = a_person("ada")
    file = filed("frame-0001.png", START + HOUR)
    group = files_assign(scope=Scope.of(ada), author=ada, files=[file], entry=first)
    later = filed("frame-0917.png", START + 6 * HOUR)
    assert (later.entry, later.why) == (second, "rule")
    assert filed("summary-1.csv", START + 6 * HOUR).entry is None, "another pattern"
    file_parsed(file.parsed)  # type: ignore[arg-type] # read again: the decision stays
    file.refresh_from_db()
    assert (file.entry, file.why) == (first, "person")
    assert stroke_undo(scope=Scope.of(ada), author=ada, group=group, now=timezone.now()) == 1
    file.refresh_from_db()
    assert file.entry is None
    assert filed("frame-0918.png", START + 6 * HOUR).entry is None, "the rule is forgotten"
    with pytest.raises(ElnError):
        stroke_undo(scope=Scope.of(ada), author=ada, group=group, now=timezone.now())


def test_what_is_no_data_leaves_the_inbox_and_can_come_back() -> None:
    an_instrument("camera")
    ada = a_person("ada")
    files = [filed(f"thumbs-{number}.db") for number in (1, 2)]
    group = files_set_aside(scope=Scope.of(ada), author=ada, files=files, remember=True)
    assert filed("thumbs-3.db").set_aside
    assert not inbox_list(scope=Scope.of(ada)).exists()
    stroke_undo(scope=Scope.of(ada), author=ada, group=group, now=timezone.now())
    assert {file.file_name for file in inbox_list(scope=Scope.of(ada))} == {"thumbs-1.db", "thumbs-2.db"}
    assert not FilingRule.objects.filter(active=True).exists()
    assert Decision.objects.filter(undone=None).count() == 0


def test_nobody_files_into_or_out_of_a_project_he_may_not_write() -> None:
    project = a_project()
    entry = an_entry(instrument=an_instrument("mbe-1", project=project))
    bob = a_person("bob")
    file = filed("scan-001.csv")
    with pytest.raises(NotAllowed):
        files_assign(scope=Scope.of(bob), author=bob, files=[file], entry=entry)
    Attachment.objects.filter(pk=file.pk).update(project=project)
    file.refresh_from_db()
    for act in (
        lambda: files_set_aside(scope=Scope.of(bob), author=bob, files=[file]),
        lambda: files_read_again(scope=Scope.of(bob), files=[file]),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not Decision.objects.exists()


def test_a_neighbour_in_another_project_is_not_even_proposed() -> None:
    camera, machine = an_instrument("camera"), an_instrument("mbe-1", project=a_project())
    at_one_place(camera, machine)
    an_entry(instrument=machine)
    assert filed(start=START + HOUR).proposals == []


def test_a_run_that_is_corrected_loses_the_files_outside_and_wins_those_inside() -> None:
    camera = an_instrument("camera")
    entry = an_entry(instrument=camera, uid="run-c")
    inside, outside = filed("a-1.csv", START + 1.5 * HOUR), filed("a-2.csv", START + 2.5 * HOUR)
    assert (inside.entry, outside.entry) == (entry, None)
    assert entry.run is not None
    run_correct(run=entry.run, person="ada", changes={"started": START + 2 * HOUR, "ended": START + 4 * HOUR})
    FileRuns().process(["run-c"])
    for file in (inside, outside):
        file.refresh_from_db()
    assert (inside.entry, outside.entry) == (None, entry)


def test_files_are_read_again_on_request() -> None:
    an_instrument("camera")
    ada, file = a_person("ada"), filed()
    files_read_again(scope=Scope.of(ada), files=[file])
    file.parsed.refresh_from_db()  # type: ignore[union-attr]
    assert file.parsed is not None and file.parsed.parser_version == ""
    assert FeedEvent.objects.filter(feed="receipts", key=file.receipt_id).count() == 2


def test_a_rule_can_be_ended_by_those_who_may_write() -> None:
    project = a_project()
    rule = FilingRule.objects.create(instrument=an_instrument("camera", project=project), pattern="x*.csv", how="time")
    bob = a_person("bob")
    with pytest.raises(NotAllowed):
        rule_forget(scope=Scope.of(bob), rule=rule)
    rule_forget(scope=Scope.system(), rule=rule)
    rule.refresh_from_db()
    assert not rule.active


def test_the_weighing_itself() -> None:
    assert pattern_of("STO-17_scan 0042.CSV") == "sto-*_scan *.csv"
    assert {"sto-17", "sto-17_scan"} <= name_parts("STO-17_scan.csv")
    assert same_sample("STO-17", "sto 17b") and not same_sample("STO-17", "LSAT-3")
    ranked = proposals([Evidence(1, "place", 0.6), Evidence(2, "time", 0.95), Evidence(1, "sample", 0.55)])
    assert [(one.entry, one.score) for one in ranked] == [(2, 0.95), (1, 0.82)]
    assert settled(ranked) is not None
    assert settled(proposals([Evidence(1, "time", 0.8), Evidence(2, "time", 0.8)])) is None


def test_a_file_within_a_run_does_not_waver_because_the_next_begins_a_minute_later() -> None:
    camera = an_instrument("camera")
    first = an_entry(instrument=camera, hours=0.1)
    an_entry(instrument=camera, start=START + 0.1 * HOUR, hours=0.1)
    moment = START + 0.09 * HOUR
    receipt = a_receipt(b"x", name="x.csv", instrument="camera", created=moment)
    file = file_parsed(a_parsed_file(receipt))
    assert file is not None and (file.entry, file.why) == (first, "time")
