"""The isolated process: a JSON request a line on stdin, a JSON answer a line on stdout. Run as a module; no Django.

Request {"cif": text} asks for the atoms of the cell, with "conventional" for those of the standard one; with "wavelength"
(angstrom) and "range" (two-theta, degree) for the kinematic powder pattern. Answer {"cell": ...}, {"peaks": ...} or {"error": reason}.
"""

import json
import resource
import sys
import warnings
from typing import Any

MEMORY_BYTES = 4 * 2**30
MOST_SITES = 2000
MOST_FOR_PATTERN = 200
SYMPREC = 0.01  # angstrom
LEAST_INTENSITY = 0.05  # per cent of the strongest


def _structure(text: str) -> Any:  # Any: pymatgen ships partial types
    from pymatgen.io.cif import CifParser

    found = CifParser.from_str(text, occupancy_tolerance=1.0).parse_structures(primitive=False, on_error="raise")[0]
    found.remove_oxidation_states()
    if len(found) > MOST_SITES:
        raise ValueError(f"has {len(found)} atoms in its cell, more than {MOST_SITES}")
    return found


def _cell(structure: Any) -> dict[str, Any]:
    lattice = structure.lattice
    sites: list[dict[str, Any]] = []
    for site in structure:
        shares = sorted(site.species.get_el_amt_dict().items(), key=lambda pair: -pair[1])
        x, y, z = (round(float(v) % 1.0, 6) % 1.0 for v in site.frac_coords)
        sites.append({"at": [x, y, z], "species": [[symbol, round(float(share), 4)] for symbol, share in shares]})
    symbols = {symbol for site in sites for symbol, _share in site["species"]}
    return {
        "lattice": [[round(float(v), 6) for v in row] for row in lattice.matrix],
        "parameters": {n: round(float(getattr(lattice, n)), 5) for n in ("a", "b", "c", "alpha", "beta", "gamma")},
        "sites": sites,
        "formula": structure.composition.reduced_formula,
        "radii": {symbol: _radius(symbol) for symbol in sorted(symbols)},
        "metals": sorted(symbol for symbol in symbols if _metal(symbol)),
    }


def _radius(symbol: str) -> float:
    """Covalent radius in angstrom: Cordero et al., Dalton Trans. 2008, 2832; 1.5 where there is none."""
    from pymatgen.analysis.molecule_structure_comparator import CovalentRadius

    return float(CovalentRadius.radius.get(symbol, 1.5))


def _metal(symbol: str) -> bool:
    from pymatgen.core.periodic_table import Element

    return symbol != "D" and bool(Element(symbol).is_metal)


def _conventional(structure: Any) -> Any:
    """The standard conventional cell, in whose indices people name reflections; the cell as it is where symmetry fails."""
    import spglib
    from pymatgen.core.structure import Structure

    names: dict[str, int] = {}
    kinds = [names.setdefault(site.species_string, len(names) + 1) for site in structure]
    found = spglib.get_symmetry_dataset((structure.lattice.matrix, structure.frac_coords, kinds), symprec=SYMPREC)
    if found is None:
        return structure
    species = dict(zip(kinds, (site.species for site in structure), strict=True))
    return Structure(found.std_lattice, [species[int(kind)] for kind in found.std_types], found.std_positions)


def _hkl(indices: tuple[int, ...]) -> list[int]:
    three = (indices[0], indices[1], indices[3]) if len(indices) == 4 else indices
    return [int(index) for index in three]


def _peaks(structure: Any, wavelength: float, angles: tuple[float, float]) -> list[dict[str, Any]]:
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    standard = _conventional(structure)
    if len(standard) > MOST_FOR_PATTERN:
        raise ValueError(f"has {len(standard)} atoms in its cell; patterns are computed up to {MOST_FOR_PATTERN}")
    pattern = XRDCalculator(wavelength).get_pattern(standard, two_theta_range=angles)
    return [
        {
            "two_theta": round(float(x), 4),
            "intensity": round(float(y), 3),
            "d": round(float(d), 5),
            "hkl": [_hkl(one["hkl"]) for one in hkls],
            "multiplicity": sum(int(one["multiplicity"]) for one in hkls),
        }
        for x, y, d, hkls in zip(pattern.x, pattern.y, pattern.d_hkls, pattern.hkls, strict=True)
        if y >= LEAST_INTENSITY
    ]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What one request asks for, or the reason why it cannot be given."""
    try:
        structure = _structure(request["cif"])
        if "wavelength" not in request:
            return {"cell": _cell(_conventional(structure) if request.get("conventional") else structure)}
        low, high = request["range"]
        return {"peaks": _peaks(structure, float(request["wavelength"]), (float(low), float(high)))}
    except MemoryError:
        return {"error": "needs more memory than a structure may take"}
    except Exception as error:  # whatever a damaged text provokes in the parser is a reason, not a crash
        return {"error": " ".join(str(error).split())[:300] or type(error).__name__}


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
