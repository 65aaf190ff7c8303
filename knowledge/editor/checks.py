"""What is wrong with a topic before it is used, and which columns of a pasted table it would claim."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.errors import KnowledgeError
from knowledge.imports.columns import guessed_mapping
from knowledge.imports.mappings import KnownDataset
from knowledge.imports.readers.content import text_tables
from knowledge.imports.tables import Refused, Source
from knowledge.query.filters import parse_filter
from knowledge.topics.checking import faults
from knowledge.topics.finding import Found, folder_read, schema_read
from knowledge.topics.schema import TopicSchema, found_topics, topics, topics_trial, yaml_read


def schema_checked(text: str, topic: str | None = None) -> tuple[TopicSchema | None, list[str]]:
    """(schema, faults in one sentence each) of a schema's YAML; with `topic` its id must be that one."""
    try:
        schema = schema_read(text)
    except ValueError as error:
        return None, str(error).split("; ")
    wrong = faults(schema, topics())
    if topic is not None and schema.id != topic:
        wrong.append(f"id: is '{schema.id}', but this is the topic '{topic}', whose id cannot change")
    for preset in schema.filters:
        try:
            parse_filter(preset.filter)
        except KnowledgeError as error:
            wrong.append(f"filter {preset.id}: {error.message}")
    return schema, wrong


def dataset_checked(text: str, schema: TopicSchema) -> list[str]:
    """The faults of a data set's description."""
    try:
        known = KnownDataset.model_validate(yaml_read(text))
    except yaml.YAMLError as error:
        return [f"is no YAML: {' '.join(str(error).split())[:200]}"]
    except ValidationError as error:
        return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    named = {rule.property for rule in known.columns.values() if rule.property} | set(known.constants)
    held = {item.id for item in schema.properties} | {"formula", "spacegroup_number", "elements"}
    return [f"there is no property '{name}' in topic {schema.id}" for name in sorted(named - held)]


def folder_checked(folder: Path) -> tuple[Found, list[str]]:
    """(texts, faults) of a topic's folder: schema.yaml and datasets/*.yaml."""
    found = folder_read(folder)
    if not found.text:
        if folder.name not in topics():
            return found, [f"{folder}: holds no schema.yaml"]
        schema: TopicSchema | None = topics()[folder.name]
        wrong: list[str] = []
    else:
        schema, wrong = schema_checked(found.text, folder.name)
        wrong = [f"schema.yaml: {one}" for one in wrong]
    for place, text in found.datasets.items():
        if schema is not None:
            wrong += [f"{Path(place).name}: {one}" for one in dataset_checked(text, schema)]
    return found, wrong


@dataclass(frozen=True)
class Claimed:
    """One column of a pasted table: the property it would become, none where nothing claims it."""

    column: str
    property: str | None
    unit: str | None
    confidence: float


def columns_claimed(schema: TopicSchema, text: str) -> tuple[list[Claimed], str]:
    """What the topic would make of a table's text (header line and some rows), and why it would refuse it; empty = it would not."""
    try:
        table = text_tables(text, "pasted.csv")[0]
    except (Refused, IndexError) as error:
        return [], str(error)
    with topics_trial(schema):
        try:
            mapping = guessed_mapping(Source("pasted.csv", (Path("pasted.csv"),), "table"), table, schema.id)
        except Refused as error:
            return [], str(error)
    return [Claimed(name, rule.property or rule.role, rule.unit, rule.confidence) if rule.property or rule.role != "value"
            else Claimed(name, None, None, 0.0) for name, rule in mapping.rules.items()], ""  # fmt: skip


def is_own(topic: str) -> bool:
    """Whether a topic is the site's own in its present form, not one as shipped."""
    found = found_topics().get(topic)
    return found is not None and found.origin != "shipped"


def document_of(text: str) -> Mapping[str, Any]:  # Any: YAML
    """The mapping of a schema's YAML; empty where it is none."""
    try:
        document = yaml_read(text)
    except yaml.YAMLError:
        return {}
    return document if isinstance(document, dict) else {}
