"""Which statements of an entry can be compared, and whether they agree. Pure.

Compared are values of one property, of records of one entry, that came to be in a comparable way: measured and literature
values with each other, computed with computed, under the same conditions and by the same method where both name one.
Predictions are compared with nothing.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from knowledge.identity.domain import Entry, Statement, entries_of, identifiers
from knowledge.query.types import Scalar, Stated
from knowledge.topics.schema import Property, per_topics, topics

TOLERANCE = 0.05  # relative, where the schema names none
SIGMAS = 2.0
CONDITION_TOLERANCE = 0.02  # relative
KELVIN = 2.0  # two temperatures this close are the same
UNSAID = {"unknown", ""}
MOST = 400  # statements of one property of one entry that are compared pair by pair
_FAMILIES = {"measurement": "experiment", "literature": "experiment", "computation": "computation"}
# The unit factors that tables are wrong by, with their names.
UNIT_FACTORS = {1000.0: "10^3", 1e6: "10^6", 100.0: "100", 10.0: "10", 96.485: "eV and kJ/mol", 23.06: "eV and kcal/mol",
                27.2114: "eV and hartree", 13.6057: "eV and rydberg", 8065.54: "eV and 1/cm", 4.184: "J and cal", 10.197: "Pa and kgf",
                0.529177: "angstrom and bohr", 160.2177: "GPa and eV/angstrom^3"}  # fmt: skip


POWERS = (10.0, 100.0, 1000.0, 1e6)  # other factors are met by chance more often and must fit closer


@dataclass(frozen=True)
class Pair:
    """Two statements of property `name` that can be compared.

    `agrees` false: the sources disagree, by `distance` (relative for numbers, else 1).
    """

    name: str
    one: Statement
    first: Stated
    other: Statement
    second: Stated
    agrees: bool
    distance: float = 0.0

    @property
    def between_sources(self) -> bool:
        """Whether the two come from different data sets."""
        return self.one.dataset != self.other.dataset


@per_topics
def property_in(topic: str, name: str) -> Property | None:
    """The schema of a property of a topic."""
    schema = topics().get(topic)
    return schema.property(name) if schema else None


def pairs_of(entry: Entry) -> Iterator[Pair]:
    """Every comparable pair of an entry's statements, agreeing or not.

    Two records of one data set are two samples, unless they name the same outside id; only then they are compared.
    """
    ids = {record.record: identifiers(record) for record in entry.records}
    for name, statements in entry.values().items():
        usable = [(r, s) for r, s in statements if _comparable_at_all(r, s)][:MOST]
        for (one, first), (other, second) in combinations(usable, 2):
            if one.record == other.record:
                continue
            if one.dataset == other.dataset and not ids[one.record] & ids[other.record]:
                continue
            if _comparable(one, first, other, second) and _same_meaning(name, one.topic, other.topic):
                yield _compared(name, one, first, other, second)


def material_pairs(records: Sequence[Statement]) -> Iterator[Pair]:
    """The comparable pairs of all records of one material: within each topic, then between topics.

    Each topic by itself first, so that the ids of one topic leave no record of another without its entry.
    """
    by_topic: dict[str, list[Statement]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    for members in by_topic.values():
        for entry in entries_of(members) if len(members) > 1 else ():
            yield from pairs_of(entry)
    if len(by_topic) > 1:
        for entry in entries_of(records):
            yield from (pair for pair in pairs_of(entry) if pair.one.topic != pair.other.topic)


def _same_meaning(name: str, one: str, other: str) -> bool:
    """Whether two topics mean the same by a property: it has the same label and type in both."""
    if one == other:
        return True
    mine, theirs = property_in(one, name), property_in(other, name)
    return mine is not None and theirs is not None and (mine.label, mine.type) == (theirs.label, theirs.type)


def conflicts_of(entry: Entry) -> list[Pair]:
    """The pairs that disagree, the largest distance first."""
    return sorted((pair for pair in pairs_of(entry) if not pair.agrees), key=lambda pair: -pair.distance)


def _comparable_at_all(record: Statement, stated: Stated) -> bool:
    item = property_in(record.topic, stated.property)
    if record.kind not in _FAMILIES or item is None or item.condition or stated.value is None:
        return False
    if item.type in ("string", "list"):
        return False
    return not (isinstance(stated.value, str) and stated.value.casefold() in UNSAID)


def _comparable(one: Statement, first: Stated, other: Statement, second: Stated) -> bool:
    if _FAMILIES[one.kind] != _FAMILIES[other.kind]:
        return False
    if first.method and second.method and first.method.casefold() != second.method.casefold():
        return False
    if (first.unit or "") != (second.unit or ""):
        return False
    return _same_conditions(first, second)


def _same_conditions(first: Stated, second: Stated) -> bool:
    if first.conditions.keys() != second.conditions.keys():
        return False
    return all(_close(name, first.conditions[name], second.conditions[name]) for name in first.conditions)


def _close(name: str, one: Scalar, other: Scalar) -> bool:
    if not _number(one) or not _number(other):
        return str(one).casefold() == str(other).casefold()
    slack = KELVIN if "temperature" in name else 0.0
    return abs(float(one) - float(other)) <= max(slack, CONDITION_TOLERANCE * max(abs(float(one)), abs(float(other))))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compared(name: str, one: Statement, first: Stated, other: Statement, second: Stated) -> Pair:
    if _number(first.value) and _number(second.value):
        item = property_in(one.topic, name) or property_in(other.topic, name)
        left, right = interval(first, item), interval(second, item)
        agrees = left[0] <= right[1] and right[0] <= left[1]
        return Pair(name, one, first, other, second, agrees, 0.0 if agrees else _distance(first, second))
    agrees = _same_class(one.topic, name, first.value, second.value)
    return Pair(name, one, first, other, second, agrees, 0.0 if agrees else 1.0)


def _same_class(topic: str, name: str, one: object, other: object) -> bool:
    if one == other:
        return True
    item = property_in(topic, name)
    covers = {known.id: known.covers for known in item.classes} if item else {}
    return str(other) in covers.get(str(one), ()) or str(one) in covers.get(str(other), ())


def interval(stated: Stated, item: Property | None) -> tuple[float, float]:
    """Between which values a statement can be meant: its uncertainty, the tolerance of the property, its last digit, or its limit."""
    value = float(stated.value)  # type: ignore[arg-type]  # numbers only, checked by the callers
    if stated.bound in ("<", "<="):
        return -math.inf, value
    if stated.bound in (">", ">="):
        return value, math.inf
    low = stated.low if stated.low is not None else value
    high = stated.high if stated.high is not None else value
    tolerance = (item.tolerance if item and item.tolerance else TOLERANCE) / 2
    slack = max(SIGMAS * (stated.uncertainty or 0.0), tolerance * abs(value), _last_digit(stated, value))
    if item and item.type == "integer":
        slack = SIGMAS * (stated.uncertainty or 0.0)
    return low - slack, high + slack


def _last_digit(stated: Stated, value: float) -> float:
    """Half a unit of the last digit that the source wrote, where it wrote the number in the stored unit."""
    found = re.match(r"\s*-?\d+(?:\.(?P<decimals>\d+))?(?![\deE])", stated.raw or "")
    try:
        written = float(found.group()) if found else None
    except ValueError:
        written = None
    if found is None or written is None or not math.isclose(written, value, rel_tol=1e-9):
        return 0.0
    return 0.5 * 10.0 ** -len(found["decimals"]) if found["decimals"] else 0.0


def _distance(first: Stated, second: Stated) -> float:
    one, other = float(first.value), float(second.value)  # type: ignore[arg-type]  # numbers only
    largest = max(abs(one), abs(other))
    return abs(one - other) / largest if largest else 0.0


def unit_factor(one: float, other: float) -> str | None:
    """The known factor between two values, such as '10^3' or 'eV and kJ/mol'; none where they differ by something else."""
    if one == 0 or other == 0 or (one < 0) != (other < 0):
        return None
    ratio = max(abs(one), abs(other)) / min(abs(one), abs(other))
    for factor, name in UNIT_FACTORS.items():
        wanted = factor if factor > 1 else 1 / factor
        if abs(ratio / wanted - 1) < (0.01 if factor in POWERS else 0.002):
            return name
    return None
