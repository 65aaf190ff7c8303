"""What the worker computed from a structure -> the values of a record of topic crystal_structures."""

from typing import Any

from knowledge.chemistry.spacegroups import crystal_system, symbols
from knowledge.formula import parse_formula
from knowledge.records.drafts import Draft, Value

_METHOD = "from the structure by spglib, tolerance 0.01 angstrom; conventional cell"
_TAGS = {"mineral": "mineral", "strukturbericht": "strukturbericht", "aflow": "prototype"}


def structure_values(found: dict[str, Any], column: str = "structure") -> tuple[Value, ...]:
    """Symmetry, conventional cell, density, diffraction of one structure. Lengths angstrom, angles degree, density g/cm^3."""
    number, cell = found["spacegroup"], found["cell"]
    values = [
        Value("spacegroup_symbol", symbols()[number], None, column, method=_METHOD),
        Value("crystal_system", crystal_system(number), None, column, method=_METHOD),
    ]
    values += [Value(name, cell[name], "angstrom", column, method=_METHOD) for name in ("a", "b", "c")]
    values += [Value(name, cell[name], "degree", column, method=_METHOD) for name in ("alpha", "beta", "gamma")]
    values.append(Value("volume", cell["volume"], "angstrom^3", column, method=_METHOD))
    values.append(Value("density", found["density"], "g/cm^3", column, method="from cell and composition"))
    values.append(Value("nsites", found["nsites"], None, column))
    if found["peaks"]:
        strongest = max(found["peaks"], key=lambda peak: peak[1])
        how = "kinematic powder pattern, Cu K-alpha, pymatgen"
        values.append(Value("strongest_peak_two_theta", strongest[0], "degree", column, method=how))
        peaks = [f"{x:g} {y:g} {hkl}".strip() for x, y, hkl in found["peaks"]]
        values.append(Value("diffraction_peaks", peaks, None, column, method=how))
    for tag, name in _TAGS.items():
        if found["tags"].get(tag):
            values.append(Value(name, found["tags"][tag], None, "tags"))
    return tuple(values)


def structure_draft(found: dict[str, Any], *, key: str, receipt: str, file_name: str, locator: str) -> Draft:
    """The record of one structure."""
    formula = parse_formula(found["formula"])
    return Draft(
        key=key,
        formula=formula.reduced,
        formula_source=found["formula"],
        elements=formula.elements,
        spacegroup_number=found["spacegroup"],
        values=structure_values(found),
        structure=found["cif"],
        receipt=receipt,
        file_name=file_name,
        locator=locator,
    )
