"""What a person says the columns of a table mean: from the pages or a YAML file, checked before anything is read by it."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.imports.columns import dataset_name, slug_of
from knowledge.imports.compositions import element_header
from knowledge.imports.headers import heading_split
from knowledge.imports.mappings import ColumnMapping, ColumnRule, Composition, Rule
from knowledge.imports.tables import Refused, Source, Table
from knowledge.imports.units import way_to
from knowledge.topics.schema import TopicSchema, topics, yaml_read

_STRUCTURAL = frozenset(["formula", "spacegroup_number", "elements"])


class StatedMapping(BaseModel):
    """A mapping as a person states it. A column that is not named, or named with null, is left out.

    `formula` is the column of the formula; `composition` takes columns named by elements instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    formula: str | None = None
    external_id: str | None = None
    key: str | None = None
    title: str | None = None
    kind: Literal["measurement", "literature", "computation", "prediction"] = "literature"
    citation: str = ""
    licence: str = ""
    url: str = ""
    layout: Literal["wide", "long"] = "wide"
    columns: dict[str, ColumnRule | None] = Field(default_factory=dict)
    composition: Composition | None = None


def stated_read(path: Path) -> StatedMapping:
    """The mapping in a YAML file. Raises Refused with what is wrong in it."""
    try:
        return stated_check(yaml_read(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refused(f"the mapping {path.name} cannot be read: {' '.join(str(error).split())[:200]}") from error


def stated_check(document: Any) -> StatedMapping:  # Any: YAML or JSON
    """A mapping from its document. Raises Refused naming each fault."""
    try:
        return StatedMapping.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise Refused(f"the mapping is not understood: {faults}") from error


def describes(stated: StatedMapping, table: Table) -> bool:
    """Whether a table has all columns that a mapping names."""
    named = {*stated.columns, *filter(None, (stated.formula, stated.external_id, stated.key))}
    return named <= set(table.columns)


def stated_rule(schema: TopicSchema, column: str, stated: ColumnRule) -> Rule:
    """The rule of a column as a person states it. Raises Refused for a property or unit that does not fit the topic."""
    item = schema.property(stated.property or "")
    if item is None and stated.role == "value" and stated.property not in _STRUCTURAL:
        raise Refused(
            f"column {column!r}: {stated.property!r} is no property of topic {schema.id}: choose one of "
            f"{', '.join(sorted(p.id for p in schema.properties))}"
        )
    unit = stated.unit or (item.unit if item and stated.role == "value" else None)
    if item and unit and stated.role == "value" and way_to(unit, item.unit) is None:
        raise Refused(
            f"column {column!r}: {unit!r} does not measure {item.label['en']}; its unit is {item.unit or 'none'}"
        )
    return Rule(
        stated.property,
        unit,
        1.0,
        stated.beside,
        stated.role,
        stated.of,
        stated.element,
        stated.empty,
        tuple(sorted(stated.conditions.items())),
        stated.method,
    )


def stated_mapping(stated: StatedMapping, source: Source, table: Table) -> ColumnMapping:
    """The mapping of a table as a person states it. Raises Refused where it does not fit table or topic."""
    schema = topics().get(stated.topic)
    if schema is None:
        raise Refused(f"there is no topic {stated.topic!r}: choose one of {', '.join(topics())}")
    if not describes(stated, table):
        named = {*stated.columns, *filter(None, (stated.formula, stated.external_id, stated.key))}
        missing = ", ".join(sorted(named - set(table.columns)))
        raise Refused(
            f"the mapping names columns that the table lacks: {missing} (it has {', '.join(table.columns[:20])})"
        )
    rules = {column: stated_rule(schema, column, one) if one else Rule() for column, one in stated.columns.items()}
    rules = {column: rules.get(column, Rule()) for column in table.columns}
    if stated.formula:
        rules[stated.formula] = Rule("formula", None, 1.0)
    rules |= _shares(stated, table, rules)
    if not any(r.property == "formula" or r.role == "element" for r in rules.values()) and not stated.external_id:
        raise Refused("the mapping names no column of formulae: say 'formula: COLUMN', or 'external_id: COLUMN'")
    name = dataset_name(source)
    return ColumnMapping(
        topic=schema.id,
        slug=slug_of(stated.title or name),
        title=stated.title or name.replace("_", " "),
        kind=stated.kind,
        rules=rules,
        citation=stated.citation,
        licence=stated.licence,
        url=stated.url,
        layout=stated.layout,
        key=stated.key,
        external_id=stated.external_id,
        rest=stated.composition.rest if stated.composition else None,
    )


def _shares(stated: StatedMapping, table: Table, rules: dict[str, Rule]) -> dict[str, Rule]:
    """The columns named by elements, where the mapping says that they hold shares."""
    if stated.composition is None:
        return {}
    found = {}
    for column in table.columns:
        element = element_header(heading_split(column)[1])
        if element and column not in stated.columns and not rules[column].property:
            found[column] = Rule(None, stated.composition.unit, 1.0, role="element", element=element)
    return found
