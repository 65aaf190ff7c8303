"""Structures as files for other programs: CIF, POSCAR, and lines of JSON as OPTIMADE shares whole databases."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import orjson

from knowledge.optimade.asking import API_VERSION
from knowledge.optimade.catalogue import entry_info
from knowledge.optimade.errors import NoSuchThing, NotImplementedHere

Json = dict[str, Any]
WANTED = (
    "chemical_formula_descriptive", "lattice_vectors", "cartesian_site_positions", "species", "species_at_sites",
    "_lodestone_dataset",
)  # fmt: skip


def lines(kind: str, entries: Sequence[bytes]) -> bytes:
    """A header, the definitions of the properties, then one entry a line."""
    head = orjson.dumps({"x-optimade": {"meta": {"api_version": API_VERSION}}})
    return b"\n".join([head, orjson.dumps(entry_info(kind)), *entries, b""])


def files(found: list[Json], form: str) -> str:
    """The structures one after the other. Those without sites are left out; if it is the only one, that is an error."""
    write = {"cif": cif, "poscar": poscar}[form]
    texts = []
    for entry in found:
        try:
            texts.append(write(entry))
        except (NoSuchThing, NotImplementedHere):
            if len(found) == 1:
                raise
    return "\n".join(texts)


def _cell(entry: Json) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    said = entry["attributes"]
    if not said["lattice_vectors"]:
        raise NoSuchThing(f"{entry['id']} states no crystal structure: its source gives a composition only.")
    lattice = np.array(said["lattice_vectors"], dtype=np.float64)
    return lattice, np.array(said["cartesian_site_positions"], dtype=np.float64) @ np.linalg.inv(lattice)


def cif(entry: Json) -> str:
    """One structure as CIF in P 1, every site of the cell listed."""
    lattice, fractions = _cell(entry)
    said = entry["attributes"]
    lengths = np.linalg.norm(lattice, axis=1)
    names = re.sub(r"\W", "", entry["id"])
    rows = [f"data_{names}", f"_lodestone_dataset {_quoted(said['_lodestone_dataset'])}"]
    rows.append(f"_chemical_formula_sum {_quoted(said['chemical_formula_descriptive'] or '?')}")
    rows += ["_symmetry_space_group_name_H-M 'P 1'", "_symmetry_Int_Tables_number 1"]
    rows += [f"_cell_length_{axis} {length:.6f}" for axis, length in zip("abc", lengths, strict=True)]
    for name, (one, other) in {"alpha": (1, 2), "beta": (0, 2), "gamma": (0, 1)}.items():
        cosine = lattice[one] @ lattice[other] / (lengths[one] * lengths[other])
        rows.append(f"_cell_angle_{name} {np.degrees(np.arccos(np.clip(cosine, -1, 1))):.6f}")
    rows += ["loop_", "_symmetry_equiv_pos_as_xyz", "'x, y, z'"]
    rows += ["loop_", "_atom_site_label", "_atom_site_type_symbol", *(f"_atom_site_fract_{axis}" for axis in "xyz")]
    rows.append("_atom_site_occupancy")
    species = {one["name"]: one for one in said["species"]}
    for number, (name, place) in enumerate(zip(said["species_at_sites"], fractions, strict=True), 1):
        for symbol, share in zip(species[name]["chemical_symbols"], species[name]["concentration"], strict=True):
            if symbol != "vacancy":
                spot = " ".join(f"{x:.8f}" for x in place)
                rows.append(f"{symbol}{number} {symbol} {spot} {share:g}")
    return "\n".join([*rows, ""])


def _quoted(text: str) -> str:
    return "'" + re.sub(r"[\s']+", " ", text) + "'"


def poscar(entry: Json) -> str:
    """One ordered structure as POSCAR, direct coordinates, sites grouped by element."""
    lattice, fractions = _cell(entry)
    said = entry["attributes"]
    mixed = next((one["name"] for one in said["species"] if len(one["chemical_symbols"]) > 1), None)
    if mixed is not None:
        raise NotImplementedHere(
            f"{entry['id']} is disordered ({mixed}): POSCAR cannot say so, CIF can.", "response_format"
        )
    sites = sorted(zip(said["species_at_sites"], fractions.tolist(), strict=True), key=lambda site: site[0])
    groups = [(name, len(list(members))) for name, members in groupby(sites, key=lambda site: site[0])]
    rows = [f"{said['chemical_formula_descriptive']} {entry['id']} {said['_lodestone_dataset']}", "1.0"]
    rows += [" ".join(f"{x:.8f}" for x in vector) for vector in lattice]
    rows += [" ".join(name for name, _count in groups), " ".join(str(count) for _name, count in groups), "Direct"]
    rows += [" ".join(f"{x:.8f}" for x in place) for _name, place in sites]
    return "\n".join([*rows, ""])
