"""Columns of numbers against one property: by the unit stated, by the units in the cells, or by the size of the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from knowledge.imports import reasons
from knowledge.imports.headers import Reading
from knowledge.imports.mappings import Rule
from knowledge.imports.names import Named, compact, words_table
from knowledge.imports.options import MOST, Column, Option, label_of, refused
from knowledge.imports.reasons import why
from knowledge.imports.units import Way, way_to
from knowledge.topics.schema import Property


def numbers_claimed(item: Property, named: Named, reading: Reading, column: Column) -> Option:
    """What a column of numbers is to a property that its name says."""
    if column.header.times is not None:  # may be meant in both directions
        return refused(item, reasons.FACTOR)
    if column.numeric < 0.5:
        return refused(item, reasons.NO_NUMBERS, share=f"{100 * column.numeric:.0f}")
    unit, fits = reading.unit, True
    if column.unit and (unit is None or way_to(unit, item.unit) is None):
        unit = column.unit
    way = way_to(unit, item.unit) if unit else None
    if unit and way is None:
        if column.header.symbol == unit and item.unit is not None:
            unit, fits = None, False
        else:
            return refused(item, reasons.WRONG_UNIT, unit=unit)
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


def _by_unit(item: Property, named: Named, reading: Reading, column: Column, way: Way | None) -> Option:
    numbers = [way(stated.value) if way else stated.value for stated in column.numbers]
    share = _possible(item, numbers)
    if share < MOST:
        return refused(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    unit = way.unit.text if way and item.unit else None
    fit = _trust(column, share)
    if item.unit is None:
        if named.spelling.weak:
            return _symbol(item, named, reading, column, unit, 0.7 * fit, confirmed=False)
        return Option(Rule(item.id, None, 0.9 * fit), why(reasons.NAME_ALONE, property=label_of(item)))
    if named.spelling.weak:
        return _symbol(item, named, reading, column, unit, 0.8 * fit, confirmed=True)
    sentence = why(reasons.NAME_AND_UNIT, property=label_of(item), unit=unit or item.unit)
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
        return refused(item, reasons.LONE_SYMBOL, name=name)
    sentence = why(reasons.SYMBOL_CONFIRMED, name=name, property=label_of(item))
    return Option(Rule(item.id, unit, confidence), sentence, weak=not confirmed)


def _by_cells(item: Property, named: Named, column: Column, units: list[str]) -> Option:
    """Units stand in the cells: they must fit, and be there for most numbers."""
    fitting = [text for text in units if way_to(text, item.unit)]
    most = 0.5 if len(set(units)) == 1 else MOST
    if len(fitting) < MOST * len(units) or (item.unit and len(units) < most * len(column.numbers)):
        return refused(item, reasons.WRONG_UNIT, unit=max(set(units), key=units.count))
    common = units[0] if len(set(units)) == 1 else None
    numbers = [
        way(stated.value)
        for stated in column.numbers
        if stated.unit and (way := way_to(stated.unit, item.unit)) is not None
    ]
    share = _possible(item, numbers)
    if share < MOST:
        return refused(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    confidence = (0.8 if named.spelling.weak else 0.92) * _trust(column, share)
    return Option(Rule(item.id, common, confidence), why(reasons.NAME_AND_CELLS, property=label_of(item)))


def _by_size(item: Property, named: Named, reading: Reading, column: Column, *, certain: bool) -> Option:
    """No unit is stated: the size of the numbers must leave only the canonical one."""
    numbers = [stated.value for stated in column.numbers]
    share = _possible(item, numbers)
    if share < MOST:
        return refused(item, reasons.IMPOSSIBLE, share=f"{100 * (1 - share):.0f}")
    if not _only(item, numbers):
        warm = item.unit == "K" and min(numbers) >= 250
        return replace(refused(item, reasons.NO_UNIT, unit=item.unit, confidence=0.45 if warm else 0.0), assumed=warm)
    confidence = 0.65 * _trust(column, share)
    if named.spelling.weak:
        return _symbol(item, named, reading, column, item.unit, confidence, confirmed=False)
    return Option(
        Rule(item.id, item.unit, confidence), why(reasons.NAME_AND_SIZE, property=label_of(item), unit=item.unit or "")
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
