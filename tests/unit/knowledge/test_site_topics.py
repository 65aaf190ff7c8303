"""Topics that a site adds: folders and saved documents, seen at once, and never able to break the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from knowledge.apps import _topics_state
from knowledge.imports.mappings import dataset_complaints, known_datasets
from knowledge.index.columns import columns_of, fingerprint
from knowledge.models import TopicDocument
from knowledge.topics.schema import complaints, found_topics, per_topics, topics, topics_forget, topics_refresh

pytestmark = pytest.mark.django_db

SCHEMA = """
id: glazes
label: {en: Glazes, zh: 釉料}
claims: [firing_temperature]
properties:
  - {id: firing_temperature, type: number, unit: degC, label: {en: firing temperature, zh: 烧成温度}, low: 0, high: 2000}
"""
DATASET = """
slug: glaze-table
title: Glazes of a workshop
kind: measurement
match: {columns: [formula, fired]}
columns:
  formula: {property: formula}
  fired: {property: firing_temperature, unit: degC}
"""


@pytest.fixture(autouse=True)
def site(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A data folder of its own; afterwards the process knows only what packages say."""
    settings.HOME = tmp_path
    topics_forget()
    yield tmp_path
    settings.HOME = tmp_path / "gone"
    topics_forget()


def look() -> bool:
    return topics_refresh(max_age_s=0)


def put(site: Path, text: str, name: str = "glazes", dataset: str | None = None) -> None:
    folder = site / "topics" / name
    (folder / "datasets").mkdir(parents=True, exist_ok=True)
    (folder / "schema.yaml").write_text(text, encoding="utf-8")
    if dataset is not None:
        (folder / "datasets" / "one.yaml").write_text(dataset, encoding="utf-8")


def test_a_folder_becomes_a_topic_and_goes_again(site: Path) -> None:
    before, known = set(topics()), fingerprint()
    put(site, SCHEMA, dataset=DATASET)
    assert look() and set(topics()) == before | {"glazes"}
    assert found_topics()["glazes"].origin == "folder"
    assert "firing_temperature" in columns_of("glazes") and fingerprint() != known
    assert ("glazes", "glaze-table") in {(topic, one.slug) for topic, one in known_datasets()}
    assert not look()
    (site / "topics" / "glazes" / "schema.yaml").unlink()
    (site / "topics" / "glazes" / "datasets" / "one.yaml").unlink()
    assert look() and set(topics()) == before and fingerprint() == known


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: [", "is no YAML: line 2"),
        ("just words", "is no mapping"),
        (SCHEMA.replace("id: glazes", "id: other"), "the folder is named as the topic"),
        (SCHEMA.replace("degC", "furlongs per bell"), "is no unit"),
        (SCHEMA.replace("type: number", "type: numeric"), "properties[1] (firing_temperature).type"),
        (SCHEMA.replace("zh: 烧成温度", "zh: ''"), "firing_temperature: has no label in 'zh'"),
        (SCHEMA.replace("claims: [firing_temperature]", "claims: [glow]"), "claims: there is no property 'glow'"),
        (SCHEMA.replace("id: firing_temperature", "id: formula"), "every record has this already"),
        (SCHEMA.replace("low: 0, high: 2000", "low: 5, high: 2"), "low 5 is not below high 2"),
        (SCHEMA.replace("id: firing_temperature, type: number, unit: degC", "id: density, type: number, unit: degC"),
         "density: in topic"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_used_is_left_out_and_said(site: Path, text: str, reason: str) -> None:
    put(site, text)
    look()
    assert "glazes" not in topics() and "crystal_structures" in topics()
    (one,) = complaints()
    assert reason in one.reason and "glazes" in one.place
    ok, sentence = _topics_state()
    assert not ok and "glazes" in sentence


def test_a_described_data_set_that_cannot_be_read_harms_no_other(site: Path) -> None:
    put(site, SCHEMA, dataset=DATASET.replace("kind: measurement", "kind: rumour"))
    look()
    assert "glazes" in topics() and "materiae-2019" in {one.slug for _, one in known_datasets()}
    (one,) = dataset_complaints()
    assert "one.yaml" in one.place and not _topics_state()[0]


def test_a_folder_of_data_sets_alone_adds_them_to_the_topic_of_its_name(site: Path) -> None:
    put(site, SCHEMA, name="superfluous", dataset=DATASET)
    (site / "topics" / "superfluous").rename(site / "topics" / "crystal_structures")
    (site / "topics" / "crystal_structures" / "schema.yaml").unlink()
    look()
    assert found_topics()["crystal_structures"].origin == "shipped"
    slugs = {one.slug for topic, one in known_datasets() if topic == "crystal_structures"}
    assert {"glaze-table", "mp-binary-elasticity"} <= slugs


def test_a_saved_document_counts_over_a_folder_until_it_is_withdrawn(site: Path) -> None:
    put(site, SCHEMA)
    look()
    saved = SCHEMA.replace("label: {en: Glazes,", "label: {en: Glazes of the lab,")
    TopicDocument.objects.create(topic="glazes", version=1, text=saved)
    assert look() and topics()["glazes"].label["en"] == "Glazes of the lab"
    assert found_topics()["glazes"].origin == "document"
    TopicDocument.objects.create(topic="glazes", version=2, text="", withdrawn=True)
    assert look() and topics()["glazes"].label["en"] == "Glazes"


def test_what_was_derived_from_topics_is_forgotten_with_them(site: Path) -> None:
    calls = []

    @per_topics
    def names(prefix: str) -> list[str]:
        calls.append(prefix)
        return [name for name in topics() if name.startswith(prefix)]

    assert names("glaz") == names("glaz") == [] and len(calls) == 1
    put(site, SCHEMA)
    look()
    assert names("glaz") == ["glazes"] and len(calls) == 2
