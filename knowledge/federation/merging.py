"""Entries of several databases that mean the same crystal: by reduced formula, space group and structure. Pure."""

from collections.abc import Mapping
from typing import Any

from knowledge.formula import NotAFormula, parse_formula

Json = Mapping[str, Any]
MOST_SITES = 60  # larger cells are told apart by formula and group alone


def formula_of(entry: Json) -> str:
    """The reduced formula as this site spells it; empty where the entry has none that reads."""
    said = entry["attributes"]
    for name in ("chemical_formula_reduced", "chemical_formula_descriptive", "chemical_formula_hill"):
        text = said.get(name)
        if isinstance(text, str) and text:
            try:
                return parse_formula(text).reduced[:200]
            except NotAFormula:
                continue
    return ""


def spacegroup_of(entry: Json) -> int | None:
    """The number of the space group: OPTIMADE's, or that of a provider field whose name says so."""
    said = entry["attributes"]
    names = ["space_group_it_number", *(name for name in said if name.startswith("_") and "spacegroup_number" in name)]
    for name in names:
        value = said.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 230:
            return value
    return None


def sites_of(entry: Json) -> dict[str, Any] | None:
    """Lattice, positions and species of an entry, if all are there, ordered and of one length; else none."""
    said = entry["attributes"]
    lattice, spots, kinds = (
        said.get("lattice_vectors"),
        said.get("cartesian_site_positions"),
        said.get("species_at_sites"),
    )
    species = {one.get("name"): one for one in said.get("species") or [] if isinstance(one, dict)}
    if not (isinstance(lattice, list) and isinstance(spots, list) and isinstance(kinds, list)):
        return None
    if len(spots) != len(kinds) or not 0 < len(spots) <= MOST_SITES or len(lattice) != 3:
        return None
    symbols = []
    for kind in kinds:
        found = species.get(kind, {}).get("chemical_symbols")
        if not isinstance(found, list) or len(found) != 1:
            return None
        symbols.append(found[0])
    return {"lattice": lattice, "positions": spots, "symbols": symbols}
