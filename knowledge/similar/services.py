"""Materials like a given one: one score of three that are each shown with their reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eln.accounts.scope import Scope
from knowledge.errors import QueryError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.similar import domain
from knowledge.similar.atlas import Atlas, atlas

MOST = 200
MOST_VARIANTS = 12
MOST_CIF_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Similar:
    """One material: the record compared, the combined score (0 to 1), and why: {axis: {score, what it rests on}}.

    `knowledge.materials.reasons.reason_told` says each axis in the reader's language.
    """

    id: str
    formula: str
    score: float
    why: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sought:
    """What others are compared to: a composition, and each combination of labels known of it."""

    formula: str
    amounts: Mapping[str, float]
    variants: tuple[domain.Traits, ...]
    itself: bool


def similar(*, material: str, k: int = 10, scope: Scope) -> list[Similar]:
    """The `k` materials most like this one: a formula, a record's id or the id its source gives it, or a CIF file's path.

    Raises QueryError if it is none of these.
    """
    arrays = atlas()
    visible = arrays.visible(scope)
    return _ranked(arrays, visible, sought(arrays, visible, material), min(max(k, 0), MOST))


def sought(arrays: Atlas, visible: NDArray[np.bool_], material: str) -> Sought:
    """What the text names, with what the records that may be read know of it."""
    text = material.strip()
    named = (
        np.flatnonzero(visible & ((arrays.record == text) | (arrays.external == text))) if text else np.array([], int)
    )
    if len(named):
        return _of_rows(arrays, named, arrays.formulas[arrays.material[named[0]]])
    if text.lower().endswith(".cif"):
        return _of_cif(Path(text))
    try:
        formula = parse_formula(text)
    except NotAFormula as error:
        raise QueryError(
            f"'{text[:80]}' is no formula ({error}), no id of a record and no CIF file. Write for example Bi2Se3."
        ) from error
    rows = np.flatnonzero(visible & (arrays.formulas == formula.reduced)[arrays.material])
    if len(rows):
        return _of_rows(arrays, rows, formula.reduced)
    return Sought(formula.reduced, formula.amounts, (_bare(formula.amounts),), False)


def _bare(amounts: Mapping[str, float], spacegroup: int | None = None) -> domain.Traits:
    return domain.Traits(domain.ratio(amounts), spacegroup, None, {})


def _of_rows(arrays: Atlas, rows: NDArray[np.int64], formula: str) -> Sought:
    variants: list[domain.Traits] = []
    for row in rows:
        traits = arrays.traits(int(row))
        if traits not in variants:
            variants.append(traits)
    return Sought(formula, parse_formula(formula).amounts, tuple(variants[:MOST_VARIANTS]), False)


def _of_cif(path: Path) -> Sought:
    if not path.is_file():
        raise QueryError(f"There is no file {path}.")
    if path.stat().st_size > MOST_CIF_BYTES:
        raise QueryError(f"{path} is larger than {MOST_CIF_BYTES // 2**20} MiB: one structure per file, please.")
    import warnings

    from pymatgen.core.structure import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            structure = Structure.from_file(path)
            number = int(SpacegroupAnalyzer(structure, symprec=0.01).get_space_group_number())
        except Exception as error:  # the reader of foreign files fails in any way it likes
            raise QueryError(f"{path} cannot be read as a crystal structure: {error}") from error
    formula = parse_formula(structure.composition.reduced_formula)
    return Sought(formula.reduced, formula.amounts, (_bare(formula.amounts, number),), True)


def _ranked(arrays: Atlas, visible: NDArray[np.bool_], one: Sought, k: int) -> list[Similar]:
    if not len(arrays.record):
        return []
    moved = domain.distances(arrays.matrix, domain.cumulative([one.amounts])[0])[arrays.material]
    near = (1.0 / (1.0 + moved / domain.HALF_AT)).astype(np.float64)
    scores = np.max([_scores(arrays, near, traits) for traits in one.variants], axis=0)
    scores[~visible] = -1.0
    if not one.itself:
        scores[(arrays.formulas == one.formula)[arrays.material]] = -1.0
    found: dict[str, Similar] = {}
    for row in np.argsort(-scores, kind="stable"):
        formula = arrays.formulas[arrays.material[row]]
        if len(found) >= k or scores[row] < 0:
            break
        if formula not in found:
            found[formula] = _explained(arrays, int(row), one, float(moved[row]))
    return list(found.values())


def _scores(arrays: Atlas, near: NDArray[np.float64], traits: domain.Traits) -> NDArray[np.float64]:
    """The combined score of every row, shape (rows,): the same as `domain.combined`, for all at once."""
    total, weight = domain.WEIGHTS["composition"] * near, domain.WEIGHTS["composition"]
    structure = np.zeros(len(near))
    if traits.spacegroup is not None:
        structure += 0.7 * (arrays.spacegroup == traits.spacegroup)
        structure += 0.3 * (arrays.ratios == traits.ratio)[arrays.material]
    if traits.prototype and "prototype" in arrays.labels:
        structure[arrays.labels["prototype"] == traits.prototype] = 1.0
    if traits.spacegroup is not None or traits.prototype:
        total, weight = total + domain.WEIGHTS["structure"] * structure, weight + domain.WEIGHTS["structure"]
    if traits.classes:
        same = np.mean([arrays.labels[name] == value for name, value in traits.classes.items()], axis=0)
        total, weight = total + domain.WEIGHTS["class"] * same, weight + domain.WEIGHTS["class"]
    return np.asarray(total / weight, dtype=np.float64)


def _explained(arrays: Atlas, row: int, one: Sought, distance: float) -> Similar:
    other = arrays.traits(row)

    def axes(traits: domain.Traits) -> dict[str, float | None]:
        return {
            "composition": domain.closeness(distance),
            "structure": _structure(traits, other),
            "class": domain.class_score(traits, other),
        }

    best = max(one.variants, key=lambda traits: domain.combined(axes(traits)))
    scores = axes(best)
    said = {
        "composition": _composition_said(one.formula, arrays.formulas[arrays.material[row]], distance),
        "structure": _structure_said(best, other),
        "class": _class_said(best, other),
    }
    why = {name: {"score": round(score, 4), **said[name]} for name, score in scores.items() if score is not None}
    formula = arrays.formulas[arrays.material[row]]
    return Similar(arrays.record[row], formula, round(domain.combined(scores), 4), why)


def _structure(one: domain.Traits, other: domain.Traits) -> float | None:
    score = domain.structure_score(one, other)
    return 0.0 if score is None and one.prototype else score


def _composition_said(formula: str, other: str, distance: float) -> dict[str, Any]:  # Any: JSON
    mine, theirs = parse_formula(formula).elements, parse_formula(other).elements
    return {
        "gained": [symbol for symbol in theirs if symbol not in mine],
        "lost": [symbol for symbol in mine if symbol not in theirs],
        "distance": round(distance, 4),
    }


def _structure_said(one: domain.Traits, other: domain.Traits) -> dict[str, Any]:
    if one.prototype and one.prototype == other.prototype:
        return {"prototype": one.prototype}
    same_ratio = {"ratio": one.ratio} if one.ratio == other.ratio else {}
    return {"spacegroup": other.spacegroup, "spacegroup_sought": one.spacegroup, **same_ratio}


def _class_said(one: domain.Traits, other: domain.Traits) -> dict[str, Any]:
    same = {name: value for name, value in one.classes.items() if other.classes.get(name) == value}
    return {"same": same, "of": len(one.classes)}
