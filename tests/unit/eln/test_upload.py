"""Files that people hand over: on the page and on the command line."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from eln.entries.models import Attachment
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Receipt
from tests.builders.eln import a_person, a_project, an_entry, an_instrument

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = b"time (s),T (degC)\n" + b"".join(b"%d,%d\n" % (i, 600 + i) for i in range(20))


def post(client: Client, *files: tuple[str, bytes], **facts: str) -> None:
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    assert client.post(reverse("eln:upload"), {"files": sent, **facts}).status_code == 302


def test_several_files_are_kept_read_and_filed_and_an_unreadable_one_keeps_its_reason(client: Client) -> None:
    client.force_login(a_person("ada"))
    entry = an_entry()
    post(client, ("scan.csv", TABLE), ("junk.bin", b"\x00\xffjunk" * 300), entry=str(entry.pk))
    receipts = {receipt.file_name: receipt for receipt in Receipt.objects.all()}
    waiting = client.get(reverse("eln:receipt", args=[receipts["scan.csv"].pk])).content.decode()
    assert "hx-get" in waiting
    stages_drain()
    page = client.get(reverse("eln:receipt", args=[receipts["scan.csv"].pk])).content.decode()
    assert "hx-get" not in page and entry.title in page
    shown = client.get(reverse("eln:entry", args=[entry.pk])).content.decode()
    junk = Attachment.objects.get(file_name="junk.bin")
    assert junk.status == "kept" and junk.reason and junk.reason in shown
    scan = Attachment.objects.get(file_name="scan.csv")
    [series] = client.get(reverse("eln:attachment-plot", args=[scan.pk])).json()["series"]
    assert (series["label"].split()[0], series["values"][:2]) == ("T", [600.0, 601.0])


def test_nobody_files_where_they_may_not_write(client: Client) -> None:
    bob = a_person("bob")
    client.force_login(bob)
    an_instrument(project=a_project(bob="reader"))
    file = {"files": [SimpleUploadedFile("a.csv", TABLE)]}
    assert client.post(reverse("eln:upload"), {**file, "instrument": "mbe-1"}).status_code == 403
    assert client.post(reverse("eln:upload"), {**file, "project": a_project().slug}).status_code == 404
    assert client.post(reverse("eln:upload"), {}).status_code == 400
    assert not Receipt.objects.exists()


def test_what_became_of_a_file_is_only_for_the_person_who_sent_it(client: Client) -> None:
    client.force_login(a_person("ada"))
    post(client, ("scan.csv", TABLE))
    client.force_login(a_person("eve"))
    assert client.get(reverse("eln:receipt", args=[Receipt.objects.get().pk])).status_code == 404


def test_the_command_prints_the_parse_document_with_receipt_and_entry(tmp_path: Path) -> None:
    file = tmp_path / "scan.csv"
    file.write_bytes(TABLE)
    output, errors = StringIO(), StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command(
            "ingest", str(tmp_path / "gone.csv"), str(file), sample="STO-17", json=True, stdout=output, stderr=errors
        )
    assert stop.value.code == 2 and "gone.csv" in errors.getvalue()
    gone, scan = (json.loads(line) for line in output.getvalue().splitlines())
    assert "error" in gone
    assert scan["status"] == "parsed" and scan["file"] == str(file) and len(scan["channels"]) == 2
    attachment = Attachment.objects.get(receipt=scan["receipt"])
    assert attachment.entry_id == scan["entry"] and attachment.entry is not None
    assert attachment.entry.sample is not None and attachment.entry.sample.name == "STO-17"


@pytest.mark.shared
def test_a_real_diffraction_scan_is_plotted_over_its_angle(client: Client, shared: Path) -> None:
    files = sorted((shared / "instruments" / "xrd").rglob("*.xrdml"))
    output = StringIO()
    call_command("ingest", str(files[0]), sample="X", json=True, stdout=output)
    document = json.loads(output.getvalue())
    client.force_login(a_person("head", staff=True))
    plot = client.get(reverse("eln:attachment-plot", args=[Attachment.objects.get().pk])).json()
    assert document["status"] == "parsed" and not plot["x"]["time"]
    series = plot["series"][0]
    assert len(series["x"]) == len(series["values"]) > 100 and series["x"] == sorted(series["x"])
