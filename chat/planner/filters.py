"""Filters of a Query as the planner builds and reads them."""

from chat.planner.domain import Material, Spin
from chat.planner.lexicon import word_lists
from knowledge.query.types import And, Compare, Filter, HasElements, Not

SYSTEMS = {
    "triclinic": (1, 2), "monoclinic": (3, 15), "orthorhombic": (16, 74), "tetragonal": (75, 142), "trigonal": (143, 167),
    "hexagonal": (168, 194), "cubic": (195, 230),
}  # fmt: skip


def joined(parts: list[Filter]) -> Filter | None:
    """All of them, as plain as possible."""
    unique = list(dict.fromkeys(parts))
    if not unique:
        return None
    return unique[0] if len(unique) == 1 else And(tuple(unique))


def system_filter(name: str, negated: bool) -> Filter:
    """A crystal system as a range of space group numbers, which every source states."""
    low, high = SYSTEMS[name]
    inside = And((Compare("spacegroup_number", ">=", low), Compare("spacegroup_number", "<=", high)))
    return Not(inside) if negated else inside


def class_property(word: str, spin: Spin) -> str:
    """The property that a class word speaks of, by spin-orbit coupling (with it unless asked otherwise)."""
    variants = word_lists()["variants"].get(word)
    return str(variants["nosoc" if spin == "nosoc" else "soc"]) if variants else word


def properties_of(where: Filter | None) -> list[str]:
    """The properties a filter names."""
    if where is None or isinstance(where, HasElements):
        return []
    if isinstance(where, Compare):
        return [where.property]
    if isinstance(where, Not):
        return properties_of(where.part)
    return [name for part in getattr(where, "parts", ()) for name in properties_of(part)]


def material_filter(material: Material) -> Filter:
    """The condition that a record is about this material."""
    if material.external_id:
        return Compare("external_id", "=", material.external_id)
    return Compare("formula", "=", material.formula)
