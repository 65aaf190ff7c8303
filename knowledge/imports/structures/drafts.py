"""What the worker computed from a structure -> the values of a record of topic crystal_structures."""

import re
from typing import Any

from knowledge.chemistry.spacegroups import crystal_system, symbols
from knowledge.formula import parse_formula
from knowledge.records.drafts import Draft, Value

_METHOD = "from the structure by spglib, tolerance 0.01 angstrom; conventional cell"
_TAGS = {
    "mineral": "mineral",
    "strukturbericht": "strukturbericht",
    "aflow": "prototype",
    "cod_id": "cod_id",
    "reference": "reference",
}
_NAMED_ID = re.compile(r"(?:^|[-_. ])(mp-\d+|mvc-\d+|agm\d{6,}|JVASP-\d+)(?=$|[-_. ])")


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
    if not found.get("no_hydrogen"):  # a density of the listed atoms alone would be too low
        values.append(Value("density", found["density"], "g/cm^3", column, method="from cell and composition"))
    values.append(Value("nsites", found["nsites"], None, column))
    if found["peaks"]:
        strongest = max(found["peaks"], key=lambda peak: peak[1])
        how = "kinematic powder pattern, Cu K-alpha, pymatgen"
        values.append(Value("strongest_peak_two_theta", strongest[0], "degree", column, method=how))
        peaks = [f"{x:g} {y:g} {hkl}".strip() for x, y, hkl in found["peaks"]]
        values.append(Value("diffraction_peaks", peaks, None, column, method=how))
    values.append(Value("disordered", not found["ordered"], None, column))
    if found.get("magnetic"):
        values.append(Value("magnetic_moments", True, None, column))
    if icsd := found["tags"].get("icsd_id"):
        values.append(Value("icsd_id", [icsd], None, "tags"))
    for tag, name in _TAGS.items():
        if found["tags"].get(tag):
            values.append(Value(name, found["tags"][tag], None, "tags"))
    return tuple(values)


def structure_id(found: dict[str, Any], name: str) -> str:
    """The id of a public database that a structure states or its file's name holds; else empty."""
    if named := _NAMED_ID.search(name):
        return named[1]
    tags = found["tags"]
    return f"cod-{tags['cod_id']}" if "cod_id" in tags else f"icsd-{tags['icsd_id']}" if "icsd_id" in tags else ""


def structure_draft(
    found: dict[str, Any], *, key: str, receipt: str, file_name: str, locator: str, name: str = ""
) -> Draft:
    """The record of one structure; `name` is that of its file, without what follows the last dot."""
    formula = parse_formula(found["formula"])
    return Draft(
        key=key,
        formula=formula.reduced,
        formula_source=found["formula"],
        elements=formula.elements,
        spacegroup_number=found["spacegroup"],
        external_id=structure_id(found, name),
        title=name[:200],
        values=structure_values(found),
        structure=found["cif"],
        receipt=receipt,
        file_name=file_name,
        locator=locator,
    )
