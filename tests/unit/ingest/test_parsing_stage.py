"""What the parsing stage does with receipts: real files through the real sandbox into the real database."""

import io
import json
import uuid
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from ingest.contract import Envelope
from ingest.feeds.models import FeedEvent
from ingest.feeds.services import stage_run
from ingest.feeds.stage import stages
from ingest.gateway.models import Receipt
from ingest.gateway.selectors import tail_path
from ingest.gateway.services import receipt_accept
from ingest.parsing.models import ParsedFile
from ingest.parsing.selectors import parsed_channels, parsed_due
from ingest.parsing.services import reparse_request
from ingest.parsing.stages import ParsingStage

pytestmark = pytest.mark.django_db
TABLE = "time [s],T [degC],state\n" + "".join(f"{i},{20 + i / 2},on\n" for i in range(20))


def a_receipt(content: bytes, name: str = "log.csv", kind: str = "measurement") -> Receipt:
    envelope = Envelope(
        id=uuid.uuid4().hex, kind=kind, file_name=name, size=len(content), sha256=sha256(content).hexdigest()
    )  # type: ignore[arg-type]
    return receipt_accept(envelope=envelope, payload=io.BytesIO(content))


def test_a_receipt_becomes_a_parsed_file_with_its_arrays() -> None:
    receipt = a_receipt(TABLE.encode())
    ParsingStage().process([receipt.pk])
    parsed = ParsedFile.objects.get(receipt=receipt)
    assert (parsed.status, parsed.parser, parsed.sha256) == ("parsed", "delimited_text", receipt.sha256)
    time, temperature, state = parsed_channels(parsed)
    assert (temperature.name, temperature.unit, temperature.quantity) == ("T", "degC", "temperature")
    np.testing.assert_array_equal(temperature.values, 20 + np.arange(20) / 2)
    assert state.texts == ("on",) * 20
    assert time.values is not None and len(time.values) == 20
    assert FeedEvent.objects.filter(feed="parsed", key=str(parsed.pk)).count() == 1


@pytest.mark.django_db(transaction=True)  # a stage sees what is committed
def test_the_stage_is_registered_and_a_second_event_of_the_same_bytes_changes_nothing() -> None:
    (stage,) = [stage for stage in stages() if stage.name == "ingest.parsing"]
    receipt = a_receipt(TABLE.encode())
    stage_run(stage)
    before = ParsedFile.objects.get(receipt=receipt).updated
    stage.process([receipt.pk])
    assert ParsedFile.objects.get(receipt=receipt).updated == before


def test_a_file_nobody_reads_is_kept_with_its_reason() -> None:
    receipt = a_receipt(bytes.fromhex("377abcaf271c") + bytes(range(256)) * 8, "scans.7z")
    ParsingStage().process([receipt.pk])
    parsed = ParsedFile.objects.get(receipt=receipt)
    assert (parsed.status, parsed.reason) == ("kept", "7-Zip archive: no reader yet")
    assert parsed_channels(parsed) == []


def test_data_sets_are_left_to_knowledge() -> None:
    receipt = a_receipt(TABLE.encode(), kind="literature")
    ParsingStage().process([receipt.pk])
    assert not ParsedFile.objects.filter(receipt=receipt).exists()


def test_a_growing_log_is_parsed_as_it_grows_but_not_at_every_append() -> None:
    receipt = a_receipt(TABLE.encode())
    Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.GROWING)
    tail = tail_path(receipt.pk)
    tail.parent.mkdir(parents=True, exist_ok=True)
    tail.write_text(TABLE)
    ParsingStage().process([receipt.pk])
    first = ParsedFile.objects.get(receipt=receipt)
    assert first.growing
    tail.write_text(TABLE + "20,30.0,off\n")
    ParsingStage().process([receipt.pk])
    assert ParsedFile.objects.get(receipt=receipt).document["channels"][0]["rows"] == 20
    ParsedFile.objects.update(updated=timezone.now() - timedelta(hours=1))
    ParsingStage().process([receipt.pk])
    assert ParsedFile.objects.get(receipt=receipt).document["channels"][0]["rows"] == 21
    Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.DONE)
    ParsingStage().process([receipt.pk])
    closed = ParsedFile.objects.get(receipt=receipt)
    assert not closed.growing and closed.pk == first.pk


def test_the_last_lines_of_a_log_that_fell_silent_are_read_soon_without_another_append() -> None:
    receipt = a_receipt(TABLE.encode())
    tail = tail_path(receipt.pk)
    tail.parent.mkdir(parents=True, exist_ok=True)
    tail.write_text(TABLE)
    Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.GROWING, size=len(TABLE))
    stage = ParsingStage()
    stage.process([receipt.pk])
    last = TABLE + "20,30.0,off\n"
    tail.write_text(last)
    Receipt.objects.filter(pk=receipt.pk).update(size=len(last))
    stage.process([receipt.pk])
    stage.tick(timezone.now())
    assert ParsedFile.objects.get(receipt=receipt).document["channels"][0]["rows"] == 20, "it was read just now"
    ParsedFile.objects.update(updated=timezone.now() - timedelta(seconds=30), seconds=0.1)  # however slow the machine
    stage.tick(timezone.now())
    assert ParsedFile.objects.get(receipt=receipt).document["channels"][0]["rows"] == 21


def test_a_newer_parser_makes_its_files_due_again() -> None:
    receipt = a_receipt(TABLE.encode())
    ParsingStage().process([receipt.pk])
    assert parsed_due() == []
    ParsedFile.objects.update(parser_version="0")
    assert [parsed.receipt_id for parsed in parsed_due()] == [receipt.pk]
    assert reparse_request() == 1
    ParsingStage().process([receipt.pk])
    assert parsed_due() == []


def test_the_command_prints_one_document_a_file_and_names_the_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command

    good, missing = tmp_path / "a.csv", tmp_path / "none.csv"
    good.write_text(TABLE)
    with pytest.raises(SystemExit) as stopped:
        call_command("parse", str(missing), str(good), "--json")
    out = capsys.readouterr()
    assert stopped.value.code == 2
    assert "none.csv" in out.err and "Traceback" not in out.err
    (document,) = [json.loads(line) for line in out.out.splitlines()]
    assert document["status"] == "parsed" and document["channels"][1]["max"] == 29.5
