"""The HTTP door: rows on disk before the answer, the documented client, refusals that store nothing, a full spool."""

import http.client
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.agent.errors import SourceError
from ingest.agent.sources.http_push.params import HttpPushParams
from ingest.agent.sources.http_push.plugin import HttpPushSource
from tests.agent.agents import ROOT, a_config, agent_command, agent_kill, agent_start
from tests.agent.gateway_double import GatewayDouble
from tests.agent.memory_context import MemoryContext, collecting, eventually

TOKEN = "push-token"


class Client:
    """A door and somebody who knocks."""

    def __init__(self, source: HttpPushSource, context: MemoryContext) -> None:
        self.source, self.context = source, context

    def post(
        self, body: bytes | str | dict[str, Any], kind: str = "application/json", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        data = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        return knock(self.source.address, data, {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind, **headers})


def knock(address: str, data: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", "/v1/rows", data, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


def a_source(**keys: Any) -> HttpPushSource:
    return HttpPushSource("push", HttpPushParams.model_validate({"port": 0, "token": TOKEN, **keys}))


@pytest.fixture
def door() -> Iterator[Client]:
    source, context = a_source(zone="Europe/Berlin"), MemoryContext()
    with collecting(source, context):
        eventually(lambda: source.address)
        yield Client(source, context)


def test_json_rows_are_stored_with_their_units_before_the_answer(door: Client) -> None:
    status, answer = door.post({
        "rows": [{"time": 1767225600.25, "T": 291.5, "on": True}, {"time": 1767225601.25, "T": 292, "on": None}],
        "channels": {"T": {"unit": "K", "low": 0}},
        "events": [{"kind": "message", "value": "hello", "time": "2026-01-01T01:00:00"}],
    })  # fmt: skip
    assert (status, answer["stored"]) == (200, 2)
    assert door.context.rows("T") == [(1767225600250000000, 291.5), (1767225601250000000, 292.0)]
    assert door.context.values("on") == [1.0]
    (said,) = door.context.descriptors("T")
    assert (said.unit, said.low, said.since) == ("K", 0.0, 1767225600250000000)
    (message,) = door.context.events("message")
    assert (message.value, message.time) == ("hello", 1767225600 * 10**9), "a time without offset is meant in the zone"


def test_csv_with_decimal_commas_and_units_in_brackets(door: Client) -> None:
    body = "\ufefftime;T [K];P (mbar);mode\r\n2026-01-01T01:00:00.250;291,3;2,5E-8;auto\r\n2026-01-01T01:00:01.250;291,4;;auto\r\n"
    status, answer = door.post(body, "text/csv")
    assert (status, answer["stored"]) == (200, 2)
    assert door.context.rows("T") == [(1767225600250000000, 291.3), (1767225601250000000, 291.4)]
    assert door.context.values("P") == [2.5e-8]
    assert door.context.descriptors("P")[0].unit == "mbar"
    assert [event.value for event in door.context.events("state", "mode")] == ["auto"], "a word is said when it changes"


def test_a_changed_unit_is_a_new_version_from_its_time_on(door: Client) -> None:
    for at, unit in ((1767225600, "K"), (1767225700, "K"), (1767225800, "degC")):
        assert door.post({"rows": [{"time": at, "T": 1}], "channels": {"T": {"unit": unit}}})[0] == 200
    first, second = door.context.descriptors("T")
    assert (first.unit, second.unit) == ("K", "degC")
    assert second.version > first.version and second.since == 1767225800 * 10**9


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ('{"rows": [{"time": 1767225600, "T": 1}, {"time": "noon", "T": 2}]}', "application/json", "row 2: 'noon'"),
        ('{"rows": [{"T": [1]}]}', "application/json", "neither a number nor a text"),
        ('{"rows": [{"T": 1}', "application/json", "no JSON"),
        ('{"lines": []}', "application/json", "lines"),
        ("time,T\n1767225600,1\n1767225601", "text/csv", "row 2 has 1 cells where 2"),
        ("T,T\n1,2", "text/csv", "twice"),
        (b"\xff\xfe\x00", "text/csv", "UTF-16"),
        ("", "text/csv", "empty"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_of_it_is_stored(
    door: Client, body: str | bytes, kind: str, says: str
) -> None:
    status, answer = door.post(body, kind)
    assert status == 400 and says in answer["error"]
    assert door.context.rows("T") == []
    assert door.post({"rows": [{"time": 1767225600, "T": 3}]})[0] == 200
    assert door.context.values("T") == [3.0], "and the next request is not harmed"


def test_a_repeated_key_is_stored_once_even_after_a_restart(door: Client) -> None:
    body = {"rows": [{"time": 1767225600, "T": 1}]}
    assert door.post(body, **{"Idempotency-Key": "a"})[1] == {"stored": 1, "duplicate": False}
    assert door.post(body, **{"Idempotency-Key": "a"})[1] == {"stored": 0, "duplicate": True}
    again, context = a_source(), MemoryContext(saved=door.context.saved)
    with collecting(again, context):
        eventually(lambda: again.address)
        assert Client(again, context).post(body, **{"Idempotency-Key": "a"})[1]["duplicate"]
    assert context.rows("T") == [] and door.context.values("T") == [1.0]


def test_a_full_spool_is_said_with_429_and_taken_when_there_is_room(door: Client) -> None:
    door.context.full = "the spool is full"
    status, answer = door.post({"rows": [{"T": 1}]})
    assert status == 429 and "spool is full" in answer["error"]
    assert door.context.rows("T") == []
    door.context.full = None
    assert door.post({"rows": [{"T": 1}]})[0] == 200


def test_nobody_pushes_without_the_token_or_too_much(door: Client) -> None:
    assert knock(door.source.address, b"{}", {})[0] == 401
    assert knock(door.source.address, b"{}", {"Authorization": "Bearer wrong-token"})[0] == 401
    assert knock(door.source.address, b"{}", {"Authorization": "Bearer \xe9"})[0] == 401
    connection = http.client.HTTPConnection(door.source.address.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/v1/rows")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_infinity_is_an_event_and_nan_is_no_value(door: Client) -> None:
    assert door.post("time,T,P\n1767225600,inf,nan", "text/csv")[0] == 200
    assert door.context.rows("T") == [] and door.context.rows("P") == []
    assert [event.value["reason"] for event in door.context.events("not_a_number", "T")] == [str(math.inf)]


def test_birth_and_death_are_events_and_a_taken_port_is_said(door: Client) -> None:
    assert len(door.context.events("birth")) == 1
    port = int(door.source.address.rpartition(":")[2])
    with pytest.raises(SourceError, match=f"cannot listen on 127.0.0.1:{port}"):
        a_source(port=port).check()
    door.context.stopping.set()
    eventually(lambda: door.context.events("death"))


def test_the_token_may_come_from_a_file_and_must_come_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="token_file"):
        HttpPushParams()
    params = HttpPushParams(port=0, token_file=tmp_path / "absent")
    with pytest.raises(SourceError, match=r"token_file: .*absent cannot be read"):
        HttpPushSource("push", params).check()


def documented_client() -> Any:  # Any: the function in the page
    page = (ROOT / "docs" / "how-to" / "push-rows.md").read_text("utf-8")
    space: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], space)  # noqa: S102 - our own documentation
    return space["push"]


def test_the_documented_client_pushes_waits_while_full_and_says_what_is_wrong(door: Client) -> None:
    push, url = documented_client(), f"{door.source.address}/v1/rows"
    assert push([{"time": 1767225600, "T": 4.5}], {"T": {"unit": "K"}}, token=TOKEN, url=url)["stored"] == 1
    with pytest.raises(ValueError, match="neither a number"):
        push([{"T": {}}], token=TOKEN, url=url)
    door.context.full = "full"
    with pytest.raises(TimeoutError):
        push([{"T": 1}], token=TOKEN, url=url, patience_s=0)
    assert door.context.values("T") == [4.5]


def test_rows_that_were_answered_for_survive_kill_minus_nine(tmp_path: Path, gateway: GatewayDouble) -> None:
    """The real agent: the server is away, rows are pushed, the agent is killed, and all arrive once it comes back."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway.stop()
    config = a_config(tmp_path, gateway.url, f'name = "push"\ntype = "http_push"\nport = {port}\ntoken = "{TOKEN}"')
    assert "would take JSON and CSV" in agent_command("check", "--config", str(config)).stdout
    agent = agent_start(config)
    push, url = documented_client(), f"http://127.0.0.1:{port}/v1/rows"
    for at in range(20):
        push([{"time": 1767225600 + at, "T": float(at)}], token=TOKEN, url=url)
    agent_kill(agent)
    gateway.start()
    agent = agent_start(config)
    try:
        eventually(lambda: len(gateway.times()) >= 20)
    finally:
        agent.terminate()
        agent.wait(20)
    assert sorted(gateway.times()) == [(1767225600 + at) * 10**9 for at in range(20)]
