"""Which columns say what the row is about: formula, composition, space group, elements, ids, and where it was taken from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from knowledge.chemistry.elements import element_named
from knowledge.imports import reasons
from knowledge.imports.compositions import element_header, is_balance
from knowledge.imports.identity import group_read, id_kind, is_compound, is_formula
from knowledge.imports.mappings import Rule
from knowledge.imports.names import compact, words, words_of_kind
from knowledge.imports.options import Column
from knowledge.imports.reasons import Reason, why
from knowledge.imports.tables import Refused, Table
from knowledge.imports.units import units_read
from knowledge.imports.values import BadCell, items_of, plain_text

_FORMULA_WORDS = frozenset(
    [
        "chemical",
        "reduced",
        "nominal",
        "true",
        "full",
        "pretty",
        "alloy",
        "glass",
        "at",
        "actual",
        "target",
        "of",
        "the",
        "unit",
        "at.%",
    ]
)
_BASES = (
    ("Fe", r"(?i)steel|\bFe[- ]base|ferrit|RPV|RAFM|钢|铁基"),
    ("Ti", r"(?i)titanium alloy|\bTi[- ](?:base|alloy)|钛合金"),
    ("Al", r"(?i)alumini?um alloy|\bAl[- ](?:base|alloy)|铝合金"),
    ("Ni", r"(?i)superalloy|\bNi[- ]base|nickel[- ](?:base|alloy)|镍基"),
    ("Zr", r"(?i)zircaloy|zirconium alloy|\bZr[- ](?:base|alloy)|锆合金"),
    ("Mg", r"(?i)magnesium alloy|\bMg[- ](?:base|alloy)|镁合金"),
    ("Cu", r"(?i)copper alloy|\bCu[- ](?:base|alloy)|铜合金"),
)


@dataclass
class Identified:
    """The columns that tell what each row is about, with reasons; `refusal` set where nothing does."""

    rules: dict[str, Rule] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    external_id: str | None = None
    rest: str | None = None
    refusal: str = ""

    def add(self, name: str, rule: Rule, reason: Reason) -> None:
        """Note one column."""
        self.rules[name], self.reasons[name] = rule, reason


def identified(found: Sequence[Column], table: Table, place: tuple[str, ...]) -> Identified:
    """The columns of a table that say what its rows are about."""
    known = Identified()
    formula = _formula_column(found)
    if formula:
        known.add(formula[0].name, Rule("formula", None, formula[1]), why(reasons.IS_FORMULA))
    else:
        _composition(found, table, known)
    _group(found, known)
    _elements(found, known)
    _ids(found, table, known)
    _sources(found, known)
    if not formula and not any(rule.role == "element" for rule in known.rules.values()) and not known.refusal:
        _without_formula(found, table, known)
    return known


def _without_formula(found: Sequence[Column], table: Table, known: Identified) -> None:
    """A table without formulae is still about materials where its rows have ids of a public database."""
    kinds = {column.name: id_kind(column.filled) for column in found}
    public = [
        name for name, kind in kinds.items() if kind in ("mp", "jarvis", "alexandria", "aflow", "oqmd", "icsd", "cod")
    ]
    if public:
        known.external_id = known.external_id or public[0]
        return
    odd = next(
        (c.name for c in found if c.filled and compact(c.header.readings[-1].name) in words_of_kind("formula")), None
    )
    hint = f": the cells of {odd!r} are no formulae" if odd else ": name one 'formula'"
    known.refusal = f"no column holds formulae (columns: {', '.join(table.columns[:12])}){hint}"


def _names(column: Column) -> list[tuple[str, ...]]:
    return [reading.name for reading in column.header.readings]


def _formula_rank(column: Column) -> int:
    """3: named a formula; 2: named a sample; 1: any other name; 0: named as another substance than the row's."""
    for name in _names(column):
        if {compact(words(word)) for word in name} & words_of_kind("not_formula") and not (
            set(name) & {"formula", "composition"}
        ):
            return 0
        if "anonymous" in name or "chemsys" in name:
            return 0
    for name in _names(column):
        if compact(name) in words_of_kind("formula"):
            return 3
        if (
            name
            and set(name) & {"formula", "composition", "compound", "化学式"}
            and set(name) <= _FORMULA_WORDS | words_of_kind("formula") | words_of_kind("neutral")
        ):
            return 3
    return 2 if any(compact(name) in words_of_kind("formula_weak") for name in _names(column)) else 1


def _formula_column(found: Sequence[Column]) -> tuple[Column, float] | None:
    best: tuple[float, Column, float] | None = None
    tied: Column | None = None
    for column in found:
        rank = _formula_rank(column)
        cells = [cell for cell in column.cells if cell.strip()]
        if not rank or not cells or column.numeric > 0.5:
            continue
        distinct = list(dict.fromkeys(cells))
        share = sum(map(is_formula, distinct)) / len(distinct)
        sure = sum(map(is_compound, distinct)) / len(distinct) if rank < 3 else share
        if (
            share < 0.5
            or (rank == 2 and sure < 0.5)
            or (rank == 1 and sure < 0.8)
            or (rank == 1 and len(distinct) < 2 < len(cells))
        ):
            continue
        confidence = {3: share, 2: 0.9 * sure, 1: 0.75 * sure}[rank]
        score = rank + confidence
        if best is None or score > best[0] + 1e-9:
            best, tied = (score, column, confidence), None
        elif rank == 1 and abs(score - best[0]) < 1e-9 and list(column.cells) != list(best[1].cells):
            tied = column
    if best and tied:
        raise Refused(
            f"columns {best[1].name!r} and {tied.name!r} both hold formulae, and neither name says whose row it is: "
            "name one 'formula'"
        )
    return (best[1], best[2]) if best else None


def _group(found: Sequence[Column], known: Identified) -> None:
    best: tuple[float, Column] | None = None
    for column in found:
        if column.name in known.rules or not column.filled:
            continue
        names = {compact(name) for name in _names(column)}
        if not names & words_of_kind("spacegroup"):
            continue
        if "symmetry" in names and column.numeric > 0.2:
            continue
        share = sum(group_read(cell) is not None for cell in column.filled) / len(column.filled)
        score = share + (0.01 if column.numeric > 0.9 else 0)
        if share > 0.5 and (best is None or score > best[0]):
            best = (score, column)
    if best:
        known.add(best[1].name, Rule("spacegroup_number", None, min(best[0], 1.0)), why(reasons.IS_GROUP))


def _is_elements(text: str) -> bool:
    try:
        items = items_of(plain_text(text))
    except BadCell:
        return False
    return bool(items) and all(element_named(item) for item in items)


def _elements(found: Sequence[Column], known: Identified) -> None:
    for column in found:
        named = any(compact(name) in ("element", "元素", "elementlist", "elementset") for name in _names(column))
        if column.name in known.rules or not named or not column.filled:
            continue
        if sum(map(_is_elements, column.filled)) >= 0.9 * len(column.filled):
            known.add(column.name, Rule("elements", None, 0.95), why(reasons.IS_ELEMENTS))
            return


def _sequence(column: Column) -> bool:
    """Whether the cells just count the rows."""
    cells = [cell.strip().removesuffix(".0") for cell in column.cells]
    numbers = [int(cell) for cell in cells if cell.isdigit()]
    return (
        len(numbers) == len(cells)
        and numbers == sorted(numbers)
        and (not numbers or numbers[0] <= 1 or max(numbers) < 10_000)
    )


def _ids(found: Sequence[Column], table: Table, known: Identified) -> None:
    """The column whose ids tell the rows apart: of a public database first, then any called id; no mere count of rows."""
    for public in (True, False):
        for column in found:
            named = any(compact(name) in words_of_kind("id") for name in _names(column))
            kind = id_kind(column.filled)
            if column.name in known.rules or not named or (public and kind in (None, "doi")):
                continue
            at = table.columns.index(column.name)
            cells = [row[at] for row in table.rows]
            if (
                all(cell.strip() for cell in cells)
                and len(set(cells)) == len(cells)
                and not _sequence(column)
                and max(map(len, cells)) <= 120
            ):
                known.external_id = column.name
                return


def _sources(found: Sequence[Column], known: Identified) -> None:
    neutral = words_of_kind("neutral") | {"number", "title", "id", "article", "data", "paper", "dataset", "full", "doi"}
    for column in found:
        if column.name in known.rules or not column.filled or column.name == known.external_id:
            continue
        named = any(
            name and set(name) & words_of_kind("source") and set(name) <= words_of_kind("source") | neutral
            for name in _names(column)
        )
        if named and column.numeric < 0.5:
            known.add(column.name, Rule(None, None, 0.9, role="source"), why(reasons.IS_SOURCE))


# Compositions ----------------------------------------------------------------------------------------------------


def _share_unit(column: Column, table: Table) -> str | None:
    """at.% or wt.% as a column states it."""
    texts = [column.unit or "", *(reading.unit or "" for reading in column.header.readings)]
    for text in texts:
        for unit in units_read(text) if text else ():
            if unit.name in ("at.%", "wt.%", "mol.%"):
                return "wt.%" if unit.name == "wt.%" else "at.%"
    return _share_words(f"{column.name} {table.descriptions.get(column.name, '')}")


def _share_words(text: str) -> str | None:
    weight = bool(re.search(r"(?i)(?<![a-z])(?:wt|weight|mass)(?![a-z])|质量|重量", text))
    atomic = bool(
        re.search(r"(?i)(?<![a-z])(?:at|atomic|mol|mole|molar)(?:[\s_.%-]|$)(?!\s*(?:\d|room))|原子|摩尔", text)
    )
    if weight == atomic:
        return None
    return "wt.%" if weight else "at.%"


def _composition(found: Sequence[Column], table: Table, known: Identified) -> None:
    """Columns named by elements that hold their shares: at least three, and the unit known."""
    shares: dict[str, Column] = {}
    for column in found:
        element = element_header(column.header.text)
        if element is None or element in shares:
            continue
        numbers = [stated.value for stated in column.numbers]
        rest = sum(is_balance(cell) for cell in column.filled)
        if column.filled and len(numbers) + rest < 0.9 * len(column.filled):
            continue
        if all(0 <= number <= 100 for number in numbers):
            shares[element] = column
    if len(shares) < 3 or sum(bool(column.filled) for column in shares.values()) < 3:
        return
    units = {unit for column in shares.values() if (unit := _share_unit(column, table))}
    about = f"{table.title} {table.place} {' '.join(table.descriptions.values())}"
    totals = _totals(list(shares.values()))
    unit = (
        next(iter(units)) if len(units) == 1 else None if units else _share_words(about) or _by_totals(shares, totals)
    )
    if unit is None:
        known.refusal = (
            f"columns {', '.join(list(shares)[:6])} ... hold shares of elements, but not whether in at.% or wt.%: "
            "say it in the header, such as 'Cu (at.%)'"
        )
        return
    known.rest = _base(shares, totals, f"{about} {' '.join(_place(table))}", unit)
    for element, column in shares.items():
        rule = Rule(None, unit, 0.9 if units else 0.7, role="element", element=element)
        known.add(column.name, rule, why(reasons.IS_SHARE, element=element, unit=unit))


def _place(table: Table) -> tuple[str, ...]:
    return (table.title, table.place)


def _totals(columns: Sequence[Column]) -> list[float]:
    """The sum of the shares in each sampled row."""
    from knowledge.imports.numbers import number_read

    totals = []
    for cells in zip(*(column.cells for column in columns), strict=True):
        if any(is_balance(cell) for cell in cells):
            continue
        read = [number_read(cell, column.style) for cell, column in zip(cells, columns, strict=True)]
        totals.append(sum(number.value for number in read if number))
    return totals


def _by_totals(shares: Mapping[str, Column], totals: Sequence[float]) -> str | None:
    """Round shares that add up to 100 are atomic per cent; traces of carbon, phosphorus and sulphur are a steel's in weight."""
    steel = {"C", "Mn"} <= set(shares) and bool({"P", "S", "Si"} & set(shares))
    if steel and "Fe" not in shares and totals and median(totals) < 60:
        return "wt.%"
    whole = [total for total in totals if abs(total - 100) < 0.5 or abs(total - 1) < 0.005]
    if not totals or len(whole) < 0.9 * len(totals):
        return None
    filled = [number.value for column in shares.values() for number in column.numbers if number.value]
    scale = 100 if median(totals) < 2 else 1
    round_ones = sum(abs(value * scale * 2 - round(value * scale * 2)) < 1e-6 for value in filled)
    return "at.%" if filled and round_ones >= 0.7 * len(filled) and not steel else None


def _base(shares: Mapping[str, Column], totals: Sequence[float], about: str, unit: str) -> str | None:
    """The element that makes up the rest where the shares do not add up to the whole."""
    if not totals or abs(median(totals) - 100) < 2 or abs(median(totals) - 1) < 0.02:
        return None
    named = next((symbol for symbol, pattern in _BASES if symbol not in shares and re.search(pattern, about)), None)
    if named:
        return named
    steel = {"C", "Mn"} <= set(shares) and bool({"P", "S", "Si"} & set(shares)) and "Fe" not in shares
    return "Fe" if steel and unit == "wt.%" and median(totals) < 60 else None
