"""OPTIMADE data: a JSON Lines file with header, property definitions and entries, or a saved response of a server.

Entries become rows with a structure each. Provider-specific properties ('_mp_energy_above_hull') become columns under their own
name without the prefix, as long as that tells them apart; their units and descriptions come from the definitions.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.imports.tables import Refused, Table

Json = Any  # what a JSON document holds
# What the structure itself says, and what belongs to the server and not to the material.
_LEFT_OUT = frozenset(
    ["lattice_vectors", "cartesian_site_positions", "species", "species_at_sites", "assemblies", "structure_features",
     "elements_ratios", "dimension_types", "nperiodic_dimensions", "immutable_id", "last_modified", "nelements",
     "chemical_formula_hill", "chemical_formula_anonymous", "chemical_formula_descriptive", "space_group_symmetry_operations_xyz",
     "fractional_site_positions", "site_coordinate_span", "optimization_type"]
)  # fmt: skip
_NAMES = {
    "chemical_formula_reduced": "formula",
    "space_group_it_number": "spacegroup_number",
    "space_group_symbol_hermann_mauguin": "spacegroup_symbol",
}
_PREFIX = re.compile(r"^_[a-z0-9]+_(?=[a-z])")


def is_optimade(text: str) -> bool:
    """Whether a text is OPTIMADE data: its header line, an entry of structures on the first line, or a server's response."""
    head = text[:4000].lstrip()
    if head.startswith('{"x-optimade"') or re.match(r'\{\s*"x-optimade"\s*:', head):
        return True
    first = head.partition("\n")[0]
    entry = '"attributes"' in first and re.search(r'"type"\s*:\s*"structures"', first)
    response = re.search(r'"optimade\.org|"api_version"', head) and '"data"' in text[:20000]
    return bool(entry or response) and (
        '"lattice_vectors"' in text[:200000] or '"chemical_formula_reduced"' in text[:200000]
    )


def optimade_tables(text: str) -> list[Table]:
    """The table of the structure entries. Raises Refused when there are none, or a line is no JSON."""
    definitions: dict[str, Mapping[str, Json]] = {}
    entries: list[tuple[int, Mapping[str, Json]]] = []
    broken: list[tuple[int, str]] = []
    for line, document in _documents(text):
        if isinstance(document, str):
            broken.append((line, document))
        elif document.get("type") == "info" or "properties" in document:
            definitions |= _definitions(document)
        elif document.get("type") == "structures" and isinstance(document.get("attributes"), dict):
            entries.append((line, document))
    if not entries:
        raise Refused("is OPTIMADE data, but holds no entries of type 'structures'")
    return [_table(entries, definitions, broken)]


def _documents(text: str) -> Iterator[tuple[int, Json]]:
    """(line, object) of each line, or of each entry of a response; a line that cannot be read gives the reason instead."""
    stripped = text.strip()
    if "\n" not in stripped or not stripped.partition("\n")[0].rstrip().endswith("}"):
        try:
            document = json.loads(stripped)
        except ValueError as error:
            raise Refused(f"is no readable JSON: {error}") from error
        data = document.get("data") if isinstance(document, dict) else None
        if isinstance(data, list):
            yield from enumerate((one for one in data if isinstance(one, dict)), 1)
            return
        yield 1, document
        return
    for number, line in enumerate(stripped.splitlines(), 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except ValueError as error:
            yield number, f"is no readable JSON: {error}"
            continue
        if not isinstance(document, dict):
            yield number, "is no JSON object"
        elif "x-optimade" not in document:
            yield number, document


def _definitions(document: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    """Property definitions, which stand under `properties` of an info document of any version."""
    places = (document.get("attributes"), document, document.get("data"))
    found = next((one["properties"] for one in places if isinstance(one, dict) and "properties" in one), None) or {}
    return {name: one for name, one in found.items() if isinstance(one, dict)}


def _flat(attributes: Mapping[str, Json], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Json]]:
    for name, value in attributes.items():
        if not prefix and name in _LEFT_OUT:
            continue
        if isinstance(value, dict):
            if depth < 2:
                yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif value is not None and not (isinstance(value, list) and any(isinstance(v, list | dict) for v in value)):
            yield f"{prefix}{name}", value


def _table(
    entries: list[tuple[int, Mapping[str, Json]]],
    definitions: Mapping[str, Mapping[str, Json]],
    broken: list[tuple[int, str]],
) -> Table:
    cells = [dict(_flat(entry["attributes"])) for _, entry in entries]
    full = dict.fromkeys(name for row in cells for name in row)
    short = {name: _NAMES.get(name) or _PREFIX.sub("", name) for name in full}
    shared = Counter(short.values())
    names = {name: short[name] if shared[short[name]] == 1 else name for name in full}
    columns = ("id", *names.values())
    rows = [
        (_id(entry), *(_cell(row.get(name)) for name in full)) for row, (_, entry) in zip(cells, entries, strict=True)
    ]
    structures = {
        number: found for number, (_, entry) in enumerate(entries, 1) if (found := structure_of(entry["attributes"]))
    }
    said = {names[name]: one for name, one in definitions.items() if name in names}
    units = {name: unit for name, one in said.items() if (unit := _unit(one))}
    lines = [line for line, _ in entries]
    # numbers of unreadable lines follow those of the rows, so that each is told apart; `lines` says where both stand
    unread = [(len(rows) + at, f"line {line} {reason}") for at, (line, reason) in enumerate(broken, 1)]
    return Table(
        columns,
        rows,
        broken=unread,
        structures=structures,
        units=units,
        descriptions={name: text for name, one in said.items() if (text := str(one.get("description") or "")[:400])},
        title="OPTIMADE structures",
        lines=[*lines, *(line for line, _ in broken)],
    )


def _unit(definition: Mapping[str, Json]) -> str:
    unit = definition.get("x-optimade-unit") or definition.get("unit") or ""
    return "" if unit in ("dimensionless", "inapplicable", "none") else str(unit)


def _id(entry: Mapping[str, Json]) -> str:
    """The entry's id without the address of its server."""
    return str(entry.get("id") or "").rstrip("/").rsplit("/", 1)[-1]


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def structure_of(attributes: Mapping[str, Json]) -> dict[str, Json] | None:
    """The structure as pymatgen writes it; none where cell, sites or species are missing or do not fit."""
    vectors, positions = attributes.get("lattice_vectors"), attributes.get("cartesian_site_positions")
    at_sites, species = attributes.get("species_at_sites"), attributes.get("species")
    if not (vectors and positions and at_sites and species) or len(at_sites) != len(positions):
        return None
    kinds = {one.get("name"): _occupation(one) for one in species}
    if any(part is None for vector in vectors for part in vector) or not all(kinds.get(name) for name in at_sites):
        return None
    return {
        "@module": "pymatgen.core.structure",
        "@class": "Structure",
        "charge": 0,
        "lattice": {"matrix": vectors},
        "sites": [
            {"species": kinds[name], "xyz": list(place), "properties": {}, "label": str(name)}
            for name, place in zip(at_sites, positions, strict=True)
        ],
    }


def _occupation(one: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Elements and shares of one species; a vacancy leaves the site partly empty, an unknown 'X' makes it unusable."""
    symbols = one.get("chemical_symbols") or []
    shares = one.get("concentration") or [1.0] * len(symbols)
    if "X" in symbols or len(shares) != len(symbols):
        return []
    return [
        {"element": symbol, "occu": share}
        for symbol, share in zip(symbols, shares, strict=True)
        if symbol != "vacancy" and share
    ]
