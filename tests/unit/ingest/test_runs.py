"""Runs: found in events, set points, gaps and logs whatever the order of arrival; corrected by people for good."""

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.contract import Block, Descriptor, Event
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Agent, Instrument
from ingest.gateway.services import frames_accept
from ingest.stream.corrections import (
    run_add,
    run_correct,
    run_release,
    run_remove,
    run_restore,
    run_rule_set,
    run_split,
    runs_merge,
)
from ingest.stream.found import Span, found_by_activity, found_by_gaps
from ingest.stream.levels import Change
from ingest.stream.logs import said_by
from ingest.stream.models import Run, RunChange, RunRule, StreamEvent, Stretch
from ingest.stream.renewal import runs_renew
from ingest.telemetry.models import FrameBatch
from tests.builders.ingest import SECOND, T0, an_agent, an_event
from tests.builders.ingest import batch_bytes as wire

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = datetime.fromtimestamp(T0 / 1e9, UTC)
STAGES = ("ingest.stream",)


@pytest.fixture(autouse=True)
def agent(settings: Any, tmp_path: Path) -> Agent:
    settings.HOME = tmp_path
    return an_agent()


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def look() -> None:
    """Everything that has come is looked at."""
    stages_drain(only=STAGES)
    for instrument in Instrument.objects.all():
        runs_renew(instrument=instrument, now=datetime.now(UTC), patient=False)


def furnace(first: int, last: int, **changes: Any) -> bytes:
    """Ten seconds a row, from row `first` to `last`: rest at 25, ramp from row 30, hold, back at row 300."""
    times = array("q", [T0 + row * 10 * SECOND for row in range(first, last)])

    def target(row: int) -> float:
        return 25.0 if row < 30 or row >= 300 else min(25.0 + 10 * (row - 29), 625.0)

    wanted = array("d", [target(row) for row in range(first, last)])
    shutter = array("d", [1.0 if 150 <= row < 200 else 0.0 for row in range(first, last)])
    block = Block(times=times, channels={"Heater.SP": wanted, "Heater.PV": wanted, "Ga shutter": shutter})
    described = (Descriptor(name="Heater.SP", unit="degC"), Descriptor(name="Heater.PV", unit="degC"))
    state = (Descriptor(name="Ga shutter", kind="state"),)
    return wire(first, rows=0, blocks=(block,), descriptors=described + state, **changes)


def shown() -> list[tuple[Any, ...]]:
    runs = Run.objects.filter(withdrawn=None).order_by("started")
    return [
        (r.started, r.ended, r.state, r.closing, [(s["name"], s["start"], s["end"]) for s in r.steps]) for r in runs
    ]


def test_a_furnace_without_events_has_a_run_with_steps_from_its_set_point_and_shutter(agent: Agent) -> None:
    for first in range(0, 600, 60):
        frames_accept(agent=agent, data=furnace(first, first + 60))
        look()
    run = Run.objects.get()
    assert (run.origin, run.started, run.ended, run.closing) == ("activity", at(300), at(3000), "")
    assert [step["name"] for step in run.steps] == [
        "Heater 25 → 625 degC", "Heater = 625 degC", "Ga shutter ●", "Ga shutter ○", "Heater → 25 degC",
    ]  # fmt: skip
    assert [step["start"] for step in run.steps] == [at(s).isoformat() for s in (300, 890, 1500, 2000, 3000)]
    assert run.steps[2]["values"]["Ga shutter"] == 1.0


def batches() -> list[bytes]:
    return [furnace(first, first + 60, historical=first % 120 == 0) for first in range(0, 600, 60)]


@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(10)), drains=st.sets(st.integers(0, 9)))
def test_the_order_of_batches_does_not_matter_to_runs_found_by_activity(
    agent: Agent, order: Sequence[int], drains: set[int]
) -> None:
    for table in (RunChange, StreamEvent, Run, RunRule, Stretch, FrameBatch):
        table.objects.all().delete()
    sent = batches()
    for number, which in enumerate(order):
        frames_accept(agent=agent, data=sent[which])
        if number in drains:
            look()
    look()
    assert shown() == [(at(300), at(3000), "closed", "", EXPECTED)]


EXPECTED = [
    ("Heater 25 → 625 degC", at(300).isoformat(), at(890).isoformat()),
    ("Heater = 625 degC", at(890).isoformat(), at(1500).isoformat()),
    ("Ga shutter ●", at(1500).isoformat(), at(2000).isoformat()),
    ("Ga shutter ○", at(2000).isoformat(), at(3000).isoformat()),
    ("Heater → 25 degC", at(3000).isoformat(), at(3000).isoformat()),
]
TOLD = [
    an_event("run_start", 5, value={"uid": "a", "title": "A"}),
    an_event("step", 6, "heat"),
    an_event("step", 20, "grow"),
    an_event("run_start", 45, value={"uid": "b", "title": "B", "sample": "S-1"}),
    an_event("step", 50, "heat"),
    an_event("run_stop", 70, value={"uid": "b"}),
    an_event("run_start", 75, value={"recipe": "C"}),
    an_event("run_stop", 95),
]


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(10)), drains=st.sets(st.integers(0, 9)))
def test_the_order_of_batches_does_not_matter_to_runs_from_events(
    agent: Agent, order: Sequence[int], drains: set[int]
) -> None:
    for table in (RunChange, StreamEvent, Run, RunRule, Stretch, FrameBatch):
        table.objects.all().delete()
    for number, which in enumerate(order):
        begin, end = T0 + which * 10 * SECOND, T0 + (which + 1) * 10 * SECOND
        events = tuple(event for event in TOLD if begin <= event.time < end)
        frames_accept(agent=agent, data=wire(which, events=events, historical=which % 2 == 0))
        if number in drains:
            look()
    look()
    rows = Run.objects.filter(withdrawn=None).order_by("started")
    assert [(r.title, r.sample, r.started, r.ended, r.state, r.closing) for r in rows] == [
        ("A", "", at(5), at(45), "closed", "a new run began"),
        ("B", "S-1", at(45), at(70), "closed", ""),
        ("C", "", at(75), at(95), "closed", ""),
    ]
    assert [[step["name"] for step in run.steps] for run in rows] == [["heat", "grow"], ["heat"], []]
    owners = StreamEvent.objects.filter(kind="step").order_by("time").values_list("run", flat=True)
    assert list(owners) == ["a", "a", "b"]


@given(
    spans=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 900)), min_size=1, max_size=12),
    moved=st.lists(
        st.tuples(st.integers(0, 10_900), st.sampled_from("xyz"), st.integers(0, 3)),
        max_size=20,
        unique_by=lambda m: m[:2],
    ),
    seed=st.randoms(use_true_random=False),
)
def test_what_is_found_does_not_depend_on_the_order_of_what_is_known(spans: Any, moved: Any, seed: Any) -> None:
    stretches = [Span(at(start), at(start + length)) for start, length in spans]
    changes: list[Change] = []
    value: dict[str, float] = {}
    for time, name, after in sorted(moved):
        changes.append(Change(at(time), name, value.get(name, 0.0), float(after)))
        value[name] = float(after)
    first = found_by_activity(changes, stretches, gap_s=300, rest_s=60, quiet_s=600, min_s=10)
    gaps = found_by_gaps(stretches, 300, 10)
    seed.shuffle(changes)
    seed.shuffle(stretches)
    assert found_by_activity(changes, stretches, gap_s=300, rest_s=60, quiet_s=600, min_s=10) == first
    assert found_by_gaps(stretches, 300, 10) == gaps
    assert all(run.end is None or run.end - run.start >= timedelta(seconds=10) for run in first + gaps)


def test_a_camera_that_sends_nothing_but_frames_has_one_run_for_each_stretch_of_data(agent: Agent) -> None:
    for sequence, start in enumerate((0, 10_000, 100)):
        frames_accept(agent=agent, data=wire(sequence, rows=100, start=T0 + start * SECOND))
        look()
    first, second = Run.objects.filter(withdrawn=None).order_by("started")
    assert (first.origin, first.started, first.ended) == ("gap", at(0), at(199))
    assert (second.started, second.ended, second.state) == (at(10_000), None, "open")
    frames_accept(agent=agent, data=wire(7, rows=100, start=T0 + 3000 * SECOND))
    frames_accept(agent=agent, data=wire(8, rows=100, start=T0 + 6500 * SECOND))
    look()
    whole = Run.objects.get(withdrawn=None)
    assert (whole.started, whole.state) == (at(0), "open"), "what fills the gap makes one run of two"


def test_what_a_person_corrected_stays_whatever_comes_later(agent: Agent) -> None:
    for first in range(0, 360, 60):
        frames_accept(agent=agent, data=furnace(first, first + 60))
    look()
    run = Run.objects.get()
    run_correct(run=run, person="ada", reason="the ramp was a test", changes={"started": at(890), "title": "GaN 3"})
    for first in range(360, 600, 60):
        frames_accept(agent=agent, data=furnace(first, first + 60))
    look()
    run = Run.objects.get()
    assert (run.started, run.ended, run.title) == (at(890), at(3000), "GaN 3")
    noted = list(run.changes.order_by("pk").values_list("person", "field", "before", "after", "reason"))
    assert noted[0] == ("ada", "started", at(300).isoformat(), at(890).isoformat(), "the ramp was a test")
    run_release(run=run, person="ada", field="started")
    run.refresh_from_db()
    assert (run.started, run.corrected) == (at(300), ["title"])


def test_a_split_a_merge_and_a_removal_survive_a_new_look(agent: Agent) -> None:
    for data in batches():
        frames_accept(agent=agent, data=data)
    look()
    first = Run.objects.get()
    second = run_split(run=first, at=at(1700), person="ada")
    run_rule_set(instrument=first.instrument, min_s=30)
    assert [(s, e) for s, e, *_ in shown()] == [(at(300), at(1700)), (at(1700), at(3000))]
    assert [step[0] for step in shown()[1][4]] == ["start", "Ga shutter ○", "Heater → 25 degC"]
    whole = runs_merge(runs=[second, first], person="ada", reason="one growth after all")
    run_rule_set(instrument=first.instrument, min_s=31)
    assert [(s, e) for s, e, *_ in shown()] == [(at(300), at(3000))]
    run_remove(run=whole, person="bob")
    run_rule_set(instrument=first.instrument, min_s=32)
    assert shown() == []
    run_restore(run=whole, person="bob")
    run_rule_set(instrument=first.instrument, min_s=33)
    assert [(s, e) for s, e, *_ in shown()] == [(at(300), at(3000))]
    fields = list(RunChange.objects.filter(run=whole).order_by("pk").values_list("field", flat=True))
    assert fields == ["split", "merged", "withdrawn", "restored"]


def test_a_run_entered_by_hand_takes_the_events_of_its_time(agent: Agent) -> None:
    frames_accept(agent=agent, data=wire(0, events=(an_event("step", 3, "anneal"),)))
    stages_drain(only=STAGES)
    run = run_add(instrument=agent.instrument, started=at(1), ended=at(8), person="ada", title="by hand")
    assert [step["name"] for step in Run.objects.get(pk=run.pk).steps] == ["anneal"]
    assert StreamEvent.objects.get().run == run
    look()
    assert Run.objects.filter(withdrawn=None).count() == 1


def test_an_event_run_that_was_corrected_ignores_a_start_that_is_sent_again(agent: Agent) -> None:
    start: Event = an_event("run_start", 0, value={"uid": "r1", "title": "wrong"})
    frames_accept(agent=agent, data=wire(0, events=(start,)))
    stages_drain(only=STAGES)
    run_correct(run=Run.objects.get(), person="ada", changes={"title": "right", "sample": "S-2"})
    again = (start, an_event("run_stop", 15, value={"uid": "r1"}))
    frames_accept(agent=agent, data=wire(1, events=again))
    stages_drain(only=STAGES)
    run = Run.objects.get()
    assert (run.title, run.sample, run.state, run.ended) == ("right", "S-2", "closed", at(15))


def test_a_run_goes_on_when_the_data_of_an_outage_arrive(agent: Agent, settings: Any) -> None:
    settings.INGEST = settings.INGEST.model_copy(update={"run_silence_s": 120.0})
    frames_accept(agent=agent, data=wire(0, events=(an_event("run_start", 0, value={"uid": "r1"}),)))
    frames_accept(agent=agent, data=wire(9, start=T0 + 600 * SECOND, events=(an_event("step", 600, "late"),)))
    stages_drain(only=STAGES)
    frames_accept(
        agent=agent, data=wire(10, start=T0 + 610 * SECOND, events=(an_event("run_start", 615, value={"uid": "r2"}),))
    )
    stages_drain(only=STAGES)
    assert Run.objects.get(pk="r1").ended == at(9)
    frames_accept(agent=agent, data=wire(1, rows=590, start=T0 + 10 * SECOND, historical=True))
    frames_accept(
        agent=agent, data=wire(2, start=T0 + 600 * SECOND, events=(an_event("run_stop", 700, value={"uid": "r2"}),))
    )
    stages_drain(only=STAGES)
    run = Run.objects.get(pk="r1")
    assert (run.ended, run.closing) == (at(615), "a new run began")


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("Recipe started: 'STO on LSAT'", "run_start", "STO on LSAT"),
        ("Start of process \"GaN-7\"", "run_start", "GaN-7"),
        ("Run finished", "run_stop", ""),
        ("process ABORTED by operator", "run_stop", ""),
        ("配方开始：LSMO", "run_start", ""),
        ("pump started", None, ""),
    ],
)  # fmt: skip
def test_a_line_of_an_event_log_says_whether_a_run_begins(line: str, kind: str | None, name: str) -> None:
    said = said_by(BEGIN, line)
    assert (said and said.kind) == kind
    if said and name:
        assert said.facts["recipe"] == name
