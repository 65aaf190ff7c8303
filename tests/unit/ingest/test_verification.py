"""Stored bytes are looked at again and again; what changed is seen, never served, and can be handed over again."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from eln.ui.status import files_state
from ingest.blobs.filesystem import BlobMissing
from ingest.blobs.models import BlobCheck
from ingest.blobs.services import blob_store
from ingest.feeds.models import Cursor, FeedEvent
from ingest.gateway.models import Agent, Receipt
from ingest.gateway.selectors import receipt_path
from ingest.gateway.services import frames_accept, receipt_accept
from ingest.gateway.uploads import tail_append, tail_open, upload_append, upload_open
from ingest.telemetry.models import FrameBatch, Segment
from ingest.telemetry.segments import telemetry_folder
from ingest.verification.services import Budget, blobs_sweep
from ingest.verification.stages import VerificationStage
from tests.builders.ingest import an_agent, an_envelope, batch_bytes

NOW = timezone.now()


@pytest.fixture(autouse=True)
def agent(settings: Any, tmp_path: Path, db: None) -> Agent:
    settings.HOME = tmp_path
    return an_agent()


def a_file(data: bytes, number: int = 1) -> Receipt:
    return receipt_accept(envelope=an_envelope(data, id=f"file-{number:06d}", file_name=f"f{number}.csv"), payload=data)


def noticed() -> None:
    VerificationStage().process(list(Receipt.objects.values_list("pk", flat=True)))


def verify() -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command("verify", "--json", stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, json.loads(out.getvalue())


def test_the_longest_unseen_is_looked_at_first_and_no_faster_than_allowed(settings: Any) -> None:
    settings.INGEST = settings.INGEST.model_copy(update={"verify_bytes_per_s": 1.0})  # 60 bytes at once
    for number in range(5):
        a_file(bytes([number]) * 40, number)
    noticed()
    budget = Budget()
    assert blobs_sweep(now=NOW, budget=budget) == 2  # 40 bytes leave 20: one more is begun, and owed for
    assert blobs_sweep(now=NOW + timedelta(seconds=10), budget=budget) == 0
    assert blobs_sweep(now=NOW + timedelta(seconds=25), budget=budget) == 1
    first = set(BlobCheck.objects.exclude(checked=None).values_list("pk", flat=True))
    assert blobs_sweep(now=NOW + timedelta(hours=1), budget=budget) == 2
    assert BlobCheck.objects.exclude(pk__in=first).exclude(checked=None).count() == 2
    assert blobs_sweep(now=NOW + timedelta(hours=2), budget=budget) == 2
    again = BlobCheck.objects.filter(checked=NOW + timedelta(hours=2)).values_list("pk", flat=True)
    assert set(again) <= first, "the oldest look comes first"
    assert files_state()[0]


def test_damaged_bytes_are_told_and_served_to_nobody_until_they_come_again(agent: Agent) -> None:
    receipt = a_file(b"1,2\n")
    a_file(b"good", 2)
    noticed()
    place = receipt_path(receipt)
    place.write_bytes(b"1,3\n")
    assert blobs_sweep(now=NOW, budget=Budget()) == 2
    ok, text = files_state()
    assert not ok and "f1.csv" in text and "f2.csv" not in text
    with pytest.raises(BlobMissing, match="hand the file over again"):
        receipt_path(receipt)
    assert [path.read_bytes() for path in (place.parents[2] / "damaged").iterdir()] == [b"1,3\n"], "kept for a person"
    blobs_sweep(now=NOW, budget=Budget())
    assert BlobCheck.objects.get(pk=receipt.sha256).state == "damaged"
    envelope = an_envelope(b"1,2\n", id=receipt.pk, file_name="f1.csv")
    assert upload_open(agent=agent, envelope=envelope).offset == 0
    assert upload_append(agent=agent, upload_id=receipt.pk, offset=0, data=b"1,2\n").state == "done"
    assert receipt_path(receipt).read_bytes() == b"1,2\n"
    blobs_sweep(now=NOW + timedelta(minutes=1), budget=Budget())
    assert files_state()[0]
    assert BlobCheck.objects.get(pk=receipt.sha256).noticed is None


def test_a_lost_blob_is_told_and_a_page_can_hand_it_over_again() -> None:
    receipt = a_file(b"abc")
    noticed()
    receipt_path(receipt).unlink()
    blobs_sweep(now=NOW, budget=Budget())
    assert BlobCheck.objects.get().state == "missing"
    assert a_file(b"abc").pk == receipt.pk
    assert blob_store().verify(receipt.sha256)


def test_a_disk_that_cannot_read_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = a_file(b"abc")
    noticed()
    place = receipt_path(receipt)
    place.unlink()
    place.mkdir()  # what a broken file system may make of it
    blobs_sweep(now=NOW, budget=Budget())
    assert BlobCheck.objects.get().state in ("damaged", "missing")


def test_verify_finds_nothing_wrong_with_a_sound_store(agent: Agent) -> None:
    a_file(b"abc")
    frames_accept(agent=agent, data=batch_bytes(0))
    frames_accept(agent=agent, data=batch_bytes(1, rows=8000))
    frames_accept(agent=agent, data=batch_bytes(2, rows=0))
    code, found = verify()
    assert (code, found["ok"], found["faults"]) == (0, True, [])
    assert (found["blobs"]["checked"], found["segments"]["checked"], found["batches"]["checked"]) == (1, 1, 3)


def _blob_changed(agent: Agent) -> None:
    receipt_path(a_file(b"abc")).write_bytes(b"abd")


def _blob_cut(agent: Agent) -> None:
    receipt_path(a_file(b"abc")).write_bytes(b"ab")


def _log_cut(agent: Agent) -> None:
    tail_open(agent=agent, tail_id="tail-000001", instrument="oxide-mbe", source="s", file_name="g.log", created="")
    tail_append(agent=agent, tail_id="tail-000001", offset=0, data=b"1 2\n")
    receipt_path(Receipt.objects.get(pk="tail-000001")).write_bytes(b"1")


def _a_segment(agent: Agent) -> Path:
    frames_accept(agent=agent, data=batch_bytes(0, rows=8000))
    return telemetry_folder() / Segment.objects.get().path


def _segment_cut(agent: Agent) -> None:
    path = _a_segment(agent)
    path.write_bytes(path.read_bytes()[:-20])


def _segment_gone(agent: Agent) -> None:
    _a_segment(agent).unlink()


def _segment_of_other_points(agent: Agent) -> None:
    _a_segment(agent)
    segment = Segment.objects.get()
    segment.statistics["ch01"][0] -= 1
    segment.save()


def _points_nowhere(agent: Agent) -> None:
    frames_accept(agent=agent, data=batch_bytes(0))
    FrameBatch.objects.update(payload=None)


def _batch_damaged(agent: Agent) -> None:
    frames_accept(agent=agent, data=batch_bytes(0))
    FrameBatch.objects.update(payload=batch_bytes(0)[:-9])


def _nobody_told(agent: Agent) -> None:
    a_file(b"abc")
    FeedEvent.objects.all().delete()


def _read_ahead(agent: Agent) -> None:
    a_file(b"abc")
    Cursor.objects.create(stage="x", xid=2**60, seq=2**60)


FAULTS = [
    (_blob_changed, "blob"), (_blob_cut, "blob"), (_log_cut, "log"), (_segment_cut, "segment"), (_segment_gone, "segment"),
    (_segment_of_other_points, "segment"), (_points_nowhere, "batch"), (_batch_damaged, "batch"), (_nobody_told, "feed"),
    (_read_ahead, "feed"),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "what"), FAULTS, ids=[harm.__name__.strip("_") for harm, _ in FAULTS])
def test_verify_finds_what_is_wrong_and_says_what_to_do(agent: Agent, harm: Callable[[Agent], None], what: str) -> None:
    harm(agent)
    code, found = verify()
    assert (code, found["ok"]) == (2, False)
    [fault] = found["faults"]
    assert fault["what"] == what
    assert any(word in fault["reason"] for word in ("restore", "hand", "run"))
