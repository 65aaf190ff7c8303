"""The isolated process: a JSON request a line on stdin, a JSON answer a line on stdout. Run as a module; no Django.

Request {"path", "name"} for a CIF or POSCAR file, {"structure"} for pymatgen's JSON, {"prototype": n} for one of the AFLOW
prototypes that pymatgen carries; with "diffraction": true. {"cif": text, "sites": true} asks
for the sites of the first, {"match": [{"lattice", "positions", "symbols"}]} which structures are the same. Answer
{"structures": [...]} or {"error"}; {"prototypes": true} asks for their {"count"}.
"""

import json
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

from knowledge.chemistry.sites import sites_of_structure
from knowledge.imports.structures.blocks import Unreadable, composition_checked, structures_of, why

SYMPREC = 0.01  # angstrom; pymatgen's usual tolerance
MAX_SITES = 2000
MAX_DIFFRACTION_SITES = 200
HEAVIEST = 103  # elements beyond were made atom by atom; NH4 as a label reads as nihonium
MEMORY_BYTES = 4 * 2**30


Parsed = tuple[list[tuple[Any, dict[str, Any]]], list[dict[str, str]]]  # Any: pymatgen ships partial types


def _parse(request: dict[str, Any]) -> Parsed:
    """The structures of a request, each with what its source says beside it, and the faults of other blocks."""
    from pymatgen.core.structure import Structure

    if "structure" in request:
        document = request["structure"]
        if all("abc" in site for site in document["sites"]):
            return [(Structure.from_dict(document), {})], []
        return [(_cartesian(document), {})], []
    if "cif" in request:
        return structures_of(request["cif"])
    if "prototype" in request:
        return [_prototype(request["prototype"])], []
    path = Path(request["path"])
    text = path.read_text(encoding="utf-8", errors="replace")
    if request["name"].lower().endswith((".cif", ".mcif")):
        return structures_of(text)
    return [(_poscar(text), {})], []


def _cartesian(document: dict[str, Any]) -> Any:
    """A structure whose sites are given in angstrom."""
    from pymatgen.core.structure import Structure

    species = [{part["element"]: part["occu"] for part in site["species"]} for site in document["sites"]]
    places = [site["xyz"] for site in document["sites"]]
    return Structure(document["lattice"]["matrix"], species, places, coords_are_cartesian=True)


def _poscar(text: str) -> Any:
    from pymatgen.io.vasp.inputs import Poscar

    poscar = Poscar.from_str(text)
    if not poscar.true_names:  # of a file in the old format pymatgen makes hydrogen, helium, lithium
        raise Unreadable("names no elements (old POSCAR format): add a line with their symbols above the counts")
    return poscar.structure


def _prototype(number: int) -> tuple[Any, dict[str, Any]]:
    from pymatgen.analysis.prototypes._data import AFLOW_PROTOTYPE_LIBRARY

    item = AFLOW_PROTOTYPE_LIBRARY[number]
    tags = {key: str(value) for key, value in item["tags"].items() if value and str(value) != "None"}
    return item["snl"].structure, {"tags": tags}


def prototype_count() -> int:
    """How many prototypes pymatgen carries."""
    from pymatgen.analysis.prototypes._data import AFLOW_PROTOTYPE_LIBRARY

    count: int = len(AFLOW_PROTOTYPE_LIBRARY)
    return count


def _kinds(structure: Any) -> list[int]:
    """A number for each site; sites with the same species (and occupancies) have the same number."""
    kinds: dict[str, int] = {}
    return [kinds.setdefault(site.species_string, len(kinds) + 1) for site in structure]


def _symmetry(structure: Any) -> Any:
    import spglib

    labels = _kinds(structure)
    cell = (structure.lattice.matrix, structure.frac_coords, labels)
    found = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if found is None:
        raise Unreadable("its symmetry cannot be determined: atoms may overlap")
    return found


def _cell(matrix: Any) -> dict[str, float]:
    from pymatgen.core.lattice import Lattice

    lattice = Lattice(matrix)
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    return {name: round(float(getattr(lattice, name)), 5) for name in names} | {
        "volume": round(float(lattice.volume), 4)
    }


def _conventional(structure: Any, symmetry: Any) -> Any:
    """The standard conventional cell, in whose indices people name reflections."""
    from pymatgen.core.structure import Structure

    species = dict(zip(_kinds(structure), (site.species for site in structure), strict=True))
    sites = [species[int(kind)] for kind in symmetry.std_types]
    return Structure(symmetry.std_lattice, sites, symmetry.std_positions)


def _indices(hkl: tuple[int, ...]) -> str:
    """Miller indices as people write them: 111, or with spaces where a sign or a second digit would confuse."""
    if len(hkl) == 4:
        hkl = (hkl[0], hkl[1], hkl[3])
    return ("" if all(0 <= index < 10 for index in hkl) else " ").join(map(str, hkl))


def _peaks(structure: Any) -> list[tuple[float, float, str]]:
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    pattern = XRDCalculator("CuKa").get_pattern(structure, two_theta_range=(5, 90))
    peaks = [
        (round(float(x), 3), round(float(y), 2), _indices(hkls[0]["hkl"]) if hkls else "")
        for x, y, hkls in zip(pattern.x, pattern.y, pattern.hkls, strict=True)
    ]
    return sorted(sorted(peaks, key=lambda peak: -peak[1])[:15])


def _simple_cif(structure: Any, formula: str) -> str:
    lattice = structure.lattice
    head = [f"data_{formula.replace('(', '').replace(')', '')}", "_symmetry_space_group_name_H-M 'P 1'"]
    head += [f"_cell_length_{n} {getattr(lattice, n):.6f}" for n in "abc"]
    head += [f"_cell_angle_{n} {getattr(lattice, n):.6f}" for n in ("alpha", "beta", "gamma")]
    head += ["loop_", "_atom_site_type_symbol", "_atom_site_label", *(f"_atom_site_fract_{x}" for x in "xyz")]
    head.append("_atom_site_occupancy")
    sites = []
    for number, site in enumerate(structure, 1):
        for element, share in site.species.get_el_amt_dict().items():
            x, y, z = (float(v) for v in site.frac_coords)
            sites.append(f"{element} {element}{number} {x:.6f} {y:.6f} {z:.6f} {share:g}")
    return "\n".join([*head, *sites, ""])


def _vector(moment: Any) -> tuple[float, ...]:
    """A magnetic moment as numbers, whether it is one number, a vector, or pymatgen's own kind."""
    moment = getattr(moment, "moment", moment)
    return tuple(float(part) for part in moment) if hasattr(moment, "__iter__") else (float(moment),)


def _describe(structure: Any, extra: dict[str, Any], diffraction: bool) -> dict[str, Any]:
    magnetic = any(
        moment for moment in structure.site_properties.get("magmom", ()) if moment is not None and any(_vector(moment))
    )
    structure.remove_oxidation_states()
    if not len(structure):
        raise Unreadable("holds no atoms")
    if len(structure) > MAX_SITES:
        raise Unreadable(f"has {len(structure)} atoms in its cell, more than {MAX_SITES}")
    formula = structure.composition.reduced_formula
    if heavy := [element.symbol for element in structure.composition.elements if element.Z > HEAVIEST]:
        raise Unreadable(f"its atoms are read as {', '.join(heavy)}, of which no crystal is known: labels misled")
    no_hydrogen = False
    if extra.get("sum"):
        symbols = {element.symbol for element in structure.composition.elements}
        no_hydrogen = composition_checked({"H" if symbol == "D" else symbol for symbol in symbols}, extra["sum"])
        formula = "".join(extra["sum"].split()) if no_hydrogen else formula
    symmetry = _symmetry(structure)
    ordered = bool(structure.is_ordered)
    small = len(symmetry.std_types) <= MAX_DIFFRACTION_SITES
    peaks = _peaks(_conventional(structure, symmetry)) if diffraction and small else []
    return {
        "formula": formula,
        "spacegroup": int(symmetry.number),
        "cell": _cell(symmetry.std_lattice),
        "density": round(float(structure.density), 4),
        "nsites": len(structure),
        "nsites_conventional": len(symmetry.std_types),
        "ordered": ordered,
        "peaks": peaks,
        "cif": extra.get("cif") or _simple_cif(structure, formula),
        "magnetic": magnetic,
        "no_hydrogen": no_hydrogen,
        "block": extra.get("block", ""),
        "tags": extra.get("tags", {}),
    }


def _groups(found: list[dict[str, Any]]) -> list[int]:
    """A number for each structure of {lattice, positions, symbols}; those that match have the same."""
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core.structure import Structure

    matcher, kinds, numbers = StructureMatcher(), list[Any](), list[int]()
    for one in found:
        try:
            structure = Structure(one["lattice"], one["symbols"], one["positions"], coords_are_cartesian=True)
            number = next((at for at, kind in enumerate(kinds) if kind and matcher.fit(structure, kind)), len(kinds))
        except Exception:  # one that cannot be compared matches nothing
            structure, number = None, len(kinds)
        if number == len(kinds):
            kinds.append(structure)
        numbers.append(number)
    return numbers


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The structures of one request with everything computed from them, or the reason why there are none."""
    if "prototypes" in request:
        return {"count": prototype_count()}
    try:
        if "match" in request:
            return {"groups": _groups(request["match"])}
        if request.get("sites"):
            return sites_of_structure(_parse(request)[0][0][0])
        parsed, faults = _parse(request)
        found = []
        for structure, extra in parsed:
            try:
                found.append(_describe(structure, extra, bool(request.get("diffraction"))))
            except Unreadable as error:
                if len(parsed) == 1 and not faults:
                    raise
                faults.append({"block": extra.get("block", ""), "reason": str(error)})
    except MemoryError:
        return {"error": "needs more memory than a structure may take"}
    except Exception as error:  # whatever a damaged file provokes in the parsers is a reason, not a crash
        return {"error": why(error)}
    if not found:
        return {"error": faults[0]["reason"] if faults else "holds no structure"}
    return {"structures": found, "faults": faults}


def main() -> None:
    """Answer requests until stdin ends."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    out = sys.stdout
    sys.stdout = sys.stderr  # what a parser prints must not mix with answers
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
