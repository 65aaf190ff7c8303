"""Chemical formulae: what people and files write -> one reduced formula; and formulae found in free text.

The reduced formula follows pymatgen's convention (elements by electronegativity, polyanions in parentheses), so that
it meets other tools' formulae, but is computed here: pymatgen takes seconds to import. What the grammar is made of
stands in `knowledge.chemistry`; docs/reference/formulae.md says what is understood.
"""

from knowledge.chemistry.amounts import NotAFormula
from knowledge.chemistry.mentions import find_formulas
from knowledge.chemistry.parsing import MAX_LENGTH, Formula, parse_formula
from knowledge.chemistry.reduction import reduced_formula

__all__ = ["MAX_LENGTH", "Formula", "NotAFormula", "find_formulas", "parse_formula", "reduced_formula"]
