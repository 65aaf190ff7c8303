"""One column against one topic: which property it can be, how sure that is, and why. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from knowledge.imports import reasons
from knowledge.imports.headers import Header, Reading
from knowledge.imports.identity import id_kind
from knowledge.imports.mappings import Rule
from knowledge.imports.names import Named, compact, named_in, words_of_kind, words_table
from knowledge.imports.numbers import PLAIN, Stated, Style, is_spoilt, number_read
from knowledge.imports.reasons import Reason, why
from knowledge.imports.units import Way, way_to
from knowledge.imports.values import BadCell, boolean, class_key, plain_text, states_nothing
from knowledge.topics.schema import Property, TopicSchema

CLAIM = 0.5  # below it a column stays unmapped
MOST = 0.8  # the share of cells that must be values of the property


@dataclass(frozen=True)
class Column:
    """A column to be understood: its header, a sample of its cells, the unit that a units row or description states."""

    name: str
    header: Header
    cells: Sequence[str]
    unit: str | None = None
    described: tuple[Reading, ...] = ()
    style: Style = PLAIN
    group: tuple[str, ...] = ()  # the words of a heading over several columns
    group_at: tuple[tuple[float, str], ...] = ()  # the circumstances it states

    @cached_property
    def filled(self) -> list[str]:
        """The cells that state something."""
        return [cell for cell in self.cells if not states_nothing(cell)]

    @cached_property
    def numbers(self) -> list[Stated]:
        """The cells that are numbers."""
        return [stated for cell in self.filled if (stated := number_read(cell, self.style)) is not None]

    @cached_property
    def numeric(self) -> float:
        """The share of filled cells that are numbers."""
        spoilt = sum(is_spoilt(cell) for cell in self.filled)  # by a spreadsheet: numbers once
        meant = len(self.filled) - spoilt
        return len(self.numbers) / meant if meant else 0.0


@dataclass(frozen=True)
class Option:
    """One thing a column can be; confidence below CLAIM = it is not claimed, for the reason given."""

    rule: Rule
    reason: Reason
    weak: bool = False  # a symbol that only other columns can confirm
    assumed: bool = False  # the canonical unit is only assumed, which other columns may support

    @property
    def confidence(self) -> float:
        """How sure it is, 0..1."""
        return self.rule.confidence


def _label(item: Property) -> str:
    return item.label.get("en", item.id)


def _no(item: Property, sentence: str, unit: str | None = None, confidence: float = 0.0, **facts: str) -> Option:
    return Option(Rule(item.id, unit, confidence), why(sentence, property=_label(item), **facts))


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
        return _no(item, reasons.DERIVED, words=" ".join(rest.derived))
    if rest.about:
        return _no(item, reasons.ABOUT, words=" ".join(rest.about))
    if rest.unknown:
        return _no(item, reasons.UNKNOWN_WORDS, words=" ".join(rest.unknown))
    return None


def _valued(item: Property, named: Named, reading: Reading, column: Column, rest: _Rest) -> Option:
    if item.type in ("number", "integer"):
        option = _numeric(item, named, reading, column)
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
    return replace(option, rule=rule)


# Numbers ---------------------------------------------------------------------------------------------------------


def _numeric(item: Property, named: Named, reading: Reading, column: Column) -> Option:
    if column.numeric < 0.5:
        return _no(item, reasons.NO_NUMBERS, share=f"{100 * column.numeric:.0f}")
    unit, fits = reading.unit, True
    if column.unit and (unit is None or way_to(unit, item.unit) is None):
        unit = column.unit
    way = way_to(unit, item.unit) if unit else None
    if unit and way is None:
        if column.header.symbol == unit and item.unit is not None:
            unit, fits = None, False
        else:
            return _no(item, reasons.WRONG_UNIT, unit=unit)
    if way is None and (units := [stated.unit for stated in column.numbers if stated.unit]):
        return _by_cells(item, named, column, [text for text in units if text])
    if unit is None and item.unit is not None:
        return _by_size(item, named, reading, column, certain=fits)
    return _by_unit(item, named, reading, column, way)


def _possible(item: Property, numbers: Sequence[float]) -> float:
    """The share of numbers within the property's limits."""
    if not numbers:
        return 0.0
    low, high = (
        item.low if item.low is not None else float("-inf"),
        item.high if item.high is not None else float("inf"),
    )
    return sum(low <= number <= high for number in numbers) / len(numbers)


def _trust(column: Column, possible: float) -> float:
    """How far the cells support a claim: all numbers and all possible = 1."""
    return (0.5 + column.numeric / 2) * (0.5 + possible / 2)


def _times(item: Property, column: Column, numbers: list[float]) -> Option | None:
    """A power of ten beside the name, outside the unit, can mean both directions: no claim unless one is impossible."""
    factor = column.header.times
    if factor is None:
        return None
    return _no(item, reasons.FACTOR)


def _by_unit(item: Property, named: Named, reading: Reading, column: Column, way: Way | None) -> Option:
    numbers = [way(stated.value) if way else stated.value for stated in column.numbers]
    if refusal := _times(item, column, numbers):
        return refusal
    share = _possible(item, numbers)
    if share < MOST:
        return _no(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    unit = way.unit.text if way and item.unit else None
    fit = _trust(column, share)
    if item.unit is None:
        if named.spelling.weak:
            return _symbol(item, named, reading, column, unit, 0.7 * fit, confirmed=False)
        return Option(Rule(item.id, None, 0.9 * fit), why(reasons.NAME_ALONE, property=_label(item)))
    if named.spelling.weak:
        return _symbol(item, named, reading, column, unit, 0.8 * fit, confirmed=True)
    sentence = why(reasons.NAME_AND_UNIT, property=_label(item), unit=unit or item.unit)
    return Option(Rule(item.id, unit or item.unit, 0.95 * fit), sentence)


def _symbol(
    item: Property,
    named: Named,
    reading: Reading,
    column: Column,
    unit: str | None,
    confidence: float,
    *,
    confirmed: bool,
) -> Option:
    """A claim by a symbol: a fitting unit confirms it, else the other columns must; a letter in the other case needs a unit."""
    name = " ".join(reading.name)
    if not confirmed and len(compact(reading.name)) == 1 and named.spelling.text not in column.name:
        return _no(item, reasons.LONE_SYMBOL, name=name)
    sentence = why(reasons.SYMBOL_CONFIRMED, name=name, property=_label(item))
    return Option(Rule(item.id, unit, confidence), sentence, weak=not confirmed)


def _by_cells(item: Property, named: Named, column: Column, units: list[str]) -> Option:
    """Units stand in the cells: they must fit, and be there for most numbers."""
    fitting = [text for text in units if way_to(text, item.unit)]
    most = 0.5 if len(set(units)) == 1 else MOST
    if len(fitting) < MOST * len(units) or (item.unit and len(units) < most * len(column.numbers)):
        return _no(item, reasons.WRONG_UNIT, unit=max(set(units), key=units.count))
    common = units[0] if len(set(units)) == 1 else None
    numbers = [
        way(stated.value)
        for stated in column.numbers
        if stated.unit and (way := way_to(stated.unit, item.unit)) is not None
    ]
    share = _possible(item, numbers)
    if share < MOST:
        return _no(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    confidence = (0.8 if named.spelling.weak else 0.92) * _trust(column, share)
    return Option(Rule(item.id, common, confidence), why(reasons.NAME_AND_CELLS, property=_label(item)))


def _by_size(item: Property, named: Named, reading: Reading, column: Column, *, certain: bool) -> Option:
    """No unit is stated: the size of the numbers must leave only the canonical one."""
    numbers = [stated.value for stated in column.numbers]
    if refusal := _times(item, column, numbers):
        return refusal
    share = _possible(item, numbers)
    if share < MOST:
        return _no(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    if not _only(item, numbers):
        warm = item.unit == "K" and min(numbers) >= 250
        return replace(_no(item, reasons.NO_UNIT, unit=item.unit, confidence=0.45 if warm else 0.0), assumed=warm)
    confidence = 0.65 * _trust(column, share)
    if named.spelling.weak:
        return _symbol(item, named, reading, column, item.unit, confidence, confirmed=False)
    return Option(
        Rule(item.id, item.unit, confidence), why(reasons.NAME_AND_SIZE, property=_label(item), unit=item.unit or "")
    )


def _only(item: Property, numbers: list[float]) -> bool:
    """Whether the size of the numbers excludes the other usual units of the property."""
    if item.unit == "K":
        return _kelvin(numbers)
    windows: Mapping[str, Sequence[float]] = words_table()["windows"]
    window = windows.get(item.unit or "")
    sizes = [abs(number) for number in numbers if number]
    return window is not None and bool(sizes) and window[0] <= median(sizes) <= window[1]


def _kelvin(numbers: list[float]) -> bool:
    """Temperatures that can only be kelvin: none below zero, and many near absolute zero, or none near room temperature in
    degrees Celsius while some are the room temperature in kelvin."""
    if min(numbers) < 0:
        return False
    cold = sum(number < 15 for number in numbers) / len(numbers)
    if cold >= 0.2 and len(numbers) >= 3:
        return True
    return min(numbers) >= 250 and any(round(number) in (293, 295, 296, 298, 300, 303) for number in numbers)


# Words -----------------------------------------------------------------------------------------------------------


def _classed(item: Property, column: Column) -> Option:
    share = class_share(item, column)
    if share < 0.6:
        return _no(item, reasons.NO_CLASSES, share=f"{100 * share:.0f}")
    return Option(Rule(item.id, None, 0.95 * share), why(reasons.CLASSES, property=_label(item)))


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
        return _no(item, reasons.NO_CLASSES, share=f"{100 * share:.0f}")
    return Option(Rule(item.id, None, 0.9 * share), why(reasons.CLASSES, property=_label(item)))


def _worded(item: Property, named: Named, column: Column) -> Option:
    kind = id_of(item)
    if kind is not None:
        fits = id_kind(column.filled) == kind or (kind in ("icsd", "cod") and _whole(column))
        if not fits:
            return _no(item, reasons.NO_WORDS)
        return Option(Rule(item.id, None, 0.95), why(reasons.IS_ID))
    vague = words_of_kind("notes") | words_of_kind("generic")
    if (
        named.spelling.weak
        or compact(words_left(named, column)) in vague
        or (column.numeric > 0.5 and item.type == "string")
        or column.header.readings[0].unit
    ):
        return _no(item, reasons.NO_WORDS)
    return Option(Rule(item.id, None, 0.85), why(reasons.WORDS, property=_label(item)))


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
        yield Option(Rule(fitting[0].id, None, 0.7), why(reasons.BY_CONTENT, property=_label(fitting[0])))


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
        option = _numeric(item, named, replace(reading, name=place), column)
        if option.confidence >= CLAIM:
            rule = replace(
                option.rule, confidence=min(0.6, option.confidence * 0.85), method=", ".join(rest.methods) or None
            )
            return Option(rule, why(reasons.BY_PLACE, name=column.name, property=_label(item)))
        return option if option.confidence else None
    return None


def _is_generic(reading: Reading) -> bool:
    return bool(reading.name) and compact(reading.name) in words_of_kind("generic")
