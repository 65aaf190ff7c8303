from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ingest.agent.sources.simulated.faults import disturb
from ingest.agent.sources.simulated.machines import Conduct, describe
from ingest.agent.sources.simulated.machines.oxide_mbe import OxideMbe
from ingest.agent.sources.simulated.params import Fault
from ingest.contract import Block, Event, encode_batch
from ingest.feeds.models import FeedEvent
from ingest.feeds.services import stage_rewind, stages_drain
from ingest.gateway.models import Agent, Instrument
from ingest.gateway.services import frames_accept
from ingest.stream.models import Alert, DetectorState, Run, StreamEvent
from ingest.stream.selectors import live_read
from ingest.stream.services import runs_expire, silence_check
from ingest.stream.set_points import set_points
from ingest.telemetry.models import FrameBatch
from tests.builders.ingest import SECOND, T0, a_batch, an_agent, an_event, batch_bytes

pytestmark = pytest.mark.django_db(transaction=True)  # on PostgreSQL a follower sees only what is committed
STAGES = ("ingest.stream",)
MACHINE = describe("oxide_mbe")
CHANNELS, DESCRIPTORS = MACHINE.channels, MACHINE.descriptors


@pytest.fixture(autouse=True)
def agent(settings: Any, tmp_path: Path) -> Agent:
    settings.HOME = tmp_path
    return an_agent()


def send(agent: Agent, sequence: int, **changes: Any) -> None:
    frames_accept(agent=agent, data=batch_bytes(sequence, **changes))


def machine_batches(rows: int, faults: Sequence[Fault] = (), per_batch: int = 5) -> list[bytes]:
    """The simulated machine at one row a second, ten seconds of process each."""
    machine = OxideMbe(MACHINE, Conduct(seed=5, run_s=1800, pause_s=300, people=("ada",), tag="sim"))
    held: dict[str, float] = {}
    batches = []
    for at in range(0, rows, per_batch):
        columns = {name: array("d") for name in CHANNELS}
        times, events = array("q"), []
        for row in range(at, at + per_batch):
            values, happened = machine.advance(10.0)
            disturb(values, faults, row, held)
            times.append(T0 + row * SECOND)
            events += [Event(time=times[-1], kind=it.kind, name=it.name, value=it.value) for it in happened]
            for name in CHANNELS:
                columns[name].append(values[name])
        described = tuple(DESCRIPTORS) if at == 0 else ()
        block = Block(times=times, channels=columns)
        batches.append(
            encode_batch(a_batch(at // per_batch, rows=0, descriptors=described, blocks=(block,), events=tuple(events)))
        )
    return batches


def play(agent: Agent, batches: Sequence[bytes], every: int = 1) -> None:
    for number, data in enumerate(batches):
        frames_accept(agent=agent, data=data)
        if number % every == every - 1:
            stages_drain(only=STAGES)
    stages_drain(only=STAGES)


def test_a_healthy_machine_raises_no_alarm_over_two_runs(agent: Agent) -> None:
    play(agent, machine_batches(450), every=10)
    assert list(Alert.objects.values_list("channel", "kind", "reason")) == []
    first, second, third = Run.objects.order_by("started")
    assert (first.state, second.state, third.state) == ("closed", "closed", "open")
    assert [step["name"] for step in first.steps] == ["heat", "degas", "growth", "anneal", "cool"]
    assert first.ended is not None
    assert first.steps[-1]["end"] == first.ended.isoformat()
    assert first.person == "ada"
    keys = FeedEvent.objects.filter(feed="runs").values_list("key", flat=True)
    assert sorted(keys) == sorted([first.pk, first.pk, second.pk, second.pk, third.pk])


@pytest.mark.parametrize(
    ("fault", "channel", "size", "within"),
    [
        ("stuck", "chamber_pressure", 30, 9),
        ("burst", "buffer_pressure", 30, 2),
        ("drift", "sr_cell_temperature", 30, 8),
        ("gap", "turbo_speed", 30, 14),
    ],
)
def test_a_fault_is_found_within_seconds_and_its_alert_closed(
    agent: Agent, fault: Any, channel: str, size: float, within: float
) -> None:
    play(agent, machine_batches(180, [Fault(kind=fault, channel=channel, at_s=110, duration_s=20, size=size)], 5))
    alert = Alert.objects.filter(channel=channel).earliest("started")
    assert alert.kind == fault
    assert 0 <= (alert.started - datetime.fromtimestamp(T0 / 1e9, UTC)).total_seconds() - 110 <= within
    assert alert.ended is not None
    assert alert.score >= 0.5
    assert any(letter.isdigit() for letter in alert.reason)
    assert alert.run is not None
    assert set(Alert.objects.values_list("channel", flat=True)) == {channel}
    assert FeedEvent.objects.filter(feed="alerts", key=str(alert.pk)).count() == 2


def test_an_alert_does_not_depend_on_how_the_points_are_cut_into_batches(agent: Agent) -> None:
    faults = [Fault(kind="burst", channel="buffer_pressure", at_s=110, duration_s=20)]
    play(agent, machine_batches(150, faults, 3))
    fine = list(Alert.objects.values_list("channel", "kind", "started"))
    play(an_agent("other", "second"), [])
    Alert.objects.all().delete()
    FrameBatch.objects.all().delete()
    DetectorState.objects.all().delete()
    Run.objects.all().delete()
    play(agent, machine_batches(150, faults, 30))
    assert list(Alert.objects.values_list("channel", "kind", "started")) == fine


def test_a_batch_read_twice_changes_nothing(agent: Agent) -> None:
    play(agent, machine_batches(140, [Fault(kind="stuck", channel="chamber_pressure", at_s=110)], 5), every=4)
    before = (Alert.objects.count(), StreamEvent.objects.count(), DetectorState.objects.get().state)
    for data in machine_batches(140, [Fault(kind="stuck", channel="chamber_pressure", at_s=110)], 5):
        frames_accept(agent=agent, data=data)
    stage_rewind("ingest.stream")
    stages_drain(only=STAGES)
    assert (Alert.objects.count(), StreamEvent.objects.count(), DetectorState.objects.get().state) == before


def test_a_replay_keeps_its_run_and_leaves_the_live_view_alone(agent: Agent) -> None:
    send(agent, 100)
    stages_drain(only=STAGES)
    events = (
        an_event("run_start", 0, value={"uid": "r1", "title": "old"}),
        an_event("step", 1, "heat"),
        an_event("run_stop", 5, value={"uid": "r1"}),
    )
    send(agent, 0, historical=True, events=events)
    stages_drain(only=STAGES)
    run = Run.objects.get()
    assert (run.title, run.state, [step["name"] for step in run.steps]) == ("old", "closed", ["heat"])
    live = live_read(instrument="oxide-mbe", after_ns=0)
    assert min(int(series.times[0]) for series in live.series.values()) == T0 + 1000 * SECOND
    assert live.run is None


def test_a_stop_that_overtakes_its_start_ends_the_same_run(agent: Agent) -> None:
    send(agent, 9, events=(an_event("run_stop", 95, value={"uid": "r1"}),))
    send(agent, 1, events=(an_event("run_start", 10, value={"uid": "r1", "title": "late"}),), historical=True)
    stages_drain(only=STAGES)
    run = Run.objects.get()
    assert (run.title, run.state) == ("late", "closed")
    assert run.ended is not None
    assert (run.ended - run.started).total_seconds() == 85


def test_a_new_run_closes_the_one_that_never_stopped(agent: Agent) -> None:
    send(
        agent, 0, events=(an_event("run_start", 0, value={"uid": "r1"}), an_event("run_start", 5, value={"uid": "r2"}))
    )
    stages_drain(only=STAGES)
    assert dict(Run.objects.values_list("uid", "state")) == {"r1": "closed", "r2": "open"}
    assert "new run" in Run.objects.get(pk="r1").closing


def test_a_run_without_a_stop_is_closed_after_a_long_silence_with_the_reason(agent: Agent) -> None:
    send(agent, 0, events=(an_event("run_start", 0, value={"uid": "r1"}),))
    stages_drain(only=STAGES)
    assert runs_expire(now=timezone.now()) == 0
    assert runs_expire(now=timezone.now() + timedelta(hours=2)) == 1
    run = Run.objects.get()
    assert (run.state, "no data for" in run.closing) == ("closed", True)
    assert run.ended == datetime.fromtimestamp(T0 / 1e9 + 9, UTC)


def test_another_instrument_cannot_touch_a_run(agent: Agent) -> None:
    send(agent, 0, events=(an_event("run_start", 0, value={"uid": "r1", "title": "mine"}),))
    other = an_agent("other", "second")
    events = (
        an_event("run_start", 3, value={"uid": "r1", "title": "theirs"}),
        an_event("run_stop", 5, value={"uid": "r1"}),
    )
    frames_accept(agent=other, data=batch_bytes(0, instrument="second", events=events))
    stages_drain(only=STAGES)
    run = Run.objects.get()
    assert (run.title, run.state) == ("mine", "open")


def test_an_instrument_that_falls_silent_gives_one_alert_that_ends_with_its_next_word(agent: Agent) -> None:
    send(agent, 0, rows=60)
    stages_drain(only=STAGES)
    silence_check(now=timezone.now() + timedelta(seconds=3))
    assert not Alert.objects.exists()
    for seconds in (30, 60):
        silence_check(now=timezone.now() + timedelta(seconds=seconds))
    assert list(Alert.objects.values_list("channel", "kind", "ended")) == [("", "gap", None)]
    send(agent, 1, rows=60, start=T0 + 200 * SECOND)
    stages_drain(only=STAGES)
    alert = Alert.objects.get()
    assert alert.ended is not None


def test_an_instrument_that_said_goodbye_is_not_missed(agent: Agent) -> None:
    send(agent, 0, rows=60, events=(an_event("death", 60),))
    stages_drain(only=STAGES)
    silence_check(now=timezone.now() + timedelta(seconds=60))
    assert not Alert.objects.exists()


def test_the_live_view_gives_only_what_is_new(agent: Agent) -> None:
    send(agent, 0)
    stages_drain(only=STAGES)
    first = live_read(instrument="oxide-mbe", after_ns=0)
    assert {len(series) for series in first.series.values()} == {10}
    assert live_read(instrument="oxide-mbe", after_ns=first.until_ns).series == {}
    send(agent, 1, rows=10)
    second = live_read(instrument="oxide-mbe", after_ns=first.until_ns)
    assert {int(series.times[0]) for series in second.series.values()} == {T0 + 10 * SECOND}
    assert Instrument.objects.count() == 1


def test_a_reading_finds_its_set_point_by_name() -> None:
    names = [
        "sr_cell_temperature",
        "sr_cell_setpoint",
        "oxygen_flow",
        "oxygen_flow_setpoint",
        "Heater.PV",
        "Heater.SP",
        "pressure",
    ]
    assert set_points(names) == {
        "sr_cell_temperature": "sr_cell_setpoint",
        "oxygen_flow": "oxygen_flow_setpoint",
        "Heater.PV": "Heater.SP",
    }
