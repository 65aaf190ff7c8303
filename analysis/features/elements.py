"""A table of element properties, shape (elements, properties), from pymatgen's own data; gaps take the median."""

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

PLAIN = (
    "Z",
    "X",
    "row",
    "group",
    "atomic_mass",
    "atomic_radius",
    "atomic_radius_calculated",
    "mendeleev_no",
    "melting_point",
    "boiling_point",
    "density_of_solid",
    "ionization_energy",
    "electron_affinity",
    "van_der_waals_radius",
    "thermal_conductivity",
    "molar_volume",
    "bulk_modulus",
    "average_ionic_radius",
    "max_oxidation_state",
    "min_oxidation_state",
)
ORBITALS = "spdf"
CAPACITY = {"s": 2, "p": 6, "d": 10, "f": 14}
NAMES = (
    *PLAIN,
    *(f"valence_{orbital}" for orbital in ORBITALS),
    "valence",
    *(f"unfilled_{orbital}" for orbital in ORBITALS),
    "unfilled",
    "is_metal",
    "is_transition_metal",
)


@dataclass(frozen=True)
class ElementTable:
    """`values[index[symbol]]` are the properties `names` of an element, in pymatgen's units."""

    index: dict[str, int]
    values: NDArray[np.float64]
    names: tuple[str, ...] = NAMES

    @property
    def symbols(self) -> list[str]:
        """Elements in the order of atomic number."""
        return list(self.index)

    def column(self, name: str) -> NDArray[np.float64]:
        """One property of all elements."""
        return np.asarray(self.values[:, self.names.index(name)])


def _valence(structure: list[tuple[int, str, int]]) -> dict[str, int]:
    """Electrons outside the closed shells: the outermost s and p, and d and f shells that are not behind a full p."""
    outer = max(n for n, _, _ in structure)
    held = dict.fromkeys(ORBITALS, 0)
    for n, orbital, count in structure:
        shell = {"s": n == outer, "p": n == outer, "d": n == outer - 1, "f": n == outer - 2}
        closed = orbital in "df" and any(m == outer and o == "p" and c for m, o, c in structure)
        if shell[orbital] and not closed:
            held[orbital] = count
    return held


@cache
def element_table() -> ElementTable:
    """The table of elements 1 to 103; made once a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns for each property an element lacks; we fill them below
        from pymatgen.core.periodic_table import Element

        elements = [Element.from_Z(z) for z in range(1, 104)]
        rows = []
        for element in elements:
            plain = [getattr(element, name) for name in PLAIN]
            valence = _valence(element.full_electronic_structure)
            unfilled = {o: CAPACITY[o] - valence[o] if valence[o] else 0 for o in ORBITALS}
            rows.append(
                [
                    *(np.nan if value is None else float(value) for value in plain),
                    *valence.values(),
                    sum(valence.values()),
                    *unfilled.values(),
                    sum(unfilled.values()),
                    float(element.is_metal),
                    float(element.is_transition_metal),
                ]
            )
    values = np.array(rows, dtype=np.float64)
    gaps = np.where(np.isnan(values))
    values[gaps] = np.nanmedian(values, axis=0)[gaps[1]]
    return ElementTable({element.symbol: at for at, element in enumerate(elements)}, values)
