"""The live page's stream: what is new, once, with units, alerts and the run; it ends when the right ends."""

import asyncio
import json
import time

import pytest
from django.test import Client
from django.urls import reverse

from eln.instruments.live import Feed, messages
from ingest.contract import Batch, Block, Descriptor, Event, encode_batch
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Instrument
from ingest.gateway.services import enrolment_create
from ingest.stream.models import Alert
from tests.builders.eln import a_person, an_instrument

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = 10**9


@pytest.fixture
def machine() -> Instrument:
    return an_instrument()


@pytest.fixture
def headers(client: Client, machine: Instrument) -> dict[str, str]:
    body = {"code": enrolment_create(instrument=machine), "name": "pc", "host": "pc", "version": "1"}
    answer = client.post("/ingest/api/v1/enrol", body, content_type="application/json")
    return {"authorization": f"Bearer {answer.json()['token']}"}


def send(client: Client, headers: dict[str, str], sequence: int, start: int, values: list[float]) -> None:
    """A batch of one channel at 1 Hz; the first opens a run."""
    run = {"uid": "run-1", "title": "Test growth", "recipe": "", "sample": "", "person": ""}
    batch = Batch(
        instrument="mbe-1", source="m", epoch="e", sequence=sequence, sent=start,
        descriptors=(Descriptor(name="T_sub", unit="degC", high=900),) if sequence == 0 else (),
        events=(Event(time=start, kind="run_start", value=run),) if sequence == 0 else (),
        blocks=(Block(times=[start + i * SECOND for i in range(len(values))], channels={"T_sub": values}),),
    )  # fmt: skip
    answer = client.post("/ingest/api/v1/frames", encode_batch(batch), "application/octet-stream", headers=headers)
    assert answer.status_code == 200, answer.content
    stages_drain(only=["ingest.stream", "eln.filing.runs"])


def test_each_point_is_sent_once_with_unit_and_run(
    client: Client, headers: dict[str, str], machine: Instrument
) -> None:
    start = time.time_ns() - 60 * SECOND
    send(client, headers, 0, start, [600.0, 601.0])
    feed = Feed(machine)
    first = feed.step()
    [series] = first["series"]
    assert (series["label"], series["unit"], series["values"]) == ("T_sub", "°C", [600.0, 601.0])
    assert first["run"]["title"] == "Test growth" and first["run"]["entry"] and 50 < first["lag"] < 90
    assert feed.step()["series"] == []
    send(client, headers, 1, start + 2 * SECOND, [602.0])
    assert feed.step()["series"][0]["values"] == [602.0]


def test_an_alert_is_told_with_its_reason_and_again_when_it_is_over(
    client: Client, headers: dict[str, str], machine: Instrument
) -> None:
    start = time.time_ns() - 60 * SECOND
    send(client, headers, 0, start, [600.0] * 3 + [950.0] * 5)
    feed = Feed(machine, language="zh-hans")
    [alert] = [one for one in feed.step()["alerts"] if one["channel"] == "T_sub"]
    assert alert["kind"] == "超出范围" and "900" in alert["reason"] and alert["ended"] is None
    send(client, headers, 1, start + 8 * SECOND, [610.0] * 30)
    assert Alert.objects.get(pk=alert["id"]).ended is not None
    [over] = [one for one in feed.step()["alerts"] if one["id"] == alert["id"]]
    assert over["ended"]
    assert feed.step()["alerts"] == []


async def heard(feed: Feed, allowed: bool, most: int) -> list[str]:
    """The first messages of a stream."""
    parts: list[str] = []
    stream = messages(feed, lambda: allowed, period=0.01)
    async for part in stream:
        parts.append(part)
        if len(parts) == most:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    return parts


def test_the_stream_resumes_by_id_and_ends_with_the_right(machine: Instrument) -> None:
    now = time.time_ns()
    parts = asyncio.run(heard(Feed(machine, until_ns=now), True, 2))
    assert parts[0].startswith("retry:") and parts[1].startswith(f"id: {now}\n")
    assert json.loads(parts[1].split("data: ")[1])["lag"] is None
    assert asyncio.run(heard(Feed(machine), False, 9))[-1].startswith("event: end")


def test_the_stream_is_server_sent_events_and_not_cached(client: Client, machine: Instrument) -> None:
    client.force_login(a_person())
    answer = client.get(reverse("eln:stream", args=["mbe-1"]))
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/event-stream", "no-cache")


def test_connecting_an_agent_shows_a_code_once(client: Client, machine: Instrument) -> None:
    client.force_login(a_person())
    page = client.post(reverse("eln:connect", args=["mbe-1"])).content.decode()
    assert "enrol --server http://testserver --code" in page and machine.enrolment_codes.count() == 1
