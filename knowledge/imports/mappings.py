"""How a table's columns become properties: known data sets by their small YAML, other tables by names, units and values."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.imports.tables import Source, Table
from knowledge.topics.schema import Complaint, dataset_texts, per_topics, yaml_read

log = logging.getLogger(__name__)


class Matches(BaseModel):
    """How a known data set is recognised: by column names, or by the look of its lines and the stem of its file name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = ()
    lines: str | None = None
    stem: str | None = None


class ColumnRule(BaseModel):
    """One column: its property, the unit the source uses, and the column whose list gives the names (`with`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    property: str
    unit: str | None = None
    beside: str | None = Field(default=None, alias="with")


class Constant(BaseModel):
    """A value that every row of a file has, read from the file's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    source: Literal["stem"] = Field(alias="from")
    values: dict[str, str]


class KnownDataset(BaseModel):
    """A published data set that Lodestone knows: where it comes from and what its columns mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    title: str
    kind: Literal["measurement", "literature", "computation", "prediction"]
    citation: str = ""
    licence: str = ""
    url: str = ""
    match: Matches
    layout: Literal["wide", "long"] = "wide"
    key: str | None = None
    external_id: str | None = None
    columns: dict[str, ColumnRule]
    constants: dict[str, Constant] = Field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What one column means: `property` none = nothing we know; `unit` is the source's; `confidence` 0..1."""

    property: str | None = None
    unit: str | None = None
    confidence: float = 0.0
    beside: str | None = None

    def document(self) -> dict[str, Any]:
        """As the command prints it."""
        return {"property": self.property, "unit": self.unit, "confidence": round(self.confidence, 2)}


@dataclass(frozen=True)
class ColumnMapping:
    """How one source is read."""

    topic: str
    slug: str
    title: str
    kind: str
    rules: Mapping[str, Rule]
    citation: str = ""
    licence: str = ""
    url: str = ""
    layout: str = "wide"
    key: str | None = None
    external_id: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """Which part of the data set a file is: what its name says of all its rows."""
        return " ".join(f"{name}={value}" for name, value in sorted(self.constants.items()))


def normal(name: str) -> str:
    """A column name without case, spaces and signs."""
    return re.sub(r"[^\w()]+", "_", name.strip().lower()).strip("_")


@per_topics
def _datasets() -> tuple[tuple[tuple[str, KnownDataset], ...], tuple[Complaint, ...]]:
    found: list[tuple[str, KnownDataset]] = []
    wrong: list[Complaint] = []
    for topic, place, text in dataset_texts():
        try:
            found.append((topic, KnownDataset.model_validate(yaml_read(text))))
        except (yaml.YAMLError, ValidationError) as error:
            wrong.append(Complaint(place, " ".join(str(error).split())[:400]))
            log.warning("data set %s is left out: %s", place, error)
    return tuple(found), tuple(wrong)


def known_datasets() -> tuple[tuple[str, KnownDataset], ...]:
    """(topic, data set) of all described data sets of the topics."""
    return _datasets()[0]


def dataset_complaints() -> tuple[Complaint, ...]:
    """Descriptions of data sets that are left out because they cannot be read."""
    return _datasets()[1]


def _fits(known: KnownDataset, source: Source, table: Table) -> re.Match[str] | bool | None:
    names = {normal(column) for column in table.columns}
    if known.match.columns and not (table.header and names >= {normal(c) for c in known.match.columns}):
        return None
    found: re.Match[str] | bool | None = True
    if known.match.stem:
        found = re.match(known.match.stem, source.files[0].name.split(".")[0].lower())
    if known.match.lines and found:
        if table.header:
            return None
        sample = table.rows[:200]
        lines = sum(bool(re.match(known.match.lines, ", ".join(row))) for row in sample)
        found = found if sample and lines >= 0.7 * len(sample) else None
    return found


def known_mapping(source: Source, table: Table, topic: str | None) -> ColumnMapping | None:
    """The mapping of a data set that Lodestone knows; none if the table is not one of them."""
    for owner, known in known_datasets():
        if topic not in (None, owner) or not (match := _fits(known, source, table)):
            continue
        by_name = {normal(name): rule for name, rule in known.columns.items()}
        rules = {}
        for column in table.columns:
            rule = by_name.get(normal(column))
            rules[column] = Rule(rule.property, rule.unit, 1.0, rule.beside) if rule else Rule()
        constants = {}
        if isinstance(match, re.Match):
            constants = {name: c.values[match.group("class")] for name, c in known.constants.items()}
        column_of = {normal(column): column for column in table.columns}
        return ColumnMapping(
            topic=owner,
            slug=known.slug,
            title=known.title,
            kind=known.kind,
            rules=rules,
            citation=" ".join(known.citation.split()),
            licence=known.licence,
            url=known.url,
            layout=known.layout,
            key=column_of.get(normal(known.key)) if known.key else None,
            external_id=column_of.get(normal(known.external_id)) if known.external_id else None,
            constants=constants,
        )
    return None
