"""A crystal structure as lists of sites, in the words of OPTIMADE: lattice, positions, species, symmetry operations. Pure.

`sites_of_plain_cif` reads a CIF that lists every atom of its cell and needs no symmetry applied (as the importer writes them);
other files take pymatgen, in a process of its own: `sites_of_structure` works there.
"""

import math
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mixture = tuple[tuple[str, float], ...]  # symbols with occupancies, sorted by symbol
TOLERANCE = 1e-4  # occupancies and fractional coordinates that differ less are the same
MAX_SYMMETRY_SITES = 400
SYMPREC = 0.01  # angstrom
_TOKEN = re.compile(r"'((?:[^'\n]|'(?=\S))*)'(?=\s|$)|\"((?:[^\"\n]|\"(?=\S))*)\"(?=\s|$)|(\S+)")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d+\))?")
_AXES = ("a", "b", "c")
_ANGLES = ("alpha", "beta", "gamma")


def lattice_vectors(lengths: Sequence[float], angles: Sequence[float]) -> NDArray[np.float64]:
    """Rows a, b, c of the cell in angstrom from its lengths (angstrom) and angles (degree); a along x, b in the xy plane."""
    a, b, c = lengths
    alpha, beta, gamma = (math.radians(angle) for angle in angles)
    cx, cy = math.cos(beta), (math.cos(alpha) - math.cos(beta) * math.cos(gamma)) / math.sin(gamma)
    rest = 1 - cx * cx - cy * cy
    if rest <= 0:
        raise ValueError("no cell has these angles")
    rows = [
        [a, 0.0, 0.0],
        [b * math.cos(gamma), b * math.sin(gamma), 0.0],
        [c * cx, c * cy, c * math.sqrt(rest)],
    ]
    vectors = np.array(rows)
    vectors[np.abs(vectors) < 1e-12 * max(lengths)] = 0.0
    return vectors


def sites_of_plain_cif(text: str) -> dict[str, Any] | None:
    """The sites of a CIF of one block in P 1; none where symmetry must be applied or anything is unusual."""
    single, loops = _blocks(text)
    if single is None:
        return None
    group = single.get("_symmetry_space_group_name_h-m", single.get("_space_group_name_h-m_alt", "P 1"))
    number = single.get("_symmetry_int_tables_number", single.get("_space_group_it_number", "1"))
    if group.replace(" ", "") != "P1" or number != "1" or any("symop" in n or "equiv_pos" in n for n in single):
        return None
    if any(_moves(loop) for loop in loops):
        return None
    atoms = next((loop for loop in loops if "_atom_site_fract_x" in loop), None)
    try:
        lengths = [_figure(single[f"_cell_length_{axis}"]) for axis in _AXES]
        angles = [_figure(single[f"_cell_angle_{angle}"]) for angle in _ANGLES]
        vectors = lattice_vectors(lengths, angles)
        return document(vectors, *_atoms(atoms or {}))
    except (KeyError, ValueError):
        return None


def _moves(loop: dict[str, list[str]]) -> bool:
    """Whether the loop holds symmetry operations that do anything."""
    texts = [text for name, column in loop.items() if name.endswith(("_operation_xyz", "_as_xyz")) for text in column]
    return any(text.replace(" ", "").lower() != "x,y,z" for text in texts)


def _blocks(text: str) -> tuple[dict[str, str] | None, list[dict[str, list[str]]]]:
    """Single values and loops of a CIF with one block; none where it holds text fields or several blocks."""
    if re.search(r"^;", text, re.MULTILINE) or len(re.findall(r"^data_", text, re.MULTILINE | re.IGNORECASE)) != 1:
        return None, []
    single: dict[str, str] = {}
    loops: list[dict[str, list[str]]] = []
    tokens = [
        (match[3] is not None, match[1] or match[2] or match[3] or "")
        for line in text.splitlines()
        for match in _TOKEN.finditer(re.sub(r"(^|\s)#.*", "", line))
    ]
    at = 0
    while at < len(tokens):
        bare, word = tokens[at]
        if bare and word.lower() == "loop_":
            at = _loop(tokens, at + 1, loops)
        elif bare and word.startswith("_") and at + 1 < len(tokens):
            single[word.lower().replace(".", "_")] = tokens[at + 1][1]
            at += 2
        else:
            at += 1
    return single, loops


def _loop(tokens: list[tuple[bool, str]], at: int, loops: list[dict[str, list[str]]]) -> int:
    names = []
    while at < len(tokens) and tokens[at][0] and tokens[at][1].startswith("_"):
        names.append(tokens[at][1].lower().replace(".", "_"))
        at += 1
    values = []
    while at < len(tokens) and not (
        tokens[at][0] and (tokens[at][1].startswith("_") or tokens[at][1].lower() == "loop_")
    ):
        values.append(tokens[at][1])
        at += 1
    if names:
        loops.append({name: values[i :: len(names)] for i, name in enumerate(names)})
    return at


def _figure(text: str) -> float:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return float(match[1])


def _atoms(loop: dict[str, list[str]]) -> tuple[NDArray[np.float64], list[Mixture]]:
    """Fractional coordinates, shape (n, 3), and what sits there; atoms that share a place become one mixed site."""
    kinds = loop.get("_atom_site_type_symbol") or loop["_atom_site_label"]
    shares = loop.get("_atom_site_occupancy") or ["1"] * len(kinds)
    columns = [loop[f"_atom_site_fract_{axis}"] for axis in "xyz"]
    if not kinds or len({len(kinds), len(shares), *map(len, columns)}) != 1:
        raise ValueError("the atoms are not complete")
    places: dict[tuple[float, ...], tuple[list[float], dict[str, float]]] = {}
    for kind, share, *position in zip(kinds, shares, *columns, strict=True):
        symbol = re.match(r"[A-Z][a-z]?", kind)
        if symbol is None:
            raise ValueError(kind)
        spot = [_figure(text) for text in position]
        key = tuple(round(x % 1.0, 4) % 1.0 for x in spot)
        mixed = places.setdefault(key, (spot, {}))[1]
        mixed[symbol[0]] = mixed.get(symbol[0], 0.0) + _figure(share)
    spots = np.array([spot for spot, _mixed in places.values()])
    return spots, [tuple(sorted(mixed.items())) for _spot, mixed in places.values()]


def sites_of_structure(structure: Any) -> dict[str, Any]:  # Any: pymatgen ships partial types
    """The sites of a pymatgen Structure."""
    mixtures = [
        tuple(sorted((str(e), float(x)) for e, x in site.species.get_el_amt_dict().items())) for site in structure
    ]
    return document(np.array(structure.lattice.matrix), np.array(structure.frac_coords), mixtures)


def document(lattice: NDArray[np.float64], fractions: NDArray[np.float64], mixtures: list[Mixture]) -> dict[str, Any]:
    """What OPTIMADE says of a structure. lattice: rows in angstrom, shape (3, 3); fractions: shape (n, 3).

    Raises ValueError for a symbol that is no element, or for more than one atom at a place.
    """
    species = {mixture: _species(mixture) for mixture in dict.fromkeys(mixtures)}
    positions = fractions @ lattice
    sites = [species[mixture] for mixture in mixtures]
    found: dict[str, Any] = {
        "lattice_vectors": _rounded(lattice),
        "cartesian_site_positions": _rounded(positions),
        "species": list({item["name"]: item for item in species.values()}.values()),
        "species_at_sites": [item["name"] for item in sites],
        "disorder": any(len(item["chemical_symbols"]) > 1 for item in sites),
    }
    return found | _symmetry(lattice, fractions, found["species_at_sites"])


def _rounded(rows: NDArray[np.float64]) -> list[list[float]]:
    return [[round(float(x), 8) + 0.0 for x in row] for row in rows]


def _species(mixture: Mixture) -> dict[str, Any]:
    from knowledge.chemistry.elements import elements

    total = sum(share for _symbol, share in mixture)
    if total > 1.05 or any(share <= 0 for _symbol, share in mixture):
        raise ValueError("more than one atom sits at a place, or less than none")
    parts = [("H" if symbol in ("D", "T") else symbol, share) for symbol, share in mixture]
    wrong = next((symbol for symbol, _share in parts if symbol not in elements()), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no element")
    if len(parts) == 1 and abs(total - 1) < TOLERANCE:
        return {"name": parts[0][0], "chemical_symbols": [parts[0][0]], "concentration": [1.0]}
    name = "".join(f"{symbol}{share:g}" for symbol, share in parts)
    symbols, shares = (
        [symbol for symbol, _share in parts],
        [round(share / max(total, 1.0), 6) for _symbol, share in parts],
    )
    if total < 1 - TOLERANCE:
        symbols, shares = [*symbols, "vacancy"], [*shares, round(1 - total, 6)]
    return {"name": name, "chemical_symbols": symbols, "concentration": shares}


def _symmetry(lattice: NDArray[np.float64], fractions: NDArray[np.float64], kinds: list[str]) -> dict[str, Any]:
    """Space group number and operations of exactly these sites; empty where they cannot be told."""
    import spglib

    if len(kinds) > MAX_SYMMETRY_SITES:
        return {}
    numbers = {name: at for at, name in enumerate(dict.fromkeys(kinds), 1)}
    cell: Any = (lattice, fractions, [numbers[kind] for kind in kinds])  # Any: arrays are taken for sequences
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spglib announces on each call that its errors will change
        found = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if found is None:
        return {}
    operations = [operation(turn, shift) for turn, shift in zip(found.rotations, found.translations, strict=True)]
    return {"space_group_number": int(found.number), "operations": operations}


def operation(turn: NDArray[np.int32], shift: NDArray[np.float64]) -> str:
    """A symmetry operation as text such as -x+1/2,y,z."""
    parts = []
    for row, move in zip(turn, shift, strict=True):
        text = "".join(f"{'+' if factor > 0 else '-'}{axis}" for factor, axis in zip(row, "xyz", strict=True) if factor)
        twelfths = round(float(move) * 12) % 12
        step = math.gcd(twelfths, 12)
        text += f"+{twelfths // step}/{12 // step}" if twelfths else ""
        parts.append(text.removeprefix("+"))
    return ",".join(parts)
