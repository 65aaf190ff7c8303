"""The blocks of a CIF file, one structure each, and what makes them unreadable in words. Used in the worker; no Django."""

import re
from typing import Any

_BLOCK = re.compile(r"(?mi)^data_(\S*)")
_CODES = {
    "cod_id": re.compile(r"(?mi)^_cod_database_code\s+'?(\d{7})"),
    "icsd_id": re.compile(r"(?mi)^_database_code_ICSD\s+'?(\d+)"),
    "mineral": re.compile(r"(?mi)^_chemical_name_mineral\s+'?([^'\n?]+?)'?\s*$"),
    "reference": re.compile(r"(?mi)^_journal_paper_doi\s+'?(\S+?)'?\s*$"),
}
_SUM = re.compile(r"(?mi)^_chemical_formula_sum\s+(?:'([^'\n]*)'|\"([^\"\n]*)\"|(\S+))")
_NO_ATOMS = "lists no atoms (no _atom_site_fract_x): the coordinates were left out"


class Unreadable(Exception):
    """The input is no crystal structure; the message says why."""


def blocks_of(text: str) -> list[tuple[str, str]]:
    """(name, text) of the blocks that hold a cell; what stands before the first one belongs to none."""
    starts = list(_BLOCK.finditer(text))
    ends = [*(found.start() for found in starts[1:]), len(text)]
    blocks = [(found[1] or "unnamed", text[found.start() : end]) for found, end in zip(starts, ends, strict=True)]
    return [(name, block) for name, block in blocks if "_cell_length_a" in block.lower()]


def tags_of(block: str) -> dict[str, str]:
    """Ids and names that a block states."""
    found = {name: pattern.search(block) for name, pattern in _CODES.items()}
    tags = {name: match[1].strip() for name, match in found.items() if match}
    return {name: value for name, value in tags.items() if value not in ("?", ".")}


def formula_sum(block: str) -> str:
    """The composition that a block states beside its atoms, such as 'Al2 H6 O8'; empty where it states none we can read."""
    found = _SUM.search(block)
    text = next((part for part in found.groups() if part), "") if found else ""
    text = re.sub(r"\bD(?=[\d.\s]|$)", "H", text)
    return text if re.fullmatch(r"(?:[A-Z][a-z]?[\d.]*[\s,]*)+", text) else ""


def composition_checked(elements: set[str], stated: str) -> bool:
    """Whether hydrogen alone is missing among the atoms. Raises Unreadable when the atoms are not those of the stated formula."""
    wanted = set(re.findall(r"[A-Z][a-z]?", stated))
    extra, missing = elements - wanted, wanted - elements
    if extra:
        raise Unreadable(
            f"its atoms are read as {', '.join(sorted(extra))}, which its own formula {stated} does not hold: labels misled"
        )
    if missing - {"H"}:
        raise Unreadable(f"lists no atoms of {', '.join(sorted(missing))}, which its own formula {stated} holds")
    return bool(missing)


def why(error: Exception) -> str:
    """The fault of a block in words, without the parser's own wrapping."""
    text = " ".join(str(error).split())
    text = re.sub(r"^No structure parsed for section \d+ in CIF\.\s*", "", text)
    if isinstance(error, Unreadable):
        return text
    if found := re.match(r"Occupancy ([\d.]+) exceeded tolerance", text):
        return f"a site is occupied {found[1]} times, more than once"
    return f"cannot be read as a structure: {text[:250]}"


def structures_of(
    text: str,
) -> tuple[list[tuple[Any, dict[str, Any]]], list[dict[str, str]]]:  # Any: pymatgen ships partial types
    """The structures of a CIF's blocks with their tags, and the faults of the other blocks. Raises Unreadable for none at all."""
    from pymatgen.io.cif import CifParser

    blocks = blocks_of(text)
    if not blocks:
        raise Unreadable("holds no cell (_cell_length_a): it is no CIF of a crystal")
    found, faults = [], []
    for name, block in blocks:
        if "_atom_site_fract_x" not in block.lower():
            faults.append({"block": name, "reason": _NO_ATOMS})
            continue
        try:
            structures = CifParser.from_str(block, occupancy_tolerance=1.0).parse_structures(
                primitive=False, on_error="raise"
            )
        except Exception as error:  # whatever a damaged block provokes in the parser is a reason, not a crash
            faults.append({"block": name, "reason": why(error)})
            continue
        kept = {"cif": block} if len(block) < 200_000 else {}
        found += [
            (structure, {"tags": tags_of(block), "block": name, "sum": formula_sum(block), **kept})
            for structure in structures[:1]
        ]
    if not found:
        raise Unreadable(faults[0]["reason"])
    return found, faults
