"""Names and units of columns, from the lines above a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.parsers.delimited_text.axes import axes_told
from ingest.parsers.delimited_text.cells import kind_of, to_numbers
from ingest.parsers.delimited_text.tables import Shape
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_COMMENT = re.compile(r"^ *(?:#L(?=\s)|#+|//+|%+|'|;+|\*+|!+|REM\b)\s?", re.IGNORECASE)
_PROSE = {"of", "the", "and", "is", "to", "for", "with", "begin", "end", "from", "this", "by", "are", "was", "in"}
_RULE = re.compile(r"^[\s\-=_*#+~.|/\\;,]+$")
_LABELS = re.compile(
    r"^\s*(?:column ?(?:labels?|names?|headers?)|columns?|fields?|labels?)\s*[:=]\s*(.+)$", re.IGNORECASE
)
# units that may follow a name after an underscore or blank, without brackets; single letters are no unit there
_TRAILING = re.compile(
    r"^(?P<name>.{2,}?)[_ ](?P<unit>degC|deg|mbar|mTorr|[Tt]orr|[hkM]?Pa|GPa|sccm|slm|nm|um|µm|mm|cm|mV|kV|mA|uA|µA|nA|pA|mW|kW|[kMG]?Hz|m?eV|keV|ms|us|ns|sec|rpm|cps|counts|ohm|Oe|emu|wt%|%|cm-1|K|Å|(?<=[Tt]emp )C)\.?$"  # noqa: E501
)

_SHORT = re.compile(r"(?:(T)_(K|degC|°C)|(p|P)_(mbar|bar|Pa|kPa|Torr)|(I)_([mun]?A)|([VUE])_(m?V)|([BH])_(m?T|k?Oe))")
_IN = re.compile(r"^(?P<name>.{2,}?)[ _](?:in|en)[ _](?P<unit>\S{1,12}(?: \S{1,6})?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """The header of a column: its name, its canonical unit, and the unit's text where it is not known."""

    name: str
    unit: str | None = None
    unknown: str | None = None


@dataclass(frozen=True)
class Header:
    """Names of all columns; `used` are the lines that made it. `wider` counts names without a column."""

    columns: tuple[Named, ...]
    used: tuple[str, ...] = ()
    wider: int = 0

    @property
    def units(self) -> int:
        """How many columns have a unit."""
        return sum(column.unit is not None for column in self.columns)


def uncommented(line: str, delimiter: str = "") -> str:
    """The line without a sign of comment before it; a sign that is the table's delimiter is none."""
    bare = line.lstrip()
    return line if delimiter and bare.startswith(delimiter) else _COMMENT.sub("", line, count=1)


def _brackets(text: str) -> tuple[str, str] | None:
    """(before, inside) of the last balanced bracket that ends the text."""
    pairs = {")": "(", "]": "[", "}": "{"}
    text = text.rstrip(" :=")
    if not text or text[-1] not in pairs:
        return None
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        depth += (text[at] == text[-1]) - (text[at] == pairs[text[-1]])
        if depth == 0:
            return text[:at].strip(), text[at + 1 : -1].strip()
    return None


_FULL_WIDTH = str.maketrans("（）［］｛｝／，：＿【】〔〕", "()[]{}/,:_[]()")
# what HOBO loggers write behind a name: serial numbers of logger and sensor, and the label people gave
_SERIALS = re.compile(r"\s*\((?:LGR|SEN) S/N: ?[^()]*?(?:LBL: ?([^()]*))?\)$")
# a column called by its unit alone
_UNIT_NAMES = re.compile(
    r"counts|cps|\[counts\]|nm|[uµμ]m|mm|[mk]?eV|1/cm|cm-1|cm\^-1|cm⁻¹|[mkuµμ]V|[munpµμ]A|[munµμ]W|m?bar|[mkMh]?Pa|m?[Tt]orr|°C|℃|degC|sccm|slm|[kMG]?Hz|k?[oO]hms?|Ω|kΩ|sec|m?emu|k?Oe|mg|ppm|ppb|rpm|sec\.?|msec"
)


def read_label(cell: str) -> Named:
    """Name and unit of a label: `Temperature (K)`, `I/mA`, `2θ, °`, `P_mbar`, `Time [s]`, `Druck in mbar`, `温度（℃）`."""
    label = re.sub(r"\s+", " ", cell.translate(_FULL_WIDTH).strip().strip('"').strip())
    label = re.sub(r"^#\s*", "", label) or label
    label = _SERIALS.sub(r" (\1)", label).replace(" ()", "")
    if re.fullmatch(r"% ?[TR]", label):
        return Named(label, "%")
    if ("/" in label or _UNIT_NAMES.fullmatch(label)) and (whole := parse_unit(label)) is not None:
        return Named(label, whole)
    bracket = _brackets(label)
    if bracket is not None:
        name, inside = bracket
        unit = parse_unit(inside, name)
        if unit is not None:
            return Named(name.rstrip("_ ,/") or label, unit)
        said, comma, last = inside.rpartition(",")
        if comma and name and (unit := parse_unit(last.strip(), name)) is not None:
            return Named(f"{name} ({said.strip()})", unit)
        inner = read_label(name) if name else Named("")
        if inner.unit is not None:
            return Named(f"{inner.name} {label[len(name) :].strip()}", inner.unit)
        if label.rstrip(" :=")[-1] == "]" and name:
            return Named(name, None, inside or None)
        return Named(label)
    middle = re.search(r"^(.*?)\s*[\[(]([^\])]+)[\])]\s*(.+)$", label)
    if middle is not None and len(middle[2]) > 1 and (unit := parse_unit(middle[2], middle[1])) is not None:
        return Named(f"{middle[1]} {middle[3]}".strip(), unit)
    for separator in ("/", ","):
        name, found, tail = label.rpartition(separator) if separator == "," else _last_slash(label)
        if found and name.strip() and (unit := parse_unit(tail.strip(), name)) is not None:
            return Named(name.strip(), unit)
    if (worded := _IN.match(label)) is not None and (unit := parse_unit(worded["unit"], worded["name"])) is not None:
        return Named(worded["name"].strip(), unit)
    if (short := _SHORT.fullmatch(label)) is not None:
        symbol, written = (part for part in short.groups() if part)
        return Named(symbol, parse_unit(written, symbol))
    name, _, tail = label.rpartition(" ")
    compound = name and re.search(r"[*·/^²³⁻]|[a-zA-Z]-\d", tail) and not re.search(r"[/(]", name)
    if compound and (unit := parse_unit(tail, name)) is not None:
        return Named(name, unit)
    trailing = _TRAILING.match(label)
    if trailing is not None and (unit := parse_unit(trailing["unit"], trailing["name"])) is not None:
        return Named(trailing["name"].strip(), unit)
    return Named(label)


def _last_slash(label: str) -> tuple[str, str, str]:
    """Split at the first slash after which the whole rest is a unit, so that `Re(Y)/Ohm-1` and `v/cm/s` both work."""
    for at in (match.start() for match in re.finditer("/", label)):
        tail = label[at + 1 :].strip()
        if at and tail and parse_unit(tail, label[:at]) is not None:
            return label[:at], "/", tail
    return label, "", ""


def _cuts(line: str, shape: Shape, width: int) -> list[list[str]]:
    """All sensible ways to cut a header line into cells, the table's own first."""
    bare = line.strip().strip('"') if line.count('"') == 2 and line.strip().startswith('"') else line
    if shape.delimiter != " " and shape.delimiter in line:
        own = shape.cells(line)
        return [own, [cell for cell in own if cell]] if shape.delimiter == "\t" else [own]
    options: list[list[str]] = []
    options += [
        [cell.strip() for cell in bare.split("\t")],
        [cell.strip() for cell in re.split(r"\s{2,}|\t", bare.strip())],
    ]
    options += [Shape(delimiter, ".").cells(line) for delimiter in (";", ",", "|") if delimiter in line]
    options += [quoted for quoted in [re.findall(r'"([^"]*)"', line)] if len(quoted) > 1]
    if not _PROSE & {word.lower() for word in bare.split()}:
        bracketed = re.sub(r"\s+(?=[\[(])", "\x01", bare)
        options += [
            words
            for words in ([cell.replace("\x01", " ") for cell in bracketed.split()], bare.split())
            if _are_labels(words, width)
        ]
    return options


def _are_labels(words: Sequence[str], width: int) -> bool:
    """Words parted by single blanks are names of columns only if there are many, or if they look like symbols, or say what they measure."""
    if len(words) != width or any(
        re.fullmatch(r"[-+]?[\d.,]+|.*[:;?!=]|on|off|true|false|yes|no|=", word, re.IGNORECASE) for word in words
    ):
        return False
    if width >= 4 or all(len(word) <= 2 and word[0].isalpha() for word in words):
        return True
    labels = [read_label(word) for word in words]
    said = sum(
        label.unit is not None or "_" in label.name or quantity_of(label.name, label.unit)[0] is not None
        for label in labels
    )
    return said >= len(labels) / 2


def _trim(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _is_words(cells: Sequence[str]) -> bool:
    full = [cell for cell in cells if cell]
    words = [cell for cell in full if kind_of(cell, ".") in ("x", "e") and re.search(r"[^\W\d]|[°%#θω]", cell)]
    return bool(full) and len(words) >= 0.6 * len(full)


def _is_units(cells: Sequence[str]) -> bool:
    full = [cell for cell in cells if cell not in ("", "-", "#", "--")]
    known = [
        cell for cell in full if cell == "N" or parse_unit(cell) is not None or re.fullmatch(r"[\[(].*[\])]", cell)
    ]
    return bool(full) and len(known) >= 0.6 * len(full)


def _aligned(line: str, shape: Shape, width: int, *, units: bool) -> tuple[list[str], int] | None:
    """The cells of the line if they stand one over each column, and how many stand over none."""
    suits = _is_units if units else _is_words
    labels = _LABELS.match(line)
    for cells in _cuts(labels[1] if labels else line, shape, width):
        trimmed = _trim(cells)
        if width > 1 and (len(trimmed) == width or len(cells) == width) and suits(trimmed):
            return [*trimmed, *[""] * (width - len(trimmed))][:width], 0
        if width == 1 and len(trimmed) == 1 and suits(trimmed) and _is_label(trimmed[0]):
            return trimmed, 0
    own = _trim(shape.cells(line))
    if shape.delimiter != " " and width >= 3 and suits(own) and width < len(own) <= 2 * width:
        return own[:width], len(own) - width
    if shape.delimiter != " " and suits(own) and width - max(1, width // 10) <= len(own) < width and width >= 4:
        return [*own, *[""] * (width - len(own))], 0
    return None


def _is_label(cell: str) -> bool:
    """Over a single column only a short word or one with a unit is a name; anything else may be a sentence or a setting."""
    return (
        len(cell) < 40
        and len(cell.split()) <= 4
        and (len(re.findall(r"[^\W\d_]", cell)) >= 3 or read_label(cell).unit is not None)
    )


def _positioned(line: str, names_line: str, width: int) -> list[str] | None:
    """Units of a table laid out by blanks: each unit belongs to the name that ends, or begins, nearest to it."""
    names = list(re.finditer(r"\S+(?: \S+)*", names_line))
    units = list(re.finditer(r"[\[(][^\])]+[\])]|\S+", line))
    if len(names) != width or not units or len(units) >= width or not _is_units([unit[0] for unit in units]):
        return None
    made = [""] * width
    for unit in units:
        gaps = [min(abs(unit.end() - name.end()), abs(unit.start() - name.start())) for name in names]
        nearest = gaps.index(min(gaps))
        if gaps[nearest] > 3 or made[nearest]:
            return None
        made[nearest] = unit[0]
    return made


def _grouped(names: list[str], line: str | None, shape: Shape) -> list[str]:
    """Repeated names made different by the line above, whose labels each stand over several columns."""
    if len(set(names)) == len(names) or line is None or shape.delimiter == " ":
        return names  # blanks do not say over which columns a label stands
    cells = shape.cells(uncommented(line, shape.delimiter))
    if len(_trim(cells)) < 2 or len(cells) > len(names) + 2 or not _is_words(_trim(cells)):
        return names
    group, made = "", []
    for index, name in enumerate(names):
        group = cells[index] if index < len(cells) and cells[index] else group
        made.append(f"{name} ({group})" if group else name)
    return made


def unique(columns: Sequence[Named]) -> tuple[Named, ...]:
    """The columns with names that differ."""
    seen: dict[str, int] = {}
    made = []
    for index, column in enumerate(columns, start=1):
        name = column.name or f"column_{index}"
        seen[name] = seen.get(name, 0) + 1
        made.append(Named(name if seen[name] == 1 else f"{name} {seen[name]}", column.unit, column.unknown))
    return tuple(made)


def find_header(above: Sequence[str], shape: Shape, width: int) -> Header | None:
    """The header in the lines above a table: names, with units in brackets or in a row of their own; none when there is none."""
    lines = [line for line in above if not _RULE.match(line)]
    if (scale := _scale_of(lines, shape, width)) is not None:
        return scale
    if (stacked := _stacked(lines, width)) is not None:
        return stacked
    found = _names_above(_without_comments(lines, shape, width), shape, width)
    told = axes_told(lines, shape, width)
    if told is None or (found is not None and not set(found.used) & set(told[1])):
        return found  # names right above the columns go before keys that name the axes
    return Header(unique([read_label(label) for label in told[0]]), told[1])


def _names_above(lines: Sequence[str], shape: Shape, width: int) -> Header | None:
    """Names and units in the last lines above a table."""
    units: list[str] | None = None
    used: list[str] = []
    for depth, line in enumerate(reversed(lines[-4:])):
        bare = uncommented(line, shape.delimiter)
        if units is None and depth < 2:
            found = _aligned(bare, shape, width, units=True)
            if found is not None and not _both(found[0]):
                units = found[0]
                used.append(line)
                continue
        found = _aligned(bare, shape, width, units=False)
        if found is None:
            continue
        names, wider = found
        at = len(lines) - 1 - depth
        if (
            units is None
            and depth == 1
            and shape.delimiter == " "
            and (placed := _positioned(lines[-1], line, width)) is not None
        ):
            units = placed
            used.append(lines[-1])
        labels = [read_label(name) for name in names]
        if len({label.name for label in labels}) < len(labels):
            grouped = _grouped([label.name for label in labels], lines[at - 1] if at else None, shape)
            labels = [Named(name, label.unit, label.unknown) for name, label in zip(grouped, labels, strict=True)]
        if units is None and _is_setting(labels):
            continue
        if units is not None:
            labels = [_with_unit(label, unit) for label, unit in zip(labels, units, strict=True)]
        return Header(unique(labels), (*used, line), wider)
    if units is not None and all(units):
        return Header(unique([read_label(unit) for unit in units]), tuple(used))  # columns called by their units
    return None


def _without_comments(lines: list[str], shape: Shape, width: int) -> list[str]:
    """Without a line of comments below names and units: nothing over the first column, whose unit stands right above."""
    if len(lines) < 3 or shape.delimiter == " ":
        return lines
    names, units, last = (shape.cells(line) for line in lines[-3:])
    below = len(last) == width and not last[0] and any(last[1:])
    return lines[:-1] if below and _is_words(names) and units[0] and parse_unit(units[0]) is not None else lines


def _is_setting(labels: Sequence[Named]) -> bool:
    """`Detector: EPP2000` over the first of few columns without units is a setting and no name."""
    few = len(labels) <= 2 and all(label.unit is None for label in labels)
    return few and re.search(r"\w: +\S", labels[0].name) is not None


def _scale_of(lines: Sequence[str], shape: Shape, width: int) -> Header | None:
    """Numbers over the columns, a word or nothing over the first: columns are called by these numbers."""
    if not lines or width < 3:
        return None
    cells = [
        cell.strip()
        for cell in shape.cells(uncommented(lines[-1], shape.delimiter).strip(" " if shape.delimiter != " " else ""))
    ]
    if (
        len(cells) == width - 1
        and all(kind_of(cell, shape.decimal) == "n" for cell in cells)
        and lines[-1][:1] in "#;%"
    ):
        cells = ["", *cells]
    if (
        len(cells) != width
        or kind_of(cells[0], ".") == "n"
        or any(kind_of(cell, shape.decimal) != "n" for cell in cells[1:])
    ):
        return None
    steps = np.diff(to_numbers(cells[1:], shape.decimal))
    if not cells[0] and not ((steps > 0).all() or (steps < 0).all()):
        return None
    first = read_label(cells[0]) if cells[0] else Named("")
    return Header(unique([first, *(Named(cell) for cell in cells[1:])]), (lines[-1],))


def _stacked(lines: Sequence[str], width: int) -> Header | None:
    """Labels of two columns in lines of their own, above a line that says how many points follow, as FIT2D writes."""
    if width != 2 or len(lines) < 3 or not re.fullmatch(r"\s*\d{1,8}\s*", lines[-1]):
        return None
    labels = [read_label(line) for line in lines[-3:-1]]
    if len(lines) == 3 and labels[1].unit is not None:  # a title, and no line for the second label
        labels = [labels[1], Named("")]
    if any(label.unit is not None for label in labels) and all(len(label.name) < 40 for label in labels):
        return Header(unique(labels), tuple(lines[-3:]))
    return None


def _both(cells: Sequence[str]) -> bool:
    """True when the cells are labels with a unit inside rather than bare units."""
    return sum(read_label(cell).unit is not None for cell in cells if cell and parse_unit(cell) is None) > 0


def _with_unit(label: Named, text: str) -> Named:
    stripped = text.strip("[]() ")
    unit = parse_unit(text, label.name)
    if unit is not None:
        return Named(label.name, unit)
    return label if label.unit or not re.search(r"[^\W\d_]", stripped) else Named(label.name, None, stripped)
