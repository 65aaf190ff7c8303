"""The MQTT source against a real Mosquitto: nothing lost while away, nothing doubled, Sparkplug B with births, gaps and deaths."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.agent.errors import SourceAway
from ingest.agent.sources.mqtt.params import MqttParams
from ingest.agent.sources.mqtt.plugin import MqttSource
from ingest.mqtt.mapping import Sparkplug, Topic, topic_matches
from ingest.mqtt.reader import Message, Reader
from ingest.mqtt.sparkplug.wire import payload_read, value_of
from ingest.readings.errors import Garbled
from tests.agent.agents import a_config, agent_kill, agent_start
from tests.agent.certificates import Authority
from tests.agent.gateway_double import GatewayDouble
from tests.agent.memory_context import MemoryContext, collecting, eventually
from tests.brokers import Mosquitto
from tests.sparkplug_node import BOOLEAN, DATASET, DOUBLE, FLOAT, INT8, INT32, INT64, STRING, metric, payload

NOW = 1_767_225_600
MS = NOW * 1000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    running = Mosquitto(tmp_path).start()
    yield running
    running.stop()


def a_source(port: int, **keys: Any) -> MqttSource:
    keys = {"topics": [{"topic": "lab/#", "time": "t"}], "retry_max_s": 0.2, "batch_s": 0.1, **keys}
    return MqttSource("broker", MqttParams.model_validate({"port": port, **keys}))


def row(at: int) -> str:
    return json.dumps({"t": NOW + at, "T": float(at)})


# -- reading messages, no network -----------------------------------------------------------------------------------


def read(topic: dict[str, Any], *payloads: str | bytes, of: str = "lab/f1/state", **how: Any) -> Reader:
    reader = Reader([Topic.model_validate({"topic": "lab/#", **topic})], [])
    for number, one in enumerate(payloads):
        data = one.encode() if isinstance(one, str) else one
        reader.take(Message(of, data, arrived=NOW * 10**9 + number, **how))
    return reader


def values(reader: Reader) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for block in reader.live.take().blocks:
        found.update({name: list(column) for name, column in block.channels.items()})
    return found


def test_json_by_path_with_unit_time_scale_and_names_from_the_topic() -> None:
    keys = {
        "time": "ts",
        "channels": {
            "{1}_zone": {"path": "zones.0.T", "unit_path": "unit", "scale": 0.1},
            "P": {"path": ["gauge.p"], "unit": "mbar"},
        },
    }
    reader = read(
        keys, json.dumps({"ts": "2026-01-01T00:00:00Z", "zones": [{"T": 8512}], "unit": "degC", "gauge.p": 2e-8})
    )
    found = reader.live.take()
    assert [(one.name, one.unit) for one in found.descriptors] == [("f1_zone", "degC"), ("P", "mbar")]
    assert dict(found.blocks[0].channels.items())["f1_zone"][0] == pytest.approx(851.2)
    assert found.blocks[0].times[0] == NOW * 10**9


def test_json_without_paths_gives_every_number_and_words_as_states() -> None:
    reader = read({"time": "t"}, json.dumps({"t": NOW, "a": {"b": 1, "on": True}, "mode": "ramp", "none": None}))
    found = reader.live.take()
    names = {name for block in found.blocks for name in block.channels}
    assert names == {"lab.f1.state.a.b", "lab.f1.state.a.on"}
    assert [(event.kind, event.name, event.value) for event in found.events] == [("state", "lab.f1.state.mode", "ramp")]
    assert [one.kind for one in found.descriptors] == ["state"]


def test_lists_of_rows_numbers_csv_and_texts() -> None:
    rows = json.dumps({"data": [{"t": NOW, "x": 1}, {"t": NOW + 1, "x": 2}]})
    assert values(read({"time": "t", "rows": "data", "channel": "{path}"}, rows)) == {"x": [1, 2]}
    assert values(read({"format": "number", "channel": "{1}_p", "unit": "mbar"}, "2,5e-8")) == {"f1_p": [2.5e-8]}
    csv = read(
        {"format": "csv", "columns": ["time", "T [K]", "P [mbar]"], "channel": "{path}"},
        f"{NOW};1,5;2\n{NOW + 1};1,6;3",
    )
    assert values(csv) == {"T": [1.5, 1.6], "P": [2, 3]}
    text = read({"format": "text", "channel": "door"}, "open", "open", "shut").live.take()
    assert [event.value for event in text.events] == ["open", "shut"]


@pytest.mark.parametrize(
    ("keys", "data"),
    [
        ({}, b"{"),
        ({}, b"\xff\x00\x01"),
        ({"time": "t"}, b'{"x": 1}'),
        ({"time": "t"}, b'[{"t": 1767225600, "x": 1}, {"t": "noon", "x": 2}]'),
        ({"channels": {"x": {"path": "a.b"}}}, b'{"a": 1}'),
        ({"format": "number"}, b"twelve"),
        ({"format": "csv", "columns": ["a", "b"]}, b"1,2,3"),
        ({}, b"[" * 5000),
    ],
)
def test_a_garbled_message_is_an_event_and_no_value(keys: dict[str, Any], data: bytes) -> None:
    found = read(keys, data).live.take()
    assert not found.blocks
    assert [(event.kind, event.name) for event in found.events] == [("garbled", "lab/f1/state")]


def test_a_retained_message_of_unknown_age_is_no_reading() -> None:
    found = read({"format": "number"}, "5", retain=True).live.take()
    assert not found.blocks and [event.kind for event in found.events] == ["retained"]
    assert values(read({"time": "t", "channel": "{path}"}, row(1), retain=True)) == {"T": [1.0]}, "one with a time is"


def test_topics_match_as_mqtt_says_and_wrong_filters_are_refused() -> None:
    yes = [("a/+/c", "a/b/c"), ("a/#", "a"), ("a/#", "a/b/c"), ("+/b", "a/b"), ("#", "a/b")]
    no = [("a/+", "a/b/c"), ("a/+", "a"), ("#", "$SYS/x"), ("+/x", "$SYS/x"), ("a", "a/b")]
    assert [topic_matches(*pair) for pair in yes + no] == [True] * 5 + [False] * 5
    for wrong in ("a/b#", "a/#/c", "a+/b"):
        with pytest.raises(ValidationError):
            Topic(topic=wrong)
    with pytest.raises(ValidationError, match="topics"):
        MqttParams()


# -- Sparkplug B without network ------------------------------------------------------------------------------------


class Edge:
    """One edge node speaking to a reader."""

    def __init__(self, saved: dict[str, Any] | None = None, **keys: Any) -> None:
        self.reader = Reader([], [Sparkplug.model_validate({"channel": "{device}/{metric}", **keys})], saved)
        self.at = 0
        self.commands: list[tuple[str, bytes]] = []

    def say(self, kind: str, *metrics: bytes, seq: int | None, device: str = "", ms: int = MS) -> None:
        self.at += 1
        topic = "/".join(filter(None, ("spBv1.0", "Lab", kind, "edge", device)))
        message = Message(topic, payload(*metrics, ms=ms + self.at, seq=seq), arrived=(NOW + self.at) * 10**9)
        self.commands += self.reader.take(message)

    def birth(self, seq: int = 0) -> None:
        self.say("NBIRTH", metric(INT64, 7, name="bdSeq"), metric(BOOLEAN, False, name="Node Control/Rebirth"), seq=seq)

    def oven(self, seq: int = 1, unit: str = "degC") -> None:
        properties = {"engUnit": (STRING, unit), "engLow": (DOUBLE, 0.0), "engHigh": (INT32, 1200)}
        self.say(
            "DBIRTH",
            metric(DOUBLE, 20.5, name="T", alias=1, ms=MS, properties=properties),
            metric(INT8, -5, name="n", alias=2, ms=MS),
            metric(BOOLEAN, True, name="open", alias=3, ms=MS),
            metric(STRING, "idle", name="mode", alias=4, ms=MS),
            seq=seq,
            device="oven",
        )


def test_births_name_units_and_types_and_data_come_by_alias() -> None:
    edge = Edge()
    edge.birth()
    edge.oven()
    edge.say(
        "DDATA", metric(DOUBLE, 21.5, alias=1, ms=MS + 10), metric(INT8, -6, alias=2, ms=MS + 10), seq=2, device="oven"
    )
    edge.say("DDATA", metric(FLOAT, None, alias=1, ms=MS + 20), seq=3, device="oven")
    found = edge.reader.live.take()
    rows = {name: list(column) for block in found.blocks for name, column in block.channels.items()}
    assert rows == {"oven/T": [20.5, 21.5], "oven/n": [-5, -6], "oven/open": [1]}
    described = {one.name: one for one in found.descriptors}
    assert (described["oven/T"].unit, described["oven/T"].low, described["oven/T"].high) == ("degC", 0.0, 1200.0)
    assert described["oven/open"].kind == "state"
    kinds = [(event.kind, event.name) for event in found.events]
    assert kinds == [("birth", "edge"), ("birth", "edge/oven"), ("state", "oven/mode"), ("quality", "oven/T")]
    assert edge.commands == []


def test_a_hole_in_the_sequence_is_a_gap_and_asks_for_a_rebirth_once() -> None:
    edge = Edge()
    edge.birth(seq=254)
    edge.oven(seq=255)
    edge.say("DDATA", metric(DOUBLE, 1.0, alias=1, ms=MS + 10), seq=0, device="oven")
    assert not edge.commands, "255 is followed by 0"
    edge.say("DDATA", metric(DOUBLE, 2.0, alias=1, ms=MS + 11), seq=4, device="oven")
    edge.say("DDATA", metric(DOUBLE, 3.0, alias=1, ms=MS + 12), seq=9, device="oven")
    gaps = [event.value for event in edge.reader.live.take().events if event.kind == "gap"]
    assert gaps == [{"expected": 1, "got": 4, "lost": 3}, {"expected": 5, "got": 9, "lost": 4}]
    ((topic, command),) = edge.commands
    assert topic == "spBv1.0/Lab/NCMD/edge"
    (asked,) = payload_read(command).metrics
    assert (asked.name, value_of(asked.raw, asked.datatype)) == ("Node Control/Rebirth", True)
    quiet = Edge(rebirth=False)
    quiet.say("NDATA", metric(DOUBLE, 1.0, name="x"), seq=3)
    assert quiet.commands == []


def test_an_unknown_alias_is_said_and_a_rebirth_is_asked_for() -> None:
    edge = Edge()
    edge.say("DDATA", metric(DOUBLE, 1.0, alias=77), seq=3, device="oven")
    found = edge.reader.live.take()
    assert not found.blocks and "unknown_alias" in {event.kind for event in found.events}
    assert len(edge.commands) == 1


def test_a_rebirth_repeats_no_value_and_a_changed_unit_is_a_new_version() -> None:
    edge = Edge()
    edge.birth()
    edge.oven()
    edge.birth()
    edge.oven(unit="K")
    found = edge.reader.live.take()
    assert [list(block.channels["oven/T"]) for block in found.blocks if "oven/T" in block.channels] == [[20.5]]
    assert [one.unit for one in found.descriptors if one.name == "oven/T"] == ["degC", "K"]


def test_deaths_count_only_for_the_present_session() -> None:
    edge = Edge()
    edge.birth()
    edge.oven()
    edge.say("NDEATH", metric(INT64, 6, name="bdSeq"), seq=None)
    edge.say("DDEATH", seq=2, device="oven")
    edge.say("NDEATH", metric(INT64, 7, name="bdSeq"), seq=None)
    deaths = [event.name for event in edge.reader.live.take().events if event.kind == "death"]
    assert deaths == ["edge/oven", "edge"]
    edge.say("DDATA", metric(DOUBLE, 1.0, alias=1), seq=3, device="oven")
    assert len(edge.commands) == 1, "data of a dead node: it must be born again"


def test_late_values_are_replayed_and_bad_quality_is_no_value() -> None:
    edge = Edge()
    edge.birth()
    edge.oven()
    edge.reader.live.take()
    edge.say(
        "DDATA",
        metric(DOUBLE, 5.0, alias=1, ms=MS - 5000, historical=True),
        metric(DOUBLE, 6.0, alias=1, ms=MS + 50, properties={"Quality": (INT32, 0)}),
        metric(DATASET, 1, name="table"),
        seq=2,
        device="oven",
    )
    late, live = edge.reader.replay.take(), edge.reader.live.take()
    assert [(list(block.times), list(block.channels["oven/T"])) for block in late.blocks] == [
        ([(MS - 5000) * 10**6], [5.0])
    ]
    assert not live.blocks
    assert [(event.kind, event.name) for event in live.events] == [
        ("quality", "oven/T"),
        ("not_collected", "oven/table"),
    ]


def test_births_outlive_a_restart() -> None:
    edge = Edge()
    edge.birth()
    edge.oven()
    again = Edge(json.loads(json.dumps(edge.reader.state())))
    again.say("DDATA", metric(DOUBLE, 9.0, alias=1, ms=MS + 99), seq=2, device="oven")
    assert values(again.reader) == {"oven/T": [9.0]} and again.commands == []


@pytest.mark.parametrize("data", [b"\x00", b"\x12\x7f\x01", b"\x0b", b"\xff" * 12, b"hello world"])
def test_what_is_no_sparkplug_payload_is_refused(data: bytes) -> None:
    with pytest.raises(Garbled):
        payload_read(data)


# -- against the broker ---------------------------------------------------------------------------------------------


def test_messages_published_while_the_agent_was_down_come_and_none_twice(broker: Mosquitto) -> None:
    context = MemoryContext()
    with collecting(a_source(broker.port), context):
        eventually(lambda: ("running", "") in context.reports)
        for at in range(5):
            broker.publish("lab/f1", row(at))
        eventually(lambda: len(context.rows("lab.f1.T")) == 5)
    for at in range(5, 60):
        broker.publish("lab/f1", row(at)) if at > 55 else None
    with broker.publisher() as client:
        for at in range(5, 56):
            last = client.publish("lab/f1", row(at), qos=1)
        last.wait_for_publish(10)
    later = MemoryContext(saved=context.saved)
    with collecting(a_source(broker.port), later):
        eventually(lambda: len(later.rows("lab.f1.T")) >= 55)
    assert sorted(context.values("lab.f1.T") + later.values("lab.f1.T")) == [float(at) for at in range(60)]
    assert [event.value for event in later.events("birth")] == [{"resumed": True}] and not later.events("gap")


def test_a_restarted_broker_needs_no_restarted_agent_and_keeps_what_it_promised(broker: Mosquitto) -> None:
    context = MemoryContext()
    with collecting(a_source(broker.port), context):
        eventually(lambda: ("running", "") in context.reports)
        broker.publish("lab/f1", row(1))
        eventually(lambda: context.rows("lab.f1.T"))
        broker.stop()
        eventually(lambda: context.reports[-1][0] == "away")
        eventually(lambda: context.events("death"))
        broker.start()
        eventually(lambda: context.reports[-1] == ("running", ""))
        broker.publish("lab/f1", row(2))
        eventually(lambda: len(context.rows("lab.f1.T")) == 2)
    assert len(context.events("birth")) == 2
    assert [event.value["resumed"] for event in context.events("birth")] == [False, True]


def test_a_broker_that_forgot_us_is_a_gap(broker: Mosquitto) -> None:
    context = MemoryContext(saved={"session": {"since": 1}})
    with collecting(a_source(broker.port), context):
        eventually(lambda: context.events("gap"))
    assert "lost" in context.events("gap")[0].value["reason"]


def test_what_was_stored_but_not_acknowledged_is_not_stored_twice(broker: Mosquitto) -> None:
    """The agent dies between its commit and its acknowledgement: the broker delivers again, marked as duplicate."""
    params = {"topics": [{"topic": "lab/#", "format": "number"}]}  # no time of its own: only the broker's mark helps

    class Dying(MemoryContext):
        def commit(self, *items: Any, **how: Any) -> float:
            super().commit(*items, **how)
            if self.rows("lab.p"):
                raise RuntimeError("killed after the commit")
            return 0.0

    dying = Dying()
    with pytest.raises(RuntimeError), collecting(a_source(broker.port, **params), dying):
        eventually(lambda: ("running", "") in dying.reports)
        broker.publish("lab/p", "1.5")
        eventually(lambda: dying.rows("lab.p"))
    later = MemoryContext(saved=json.loads(json.dumps(dying.saved)))
    with collecting(a_source(broker.port, **params), later):
        eventually(lambda: ("running", "") in later.reports)
        broker.publish("lab/p", "2.5")
        eventually(lambda: 2.5 in later.values("lab.p"))
    assert dying.values("lab.p") + later.values("lab.p") == [1.5, 2.5]


def test_the_old_protocol_works_too(broker: Mosquitto) -> None:
    context = MemoryContext()
    with collecting(a_source(broker.port, protocol="3.1.1"), context):
        eventually(lambda: ("running", "") in context.reports)
        broker.publish("lab/f1", row(1))
        eventually(lambda: context.rows("lab.f1.T"))
    broker.publish("lab/f1", row(2))
    later = MemoryContext(saved=context.saved)
    with collecting(a_source(broker.port, protocol="3.1.1"), later):
        eventually(lambda: later.values("lab.f1.T") == [2.0])


def test_a_sparkplug_node_is_asked_to_be_born_again_and_its_will_is_its_death(broker: Mosquitto) -> None:
    source = a_source(broker.port, topics=[], sparkplug=[{"group": "Lab", "channel": "{metric}"}])
    context, asked = MemoryContext(), []
    base = "spBv1.0/Lab/{}/edge"
    will = payload(metric(INT64, 3, name="bdSeq"), ms=MS, seq=None)
    born = payload(metric(INT64, 3, name="bdSeq"), metric(DOUBLE, 1.0, name="T", alias=5, ms=MS), ms=MS, seq=0)
    with collecting(source, context):
        eventually(lambda: ("running", "") in context.reports)
        with broker.publisher("edge", topic=base.format("NDEATH"), payload=will, qos=1) as node:
            node.on_message = lambda *got: asked.append(got[-1].payload)
            node.subscribe(base.format("NCMD"), 1)
            time.sleep(0.2)
            node.publish(base.format("NDATA"), payload(metric(DOUBLE, 2.0, alias=5), ms=MS + 1, seq=4), qos=0)
            eventually(lambda: asked)
            node.publish(base.format("NBIRTH"), born, qos=0)
            node.publish(
                base.format("NDATA"), payload(metric(DOUBLE, 2.5, alias=5, ms=MS + 2), ms=MS + 2, seq=1), qos=0
            )
            eventually(lambda: context.values("T") == [1.0, 2.5])
            node.socket().close()  # the network is cut: the broker sends the will
            eventually(lambda: context.events("death", "edge"))
    assert context.events("birth", "edge")


def test_check_says_what_is_heard_and_what_is_away(broker: Mosquitto) -> None:
    broker.publish("lab/f1", row(1), retain=True)
    source = a_source(broker.port)
    assert source.check() == ["1 messages in 3 s; channels: lab.f1.T"]
    broker.stop()
    with pytest.raises(SourceAway, match="cannot be reached"):
        source.check()


def with_password(folder: Path) -> tuple[str, ...]:
    """Lines of a broker that knows one user."""
    passwords = folder / "passwords"
    passwords.write_text("agent:wordpass\n")
    if shutil.which("mosquitto_passwd"):
        subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
    return "allow_anonymous false", f"password_file {passwords}"


def test_tls_with_an_authority_of_our_own_and_a_password(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "Another CA")
    pair, secret = authority.server("127.0.0.1"), tmp_path / "secret"
    secret.write_text("wordpass\n")
    tls = (f"cafile {authority.file}", f"certfile {pair}", f"keyfile {pair}")
    broker = Mosquitto(tmp_path, (*with_password(tmp_path), *tls)).start()
    broker.login, broker.ca_file = ("agent", "wordpass"), authority.file
    keys: dict[str, Any] = {"tls": True, "username": "agent", "password_file": str(secret)}
    try:
        context = MemoryContext()
        with collecting(a_source(broker.port, ca_file=str(authority.file), **keys), context):
            eventually(lambda: ("running", "") in context.reports)
            broker.publish("lab/f1", row(1))
            eventually(lambda: context.rows("lab.f1.T"))
            broker.stop()
            eventually(lambda: context.reports[-1][0] == "away")
            broker.start()
            eventually(lambda: context.reports[-1] == ("running", ""))
            broker.publish("lab/f1", row(2))
            eventually(lambda: context.values("lab.f1.T") == [1.0, 2.0])
        with pytest.raises(SourceAway, match="CERTIFICATE_VERIFY_FAILED"):
            a_source(broker.port, ca_file=str(other.file), **keys).check()
        with pytest.raises(SourceAway, match="CERTIFICATE_VERIFY_FAILED"):
            a_source(broker.port, host="localhost", ca_file=str(authority.file), **keys).check()
        with pytest.raises(SourceAway, match="CERTIFICATE_VERIFY_FAILED"):
            a_source(broker.port, **keys).check()  # the system's authorities do not know ours
        secret.write_text("wrong\n")
        with pytest.raises(SourceAway, match="refuses us: Not authorized"):
            a_source(broker.port, ca_file=str(authority.file), **keys).check()
        with pytest.raises(SourceAway):
            a_source(broker.port, timeout_s=2).check()  # without TLS
    finally:
        broker.stop()


def test_a_user_and_password_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wordpass\n")
    broker = Mosquitto(tmp_path, with_password(tmp_path)).start()
    try:
        with pytest.raises(SourceAway, match="refuses us: Not authorized"):
            a_source(broker.port).check()
        assert a_source(broker.port, username="agent", password_file=str(secret)).check()
    finally:
        broker.stop()


def test_the_real_agent_killed_at_any_moment_loses_and_doubles_nothing(
    tmp_path: Path, gateway: GatewayDouble, broker: Mosquitto
) -> None:
    source = f'name = "broker"\ntype = "mqtt"\nport = {broker.port}\nretry_max_s = 0.2\n[[sources.topics]]\ntopic = "lab/#"\ntime = "t"'
    config = a_config(tmp_path, gateway.url, source)
    agent = agent_start(config)
    state = tmp_path / "agent.spool.state.json"
    eventually(lambda: state.exists() and '"running"' in state.read_text())
    eventually(lambda: any(event.kind == "birth" for batch in gateway.batches() for event in batch.events))
    with broker.publisher() as client:
        for at in range(300):
            client.publish("lab/f1", row(at), qos=1)
            time.sleep(0.005)
            if at in (60, 140, 220):
                agent_kill(agent)
                agent = agent_start(config)
    try:
        eventually(lambda: len(set(gateway.times())) == 300, within_s=30)
    finally:
        agent.terminate()
        agent.wait(20)
    assert len(gateway.times()) == 300
