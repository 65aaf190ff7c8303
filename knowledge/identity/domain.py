"""Records of one material -> its entries: polymorphs and sample states, by ids, space group and phase. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from knowledge.formula import NotAFormula, parse_formula
from knowledge.query.types import Stated

_ID = re.compile(
    r"(?P<space>mp|mvc|agm|wbm|jvasp|oqmd|cod|icsd|aflow|mat|gnome|nomad|twodm|jarvis|c2db)[-_ ]?(?P<rest>[a-z]*\d[\w.]*)"
)
_NAMESPACED = re.compile(r"(?P<space>[a-z][a-z0-9]*)_(?:id|number|code)s?")
# Names of properties whose values say which structure a record is about.
PROTOTYPES = ("prototype", "structure_prototype")


@dataclass(frozen=True)
class Statement:
    """What identity and comparison need of one record; `stated` are its values."""

    record: str
    version: int
    dataset: str
    topic: str
    kind: str
    formula: str
    formula_source: str
    spacegroup: int | None
    external_id: str
    stated: tuple[Stated, ...]
    project_id: int | None = None


@dataclass
class Entry:
    """One polymorph or sample state of a material: the records that speak of the same thing, nothing averaged."""

    key: str
    spacegroup: int | None = None
    phases: tuple[str, ...] = ()
    prototypes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    records: list[Statement] = field(default_factory=list)

    def values(self) -> dict[str, list[tuple[Statement, Stated]]]:
        """Every value by property, with the record that states it; sources side by side."""
        found: dict[str, list[tuple[Statement, Stated]]] = defaultdict(list)
        for record in self.records:
            for stated in record.stated:
                found[stated.property].append((record, stated))
        return dict(found)


def identifier(text: str, name: str = "") -> str | None:
    """An id of an outside database in one spelling ('mp-541837', 'icsd-15838'); none where the text is no id.

    A bare number needs the property's name to say whose it is, such as icsd_id.
    """
    text = text.strip().lower()
    if found := _ID.fullmatch(text):
        return f"{found['space']}-{found['rest']}"
    space = _NAMESPACED.fullmatch(name)
    if space and space["space"] not in ("external", "material", "entry", "record") and re.fullmatch(r"\d{1,12}", text):
        return f"{space['space']}-{text}"
    return None


def identifiers(record: Statement) -> frozenset[str]:
    """All ids of outside databases that a record gives."""
    found = {identifier(record.external_id)} if record.external_id else set()
    for stated in record.stated:
        values = stated.value if isinstance(stated.value, tuple) else (stated.value,)
        if isinstance(stated.value, str | tuple) or stated.property.endswith("_id"):
            found |= {identifier(str(value), stated.property) for value in values[:40] if value is not None}
    return frozenset(one for one in found if one)


@lru_cache(maxsize=65536)
def phase_of(text: str) -> str:
    """The polymorph or state that a formula as written names."""
    try:
        return parse_formula(text).phase
    except NotAFormula:
        return ""


def _prototype(record: Statement) -> str:
    return next((str(s.value) for s in record.stated if s.property in PROTOTYPES and s.value), "")


def entries_of(records: Sequence[Statement]) -> list[Entry]:
    """The entries of one material's records.

    Same id = same entry, whatever else they say, unless their ids in another database differ. Records without a common id
    are one entry where space group and phase do not differ, unless their ids in one database do (two polymorphs of one
    space group): then a record without an id is told to neither and stands alone. Records that state no space group share
    one entry per phase.
    """
    groups = _by_ids(records)
    places: dict[tuple[int | None, str], list[list[Statement]]] = defaultdict(list)
    for group in groups:
        places[_place(group)].append(group)
    found = []
    for (spacegroup, phase), members in sorted(places.items(), key=lambda item: (item[0][0] or 999, item[0][1])):
        for joined in _joined(members):
            found.append(_entry(spacegroup, phase, joined))
    return found


def _by_ids(records: Sequence[Statement]) -> list[list[Statement]]:
    """Records connected by common ids, unless they clash in others; each other record by itself."""
    groups: list[list[Statement]] = []
    of_id: dict[str, list[int]] = defaultdict(list)
    for record in records:
        ids = identifiers(record)
        near = dict.fromkeys(number for one in ids for number in of_id[one])
        number = next((number for number in near if not _clash(groups[number], [record])), None)
        if number is None:
            number = len(groups)
            groups.append([])
        groups[number].append(record)
        for one in ids:
            of_id[one].append(number)
    return groups


def _place(group: Sequence[Statement]) -> tuple[int | None, str]:
    spacegroups = [record.spacegroup for record in group if record.spacegroup is not None]
    phases = [phase for record in group if (phase := phase_of(record.formula_source))]
    spacegroup = max(set(spacegroups), key=lambda one: (spacegroups.count(one), -one)) if spacegroups else None
    return spacegroup, phases[0] if phases else ""


def _spaces(group: Sequence[Statement]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for record in group:
        for one in identifiers(record):
            found[one.partition("-")[0]].add(one)
    return found


def _clash(one: Sequence[Statement], other: Sequence[Statement]) -> bool:
    """Whether ids of one database differ: two entries there are two things."""
    mine, theirs = _spaces(one), _spaces(other)
    return any(mine[space] != theirs[space] for space in mine.keys() & theirs.keys())


def _joined(groups: Sequence[list[Statement]]) -> list[list[Statement]]:
    """Groups of one space group and phase, joined where that is certain."""
    if len(groups) == 1:
        return list(groups)
    identified = [group for group in groups if _spaces(group)]
    nameless = [record for group in groups if not _spaces(group) for record in group]
    merged: list[list[Statement]] = []
    for group in identified:
        fitting = [known for known in merged if not _clash(known, group)]
        if len(fitting) == 1:
            fitting[0].extend(group)
        else:
            merged.append(list(group))
    if len(merged) == 1:
        merged[0].extend(nameless)
    elif nameless:
        merged.append(nameless)
    return merged


def _entry(spacegroup: int | None, phase: str, records: list[Statement]) -> Entry:
    records = sorted(records, key=lambda record: (record.topic, record.dataset, record.record))
    ids = sorted({one for record in records for one in identifiers(record)})
    prototypes = sorted({name for record in records if (name := _prototype(record))})
    formula = records[0].formula
    key = "|".join([formula, str(spacegroup or ""), phase, ids[0] if ids else ""])
    return Entry(key, spacegroup, (phase,) if phase else (), tuple(prototypes), tuple(ids), records)


def stated_values(values: Iterable[Mapping[str, Any]]) -> tuple[Stated, ...]:  # Any: values as JSON holds them
    """Values of a record from their JSON form."""
    from knowledge.query.executor import stated_of

    return tuple(stated_of(value) for value in values)
