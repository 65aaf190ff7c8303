"""Bytes in, cited answer out: the whole path through the real door, stages and stores, in one process."""

import hashlib
import json
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from eln.models import Attachment, Entry, User
from ingest.blobs.services import blob_path
from ingest.contract import Batch, Block, Descriptor, Envelope, Event, encode_batch
from ingest.feeds.models import Failure
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Receipt
from ingest.gateway.services import enrolment_create, instrument_ensure
from knowledge.models import Record

pytestmark = pytest.mark.django_db(transaction=True)

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND  # 2026-09-21, a Monday
ROWS = 300
TABLE = """\
formula,space group,band gap (eV),melting point (K)
SrTiO3,221,3.25,2353
LaAlO3,167,5.6,2453
MgO,225,7.8,3125
"""


def command(*arguments: str) -> list[dict[str, Any]]:
    """A management command's JSON lines."""
    output = StringIO()
    call_command(*arguments, json=True, stdout=output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


@pytest.fixture
def agent(client: Client) -> Iterator[dict[str, str]]:
    """Headers of an agent that enrolled with a one-time code."""
    machine = instrument_ensure(slug="mbe-1", title="MBE 1", technique="MBE")
    answer = client.post(
        "/ingest/api/v1/enrol",
        {"code": enrolment_create(instrument=machine), "name": "growth-pc", "host": "growth-pc", "version": "1"},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    yield {"authorization": f"Bearer {answer.json()['token']}"}


def send(client: Client, agent: dict[str, str], sequence: int, **content: Any) -> None:
    """One batch through the door."""
    batch = Batch(instrument="mbe-1", source="machine", epoch="e1", sequence=sequence, sent=time.time_ns(), **content)
    answer = client.post("/ingest/api/v1/frames", encode_batch(batch), "application/octet-stream", headers=agent)
    assert answer.status_code == 200, answer.content


def growth(client: Client, agent: dict[str, str]) -> None:
    """A short growth: descriptors and run start, then rows, then the stop."""
    send(
        client, agent, 0,
        descriptors=(
            Descriptor(name="T_substrate", unit="degC", quantity="substrate_temperature"),
            Descriptor(name="P_chamber", unit="Torr", quantity="chamber_pressure"),
        ),
        events=(
            Event(
                time=START, kind="run_start",
                value={"uid": "run-0001", "title": "SrTiO3 on LSAT", "recipe": "SrTiO3", "sample": "STO-17", "person": "mwu"},
            ),
            Event(time=START, kind="step", name="growth", value={"T_substrate": 650}),
        ),
    )  # fmt: skip
    times = [START + i * SECOND for i in range(ROWS)]
    warm = [600 + 50 * i / (ROWS - 1) for i in range(ROWS)]
    block = Block(times=times, channels={"T_substrate": warm, "P_chamber": [1e-6] * ROWS})
    send(client, agent, 1, blocks=(block,))
    send(client, agent, 1, blocks=(block,))  # the answer was lost, the agent sends again
    send(client, agent, 2, events=(Event(time=START + ROWS * SECOND, kind="run_stop", value={"uid": "run-0001"}),))


def test_a_growth_run_files_itself_and_can_be_asked_about(client: Client, agent: dict[str, str]) -> None:
    growth(client, agent)
    log = b"time (s),T_pyrometer (degC)\n" + b"".join(b"%d,%.1f\n" % (i, 590 + i / 10) for i in range(50))
    envelope = Envelope(
        id="file-0001", instrument="mbe-1", source="watched", file_name="pyro.csv", size=len(log),
        sha256=hashlib.sha256(log).hexdigest(), run="run-0001",
    )  # fmt: skip
    opened = client.post(
        "/ingest/api/v1/uploads",
        {"envelope": envelope.model_dump(mode="json")},
        content_type="application/json",
        headers=agent,
    )
    assert opened.status_code == 200, opened.content
    done = client.patch(
        f"/ingest/api/v1/uploads/{opened.json()['upload']}",
        log,
        "application/octet-stream",
        headers={**agent, "upload-offset": "0"},
    )
    assert done.json()["state"] == "done", done.content
    stages_drain()
    assert not Failure.objects.exists(), list(Failure.objects.values_list("stage", "reason"))

    entry = Entry.objects.get(run_id="run-0001")
    assert (entry.state, entry.instrument.slug, entry.sample.name) == ("finished", "mbe-1", "STO-17")
    attachment = Attachment.objects.get(entry=entry, file_name="pyro.csv")
    assert blob_path(attachment.sha256).read_bytes() == log

    record = Record.objects.get(entry_id=entry.pk)
    assert record.kind == "measurement"
    [answer] = command("ask", "What was the maximum substrate temperature of the SrTiO3 growth run?")
    assert answer["status"] == "answered", answer
    assert answer["value"] == pytest.approx(650) and answer["unit"] in ("degC", "°C")
    assert answer["citations"][0]["record"] == record.pk

    person = User.objects.create_superuser("head", password="a long password")
    client.force_login(person)
    page = client.get(reverse("eln:entry", args=[entry.pk]))
    assert page.status_code == 200 and "T_substrate" in page.content.decode()
    assert client.get(reverse("knowledge:record", args=[record.pk])).status_code == 200


def test_a_table_is_imported_asked_about_and_cited_down_to_its_bytes(tmp_path: Path) -> None:
    table = tmp_path / "perovskites.csv"
    table.write_text(TABLE)
    [imported] = command("import_topics", str(table), "--topic", "material_facts")
    assert (imported["rows"], imported["records"], imported["rejected"]) == (3, 3, [])
    [again] = command("import_topics", str(table), "--topic", "material_facts")
    assert (
        again["records"] + again["merged"] == 3 and Record.objects.filter(formula="MgO", withdrawn=False).count() == 1
    )

    for question in ("What is the band gap of SrTiO3?", "SrTiO₃的带隙是多少？"):
        [answer] = command("ask", question)
        assert (answer["status"], answer["value"], answer["unit"]) == ("answered", 3.25, "eV"), answer
        [citation] = answer["citations"]
        record = Record.objects.get(pk=citation["record"], version=citation["version"])
        receipt = Receipt.objects.get(pk=record.receipt)
        assert blob_path(receipt.sha256).read_text() == TABLE
        assert "SrTiO3" in TABLE.splitlines()[int("".join(filter(str.isdigit, record.locator))) - 1]
    [refused] = command("ask", "What is the thermal conductivity of SrTiO3?")
    assert refused["status"] == "refused" and refused["value"] is None
