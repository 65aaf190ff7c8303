"""Truths about the Materiae table, computed from its raw text files without any code of the project."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One line of the aligned text files."""

    formula: str
    group: int
    soc: str
    nsoc: str
    elements: frozenset[str]
    nsites: int
    nelec: int
    mp: str


def lines(folder: Path) -> list[Line]:
    """All lines of materiae_2019."""

    def column(name: str) -> list[str]:
        return (folder / "topological_materials" / "materiae_2019" / name).read_text(encoding="utf-8").split("\n")[1:]

    names = (
        "formula.txt",
        "data_spacegroup.txt",
        "classes.txt",
        "elements.txt",
        "nsites.txt",
        "nelec.txt",
        "mp_id_str.txt",
    )
    found = []
    for formula, group, classes, elements, nsites, nelec, mp in zip(*map(column, names), strict=True):
        if formula:
            soc, nsoc = classes.split()
            symbols = frozenset(ast.literal_eval(elements))
            found.append(
                Line(formula, int(float(group)), soc, nsoc, symbols, int(float(nsites)), int(float(nelec)), mp.strip())
            )
    return found
