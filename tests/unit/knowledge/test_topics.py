"""Topic schemas: complete in both languages, and usable."""

import pytest

from ingest.schemas import units
from knowledge.topics.schema import TopicSchema, topics


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
