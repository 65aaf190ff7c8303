"""Which rows of a grid are titles, column names, units and explanations, and where its data begin."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.imports.readers.cells import (
    is_dimensionless,
    is_formula,
    is_missing,
    is_number,
    is_numeric,
    is_symbol,
    is_unit,
)
from knowledge.imports.readers.grids import Span, filled, is_blank

LOOKED_AT = 240
MOST_NAMES = 4
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Head:
    """Row indices: `names` top to bottom (none = no header), `units`, `explained`, and `body`, where data begin."""

    body: int
    names: tuple[int, ...] = ()
    units: int | None = None
    explained: int | None = None
    titles: tuple[int, ...] = ()


@dataclass(frozen=True)
class Profile:
    """What the columns of the body hold: numbers, formulae, else words."""

    width: int
    numbers: frozenset[int] = field(default_factory=frozenset)
    formulas: frozenset[int] = field(default_factory=frozenset)


def _column(rows: Rows, at: int) -> list[str]:
    return [row[at] for row in rows if at < len(row) and not is_missing(row[at])]


def profile_of(rows: Rows, width: int) -> Profile:
    """The profile of rows of which the upper third (of a few rows: half) may still be header."""
    rows = [row for row in rows if len(filled(row)) > 1] or list(rows)
    first = [list(row) for row in rows[:3]]
    rows = [*rows[:3], *(row for row in rows[3:] if list(row) not in first)]  # a header may come again
    lower = rows[len(rows) // 3 :] if len(rows) > 9 else rows[-max(len(rows) // 2, min(2, len(rows) - 1), 1) :]
    numbers, formulas = set(), set()
    for at in range(width):
        cells = _column(lower, at)
        if not cells:
            continue
        if sum(map(is_numeric, cells)) >= 0.6 * len(cells):
            numbers.add(at)
        elif sum(map(is_formula, cells)) >= 0.6 * len(cells):
            formulas.add(at)
    return Profile(width, frozenset(numbers), frozenset(formulas))


def is_data(row: Sequence[str], profile: Profile) -> bool:
    """Whether a row holds values where the body has numbers, or a formula where the body has formulae."""
    said = [row[at] for at in profile.numbers if at < len(row) and not is_missing(row[at])]
    numbers = sum(map(_is_value, said))
    words = sum(not is_numeric(cell) for cell in said)
    if numbers:
        return numbers >= words
    named = [row[at] for at in profile.formulas if at < len(row) and row[at]]
    return bool(named) and all(map(is_formula, named)) and words == 0


def _is_value(text: str) -> bool:
    """A number that is no name of a column, such as 300 K or 1k may be."""
    return is_number(text) or (is_numeric(text) and not text[-1:].isalpha())


def _is_crosstab(row: Sequence[str], profile: Profile) -> bool:
    """Whether a row names columns by rising numbers (temperatures, compositions) beside words: Formula, 300, 400, 500."""
    at_numbers = [row[at] for at in sorted(profile.numbers) if at < len(row) and row[at]]
    words = [at for at in filled(row) if at not in profile.numbers]
    bare = [cell for cell in at_numbers if is_number(cell)]
    if len(bare) < 3 or len(bare) < len(at_numbers) or not words or not profile.formulas & set(words):
        return False
    if any(is_formula(row[at]) for at in profile.formulas if at < len(row)):
        return False
    values = [float(cell.replace("−", "-").replace(",", "").rstrip("%")) for cell in bare]
    return values == sorted(set(values)) or values == sorted(set(values), reverse=True)


def _titles(rows: Rows, wide: Sequence[Span], lines: Sequence[int]) -> int:
    """The index of the first row that is no title: more than one filled cell, where rows have more, or a group of columns."""
    counts = Counter(len(filled(row)) for row in rows if not is_blank(row))
    if not counts or counts.most_common(1)[0][0] < 2:
        return 0
    first = next((at for at, row in enumerate(rows) if len(filled(row)) > 1), 0)
    above = first - 1
    if above >= 0 and filled(rows[above]) and filled(rows[above])[0] > 0:
        merged = bool(lines) and any(span[0] == lines[above] for span in wide)
        below = [rows[first][place] for place in filled(rows[first]) if place >= filled(rows[above])[0]]
        if merged or (len(below) > 1 and sum(map(is_numeric, below)) >= len(below) - 1):
            return above
    return first


def head_find(rows: Rows, spans: Sequence[Span] = (), lines: Sequence[int] = (), columns: Sequence[int] = ()) -> Head:
    """Where the header of a table stands. `spans` are merged cells in terms of `lines` and `columns`."""
    rows = rows[:LOOKED_AT]
    if not any(filled(row) for row in rows):
        return Head(0)
    width = max((len(row) for row in rows), default=0)
    wide = [span for span in spans if span[3] > span[1] and span[3] - span[1] + 1 < width]
    top = _titles(rows, wide, lines)
    profile = profile_of([row for row in rows[top:] if not is_blank(row)], width)
    body = _body(rows, top, profile)
    above = [at for at in range(top, body) if not is_blank(rows[at])]
    titles = [at for at in range(top) if not is_blank(rows[at])]
    if not above:
        return Head(body if titles else top, titles=tuple(titles))
    units = explained = None
    while len(above) > 1 and len(filled(rows[above[-1]])) == 1 < len(filled(rows[above[-2]])):
        if _is_units(rows[above[-1]], rows[above[-2]], profile):
            break
        (only,) = filled(rows[above[-1]])
        if only >= len(rows[above[-2]]) or not rows[above[-2]][only]:
            units = above.pop()  # the name of one column, below the others: pandas writes the index so
            break
        above.pop()  # a heading inside the table, before its first row
    while len(above) > 1:
        last, before = above[-1], above[-2]
        if units is None and _is_units(rows[last], rows[before], profile):
            units = above.pop()
        elif explained is None and _explains(rows[last], rows[before]):
            explained = above.pop()
        else:
            break
    names = [above.pop()]
    while above and len(names) < MOST_NAMES:
        upper = rows[above[-1]]
        if units is None and _is_units(upper, rows[names[0]], profile):
            units = above.pop()
        elif _is_group(above[-1], rows, names, spans, lines, columns):
            names.insert(0, above.pop())
        else:
            break
    pairs = [
        at for at in names[:-1] if filled(rows[at]) == [0, 1] and not (lines and any(s[0] == lines[at] for s in wide))
    ]
    if len(pairs) > 1:  # several lines of a name and a value are a preamble, no groups
        above += pairs
        names = [at for at in names if at not in pairs]
    if not _is_header(rows[names[-1]], rows[names[0]]):
        return Head(names[0], titles=(*titles, *above))
    body = max(at for at in (names[-1], units, explained) if at is not None) + 1
    return Head(body, tuple(names), units, explained, (*titles, *above))


def head_known(rows: Rows, heads: int) -> Head:
    """The header of a table whose first rows are known to name its columns; rows of one cell over several are titles."""
    titles = tuple(at for at in range(heads - 1) if len(filled(rows[at])) == 1 and len(filled(rows[heads - 1])) > 2)
    names = tuple(at for at in range(heads) if at not in titles)
    units = None
    body = heads
    profile = profile_of(rows[heads:LOOKED_AT], max(len(row) for row in rows[:LOOKED_AT]))
    if heads < len(rows) and _is_units(rows[heads], rows[heads - 1], profile) and not is_data(rows[heads], profile):
        units, body = heads, heads + 1
    elif len(names) > 1 and _is_units(rows[names[-1]], rows[names[-2]], profile):
        units, names = names[-1], names[:-1]
    return Head(body, names, units, None, titles)


def _body(rows: Rows, top: int, profile: Profile) -> int:
    """The index of the first data row; `top` when the table has no header."""
    if profile.numbers:
        for at in range(top, len(rows)):
            if is_data(rows[at], profile) and not _is_crosstab(rows[at], profile):
                return at
        return min(top + 1, len(rows))
    first = next((at for at in range(top, len(rows)) if not is_blank(rows[at])), top)
    return first + 1 if _names_words(rows, first, profile) else first


def _names_words(rows: Rows, first: int, profile: Profile) -> bool:
    """Whether the first row of a table without numbers names its columns: words that come only once, no formulae over formulae."""
    row = rows[first]
    below = [other for other in rows[first + 1 :] if not is_blank(other)]
    cells = [cell for cell in row if cell]
    if len(cells) < max(1, len(row) - 1) or any(is_number(cell) for cell in cells) or len(set(cells)) < len(cells):
        return False
    if not below:
        return True
    for at in profile.formulas:
        if at < len(row) and row[at] and is_formula(row[at]):
            return False
    again = sum(row[at] in _column(below[:100], at) for at in filled(row))
    return again == 0 and all(len(cell) < 80 for cell in cells)


def _is_header(leaf: Sequence[str], upper: Sequence[str]) -> bool:
    """Whether the last row of names names most columns (with the row above it), mostly in words."""
    named = {*filled(leaf), *filled(upper)}
    cells = [leaf[at] for at in filled(leaf)]
    width = max(len(leaf), len(upper))
    words = sum(any(character.isalpha() for character in cell) for cell in cells)
    return len(named) >= min(2, width) and bool(cells) and (words > 0 or width == 1)


def _is_units(row: Sequence[str], names: Sequence[str], profile: Profile) -> bool:
    """Whether a row holds the units of the names above or below it."""
    cells = [(at, row[at]) for at in filled(row)]
    said = [(at, cell) for at, cell in cells if not is_dimensionless(cell) and cell.lower() not in UNIT_WORDS]
    late = [(at, cell) for at, cell in said if (at >= len(names) or not names[at]) and not is_unit(cell)]
    said = [(at, cell) for at, cell in said if (at, cell) not in late]
    if not said or len(late) >= len(said) or any(at >= len(names) or not names[at] for at, _ in said):
        return False
    if late and any(not is_unit(cell) for _, cell in said):
        return False
    real = sum(is_unit(cell) for _, cell in said)
    if real < 0.6 * len(said) or not real:
        return False
    symbols = [cell for _, cell in said if is_symbol(cell)]
    if len(symbols) == len(said) > 1 and len(set(symbols)) == len(said):
        return all(at in profile.numbers for at, _ in said) and not all(map(is_symbol, _named(names, said)))
    return True


def _named(names: Sequence[str], said: Sequence[tuple[int, str]]) -> list[str]:
    return [names[at] for at, _ in said]


UNIT_WORDS = frozenset({"unit", "units", "单位", "[unit]", "(unit)", "unit:", "单位：", "string", "text", "文本"})


def _explains(row: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a row explains the names above it: sentences under short names."""
    cells = [row[at] for at in filled(row)]
    if len(cells) < 2 or any(at >= len(names) or not names[at] for at in filled(row)):
        return False
    long = sum(len(cell) > 25 or cell.count(" ") > 2 for cell in cells)
    return long >= 0.5 * len(cells) and sum(map(len, cells)) > 2 * sum(len(names[at]) for at in filled(row))


def _is_group(
    at: int, rows: Rows, names: Sequence[int], spans: Sequence[Span], lines: Sequence[int], columns: Sequence[int]
) -> bool:
    """Whether a row above the names groups them: merged over some columns, or filling the gaps of the names below."""
    row = rows[at]
    width = max(len(rows[name]) for name in names)
    cells = [row[place] for place in filled(row)]
    if any(is_number(cell) for cell in cells) or any(len(cell) > 80 for cell in cells):
        return False
    if lines:
        wide = [s for s in spans if s[0] == lines[at] and s[3] > s[1] and columns and s[1] >= columns[0]]
        if any(span[3] - span[1] + 1 < width for span in wide):
            return True
    below = {place for name in names for place in filled(rows[name])}
    if len(cells) == 1 and filled(row)[0] > 0:
        under = [rows[names[-1]][place] for place in sorted(below) if place >= filled(row)[0]]
        return len(under) > 1 and sum(map(is_numeric, under)) >= len(under) - 1
    if any(place not in below for place in filled(row)):
        return len(below) > 1 and len(cells) + len(below) >= width - 1
    if len(cells) < 2:
        return False
    if len(cells) >= len(below):  # a second name for each column, such as the symbol under the word
        again = len(set(cells)) < len(cells) and len({rows[names[-1]][place] for place in below}) > len(set(cells))
        distinct = len(cells) > 2 and len(set(cells)) == len(cells)
        return len(names) == 1 and (again or distinct) and all(map(_is_word, cells))
    return not (filled(row) == [0, 1] and width > 3 and not _repeats(rows, names))


def _is_word(text: str) -> bool:
    return any(map(str.isalpha, text)) and not is_numeric(text)


def _repeats(rows: Rows, names: Sequence[int]) -> bool:
    """Whether names below repeat, so that only a group tells them apart."""
    cells = [rows[names[-1]][place] for place in filled(rows[names[-1]])]
    return len(set(cells)) < len(cells)


def names_joined(
    rows: Rows, head: Head, spans: Sequence[Span] = (), lines: Sequence[int] = (), columns: Sequence[int] = ()
) -> list[str]:
    """The name of each column: groups and names joined by ' / '."""
    if not head.names:
        return []
    width = max(len(rows[at]) for at in head.names)
    levels = [[*rows[at], *[""] * (width - len(rows[at]))] for at in head.names]
    for depth, level in enumerate(levels[:-1]):
        merged = _merged(spans, lines[head.names[depth]], columns) if lines and spans else {}
        below = [any(lower[at] for lower in levels[depth + 1 :]) for at in range(width)]
        current = ""
        for at in range(width):
            if at in merged:
                level[at] = level[at] or (level[merged[at]] if below[at] else "")
                current = ""
            elif level[at]:
                current = level[at] if below[at] and not merged else ""
            elif below[at]:
                level[at] = current
            else:
                current = ""
    found = [_joined([level[at] for level in levels]) for at in range(width)]
    if head.units is not None:  # a name may stand in the row of units, below an empty one
        late = [*rows[head.units], *[""] * width]
        found = [name or (late[at] if not is_unit(late[at]) else "") for at, name in enumerate(found)]
    return found


def _merged(spans: Sequence[Span], line: int, columns: Sequence[int]) -> dict[int, int]:
    """Place of a column -> place of the merged cell over it in this line."""
    place = {column: at for at, column in enumerate(columns)}
    found: dict[int, int] = {}
    for top, left, bottom, right in spans:
        if top <= line <= bottom and right > left:
            inside = [place[column] for column in range(left, right + 1) if column in place]
            found |= dict.fromkeys(inside, inside[0])
    return found


def _joined(parts: Sequence[str]) -> str:
    kept: list[str] = []
    for part in (" ".join(part.split()) for part in parts):
        if part and kept and part[0] in "([（" and is_unit(part):
            kept[-1] = f"{kept[-1]} {part}"
        elif part and (not kept or kept[-1] != part):
            kept.append(part)
    return " / ".join(kept)
