"""Random records with everything that makes queries hard, and the same as plain facts: for comparing stores with `naive`."""

import math
import random
from typing import Any

from eln.accounts.models import Project
from knowledge.formula import parse_formula
from knowledge.records.models import Dataset, Record
from tests.builders.knowledge import a_dataset, a_record
from tests.unit.knowledge.naive import Fact

FORMULAS = ["Bi2Se3", "Bi2Te3", "Sb2Te3", "SeTe", "Bi", "BiSb", "H2O", "Bi2SeTe2", "OgO", "BiSeO", "Bi4Se3", "SbTe2"]
CLASSES = ["TI", "TCI", "Triv_Ins"]
PROTOTYPES = ["halite", "halite-like", "fluorite", "é structure", 'a "b" \\c']
NUMBERS = [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 12.0, 1e-10, 1e6]
NUMERIC = {
    "topological_materials": ("nsites", "topogivity"),
    "crystal_structures": ("nsites", "band_gap", "a", "b"),
    "material_facts": ("band_gap", "critical_temperature"),
}
TEXT = {
    "topological_materials": ("topological_class_soc", "mp_id"),
    "crystal_structures": ("prototype", "mp_id"),
    "material_facts": ("crystal_structure",),
}
KINDS = ["computation", "computation", "literature", "measurement", "prediction"]


class World(list[Fact]):
    """Records, named by their number where a test prints them."""

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def a_world(seed: int, size: int = 70) -> World:
    """Store `size` random records and give their facts; projects `one` and `two` exist, some records belong to them."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible world
    projects = [None, None, *(Project.objects.get_or_create(slug=slug)[0] for slug in ("one", "two"))]
    Record.objects.all().delete()
    sets = {topic: a_dataset(slug=f"set-{topic[:4]}", topic=topic) for topic in NUMERIC}
    return World(_stored(dice, f"r{number:03}", sets[dice.choice(list(sets))], projects) for number in range(size))


def _stored(dice: random.Random, key: str, dataset: Dataset, projects: list[Project | None]) -> Fact:
    formula = dice.choice(["", *FORMULAS])
    project, kind = dice.choice(projects), dice.choice(KINDS)
    group = dice.choice([None, 1, 2, 166, 225])
    fact = Fact(key, dataset.topic, kind, project.pk if project else None, "")
    values = _values(dice, fact)
    record = a_record(
        formula or "H", dataset=dataset, id=key, spacegroup_number=group, kind=kind, project=project, locator=key,
        external_id=dice.choice(["", "mp-1", "mp-12"]),
    )  # fmt: skip
    parsed = parse_formula(formula) if formula else None
    elements = list(parsed.elements) if parsed else []
    record.formula, record.elements, record.values = (parsed.reduced if parsed else ""), elements, values
    record.formula_source = formula
    record.save()
    fact.first |= {
        "record": key, "topic": dataset.topic, "dataset": dataset.slug, "kind": kind, "formula": record.formula or None,
        "elements": elements or None, "nelements": len(elements) or None, "spacegroup_number": group,
        "external_id": record.external_id or None, "formula_source": formula or None,
        "elements_ratios": _ratios(formula) if formula else None,
    }  # fmt: skip
    texts = [
        str(part) for item in values for part in (item["value"] if isinstance(item["value"], list) else [item["value"]])
    ]
    fact.words = " ".join([formula, record.external_id, dataset.slug, *texts]).casefold()
    return fact


def _ratios(formula: str) -> list[float]:
    amounts = parse_formula(parse_formula(formula).reduced).amounts
    return [amounts[symbol] / math.fsum(amounts.values()) for symbol in sorted(amounts)]


def _values(dice: random.Random, fact: Fact) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    for name in NUMERIC[fact.topic]:
        for _time in range(dice.choice([0, 1, 1, 1, 2])):
            said.append({"property": name} | _number(dice, fact, name))
    for name in TEXT[fact.topic]:
        words = CLASSES if name == "topological_class_soc" else PROTOTYPES if name != "mp_id" else ["mp-1", "mp-12"]
        for word in dice.sample(words, dice.choice([0, 1, 1, 2])):
            _remember(fact, name, word, word)
            said.append({"property": name, "value": word})
    if fact.topic == "topological_materials":
        for truth in dice.sample([True, False], dice.choice([0, 1, 1, 2])):
            _remember(fact, "nontrivial_soc", truth, truth)
            said.append({"property": "nontrivial_soc", "value": truth})
        for _time in range(dice.choice([0, 1, 1, 2])):
            items = [dice.choice(["1", "2", "12", "x1"]) for _item in range(dice.choice([0, 1, 2, 3]))]
            fact.first["icsd_id"] = fact.first.get("icsd_id", []) + items
            said.append({"property": "icsd_id", "value": items})
    return said


def _remember(fact: Fact, name: str, value: Any, stated: Any) -> None:
    fact.first.setdefault(name, value)
    fact.every.setdefault(name, []).append(stated)


def _number(dice: random.Random, fact: Fact, name: str) -> dict[str, Any]:
    value = dice.choice(NUMBERS)
    match dice.choice(["exact", "exact", "exact", "limit", "range"]):
        case "limit":
            bound = dice.choice(["<", "<=", ">", ">="])
            ends = {
                "<": (-math.inf, math.nextafter(value, -math.inf)), "<=": (-math.inf, value),
                ">": (math.nextafter(value, math.inf), math.inf), ">=": (value, math.inf),
            }[bound]  # fmt: skip
            _remember(fact, name, value, ends)
            return {"value": value, "bound": bound}
        case "range":
            high = value + dice.choice([0.5, 1.0])
            _remember(fact, name, (value + high) / 2, (value, high))
            return {"value": (value + high) / 2, "low": value, "high": high}
    _remember(fact, name, value, (value, value))
    return {"value": value}
