"""Columns whose names stand in lines of their own as keys: `XAxis; Wavelength (nm)`, `YAxis; Counts`, `#XAxisUnit = nm`."""

import re
from collections.abc import Sequence

from ingest.parsers.delimited_text.tables import Shape

_AXIS = re.compile(
    r"^[#*\s]*(?P<axis>[xy])[ _-]?(?:axis[ _-]?(?P<kind>units?|label|title|name)?|(?P<bare>units?|label))\s*:?$|^(?P<data>data ?unit)$",
    re.IGNORECASE,
)
_LABELS = re.compile(r"^[#*\s]*(?:labels?|sample names?)\s*:?$", re.IGNORECASE)


def axes_told(lines: Sequence[str], shape: Shape, width: int) -> tuple[list[str], tuple[str, ...]] | None:
    """Labels of all columns and the lines that say them, where keys name both axes; none where they do not.

    One label of y stands for all columns but the first; a line of labels beside it tells them apart.
    """
    if width < 2:
        return None
    said: dict[str, list[str]] = {}
    used: list[str] = []
    labels: list[str] = []
    for line in lines:
        cells = _cells(line, shape)
        match = _AXIS.match(cells[0]) if len(cells) > 1 else None
        axis = (match["axis"] or "y").lower() if match is not None else ""
        if axis and axis not in said and all(re.search(r"[^\W\d_]|%", cell) for cell in cells[1:]):
            said[axis] = [_label(cell) for cell in cells[1:]]
            used.append(line)
        elif len(cells) == width and _LABELS.match(cells[0]):
            labels = cells[1:]
    if set(said) != {"x", "y"} or len(set(said["x"])) != 1 or len(said["y"]) not in (1, width - 1):
        return None
    values = said["y"] if len(said["y"]) == width - 1 else said["y"] * (width - 1)
    if width > 2 and labels:
        values = [_told_apart(value, label) for value, label in zip(values, labels, strict=True)]
    return [said["x"][0], *values], tuple(used)


def _cells(line: str, shape: Shape) -> list[str]:
    """A key and its values, parted like the table, or by a sign of equality."""
    if shape.delimiter not in line.strip() or (shape.delimiter == " " and "=" in line):
        key, _, value = line.partition("=")
        return [key.strip(), value.strip()] if value.strip() else []
    return [cell for cell in shape.cells(line) if cell]


def _label(text: str) -> str:
    """The text as a label: `nm_vac` is nm, and wavenumbers relative to a laser are a Raman shift."""
    relative = re.fullmatch(r"rel\.? ?(1/cm|cm-1|cm\^-1)", text)
    return f"Raman shift ({relative[1]})" if relative else re.sub(r"_(?:vac|air)$", "", text)


def _told_apart(value: str, label: str) -> str:
    """`Counts (CPS)` of `Film A` as `Counts Film A (CPS)`: the unit stays last."""
    bracket = re.search(r"\s*[(\[][^()\[\]]*[)\]]$", value)
    return f"{value[: bracket.start()]} {label}{bracket[0]}" if bracket else f"{value} {label}"
