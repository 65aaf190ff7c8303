import hashlib
import json
import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.contract import ZLIB, Codec, encode_batch
from ingest.errors import TooMany
from ingest.feeds.models import FeedEvent
from ingest.gateway.door import Room
from ingest.gateway.models import Agent, EnrolmentCode, Receipt
from ingest.gateway.selectors import agent_health, receipt_path, tail_path
from ingest.gateway.services import agent_revoke, enrolment_create, instrument_ensure, receipt_accept
from ingest.telemetry.codecs import ZSTD
from ingest.telemetry.models import FrameBatch
from tests.builders.ingest import TOKEN, a_batch, an_agent, an_envelope, an_instrument, batch_bytes

pytestmark = pytest.mark.django_db
BASE = "/ingest/api/v1/"
BYTES = "application/octet-stream"


class Wire:
    """A client with a token."""

    def __init__(self, token: str | None = TOKEN) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, path: str, data: Any = b"", *, method: str = "POST", offset: int | None = None) -> Any:
        kind = BYTES if isinstance(data, bytes) else "application/json"
        more = {} if offset is None else {"Upload-Offset": str(offset)}
        return self.client.generic(
            method, BASE + path,
            data if isinstance(data, bytes) else json.dumps(data),
            content_type=kind, headers=self.headers | more,
        )  # fmt: skip


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert len(body["detail"]) > 10
    return dict(body)


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path


@pytest.fixture
def agent() -> Agent:
    return an_agent()


def test_anybody_may_ask_for_the_time_and_the_versions() -> None:
    answer = Wire(None).send("ping", method="GET").json()
    assert answer["versions"] == [1]
    assert answer["time"] > 1_600_000_000_000_000_000


def test_a_code_gives_a_token_once() -> None:
    code = enrolment_create(instrument=an_instrument())
    asked = {"code": code, "name": "pc", "host": "mbe-pc", "version": "0.1"}
    answer = Wire(None).send("enrol", asked).json()
    assert answer["instrument"] == "oxide-mbe"
    assert Wire(answer["token"]).send("frames", batch_bytes()).status_code == 200
    assert_problem(Wire(None).send("enrol", asked), 401, "not_authorised")
    assert not EnrolmentCode.objects.filter(code_hash=code).exists()


def test_an_expired_code_gives_nothing() -> None:
    code = enrolment_create(instrument=an_instrument())
    EnrolmentCode.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert_problem(Wire(None).send("enrol", {"code": code, "name": "pc"}), 401, "not_authorised")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"code": 1}', b'{"code":"a","name":"\\u0000"}', b"\xff\xfe"])
def test_a_malformed_enrolment_is_refused_with_the_reason(body: bytes) -> None:
    assert_problem(Wire(None).send("enrol", body), 400, "bad_input")


@pytest.mark.parametrize("path", ["frames", "uploads", "tails", "heartbeat"])
@pytest.mark.parametrize("token", [None, "wrong", "Ünicode"])
def test_every_door_needs_a_known_token(agent: Agent, path: str, token: str | None) -> None:
    assert_problem(Wire(token).send(path, b"{}"), 401, "not_authorised")


def test_a_revoked_token_opens_nothing(agent: Agent) -> None:
    agent_revoke(agent=agent)
    assert_problem(Wire().send("frames", batch_bytes()), 401, "not_authorised")
    assert not FrameBatch.objects.exists()


def test_a_batch_is_stored_once_however_often_it_comes(agent: Agent) -> None:
    first, again = (Wire().send("frames", batch_bytes(rows=7)).json() for _ in range(2))
    assert (first["accepted"], first["duplicate"], first["points"]) == (True, False, 21)
    assert (again["accepted"], again["duplicate"]) == (True, True)
    assert FrameBatch.objects.get().points == 21
    assert FeedEvent.objects.filter(feed="frames").count() == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        batch_bytes()[:-9],
        batch_bytes()[:30],
        batch_bytes(start=-5),
        batch_bytes(source="a\x00b"),
        batch_bytes(epoch="e" * 100),
    ],
)
def test_a_bad_batch_is_refused_whole(agent: Agent, data: bytes) -> None:
    assert_problem(Wire().send("frames", data), 400, "bad_batch")
    assert not FrameBatch.objects.exists()


def test_a_token_speaks_for_its_own_instrument_only(agent: Agent) -> None:
    assert_problem(Wire().send("frames", batch_bytes(instrument="other")), 403, "not_allowed")
    envelope = an_envelope(b"x", instrument="other").model_dump(mode="json")
    assert_problem(Wire().send("uploads", envelope), 403, "not_allowed")


def test_what_json_cannot_hold_in_an_event_does_no_harm(agent: Agent) -> None:
    event = {"time": 1, "kind": "message", "name": "x", "value": {"a": float("nan"), "b": "t\x00t"}}
    data = batch_bytes(events=(event,))
    assert Wire().send("frames", data).status_code == 200
    assert FrameBatch.objects.get().events[0]["value"] == {"a": None, "b": "tt"}


def test_a_body_over_the_limit_is_refused(agent: Agent) -> None:
    piece = b"x" * (8 * 2**20 + 1)
    Wire().send("uploads", an_envelope(piece).model_dump(mode="json"))
    assert_problem(Wire().send("uploads/envelope-0001", piece, method="PATCH", offset=0), 413, "too_large")


def test_a_full_disk_asks_the_sender_to_wait(agent: Agent, settings: Any) -> None:
    settings.INGEST = settings.INGEST.model_copy(update={"min_free_bytes": 2**62})
    response = Wire().send("frames", batch_bytes())
    assert_problem(response, 503, "unavailable")
    assert int(response["Retry-After"]) > 0


def test_a_wrong_method_is_a_problem_too(agent: Agent) -> None:
    assert_problem(Wire().send("frames", method="GET"), 405, "method_not_allowed")


def test_an_upload_goes_on_where_it_stopped(agent: Agent) -> None:
    data = bytes(range(256)) * 40
    envelope = an_envelope(data, sample="S1").model_dump(mode="json")
    wire = Wire()
    assert wire.send("uploads", envelope).json() == {
        "upload": "envelope-0001",
        "offset": 0,
        "state": "open",
        "receipt": None,
    }
    assert wire.send("uploads/envelope-0001", data[:4000], method="PATCH", offset=0).json()["offset"] == 4000
    wrong = assert_problem(wire.send("uploads/envelope-0001", data[100:], method="PATCH", offset=100), 409, "conflict")
    assert wrong["details"]["offset"] == 4000
    assert wire.send("uploads", envelope).json()["offset"] == 4000
    done = wire.send("uploads/envelope-0001", data[4000:], method="PATCH", offset=4000).json()
    assert (done["state"], done["receipt"]) == ("done", "envelope-0001")
    assert wire.send("uploads", envelope).json()["state"] == "done"
    receipt = Receipt.objects.get()
    assert receipt_path(receipt).read_bytes() == data
    assert (receipt.instrument, receipt.sample, receipt.sha256) == (
        agent.instrument,
        "S1",
        hashlib.sha256(data).hexdigest(),
    )
    assert list(FeedEvent.objects.filter(feed="receipts").values_list("key", flat=True)) == ["envelope-0001"]


def test_wrong_bytes_are_found_by_their_hash_and_begun_anew(agent: Agent) -> None:
    wire = Wire()
    wire.send("uploads", an_envelope(b"right").model_dump(mode="json"))
    found = wire.send("uploads/envelope-0001", b"wrong", method="PATCH", offset=0)
    assert assert_problem(found, 409, "hash_mismatch")["details"]["offset"] == 0
    assert wire.send("uploads/envelope-0001", b"right", method="PATCH", offset=0).json()["state"] == "done"


def test_more_bytes_than_promised_are_refused(agent: Agent) -> None:
    wire = Wire()
    wire.send("uploads", an_envelope(b"abc").model_dump(mode="json"))
    assert_problem(wire.send("uploads/envelope-0001", b"abcd", method="PATCH", offset=0), 409, "conflict")


def test_an_empty_file_is_a_file(agent: Agent) -> None:
    answer = Wire().send("uploads", an_envelope(b"").model_dump(mode="json")).json()
    assert answer["state"] == "done"
    assert receipt_path(Receipt.objects.get()).read_bytes() == b""


def test_an_id_cannot_be_given_to_other_bytes(agent: Agent) -> None:
    receipt_accept(envelope=an_envelope(b"one"), payload=b"one", agent=agent)
    assert_problem(Wire().send("uploads", an_envelope(b"two").model_dump(mode="json")), 409, "conflict")


@pytest.mark.parametrize("offset", [None, -1])
def test_a_piece_without_a_number_is_refused(agent: Agent, offset: int | None) -> None:
    Wire().send("uploads", an_envelope(b"abc").model_dump(mode="json"))
    assert_problem(Wire().send("uploads/envelope-0001", b"abc", method="PATCH", offset=offset), 400, "bad_input")


@pytest.mark.parametrize("path", ["uploads/nobody-began-it", "tails/nobody-began-it"])
def test_a_piece_of_nothing_is_refused(agent: Agent, path: str) -> None:
    assert_problem(Wire().send(path, b"abc", method="PATCH", offset=0), 404, "not_found")


@pytest.mark.parametrize("change", [{"sha256": "no"}, {"id": "../../etc/passwd"}, {"size": -1}, {"surprise": 1}])
def test_a_wrong_envelope_is_refused_with_the_field(agent: Agent, change: dict[str, Any]) -> None:
    problem = assert_problem(
        Wire().send("uploads", an_envelope(b"abc").model_dump(mode="json") | change), 400, "bad_input"
    )
    assert next(iter(change)) in problem["detail"]


TAIL = {
    "id": "tail-000001",
    "instrument": "oxide-mbe",
    "source": "watched",
    "file_name": "T.txt",
    "created": "2026-01-01T00:00:00Z",
}


def test_a_growing_log_is_readable_before_it_is_closed(agent: Agent) -> None:
    wire = Wire()
    assert wire.send("tails", TAIL).json()["offset"] == 0
    assert wire.send("tails/tail-000001", b"1 2\n", method="PATCH", offset=0).json()["offset"] == 4
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.size, receipt_path(receipt).read_bytes()) == ("growing", 4, b"1 2\n")
    wire.send("tails/tail-000001", b"3 4\n", method="PATCH", offset=4)
    envelope = an_envelope(b"1 2\n3 4\n", id="tail-000001", file_name="T.txt").model_dump(mode="json")
    assert wire.send("tails/tail-000001/close", envelope).json()["receipt"] == "tail-000001"
    assert wire.send("tails/tail-000001/close", envelope).json()["receipt"] == "tail-000001"
    receipt.refresh_from_db()
    assert (receipt.state, receipt_path(receipt).read_bytes()) == ("done", b"1 2\n3 4\n")
    assert FeedEvent.objects.filter(feed="receipts", key="tail-000001").count() == 3


def test_a_log_that_differs_at_its_end_keeps_its_lines(agent: Agent) -> None:
    wire = Wire()
    wire.send("tails", TAIL)
    wire.send("tails/tail-000001", b"1 2\n", method="PATCH", offset=0)
    closed = wire.send("tails/tail-000001/close", an_envelope(b"other", id="tail-000001").model_dump(mode="json"))
    assert_problem(closed, 409, "hash_mismatch")
    assert receipt_path(Receipt.objects.get()).read_bytes() == b"1 2\n"


def test_lines_written_before_a_kill_are_told_to_the_followers(agent: Agent) -> None:
    wire = Wire()
    wire.send("tails", TAIL)
    receipt_path(Receipt.objects.get()).write_bytes(b"1 2\n")  # written, then killed before the row was committed
    assert wire.send("tails", TAIL).json()["offset"] == 4
    assert Receipt.objects.get().size == 4
    assert FeedEvent.objects.filter(feed="receipts").count() == 1


def test_a_heartbeat_is_kept_as_the_health_of_the_agent(agent: Agent) -> None:
    beat = {
        "version": "0.1",
        "queue_rows": 3,
        "queue_bytes": 9,
        "oldest": None,
        "disk_free": 1,
        "sources": [],
        "time": 1,
    }
    assert "time" in Wire().send("heartbeat", beat).json()
    agent.refresh_from_db()
    assert agent.health["queue_rows"] == 3
    assert agent.last_seen is not None


def test_an_instrument_is_made_once_and_filled_in() -> None:
    instrument_ensure(slug="xrd")
    assert instrument_ensure(slug="xrd", title="Diffractometer", technique="XRD").title == "Diffractometer"
    assert instrument_ensure(slug="xrd", title="Other").title == "Diffractometer"


def test_a_batch_without_points_is_remembered(agent: Agent) -> None:
    assert Wire().send("frames", batch_bytes(rows=0)).json()["points"] == 0
    assert Wire().send("frames", batch_bytes(rows=0)).json()["duplicate"] is True
    assert a_batch(rows=0).points == 0


def test_the_health_of_an_agent_follows_from_its_last_word(agent: Agent) -> None:
    now = timezone.now()
    assert [health.state for health in agent_health(instrument="oxide-mbe", now=now)] == ["never"]
    Wire().send("heartbeat", {"queue_rows": 4, "sources": [{"name": "gauge", "state": "error", "error": "no answer"}]})
    states = {
        seconds: agent_health(instrument="oxide-mbe", now=now + timedelta(seconds=seconds))[0].state
        for seconds in (1, 200, 5000)
    }
    assert states == {1: "ok", 200: "late", 5000: "silent"}
    [health] = agent_health(instrument="oxide-mbe", now=now)
    assert (health.queue_rows, health.faults) == (4, ["gauge: no answer"])


def _close(wire: Wire, data: bytes) -> Any:
    envelope = an_envelope(data, id="tail-000001", file_name="T.txt").model_dump(mode="json")
    return wire.send("tails/tail-000001/close", envelope)


def test_a_closed_log_that_grows_again_goes_on_as_the_same_receipt(agent: Agent) -> None:
    wire = Wire()
    wire.send("tails", TAIL)
    wire.send("tails/tail-000001", b"1 2\n", method="PATCH", offset=0)
    assert _close(wire, b"1 2\n").status_code == 200
    first = Receipt.objects.get()
    assert wire.send("tails", TAIL).json() == {"offset": 4, "state": "done", "receipt": "tail-000001"}
    assert_problem(wire.send("tails/tail-000001", b"1 2\n", method="PATCH", offset=0), 409, "conflict")
    assert wire.send("tails/tail-000001", b"3 4\n", method="PATCH", offset=4).json()["offset"] == 8
    assert (Receipt.objects.get().state, receipt_path(Receipt.objects.get()).read_bytes()) == ("growing", b"1 2\n3 4\n")
    assert _close(wire, b"1 2\n3 4\n").status_code == 200
    last = Receipt.objects.get()
    assert (last.state, receipt_path(last).read_bytes()) == ("done", b"1 2\n3 4\n")
    assert receipt_path(first).read_bytes() == b"1 2\n", "what was kept once stays"


def test_a_kill_while_a_closed_log_is_opened_again_costs_nothing(agent: Agent) -> None:
    wire = Wire()
    wire.send("tails", TAIL)
    wire.send("tails/tail-000001", b"1 2\n", method="PATCH", offset=0)
    _close(wire, b"1 2\n")
    tail_path("tail-000001").write_bytes(b"1")  # half copied, then killed
    assert wire.send("tails", TAIL).json()["state"] == "done"
    assert wire.send("tails/tail-000001", b"3 4\n", method="PATCH", offset=4).json()["offset"] == 8
    assert receipt_path(Receipt.objects.get()).read_bytes() == b"1 2\n3 4\n"


def test_a_log_whose_bytes_differ_fails_with_a_reason_until_it_is_sent_whole(agent: Agent) -> None:
    wire = Wire()
    wire.send("tails", TAIL)
    wire.send("tails/tail-000001", b"1 X\n", method="PATCH", offset=0)
    assert_problem(_close(wire, b"1 2\n"), 409, "hash_mismatch")
    failed = Receipt.objects.get()
    assert (failed.state, receipt_path(failed).read_bytes()) == ("failed", b"1 X\n")
    assert "4 bytes" in failed.reason
    assert_problem(wire.send("tails/tail-000001", b"3 4\n", method="PATCH", offset=4), 409, "conflict")
    envelope = an_envelope(b"1 2\n", id="tail-000001", file_name="T.txt").model_dump(mode="json")
    assert wire.send("uploads", envelope).json()["offset"] == 0
    assert wire.send("uploads/tail-000001", b"1 2\n", method="PATCH", offset=0).json()["state"] == "done"
    whole = Receipt.objects.get()
    assert (whole.state, whole.reason, receipt_path(whole).read_bytes()) == ("done", "", b"1 2\n")
    assert not tail_path("tail-000001").exists()
    assert wire.send("tails/tail-000001", b"3 4\n", method="PATCH", offset=4).json()["offset"] == 8, "it may go on"


@pytest.mark.parametrize("codec", [ZLIB, ZSTD])
def test_a_packed_body_must_hold_just_what_its_header_promises(agent: Agent, codec: Codec) -> None:
    good = encode_batch(a_batch(rows=50), codec=codec)
    short = encode_batch(a_batch(rows=49), codec=codec)
    (length,) = struct.unpack("<I", good[4:8])
    (other,) = struct.unpack("<I", short[4:8])
    head, body = good[: 8 + length], short[8 + other :]
    damaged = good[:-12] + bytes(byte ^ 0x5A for byte in good[-12:])
    for data in (head + body, short[: 8 + other] + good[8 + length :], good[:-5], damaged):
        assert_problem(Wire().send("frames", data), 400, "bad_batch")
    assert Wire().send("frames", good).json()["points"] == 150


def test_two_columns_of_one_name_are_refused(agent: Agent) -> None:
    data = encode_batch(a_batch(rows=5), compress=False).replace(b'"ch01"', b'"ch02"')
    assert "twice" in assert_problem(Wire().send("frames", data), 400, "bad_batch")["detail"]


def test_a_full_queue_takes_no_more_but_never_starves_one_body() -> None:
    room = Room(100)
    room.take(250)
    with pytest.raises(TooMany) as refused:
        room.take(1)
    assert refused.value.details["retry_after"] > 0
    room.give(250)
    room.take(60)
    room.take(40)
