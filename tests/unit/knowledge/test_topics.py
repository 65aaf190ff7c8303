"""Topic schemas: complete in both languages, and usable."""

import pytest

from ingest.schemas import units
from ingest.schemas.registry import quantities, techniques
from knowledge.query.filters import parse_filter
from knowledge.topics.checking import faults
from knowledge.topics.schema import TopicSchema, complaints, topics


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.id)
def test_every_word_exists_in_english_and_chinese(topic: TopicSchema) -> None:
    assert set(topic.label) == set(topic.limits) == {"en", "zh"}
    for item in topic.properties:
        assert set(item.label) == {"en", "zh"}, item.id
        assert item.synonyms or item.description, item.id
        for value in item.classes:
            assert set(value.label) == {"en", "zh"}, value.id


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.id)
def test_property_ids_and_columns_are_unique(topic: TopicSchema) -> None:
    names = [item.id for item in topic.properties]
    columns = [column.lower() for item in topic.properties for column in item.columns]
    assert len(set(names)) == len(names)
    assert len(set(columns)) == len(columns)


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.id)
def test_every_unit_is_one_that_the_registry_knows(topic: TopicSchema) -> None:
    for item in topic.properties:
        if item.unit:
            assert units.parse_unit(item.unit) is not None, item.id


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.id)
def test_shipped_schemas_stand_the_check_that_a_sites_own_ones_stand(topic: TopicSchema) -> None:
    assert faults(topic, topics()) == []
    for preset in topic.filters:
        parse_filter(preset.filter)


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.id)
def test_a_projection_names_quantities_and_techniques_that_parsers_give(topic: TopicSchema) -> None:
    if topic.projection is None:
        pytest.skip("no notebook entry becomes a record of this topic")
    assert set(topic.projection.techniques) <= set(techniques())
    assert {value.quantity for value in topic.projection.values} <= set(quantities())


def test_every_topic_of_the_fields_is_there() -> None:
    fields = {
        "topological_materials", "ferroelectrics", "topological_phonons", "nonlinear_optics", "crystal_structures",
        "energy_materials", "amorphous_alloys", "irradiation_damage", "superconductors",
    }  # fmt: skip
    assert fields <= set(topics()) and not complaints()
    for name in fields:
        schema = topics()[name]
        assert schema.facts and schema.summary and schema.filters and schema.claims, name
