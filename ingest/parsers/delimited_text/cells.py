"""What one cell of a table is: a number, nothing, a time, or text; and the numbers of a column."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest.schemas.units import parse_unit

Kind = Literal["n", "e", "t", "x"]  # number, empty, time, text
Decimal = Literal[".", ","]

_EXPONENT = r"(?:[eEdD][+\-]?\d{1,3})?"
_PLAIN = {
    ".": re.compile(rf"[+\-−]?(?:\d+\.?\d*|\.\d+){_EXPONENT}"),
    ",": re.compile(rf"[+\-−]?(?:\d+,?\d*|,\d+){_EXPONENT}"),
}
# marks between thousands, where nothing else can be meant: with a decimal sign after them, or twice
_THOUSANDS = {
    ".": re.compile(r"[+\-−]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,}|(?:['’]\d{3})+(?:\.\d+)?)"),
    ",": re.compile(r"[+\-−]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,}|(?:['’\u00a0\u202f]\d{3})+(?:,\d+)?)"),
}
_ONCE = {".": re.compile(r"[+\-−]?[1-9]\d{0,2},\d{3}"), ",": re.compile(r"[+\-−]?[1-9]\d{0,2}\.\d{3}")}
_WITH_UNIT = re.compile(
    r"(?P<number>[+\-−]?[\d.,]*\d[.,]?(?:[eE][+\-]?\d{1,3})?)\s*(?P<unit>[^\d\s+\-.,;:\"'=<>|?!#*\[\]][^\s;:\"'=<>|?!]{0,9})"
)
_NOTHING = {
    "", "-", "--", "---", "nan", "-nan", "+nan", "na", "n/a", "#n/a", "null", "none", "nil", "inf", "+inf", "-inf", "infinity", "-infinity",
    "?", "1.#qnan", "-1.#ind", "1.#ind", "1.#inf", "-1.#inf", "#num!", "#div/0!", "#value!", "n.a.", "undefined", "missing", "empty",
}  # fmt: skip
_CODES = {
    "ol", "o.l.", "o.l", "0l", "-ol", "+ol", "ovl", "ovld", "overload", "overflow", "overrange", "over range",
    "over-range", "underrange", "under range",
    "ovrng", "over", "under", "ovfl", "unfl", "+over", "-over", "sat", "saturated", "invalid", "bad", "err", "error",
    "fault", "open", "sensor off", "off-line",
    "offline", "timeout", "no sensor", "超量程", "溢出",
}  # fmt: skip
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mrz|mai|okt|dez)[a-zäéû]*\.?"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,?\s+"
_CLOCK = (
    r"(?:[上下]午|午[前後])?\s*(?:\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d+|:\d{1,6})?)?(?:\s*[ap]\.?m\.?)?"
    r"|\d{1,3}:\d{1,2}:\d{1,2}(?:[.,]\d+)?|\d{1,2}[时時]\d{1,2}分(?:\d{1,2}(?:\.\d+)?秒)?)"
)
_DATE = rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{1,2}}\.?[-/ ]{_MONTH}[-/ ,]+\d{{2,4}}|{_MONTH}[-/ ]\d{{1,2}}[-/ ,]+\d{{4}}|\d{{4}}[-/ ]{_MONTH}[-/ ]\d{{1,2}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}日|\d{{8}}(?=[T _]\d{{6}}))"  # noqa: E501
_ZONE = r"(?:\s*\(?(?:Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT)\)?)?"
_TIME = re.compile(
    rf"{_CLOCK}|(?:{_DAY})?{_DATE}(?:[T ,_;]+{_CLOCK}{_ZONE}|[T _-]+\d{{1,2}}[-.]\d{{1,2}}[-.]\d{{1,2}}(?:\.\d+)?|[T _]\d{{6}}{_ZONE})?"
    rf"|(?:{_DAY})?{_MONTH}\s+\d{{1,2}}\s+{_CLOCK}\s+\d{{4}}|{_CLOCK}[ ,_]+{_DATE}"
    r"|(?:\d+\s*d\s*)?\d+\s*h\s*\d+\s*m(?:in)?\s*\d+(?:\.\d+)?\s*s(?:ec)?",
    re.IGNORECASE,
)
_DIGITS = str.maketrans("123456789", "000000000")


def is_number(cell: str, decimal: Decimal) -> bool:
    """True for a number with this decimal sign, `NaN` and the like excluded."""
    return _PLAIN[decimal].fullmatch(cell) is not None or _THOUSANDS[decimal].fullmatch(cell) is not None


def number_and_unit(cell: str, decimal: Decimal) -> tuple[str, str] | None:
    """`25.3 °C` as number and canonical unit."""
    match = _WITH_UNIT.fullmatch(cell)
    if match is None or len(cell) > 40 or not _PLAIN[decimal].fullmatch(match["number"]):
        return None
    if len(match["unit"]) == 1 and match["unit"].isascii() and match["unit"] != "%" and " " not in cell:
        return None  # `1A` may be the name of a sample
    unit = parse_unit(match["unit"])
    return (match["number"], unit) if unit is not None else None


def kind_of(cell: str, decimal: Decimal) -> Kind:
    """The kind of a stripped cell; a number with its unit is a number."""
    if not cell:
        return "e"
    if _PLAIN[decimal].fullmatch(cell):
        return "n"
    if cell.lower() in _NOTHING or is_code(cell):
        return "e"
    if _THOUSANDS[decimal].fullmatch(cell):
        return "n"
    if len(cell) < 50 and cell[-1] not in ",;" and _TIME.fullmatch(cell):
        return "t"
    return "n" if len(cell) < 40 and number_and_unit(cell, decimal) is not None else "x"


def is_code(cell: str) -> bool:
    """True for what instruments write where a reading was impossible: `OVLD`, `------`, `***`, `#####`."""
    return cell.lower() in _CODES or (len(cell) > 1 and not cell.strip("*#.-_ "))


def kinds_of_column(cells: Iterable[str], decimal: Decimal) -> Counter[Kind]:
    """How many cells of each kind; cells that differ in digits only are judged once."""
    kinds: Counter[Kind] = Counter()
    for pattern, count in Counter(cell.translate(_DIGITS) for cell in cells).items():
        kinds[kind_of(pattern, decimal)] += count
    return kinds


def parts_thousands(cells: Sequence[str], decimal: Decimal) -> bool:
    """Whether `1,234` beside `999.5` or `1,002.3` can only be thousands: every such cell has three digits after the mark."""
    seen = [cell for cell in cells if _ONCE[decimal].fullmatch(cell)]
    sure = any(_THOUSANDS[decimal].fullmatch(cell) for cell in cells)
    pointed = any(decimal in cell for cell in cells)
    return bool(seen) and (sure or pointed)


def without_thousands(cell: str, decimal: Decimal) -> str:
    """`1,234` as `1234`, where a person said which sign the decimal one is."""
    return re.sub(r"[.,]", "", cell) if _ONCE[decimal].fullmatch(cell) else cell


def to_numbers(cells: Sequence[str], decimal: Decimal, thousands: bool = False) -> NDArray[np.float64]:
    """Values of a column; what is no number is NaN. `thousands`: a single mark before three digits parts thousands."""
    plain = plain_numbers(cells, decimal)
    return plain if plain is not None else np.array([_one(cell, decimal, thousands) for cell in cells])


def plain_numbers(cells: Sequence[str], decimal: Decimal) -> NDArray[np.float64] | None:
    """Values of a column of nothing but plain numbers; none for any other."""
    joined = "\n".join(cells)
    if "_" in joined or (decimal == "," and "." in joined):  # Python reads 1_000 as a number
        return None
    pointed = joined.replace(",", ".").split("\n") if decimal == "," else cells
    try:
        return np.fromiter(map(float, pointed), dtype=np.float64, count=len(cells))
    except ValueError:
        return None


def _one(cell: str, decimal: Decimal, thousands: bool) -> float:
    plain = cell.replace("−", "-")
    if plain.lower() in ("inf", "+inf", "-inf", "infinity", "-infinity"):
        return float(plain)
    if _PLAIN[decimal].fullmatch(plain):
        return float(re.sub("[dD]", "e", plain.replace(",", ".")))
    if _THOUSANDS[decimal].fullmatch(plain) or (thousands and _ONCE[decimal].fullmatch(plain)):
        return float(
            re.sub(
                r"[^\d.eE+-]",
                "",
                plain.replace(".", "").replace(",", ".") if decimal == "," else plain.replace(",", ""),
            )
        )
    with_unit = number_and_unit(plain, decimal) if len(plain) < 40 else None
    return float(with_unit[0].replace(",", ".")) if with_unit is not None else float("nan")
