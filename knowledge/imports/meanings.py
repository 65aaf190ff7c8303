"""One column against one topic: which property it can be, how sure that is, and why. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.imports import reasons
from knowledge.imports.headers import Reading
from knowledge.imports.identity import id_kind
from knowledge.imports.mappings import Rule
from knowledge.imports.measured import numbers_claimed
from knowledge.imports.names import Named, compact, named_in, words_of_kind, words_table
from knowledge.imports.options import CLAIM, MOST, Column, Option, label_of, refused
from knowledge.imports.reasons import why
from knowledge.imports.values import BadCell, boolean, class_key, plain_text
from knowledge.topics.schema import Property, TopicSchema


@dataclass(frozen=True)
class _Rest:
    """What the words beside a property's name say: nothing, a method, or that the column is something else."""

    methods: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    uncertainty: bool = False


def _rest(words: tuple[str, ...]) -> _Rest:
    methods: Mapping[str, str] = words_table()["methods"]
    found: dict[str, list[str]] = {"methods": [], "unknown": [], "derived": [], "about": []}
    spread = False
    for word in words:
        if word in words_of_kind("uncertainty"):
            spread = True
        elif word in methods:
            found["methods"].append(methods[word])
        elif word in words_of_kind("derived"):
            found["derived"].append(word)
        elif word in words_of_kind("notes") or word in words_of_kind("source"):
            found["about"].append(word)
        elif word not in words_of_kind("neutral"):
            found["unknown"].append(word)
    methods_found, unknown, derived, about = (tuple(words) for words in found.values())
    return _Rest(methods_found, unknown, derived, about, spread)


def options(schema: TopicSchema, column: Column) -> list[Option]:
    """What a column can be in a topic, the likeliest first."""
    found: dict[str, Option] = {}
    for option in _options(schema, column):
        name = option.rule.property or ""
        if name not in found or option.confidence > found[name].confidence:
            found[name] = option
    return sorted(found.values(), key=lambda option: -option.confidence)


def _options(schema: TopicSchema, column: Column) -> Iterator[Option]:
    if not column.filled:
        return
    readings = [(reading, 1.0) for reading in column.header.readings] + [(r, 0.85) for r in column.described]
    for reading, trust in readings:
        for named in named_in(schema, reading.name):
            item = schema.property(named.spelling.property)
            if item is None:
                continue
            rest = _rest(named.rest)
            if rest.uncertainty:
                continue  # paired with its column later
            above = _rest(column.group)
            rest = replace(rest, methods=(*rest.methods, *above.methods), derived=(*rest.derived, *above.derived))
            option = _barred(item, rest) or _valued(item, named, reading, column, rest)
            if option.confidence and trust < 1:
                option = replace(option, rule=replace(option.rule, confidence=option.confidence * trust))
            yield option
    yield from _by_content(schema, column)


def _barred(item: Property, rest: _Rest) -> Option | None:
    """The refusal that the words beside the name demand."""
    if rest.derived:
        return refused(item, reasons.DERIVED, words=" ".join(rest.derived))
    if rest.about:
        return refused(item, reasons.ABOUT, words=" ".join(rest.about))
    if rest.unknown:
        return refused(item, reasons.UNKNOWN_WORDS, words=" ".join(rest.unknown))
    return None


def _valued(item: Property, named: Named, reading: Reading, column: Column, rest: _Rest) -> Option:
    if item.type in ("number", "integer"):
        option = numbers_claimed(item, named, reading, column)
    elif item.type == "class":
        option = _classed(item, column)
    elif item.type == "boolean":
        option = _boolean(item, column)
    else:
        option = _worded(item, named, column)
    if option.confidence < CLAIM:
        return option
    trust = 0.95 if named.rest else 1.0
    methods = tuple(
        dict.fromkeys((*_rest(reading.name).methods, *rest.methods))
    )  # also those that the spelling itself holds, as in Eg_PBE
    rule = replace(option.rule, confidence=option.confidence * trust, method=", ".join(methods) or None)
    return replace(option, rule=rule, vague=named.spelling.vague)


def _classed(item: Property, column: Column) -> Option:
    share = class_share(item, column)
    if share < 0.6:
        return refused(item, reasons.NO_CLASSES, share=f"{100 * share:.0f}")
    return Option(Rule(item.id, None, 0.95 * share), why(reasons.CLASSES, property=label_of(item)))


def class_share(item: Property, column: Column) -> float:
    """The share of filled cells that are a class of the property."""
    known = class_spellings(item)
    filled = [cell for cell in column.cells if cell.strip()]
    fits = sum(class_key(plain_text(cell)) in known for cell in filled)
    return fits / len(filled) if filled else 0.0


def class_spellings(item: Property) -> frozenset[str]:
    """All labels of a property's classes."""
    return frozenset(class_key(name) for c in item.classes for name in (c.id, *c.label.values(), *c.synonyms))


def _boolean(item: Property, column: Column) -> Option:
    fits = 0
    for cell in column.filled:
        try:
            boolean(plain_text(cell))
        except BadCell:
            continue
        fits += 1
    share = fits / len(column.filled)
    if share < 0.9:
        return refused(item, reasons.NO_CLASSES, share=f"{100 * share:.0f}")
    return Option(Rule(item.id, None, 0.9 * share), why(reasons.CLASSES, property=label_of(item)))


def _worded(item: Property, named: Named, column: Column) -> Option:
    kind = id_of(item)
    if kind is not None:
        fits = id_kind(column.filled) == kind or (kind in ("icsd", "cod") and _whole(column))
        if not fits:
            return refused(item, reasons.NO_WORDS)
        return Option(Rule(item.id, None, 0.95), why(reasons.IS_ID))
    vague = words_of_kind("notes") | words_of_kind("generic")
    if (
        named.spelling.weak
        or compact(words_left(named, column)) in vague
        or (column.numeric > 0.5 and item.type == "string")
        or column.header.readings[0].unit
    ):
        return refused(item, reasons.NO_WORDS)
    return Option(Rule(item.id, None, 0.85), why(reasons.WORDS, property=label_of(item)))


def words_left(named: Named, column: Column) -> tuple[str, ...]:
    """The words of the header that the spelling stands for."""
    name = column.header.readings[-1].name
    return tuple(word for word in name if word not in named.rest)


def _whole(column: Column) -> bool:
    cells = [plain_text(cell).removesuffix(".0").strip("[]'\" ") for cell in column.filled]
    return sum(cell.replace(",", "").replace(" ", "").replace(";", "").isdigit() for cell in cells) >= MOST * len(cells)


def id_of(item: Property) -> str | None:
    """The database whose ids a property holds, by its own name: mp_id, icsd_id, jarvis_id; none if it holds no ids."""
    parts = item.id.split("_")
    if item.type not in ("string", "list") or not {"id", "ids", "number", "doi"} & set(parts):
        return None
    known = ("mp", "jarvis", "icsd", "cod", "oqmd", "aflow", "doi", "alexandria", "agm")
    kind = next((part for part in parts if part in known), None)
    return "alexandria" if kind == "agm" else kind


def _by_content(schema: TopicSchema, column: Column) -> Iterator[Option]:
    """Columns called 'label' or 'type' whose cells are all classes of one property, and ids of a database."""
    if kind := id_kind(column.filled):
        for item in schema.properties:
            if id_of(item) == kind and kind in ("mp", "jarvis", "alexandria", "aflow", "oqmd") and _plain_id(column):
                yield Option(Rule(item.id, None, 0.85), why(reasons.IS_ID))
        return
    said = {word for reading in column.header.readings for word in reading.name}
    vague = (
        words_of_kind("generic")
        | words_of_kind("notes")
        | {"class", "system", "phase", "structure", "lattice", "crystal"}
    )
    if not said or not said <= vague or column.numeric > 0:
        return
    fitting = [item for item in schema.properties if item.type == "class" and class_share(item, column) >= 0.95]
    labels = {cell.strip() for cell in column.filled}
    if len(fitting) == 1 and len(labels) > 1 and all(len(label) > 3 for label in labels):
        yield Option(Rule(fitting[0].id, None, 0.7), why(reasons.BY_CONTENT, property=label_of(fitting[0])))


def _plain_id(column: Column) -> bool:
    """Whether a header only says that it holds ids, of nothing in particular."""
    said = {word for reading in column.header.readings for word in reading.name}
    return said <= words_of_kind("id") | {"material", "id", "mp", "entry", "task", "number", "database", "project"}


def by_place(schema: TopicSchema, column: Column, place: tuple[str, ...], beside: Sequence[Column]) -> Option | None:
    """A column called 'value' is what the file, sheet or title is named after, if it is the only one of its kind."""
    if column.numeric < 0.9 or not any(_is_generic(reading) for reading in column.header.readings):
        return None
    alike = [
        other
        for other in beside
        if any(_is_generic(reading) for reading in other.header.readings) and other.numeric >= 0.9
    ]
    if len(alike) != 1:
        return None
    reading = next(reading for reading in column.header.readings if _is_generic(reading))
    for named in named_in(schema, place):
        item = schema.property(named.spelling.property)
        if item is None or named.spelling.weak or item.type not in ("number", "integer"):
            continue
        rest = _rest(named.rest)
        if rest.derived or rest.uncertainty:
            return None
        option = numbers_claimed(item, named, replace(reading, name=place), column)
        if option.confidence >= CLAIM:
            rule = replace(
                option.rule, confidence=min(0.6, option.confidence * 0.85), method=", ".join(rest.methods) or None
            )
            return Option(rule, why(reasons.BY_PLACE, name=column.name, property=label_of(item)))
        return option if option.confidence else None
    return None


def _is_generic(reading: Reading) -> bool:
    return bool(reading.name) and compact(reading.name) in words_of_kind("generic")
