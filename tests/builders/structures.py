"""Records with crystal structures of invented compounds, as the importer stores them."""

from typing import Any

from knowledge.geometry.services import geometry_update
from knowledge.index.services import index_rebuild
from knowledge.records.models import Kind, Record
from tests.builders.knowledge import a_dataset, a_record

Site = tuple[str, float, float, float, float]  # symbol, fractional coordinates, occupancy
CUBES: dict[str, tuple[float, list[Site]]] = {
    "NaCl": (5.6, [
        ("Na", 0, 0, 0, 1), ("Na", 0, 0.5, 0.5, 1), ("Na", 0.5, 0, 0.5, 1), ("Na", 0.5, 0.5, 0, 1),
        ("Cl", 0.5, 0.5, 0.5, 1), ("Cl", 0.5, 0, 0, 1), ("Cl", 0, 0.5, 0, 1), ("Cl", 0, 0, 0.5, 1),
    ]),
    "CsCl": (4.1, [("Cs", 0, 0, 0, 1), ("Cl", 0.5, 0.5, 0.5, 1)]),
    "SrTiO3": (3.9, [
        ("Sr", 0, 0, 0, 1), ("Ti", 0.5, 0.5, 0.5, 1), ("O", 0.5, 0.5, 0, 1), ("O", 0.5, 0, 0.5, 1), ("O", 0, 0.5, 0.5, 1),
    ]),
    "Fe": (2.9, [("Fe", 0, 0, 0, 1), ("Fe", 0.5, 0.5, 0.5, 1)]),
    "CuAu": (3.9, [("Cu", 0, 0, 0, 0.5), ("Au", 0, 0, 0, 0.5), ("Cu", 0.5, 0.5, 0.5, 0.5), ("Au", 0.5, 0.5, 0.5, 0.5)]),
}  # fmt: skip


def a_cif(name: str, edge: float, sites: list[Site]) -> str:
    """A CIF in P 1 of a cube with these sites; edge in angstrom."""
    rows = [f"data_{name}", "_symmetry_space_group_name_H-M 'P 1'"]
    rows += [f"_cell_length_{axis} {edge}" for axis in "abc"] + [
        f"_cell_angle_{n} 90" for n in ("alpha", "beta", "gamma")
    ]
    rows += ["loop_", "_atom_site_type_symbol", "_atom_site_label", *(f"_atom_site_fract_{axis}" for axis in "xyz")]
    rows.append("_atom_site_occupancy")
    rows += [f"{symbol} {symbol}{at} {x} {y} {z} {share}" for at, (symbol, x, y, z, share) in enumerate(sites, 1)]
    return "\n".join([*rows, ""])


def a_structure(name: str, **fields: Any) -> Record:
    """A record with the structure of this name."""
    edge, sites = CUBES[name]
    return a_record(name, structure=a_cif(name, edge, sites), **fields)


def more_structures(count: int) -> list[Record]:
    """So many further cubes of two elements, each pair another."""
    cells = a_dataset(slug="cells", topic="crystal_structures")
    metals, others = ["Li", "Na", "K", "Rb", "Cs", "Mg"], ["F", "Br", "I", "S", "Te"]
    pairs = [(one, other) for one in metals for other in others][:count]
    found = [
        a_record(one + other, structure=a_cif(one + other, 4.0 + at / 50, [(one, 0, 0, 0, 1), (other, 0.5, 0.5, 0.5, 1)]),
                 dataset=cells, spacegroup_number=221, values={"density": 3.0 + at / 10})
        for at, (one, other) in enumerate(pairs)
    ]  # fmt: skip
    geometry_update(records=[record.pk for record in found])
    return found


def a_small_database() -> list[Record]:
    """Structures, bare compositions, absent values, two data sets; geometries and index are up to date."""
    cells = a_dataset(slug="cells", topic="crystal_structures", kind=Kind.LITERATURE, licence="CC-BY-4.0",
                      citation="A. Author, J. Invented Cells 12 (2019), doi:10.1234/cells.12")  # fmt: skip
    bands = a_dataset(slug="bands", topic="topological_materials", url="https://bands.example/table")
    groups = {"NaCl": 225, "CsCl": 221, "SrTiO3": 221, "Fe": 229}
    found = [
        a_structure(name, dataset=cells, spacegroup_number=groups.get(name), external_id=f"x-{at}", values={
            "density": 2.0 + at, "spacegroup_symbol": "Pm-3m", "a": 3.0 + at / 2,
        })
        for at, name in enumerate(CUBES)
    ]  # fmt: skip
    found += [
        a_record("Bi2Se3", dataset=bands, spacegroup_number=166, values={"topogivity": 0.3, "nontrivial_soc": True}),
        a_record("Bi2Te3", dataset=bands, values={"topogivity": 0.15, "nontrivial_soc": False}),
        a_record("SiO2", dataset=bands, values={"topogivity": 5.5}, title='says "quoted" and 100%'),
        a_record("C60", dataset=bands),
        a_record("Bi1.9Sb0.1Te3", dataset=bands, values={"nontrivial_soc": True}),
        a_record("HfNiSn", dataset=bands),
    ]
    geometry_update(records=[record.pk for record in found])
    index_rebuild()
    return found
