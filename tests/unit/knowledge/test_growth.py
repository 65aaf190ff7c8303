"""Finished growth runs become records of measured values, and follow their entry."""

from array import array
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from ingest.contract import Block, Descriptor, encode_batch
from ingest.gateway.models import Agent, Instrument
from ingest.gateway.tokens import secret_hash
from ingest.telemetry.services import batch_store
from knowledge.models import Record
from knowledge.records.growth import Described, channel_for, film_formula, is_growth, statistics_values
from knowledge.records.stages import RecordStage
from tests.builders.eln import START, a_project, a_run, an_entry, an_instrument
from tests.builders.ingest import a_batch

CHANNELS = [
    Described("substrate.setpoint", "degC", "substrate_temperature"),
    Described("substrate_temperature", "degC", "substrate_temperature"),
    Described("pyrometer", "degC", "substrate_temperature"),
    Described("load_lock.pressure", "mbar", "pressure"),
    Described("chamber.pressure", "mbar", "pressure"),
]


def test_statistics_come_from_the_reading_of_the_chamber_in_the_topics_units() -> None:
    points = {
        "substrate_temperature": np.array([20.0, 600.0, np.nan, 700.0]),
        "chamber.pressure": np.array([1e-8, 1e-6]),
        "load_lock.pressure": np.array([1.0, 2.0]),
        "substrate.setpoint": np.array([900.0]),
        "pyrometer": np.array([450.0]),
    }
    values = {v.property: v for v in statistics_values(CHANNELS, points)}
    assert values["max_substrate_temperature"].value == 700
    assert values["mean_substrate_temperature"].value == 440
    assert values["base_pressure"].value == pytest.approx(1e-6)  # 1e-8 mbar in Pa
    assert values["max_growth_pressure"].value == pytest.approx(1e-4)
    assert values["base_pressure"].column == "chamber.pressure"
    assert "max_laser_energy" not in values


def test_a_quantity_without_a_reading_gives_no_value() -> None:
    assert channel_for("laser_energy", CHANNELS) is None
    assert channel_for("substrate_temperature", CHANNELS[:1]) is None
    assert statistics_values(CHANNELS, {"chamber.pressure": np.array([np.nan])}) == []


@pytest.mark.parametrize(
    ("texts", "formula"),
    [
        (("SrTiO3", "LaAlO3"), "SrTiO3"),
        (("", "SrTiO3 on LaAlO3"), "SrTiO3"),
        (("", "STO", "B12", "Bi2Se3_run_4"), "Bi2Se3"),
        (("", "B12", "test growth"), None),
        (("", "SrTiO3, BaTiO3"), None),
    ],
)
def test_the_film_is_named_only_where_that_is_certain(texts: tuple[str, ...], formula: str | None) -> None:
    found = film_formula(*texts)
    assert (found.reduced if found else None) == formula


def test_a_growth_is_known_by_its_technique_or_a_heated_substrate() -> None:
    assert is_growth("MBE", [])
    assert is_growth("pulsed laser deposition", [])
    assert is_growth("", CHANNELS)
    assert not is_growth("XRD", [])


def measured(instrument: Instrument, start: datetime) -> None:
    """Ten minutes of substrate temperature rising from 20 to 619 degC, and a constant pressure."""
    begin = int(start.timestamp()) * 1_000_000_000
    times = array("q", range(begin, begin + 600 * 10**9, 10**9))
    columns: dict[str, Any] = {"T_sub": array("d", range(20, 620)), "p_chamber": array("d", [2e-6] * 600)}
    descriptors = (
        Descriptor(name="T_sub", unit="degC", quantity="substrate_temperature"),
        Descriptor(name="p_chamber", unit="mbar", quantity="pressure"),
    )
    agent = Agent.objects.create(name="pc", instrument=instrument, token_hash=secret_hash("t"))
    batch = a_batch(instrument=instrument.slug, blocks=(Block(times=times, channels=columns),), descriptors=descriptors)
    assert batch_store(agent=agent, batch=batch, data=encode_batch(batch))


@pytest.mark.django_db
def test_a_finished_run_becomes_a_measured_record_of_its_project() -> None:
    project = a_project()
    instrument = an_instrument(project=project)
    measured(instrument, START)
    entry = an_entry(instrument=instrument, hours=1 / 6)
    RecordStage().process([str(entry.pk)])
    record = Record.objects.get()
    values = {value["property"]: value for value in record.values}
    assert (record.kind, record.topic, record.project, record.entry_id) == (
        "measurement",
        "thin_film_growth",
        project,
        entry.pk,
    )
    assert record.formula == "SrTiO3"
    assert values["duration"]["value"] == 600
    assert values["max_substrate_temperature"]["value"] == 619
    assert values["max_substrate_temperature"]["column"] == "T_sub"
    assert values["mean_substrate_temperature"]["value"] == pytest.approx(319.5)
    assert values["base_pressure"]["value"] == pytest.approx(2e-4)
    assert record.locator == f"entry {entry.pk}"


@pytest.mark.django_db
def test_edits_make_versions_and_deletions_withdraw() -> None:
    entry = an_entry()
    stage = RecordStage()
    stage.process([str(entry.pk)])
    stage.process([str(entry.pk)])
    assert Record.objects.get().version == 1
    entry.title = "renamed"
    entry.save()
    stage.process([str(entry.pk)])
    assert (Record.objects.get().version, Record.objects.get().title) == (2, "renamed")
    key = str(entry.pk)
    entry.delete()
    stage.process([key])
    assert Record.objects.get().withdrawn


@pytest.mark.django_db
def test_a_running_entry_gives_no_record_yet() -> None:
    entry = an_entry(hours=None)
    RecordStage().process([str(entry.pk), "no number", "999"])
    assert not Record.objects.exists()
    assert a_run(start=START + timedelta(days=1)).state == "closed"


@pytest.mark.django_db
def test_a_description_dated_after_the_run_still_gives_units() -> None:
    instrument = an_instrument()
    agent = Agent.objects.create(name="pc", instrument=instrument, token_hash=secret_hash("t"))
    begin = int(START.timestamp()) * 1_000_000_000
    descriptor = Descriptor(name="T_sub", unit="degC", quantity="substrate_temperature")
    late = a_batch(instrument=instrument.slug, rows=0, sent=begin + 10**18, descriptors=(descriptor,))
    assert batch_store(agent=agent, batch=late, data=encode_batch(late))
    block = Block(times=array("q", [begin, begin + 10**9]), channels={"T_sub": array("d", [600.0, 650.0])})
    rows = a_batch(sequence=1, instrument=instrument.slug, descriptors=(), blocks=(block,))
    assert batch_store(agent=agent, batch=rows, data=encode_batch(rows))
    RecordStage().process([str(an_entry(instrument=instrument).pk)])
    values = {value["property"]: value["value"] for value in Record.objects.get().values}
    assert values["max_substrate_temperature"] == 650


def test_a_quantity_that_is_none_of_the_registrys_is_read_by_its_words() -> None:
    assert channel_for("pressure", [Described("P1", "Torr", "chamber_pressure")]) is not None
