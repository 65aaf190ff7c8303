"""How a table's columns become properties: known data sets by their small YAML, other tables by names, units and values."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.chemistry.elements import element_named
from knowledge.imports.derived import Derived, Fault, with_derived
from knowledge.imports.tables import Refused, Source, Table
from knowledge.topics.schema import Complaint, dataset_texts, per_topics, topics, yaml_read

log = logging.getLogger(__name__)

Role = Literal["value", "uncertainty", "source", "element", "property", "stated", "unit", "conditions"]


class Matches(BaseModel):
    """How a known data set is recognised: by column names, or by the look of its lines and the stem of its file name.

    Fewer than four names are no proof: the table must then have no other columns than the described ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = ()
    cells: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="texts that must stand in a column")
    lines: str | None = None
    stem: str | None = None


class ColumnRule(BaseModel):
    """One column: its property, the unit the source uses, and the column whose list gives the names (`with`).

    `property` is one of the topic, or formula, spacegroup_number, elements. `role` says what else a column can be: the
    uncertainty of the column `of`, the `source` that a row was taken from, the share of an `element`.
    `empty` are texts that state nothing here; `conditions` hold for all values of the column, in canonical units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    property: str | None = None
    unit: str | None = None
    beside: str | None = Field(default=None, alias="with")
    role: "Role" = "value"
    of: str | None = None
    element: str | None = None
    empty: tuple[str, ...] = ()
    conditions: dict[str, float | str] = Field(default_factory=dict)
    method: str | None = None


class Composition(BaseModel):
    """All columns named by an element are shares of it; `rest` is the element that makes up what is missing to 100."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Literal["at.%", "wt.%"]
    rest: str | None = None


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
    composition: Composition | None = None
    derived: tuple[Derived, ...] = Field(
        default=(), description="columns worked out of others before the table is read"
    )
    faults: tuple[Fault, ...] = Field(default=(), description="rows that the source is known to have wrong")
    names_rows: str | None = Field(
        default=None, description="the column that names a row which states no formula, such as a steel's grade"
    )
    structure_files: str | None = Field(
        default=None, description="the column that names, for each row, a structure file beside the table"
    )
    refuse: str = Field(
        default="", description="why a table of this kind holds no materials; nothing of it is imported"
    )


@dataclass(frozen=True)
class Rule:
    """What one column means: `property` none = nothing we know; `unit` is the source's; `confidence` 0..1.

    `role` other than value: the uncertainty of the column `of`, the source of the row, the share of an `element`; in long
    tables the name of the property, the stated value, its unit, its conditions. `conditions` and `method` hold for all
    values of the column. `empty` are texts that state nothing.
    """

    property: str | None = None
    unit: str | None = None
    confidence: float = 0.0
    beside: str | None = None
    role: Role = "value"
    of: str | None = None
    element: str | None = None
    empty: tuple[str, ...] = ()
    conditions: tuple[tuple[str, float | str], ...] = ()
    method: str | None = None

    def document(self) -> dict[str, Any]:
        """As the command prints it; what a plain value column does not need is left out."""
        said: dict[str, Any] = {
            "property": self.property,
            "unit": self.unit,
            "confidence": round(self.confidence, 2),
        }
        if self.role != "value":
            said["role"] = self.role
        said |= {name: got for name in ("of", "element", "method") if (got := getattr(self, name))}
        if self.conditions:
            said["conditions"] = dict(self.conditions)
        return said


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
    rest: str | None = None
    names_rows: str | None = None
    project_id: int | None = None

    @property
    def part(self) -> str:
        """Which part of the data set a file is: what its name says of all its rows."""
        return " ".join(f"{name}={value}" for name, value in sorted(self.constants.items()))


def normal(name: str) -> str:
    """A column name without case, spaces and signs."""
    return re.sub(r"[^\w()]+", "_", name.strip().lower()).strip("_")


def tail(column: str) -> str:
    """A column name without the words of the headings above it: 'Composition (wt.%) / C (wt.%)' -> 'C (wt.%)'."""
    return column.rsplit(" / ", 1)[-1]


def _bare(table: Table) -> Table:
    """The table with the last line of its column names alone, where that still tells the columns apart."""
    names = tuple(map(tail, table.columns))
    if names == table.columns or len(set(names)) != len(names):
        return table
    to = dict(zip(table.columns, names, strict=True))
    return replace(
        table,
        columns=names,
        units={to.get(name, name): unit for name, unit in table.units.items()},
        formats={(number, to.get(name, name)): said for (number, name), said in table.formats.items()},
        lost={(number, to.get(name, name)): said for (number, name), said in table.lost.items()},
        links={(number, to.get(name, name)): said for (number, name), said in table.links.items()},
    )


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
    if 0 < len(known.match.columns) < 4 and not names <= {normal(c) for c in known.columns}:
        return None
    if not all(_holds(table, column, texts) for column, texts in known.match.cells.items()):
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


def _holds(table: Table, column: str, texts: tuple[str, ...]) -> bool:
    """Whether all the texts stand in a column."""
    at = next((i for i, name in enumerate(table.columns) if normal(name) == normal(column)), None)
    return at is not None and set(texts) <= {row[at].strip() for row in table.rows}


def _with_files(table: Table, column: str, folder: Path) -> Table:
    """The table with the structure file that each row names; no name leads out of the table's own folder."""
    at = next((i for i, name in enumerate(table.columns) if normal(name) == normal(column)), None)
    if at is None:
        return table
    structures: dict[int, Mapping[str, Any]] = {}
    for number, row in zip(table.row_numbers(), table.rows, strict=True):
        name = row[at].strip()
        if name and Path(name).name == name and (folder / name).is_file():
            structures[number] = {"path": str(folder / name), "name": name}
    return replace(table, structures=structures)


def _rule(topic: str, column: str, stated: ColumnRule | None, composition: Composition | None) -> Rule:
    if stated is None:
        element = element_named(column) if composition else None
        return Rule(None, composition.unit, 1.0, role="element", element=element) if composition and element else Rule()
    item = topics()[topic].property(stated.property or "")
    return Rule(
        stated.property,
        stated.unit or (item.unit if item and stated.role == "value" else None),
        1.0,
        stated.beside,
        stated.role,
        stated.of,
        stated.element,
        stated.empty,
        tuple(sorted(stated.conditions.items())),
        stated.method,
    )


def known_mapping(source: Source, table: Table, topic: str | None) -> tuple[Table, ColumnMapping] | None:
    """A data set that Lodestone knows: its table, with the columns that its description derives, and the mapping.

    None if the table is not one of them. Raises Refused for one that is known to hold no materials.
    """
    table = _bare(table)
    for owner, known in known_datasets():
        if topic not in (None, owner) or not (match := _fits(known, source, table)):
            continue
        if known.refuse:
            raise Refused(known.refuse)
        table = with_derived(table, known.derived, known.faults)
        if known.structure_files:
            table = _with_files(table, known.structure_files, source.files[0].parent)
        by_name = {normal(name): rule for name, rule in known.columns.items()}
        rules = {c: _rule(owner, c, by_name.get(normal(c)), known.composition) for c in table.columns}
        constants = {}
        if isinstance(match, re.Match):
            constants = {name: c.values[match.group("class")] for name, c in known.constants.items()}
        column_of = {normal(column): column for column in table.columns}
        return table, ColumnMapping(
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
            rest=known.composition.rest if known.composition else None,
            names_rows=column_of.get(normal(known.names_rows)) if known.names_rows else None,
        )
    return None
