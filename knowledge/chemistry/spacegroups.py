"""The 230 space groups: number, Hermann-Mauguin symbol, crystal system."""

import re
from functools import cache

from knowledge.chemistry.elements import rows

_SYSTEMS = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (142, "tetragonal"),
    (167, "trigonal"),
    (194, "hexagonal"),
    (230, "cubic"),
)


@cache
def symbols() -> dict[int, str]:
    """Short Hermann-Mauguin symbol by number, screw axes as P2_1/c."""
    return {int(row["number"]): row["symbol"] for row in rows("spacegroups.tsv")}


@cache
def _numbers() -> dict[str, int]:
    found = {_key(symbol): number for number, symbol in symbols().items()}
    for row in rows("spacegroups.tsv"):
        for other in row["also"].split():
            found.setdefault(other, int(row["number"]))
    return found


def _key(symbol: str) -> str:
    return re.sub(r"[\s_{}$\\]|overline|bar", "", symbol).replace("−", "-")


def spacegroup_number(text: str) -> int | None:
    """The number of a space group written as number or symbol, in any usual setting; none if it is neither."""
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        return _numbers().get(_key(text))
    return int(number) if 1 <= number <= 230 and number == int(number) else None


def crystal_system(number: int) -> str:
    """The crystal system of a space group number 1..230."""
    return next(name for last, name in _SYSTEMS if number <= last)


@cache
def spaced_symbols() -> dict[int, str]:
    """Short Hermann-Mauguin symbol by number with spaces between the directions, as OPTIMADE writes it: P 21/c, F m -3 m."""
    return {number: _spaced(symbol) for number, symbol in symbols().items()}


def _spaced(symbol: str) -> str:
    parts = re.findall(r"-?\d(?:_\d)?(?:/[a-z])?|[a-z]", symbol[1:])
    return " ".join([symbol[0], *(part.replace("_", "") for part in parts)])
