"""A data set from a Query: the records, their versions and values at this moment, as far as the reader may read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analysis.datasets.domain import LEAST_PER_CLASS, Column, Dataset, Rows, Target, checked, fingerprint
from analysis.errors import BadDataset
from eln.accounts.scope import Scope
from knowledge.formula import Formula, NotAFormula, parse_formula
from knowledge.query.codec import from_json, to_json
from knowledge.query.executor import run
from knowledge.query.types import Query, Row, Stated
from knowledge.records.models import Kind
from knowledge.topics.schema import Property, topics

LEARNABLE = ("number", "integer", "class", "boolean")
NO_CLASS = frozenset({"unknown", "n/a", "none", ""})
TRUE_KINDS = tuple(kind.value for kind in Kind if kind is not Kind.PREDICTION)


def targets_of(query: Query) -> list[Property]:
    """Properties of the query's topic (of all topics without one) that a model can learn."""
    chosen = [topics()[query.topic]] if query.topic in topics() else list(topics().values())
    found = {item.id: item for topic in chosen for item in topic.properties if item.type in LEARNABLE}
    return list(found.values())


def bare(query: Query) -> Query:
    """What is asked for, without page, order and figures, and never predictions: a model learns from no model."""
    kinds = tuple(kind for kind in query.kinds if kind != Kind.PREDICTION) or TRUE_KINDS
    return replace(query, select=(), sort=(), limit=0, offset=0, aggregate=None, facets=(), kinds=kinds)


def query_rows(query: Query, *, scope: Scope, select: tuple[str, ...] = (), most: int = 200_000) -> tuple[Row, ...]:
    """All rows of a query. Raises BadDataset when there are none or more than `most`."""
    evidence = run(replace(query, select=select, limit=most, offset=0, aggregate=None, facets=(), sort=()), scope=scope)
    if evidence.count == 0:
        raise BadDataset("no record matches this query: widen it")
    if evidence.count > most:
        raise BadDataset(f"{evidence.count} records match, more than the limit of {most}: narrow the query")
    return evidence.rows


def rows_of(found: Sequence[tuple[Row, Formula]], columns: tuple[Column, ...] = ()) -> Rows:
    """What a model sees of these records."""
    return Rows(
        ids=tuple(row.record for row, _ in found),
        formulas=tuple(formula.reduced for _, formula in found),
        amounts=tuple(dict(formula.amounts) for _, formula in found),
        spacegroups=tuple(row.spacegroup_number for row, _ in found),
        columns=columns,
    )


def composed(rows: Sequence[Row]) -> list[tuple[Row, Formula]]:
    """The rows that have a composition with all amounts stated, with it: shares that nobody stated are no data."""
    found = []
    for row in rows:
        try:
            formula = parse_formula(row.formula)
        except NotAFormula:
            continue
        if formula.stated:
            found.append((row, formula))
    return found


def query_dataset(query: Query, *, target: str, scope: Scope, most_rows: int = 200_000) -> Dataset:
    """The data set that predicts property `target`; raises BadDataset naming the properties there are."""
    asked = bare(query)
    offered = {item.id: item for item in targets_of(query)}
    if target not in offered:
        raise BadDataset(
            f"{target!r} cannot be a target{f' in {query.topic}' if query.topic else ''}; these can: {', '.join(offered)}"
        )
    rows = query_rows(asked, scope=scope, select=(target,), most=most_rows)
    stated = [(row, formula, value) for row, formula in composed(rows) if (value := _value(row, target)) is not None]
    notes = []
    if len(stated) < len(rows):
        notes.append(
            f"{len(rows) - len(stated)} of {len(rows)} records left out: no composition, or no value of {target}"
        )
    values: Any = tuple(value.value for _, _, value in stated)  # Any: floats or class names, told apart below
    if offered[target].type in ("class", "boolean"):
        names = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)
        stated, values, more = _classes(stated, names)
        notes += more
        task, unit = "classification", None
    else:
        units = Counter(value.unit for _, _, value in stated)
        task, unit = "regression", next(iter(units), None)
        values = tuple(float(value) for value in values)
    dataset = Dataset(
        title=title_of(query, target),
        target=Target(target, task, unit, offered[target].label.get("en", target)),  # type: ignore[arg-type]  # one of both above
        rows=rows_of([(row, formula) for row, formula, _ in stated]),
        values=values,
        version=fingerprint(
            [to_json(asked), target, [[row.record, row.version, value.value] for row, _, value in stated]]
        ),
        origin={"query": to_json(asked), "target": target, "records": len(stated)},
        notes=(*notes, "inputs: composition, space group"),
        topic=query.topic,
    )
    return checked(dataset)


def title_of(query: Query, target: str) -> str:
    """A short name for the data."""
    topic = topics().get(query.topic or "")
    return f"{topic.label['en'] if topic else 'All topics'}: {target}"


def _value(row: Row, target: str) -> Stated | None:
    """The first single value of the property."""
    return next(
        (stated for stated in row.values if stated.property == target and not isinstance(stated.value, tuple | None)),
        None,
    )


def _classes(
    stated: list[tuple[Row, Formula, Stated]], names: tuple[str, ...]
) -> tuple[list[tuple[Row, Formula, Stated]], tuple[str, ...], list[str]]:
    """Without rows of no class, and without classes too rare to learn."""
    counts = Counter(names)
    left = {name: count for name, count in counts.items() if name.lower() in NO_CLASS or count < LEAST_PER_CLASS}
    kept = [(item, name) for item, name in zip(stated, names, strict=True) if name not in left]
    notes = [f"{count} rows of class {name!r} left out" for name, count in sorted(left.items())]
    return [item for item, _ in kept], tuple(name for _, name in kept), notes


def query_decoded(document: object) -> Query:
    """The Query of a stored JSON document: bare, or inside {"query": …}. Raises LodestoneError."""
    if isinstance(document, dict) and isinstance(document.get("query"), dict):
        document = document["query"]
    if not isinstance(document, dict):
        raise BadDataset("a saved query is a JSON object, as the search page's address or its API gives it")
    return from_json(document)
