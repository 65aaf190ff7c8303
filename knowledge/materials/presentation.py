"""How records are shown: labels in the reader's language, values with their kind, groups of sources side by side."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import get_language

from knowledge.query.executor import stated_of
from knowledge.query.types import Row, Stated
from knowledge.records.models import Record
from knowledge.topics.schema import Property, TopicSchema, topics

SUBSCRIPTS = str.maketrans("0123456789.", "₀₁₂₃₄₅₆₇₈₉.")
IDENTIFIERS = ("string", "list")


def said(labels: Mapping[str, str]) -> str:
    """The label in the reader's language, else in English."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return labels.get(language) or labels.get("en") or next(iter(labels.values()), "")


def topic_label(name: str) -> str:
    """A topic's name for people."""
    schema = topics().get(name)
    return said(schema.label) if schema else name


def property_of(topic: str | None, name: str) -> Property | None:
    """The schema of a property, in this topic or the first that has it."""
    schemas: Iterable[TopicSchema] = topics().values()
    if topic in topics():
        schemas = (topics()[topic],)
    return next((item for schema in schemas if (item := schema.property(name))), None)


def property_label(topic: str | None, name: str) -> str:
    """A property's name for people."""
    from knowledge.materials.texts import FIXED_LABELS

    item = property_of(topic, name)
    if item is not None:
        return said(item.label)
    return str(FIXED_LABELS.get(name, name))


def value_label(topic: str | None, name: str, value: object) -> str:
    """A class by its label; anything else as it stands."""
    from knowledge.materials.texts import KIND_LABELS, no, yes

    if name == "kind":
        return str(KIND_LABELS.get(str(value), value))
    if name == "topic":
        return topic_label(str(value))
    if value is True or value == "true":
        return str(yes)
    if value is False or value == "false":
        return str(no)
    item = property_of(topic, name)
    found = next((one for one in item.classes if one.id == value), None) if item else None
    return said(found.label) if found else str(value)


def pretty_formula(formula: str) -> str:
    """Digits as subscripts: Bi₂Se₃."""
    return formula.translate(SUBSCRIPTS)


@dataclass(frozen=True)
class Cell:
    """One value to show: a number with its unit, or text. A limit has its `bound`, a range its ends."""

    number: float | None = None
    unit: str | None = None
    text: str = ""
    note: str = ""
    bound: str = ""
    low: float | None = None
    high: float | None = None
    uncertainty: float | None = None
    kind: str = ""


BOUNDS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def cell(topic: str, stated: Stated | None, kind: str = "") -> Cell:
    """How a stated value is shown."""
    if stated is None or stated.value is None:
        return Cell()
    value = stated.value
    if isinstance(value, bool):
        return Cell(text=value_label(topic, stated.property, value), kind=kind)
    if isinstance(value, int | float):
        item = property_of(topic, stated.property)
        bound = BOUNDS.get(stated.bound or "", "")
        unit = stated.unit or (item.unit if item else None)
        return Cell(value, unit, "", "", bound, stated.low, stated.high, stated.uncertainty, kind)
    if isinstance(value, tuple):
        return Cell(text=", ".join(map(str, value)), kind=kind)
    label = value_label(topic, stated.property, value)
    return Cell(text=label, note=value if label != value else "", kind=kind)


@dataclass(frozen=True)
class Fixed:
    """A column that every record has and no schema describes."""

    id: str
    unit: None = None


def _fixed_cell(row: Row, name: str) -> Cell:
    value = getattr(row, name, None)
    if name == "nelements":
        value = len(row.elements) or None
    if isinstance(value, tuple):
        return Cell(text=" ".join(value))
    if isinstance(value, int | float):
        return Cell(number=value)
    return Cell(text=str(value or ""))


@dataclass(frozen=True)
class Line:
    """One record in a result table."""

    row: Row
    cells: tuple[Cell, ...]
    summary: tuple[tuple[str, Cell], ...]


def lines(rows: Sequence[Row], columns: Sequence["Property | Fixed"]) -> list[Line]:
    """Records for the result table: these columns, or without any what each record says first."""
    found = []
    for row in rows:
        cells = tuple(
            _fixed_cell(row, item.id) if isinstance(item, Fixed) else cell(row.topic, row.value(item.id), row.kind)
            for item in columns
        )
        found.append(Line(row, cells, () if columns else _summary(row)))
    return found


def _summary(row: Row) -> tuple[tuple[str, Cell], ...]:
    from knowledge.materials.search import default_columns

    told = [(name, row.value(name)) for name in default_columns(row.topic)]
    return tuple((property_label(row.topic, name), cell(row.topic, one)) for name, one in told if one is not None)[:4]


@dataclass(frozen=True)
class Source:
    """One record's statement of a property, beside those of other records; `conditions` are (label, value with unit)."""

    record: Record
    stated: Stated
    cell: Cell
    conditions: tuple[tuple[str, Cell], ...] = ()


@dataclass
class Group:
    """All statements of one property of a material. `differs`: sources contradict each other about it."""

    name: str
    label: str
    note: str
    differs: bool = False
    sources: list[Source] = field(default_factory=list)


def grouped(records: Sequence[Record], disputed: Collection[str] = ()) -> tuple[list[Group], list[Group]]:
    """Every value of these records by property: (what was found out, identifiers and lists).

    Those that the topics call their facts come first; `disputed` are the properties about which sources disagree.
    """
    groups: dict[str, Group] = {}
    told, names = [], []
    for record in records:
        for value in record.values:
            stated = stated_of(value)
            name = stated.property
            item = property_of(record.topic, name)
            if name not in groups:
                note = said(item.description) if item else ""
                groups[name] = Group(name, property_label(record.topic, name), note, name in disputed)
                names.append(name) if item and item.type in IDENTIFIERS else told.append(name)
            shown = Source(record, stated, cell(record.topic, stated), conditions_of(record.topic, stated))
            groups[name].sources.append(shown)
    order = _facts_first(dict.fromkeys(record.topic for record in records))
    told.sort(key=lambda name: order.get(name, len(order)))
    return [groups[name] for name in told], [groups[name] for name in names]


def _facts_first(names: Iterable[str]) -> dict[str, int]:
    facts = [fact for name in names if name in topics() for fact in topics()[name].facts]
    return {fact: at for at, fact in enumerate(dict.fromkeys(facts))}


def conditions_of(topic: str, stated: Stated) -> tuple[tuple[str, Cell], ...]:
    """The conditions of a value with the labels and units of the topic's properties of these names."""
    found = []
    for name, value in stated.conditions.items():
        item = property_of(topic, name)
        label = said(item.label) if item else name.replace("_", " ")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        shown = Cell(float(value), item.unit if item else None) if number else Cell(text=str(value))
        found.append((label, shown))
    return tuple(found)
