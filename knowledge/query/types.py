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
Function = Literal["count", "count_distinct", "min", "max", "mean", "median", "sum"]
Quantifier = Literal["all", "any", "only", "exactly", "none"]
Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts", "ends"]
Same = Literal["material", "composition", "prototype", "spacegroup", "sample"]


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
class Item:
    """What one item of a list must be: `op value`, as in HAS > 0.3 or HAS CONTAINS "x"."""

    op: Comparison
    value: Scalar


@dataclass(frozen=True)
class HasItems:
    """Items of lists that belong together place by place (`properties`, one or several); each want has an Item per property.

    all: every want is met by some place. any: at least one want is. only: each place meets some want, and there is at least
    one place. exactly: only and all. none: no want is met.
    """

    properties: tuple[str, ...]
    wants: tuple[tuple[Item, ...], ...]
    mode: Quantifier = "all"


@dataclass(frozen=True)
class Length:
    """The number of items of a list property; an absent list has no length, and no comparison with it holds."""

    property: str
    op: Literal["=", "!=", "<", "<=", ">", ">="]
    value: int


@dataclass(frozen=True)
class CompareProperties:
    """Two properties of one record against each other, in one unit."""

    left: str
    op: Literal["=", "!=", "<", "<=", ">", ">="]
    right: str


@dataclass(frozen=True)
class Linked:
    """There is another record, in `topic` (none = any), that meets `where` and is the same in this respect.

    material: same reduced formula, and the same space group where both state one. composition: same reduced formula.
    prototype: same structure prototype. spacegroup: same space group number. sample: same sample of the laboratory.
    """

    same: Same
    where: "Filter"
    topic: str | None = None


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


Filter = Compare | HasElements | HasItems | Length | CompareProperties | Linked | Words | And | Or | Not


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
class Histogram:
    """How a number property is distributed over the matches: `bins` of equal width (of equal ratio with `log`) between low and high.

    `low`, `high` none = the extremes of the matches. With `by`, one line of counts for each of its values.
    """

    property: str
    bins: int = 40
    low: float | None = None
    high: float | None = None
    log: bool = False
    by: str | None = None


@dataclass(frozen=True)
class Binned:
    """Counts between `edges` (one more than counts) in the property's unit; `groups` has one row of counts per value of `by`."""

    property: str
    unit: str | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """What to look for. `kinds` empty = everything but predictions. `limit` 0 = no rows, only count and aggregate.

    `after` is the cursor that an Evidence gave as `next`: the page behind it, by key and not by number, for the same sort.
    `top` keeps only the k best of each value of its property, in the order of `sort`. `entities` "materials" counts and
    lists each reduced formula once, by its first record in the order of `sort`.
    """

    topic: str | None = None
    where: Filter | None = None
    select: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    limit: int = 50
    offset: int = 0
    aggregate: Aggregate | None = None
    kinds: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    entities: Literal["records", "materials"] = "records"
    top: tuple[str, int] | None = None
    after: str | None = None


@dataclass(frozen=True)
class Stated:
    """One value as a record states it. `value` in the canonical `unit`; `raw` as the source spells it.

    `bound` is set where the source gives only a limit ("<1e-10"): the true value is `bound` of `value`. `low` and `high` are
    the ends of a range ("3-5"), `value` then its middle. A comparison holds only where every possible value meets it.
    """

    property: str
    value: Scalar | tuple[Scalar, ...] | None
    unit: str | None = None
    uncertainty: float | None = None
    conditions: Mapping[str, Scalar] = field(default_factory=dict)
    method: str | None = None
    column: str | None = None
    raw: str | None = None
    bound: str | None = None
    low: float | None = None
    high: float | None = None


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
    histograms: tuple[Binned, ...] = ()
    next: str | None = None
