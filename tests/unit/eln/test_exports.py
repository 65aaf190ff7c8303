"""Downloads of channels: who may have them, what they hold, and that nothing is left behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from eln.accounts.models import User
from eln.filing.runs import run_file
from ingest.gateway.models import Agent
from ingest.gateway.services import frames_accept
from ingest.gateway.tokens import secret_hash
from ingest.stream.models import Run
from ingest.stream.runs import moment
from tests.builders.eln import a_person, a_project, a_run, an_instrument
from tests.builders.ingest import T0, batch_bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(settings: Any, tmp_path: Path) -> Run:
    settings.HOME = tmp_path
    instrument = an_instrument("mbe-1")
    agent = Agent.objects.create(name="pc", instrument=instrument, token_hash=secret_hash("t"))
    frames_accept(agent=agent, data=batch_bytes(0, instrument="mbe-1", rows=20))
    return a_run(instrument, start=moment(T0), hours=9 / 3600, uid="r-1", title="Bi₂Se₃ no. 4")


def body(answer: Any) -> bytes:
    async def collect() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return asyncio.run(collect())


def get(client: Client, name: str, *arguments: str, who: User | None = None, **asked: Any) -> Any:
    client.force_login(who or a_person())
    return client.get(reverse(name, args=arguments), asked)


@pytest.mark.parametrize(("kind", "begins"), [("csv", b'"time_utc"'), ("parquet", b"PAR1"), ("nxs", b"\x89HDF")])
def test_a_run_is_downloaded_whole_and_leaves_nothing_behind(
    client: Client, run: Run, settings: Any, kind: str, begins: bytes
) -> None:
    answer = get(client, "eln:run-export", "r-1", kind)
    assert answer["Content-Disposition"].endswith(f'.{kind}"')
    data = body(answer)
    assert data.startswith(begins)
    assert list(Path(settings.HOME).glob("exports/*")) == []
    if kind == "csv":
        assert len(data.splitlines()) == 11  # a header and ten seconds


def test_a_reader_who_leaves_ends_the_work(client: Client, run: Run, settings: Any) -> None:
    async def leave() -> None:
        pieces = answer.streaming_content.__aiter__()
        await pieces.__anext__()
        await pieces.aclose()

    answer = get(client, "eln:run-export", "r-1", "parquet")
    asyncio.run(leave())
    assert list((Path(settings.HOME) / "exports").iterdir()) == []


def test_a_run_in_a_project_is_for_its_readers(client: Client, run: Run) -> None:
    owner = a_person("owner")
    an_instrument("mbe-1", project=a_project(owner=owner))
    assert run_file(run).project is not None
    assert get(client, "eln:run-export", "r-1", "csv", who=owner).status_code == 200
    assert get(client, "eln:run-export", "r-1", "csv").status_code == 404
    assert get(client, "eln:run-export", "nobody", "csv").status_code == 404


def test_channels_of_a_hidden_instrument_are_for_its_readers(client: Client, run: Run) -> None:
    owner = a_person("owner")
    an_instrument("mbe-1", project=a_project(owner=owner))
    asked = {"channel": "ch01", "start": "2025-10-09T08:53:20", "end": "2025-10-09T08:53:24.5Z"}
    data = body(get(client, "eln:instrument-export", "mbe-1", "csv", who=owner, **asked)).decode()
    assert (data.splitlines()[0], len(data.splitlines())) == ('"time_utc","time [s]","ch01"', 6)
    assert get(client, "eln:instrument-export", "mbe-1", "csv", **asked).status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"format": "xlsx"},
        {"format": "csv", "start": "yesterday"},
        {"format": "csv", "start": "2025-10-10", "end": "2025-10-09T00:00"},
        {"format": "csv", "end": "1999-01-01T00:00"},
        {"format": "csv", "channel": "nobody"},
        {"format": "csv", "start": "9999-01-01T00:00"},
    ],
)
def test_what_cannot_be_exported_is_said(client: Client, run: Run, asked: dict[str, str]) -> None:
    answer = get(client, "eln:instrument-export", "mbe-1", **asked)
    assert answer.status_code == 400


def test_the_pages_offer_the_downloads(client: Client, run: Run) -> None:
    entry = run_file(run)
    client.force_login(a_person())
    assert (
        reverse("eln:run-export", args=["r-1", "nxs"])
        in client.get(reverse("eln:entry", args=[entry.pk])).content.decode()
    )
    page = client.get(reverse("eln:instrument-setup", args=["mbe-1"])).content.decode()
    assert reverse("eln:instrument-export", args=["mbe-1"]) in page
