"""The one Query inside Lodestone, and the Evidence that comes back: frozen values, no Django.

Everything that asks builds a Query: search page, command line, chat planner, dataset picker. One executor
(`knowledge.query.executor.run`) applies the reader's Scope and gives Evidence.

Properties every topic has: `formula` (reduced), `elements` (list), `nelements`, `spacegroup_number`, `external_id`, `dataset`,
`kind`, `topic`. The others come from the topic's schema; numbers are in the schema's canonical unit unless a filter names one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Scalar = str | float | int | bool
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "contains", "starts", "ends", "known", "unknown"]
ElementMode = Literal["all", "any", "only", "exactly", "none"]
Function = Literal["count", "count_distinct", "min", "max", "mean"]


@dataclass(frozen=True)
class Compare:
    """`property op value`; `in` takes a tuple, `known`/`unknown` take none. Comparing with an absent value is false."""

    property: str
    op: Operator
    value: Scalar | tuple[Scalar, ...] | None = None
    unit: str | None = None


@dataclass(frozen=True)
class HasElements:
    """Composition: contains all / any / only these / exactly these / none of these elements."""

    elements: tuple[str, ...]
    mode: ElementMode = "all"


@dataclass(frozen=True)
class Words:
    """Full text over formula, title, ids and text values; all words must occur."""

    text: str


@dataclass(frozen=True)
class And:
    """All parts hold; no parts = true."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Or:
    """At least one part holds; no parts = false."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Filter"


Filter = Compare | HasElements | Words | And | Or | Not


@dataclass(frozen=True)
class Sort:
    """Order by a property; records without it come last either way."""

    property: str
    descending: bool = False


@dataclass(frozen=True)
class Aggregate:
    """One figure over the matches, or one per value of `by`. `property` none = the records themselves."""

    function: Function
    property: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Query:
    """What to look for. `kinds` empty = everything but predictions. `limit` 0 = no rows, only count and aggregate."""

    topic: str | None = None
    where: Filter | None = None
    select: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int = 50
    offset: int = 0
    aggregate: Aggregate | None = None
    kinds: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stated:
    """One value as a record states it. `value` in the canonical `unit`; `raw` as the source spells it."""

    property: str
    value: Scalar | tuple[Scalar, ...] | None
    unit: str | None = None
    uncertainty: float | None = None
    conditions: Mapping[str, Scalar] = field(default_factory=dict)
    method: str | None = None
    column: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class Row:
    """One record that matched, with what a citation needs. `project_id` none = open to everybody."""

    record: str
    version: int
    topic: str
    dataset: str
    kind: str
    formula: str
    formula_source: str
    external_id: str
    spacegroup_number: int | None
    elements: tuple[str, ...]
    file_name: str
    locator: str
    values: tuple[Stated, ...]
    project_id: int | None = None

    def value(self, name: str) -> Stated | None:
        """The first value of this property, if the record states one."""
        return next((stated for stated in self.values if stated.property == name), None)


@dataclass(frozen=True)
class Evidence:
    """The answer of the stores to one Query: exact `count` of matches, `rows` of the page, aggregate, facets."""

    query: Query
    count: int
    rows: tuple[Row, ...] = ()
    aggregate: float | None = None
    groups: Mapping[str, float] = field(default_factory=dict)
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    elapsed_ms: float = 0.0
