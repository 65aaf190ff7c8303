"""What the material page shows: every value by source, polymorphs, sentences of the topics, structures, the laboratory's own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from eln.accounts.scope import Scope
from eln.ui.quantity import pretty_number, pretty_unit
from knowledge.chemistry.spacegroups import symbols
from knowledge.crystals.radiation import LINES
from knowledge.graph.selectors import neighbourhood
from knowledge.identity.selectors import Material
from knowledge.identity.selectors import material as identified
from knowledge.materials import presentation as show
from knowledge.materials.laboratory import laboratory
from knowledge.materials.pages import edges_told
from knowledge.materials.reasons import reasons_told
from knowledge.materials.structure import peaks_of
from knowledge.materials.texts import KIND_BADGES, RADIATION_LABELS
from knowledge.query.executor import stated_of
from knowledge.records.models import Dataset, Kind, Record, RecordVersion
from knowledge.records.selectors import records_of
from knowledge.topics.schema import topics

MOST_RECORDS = 400
MOST_STRUCTURES = 12
MOST_SENTENCES = 12
_PLACE = re.compile(r"\{(\w+)\}")
Context = dict[str, Any]  # what a template is given


@dataclass(frozen=True)
class Sentence:
    """One sentence of a topic's summary with the record that says it."""

    text: str
    topic: str
    record: Record


@dataclass(frozen=True)
class Polymorph:
    """One space group of a material: how many records speak of it, and the address that shows it alone."""

    number: int
    symbol: str
    count: int
    address: str
    chosen: bool


def material(formula: str, scope: Scope, *, predicted: bool, spacegroup: int | None = None) -> Context:
    """What the material page shows; `spacegroup` keeps one polymorph and what names none."""
    every = list(records_of(scope=scope, formula=formula)[:MOST_RECORDS])
    allowed = [record for record in every if predicted or record.kind != Kind.PREDICTION]
    told = [record for record in allowed if spacegroup in (None, record.spacegroup_number)]
    known = identified(formula=formula, scope=scope)
    values, names = show.grouped(told, {pair.name for pair in known.conflicts})
    from knowledge.similar.services import similar  # numpy: not before a page needs it

    found = neighbourhood(formula=formula, scope=scope)
    near = similar(material=formula, k=6, scope=scope)
    return {
        "formula": formula,
        "pretty": show.pretty_formula(formula),
        "elements": next((record.elements for record in every if record.elements), []),
        "records": every,
        "shown": told,
        "values": values,
        "names": names,
        "conditioned": any(one.conditions or one.stated.method for group in values for one in group.sources),
        "polymorphs": _polymorphs(allowed, predicted, spacegroup),
        "all_address": "?predicted=1" if predicted else "?",
        "sentences": sentences(told),
        "structures": _structures(told),
        "radiations": [(name, RADIATION_LABELS[name], LINES[name]) for name in LINES],
        "laboratory": laboratory(formula, every, scope=scope),
        "predicted": predicted,
        "predictions": sum(record.kind == Kind.PREDICTION for record in every),
        "conflicts": _conflicts(known),
        "graph": found,
        "edges": edges_told(found),
        "similar": [(item, show.pretty_formula(item.formula), reasons_told(item.why)) for item in near],
        "badges": KIND_BADGES,
        "topics": sorted({(record.topic, show.topic_label(record.topic)) for record in told}),
        "sources": _sources(told),
        "changed": _changed(told),
    }


def _conflicts(known: Material) -> int:
    return len({pair.name for pair in known.conflicts})


def _polymorphs(records: Sequence[Record], predicted: bool, chosen: int | None) -> list[Polymorph]:
    counts: dict[int, int] = {}
    for record in records:
        if record.spacegroup_number:
            counts[record.spacegroup_number] = counts.get(record.spacegroup_number, 0) + 1
    more = "&predicted=1" if predicted else ""
    return [
        Polymorph(number, symbols().get(number, ""), count, f"?spacegroup={number}{more}", number == chosen)
        for number, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _structures(records: Sequence[Record]) -> list[tuple[Record, list[tuple[float, float, str]]]]:
    """Records with a crystal structure or stated reflections, those with a structure first, with the stated reflections."""
    found = [(record, peaks_of(record)) for record in records]
    kept = [(record, peaks) for record, peaks in found if record.structure or peaks]
    return sorted(kept, key=lambda pair: (not pair[0].structure, pair[0].spacegroup_number or 999))[:MOST_STRUCTURES]


def sentences(records: Sequence[Record]) -> list[Sentence]:
    """The topics' sentences whose places a record fills, each said once per topic, with the record behind it."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    found: list[Sentence] = []
    for name in dict.fromkeys(record.topic for record in records):
        schema = topics().get(name)
        for template in schema.summary.get(language, ()) if schema else ():
            for record in records:
                if record.topic == name and (text := _filled(template, record)):
                    found.append(Sentence(text, name, record))
                    break
    return found[:MOST_SENTENCES]


def _filled(template: str, record: Record) -> str:
    """The sentence with the record's values; empty where one of its places is not stated."""
    stated = {one.property: one for value in reversed(record.values) if (one := stated_of(value)).value is not None}
    words: dict[str, str] = {"formula": show.pretty_formula(record.formula)}
    if record.spacegroup_number:
        words["spacegroup_number"] = str(record.spacegroup_number)
    for place in _PLACE.findall(template):
        if place in stated:
            words[place] = told(show.cell(record.topic, stated[place]))
        if not words.get(place):
            return ""
    return _PLACE.sub(lambda match: words[match[1]], template)


def told(cell: show.Cell) -> str:
    """A cell as plain text: number, unit, limit, range, uncertainty."""
    if cell.number is None:
        return cell.text
    unit = pretty_unit(cell.unit)
    if cell.low is not None and cell.high is not None:
        number = f"{pretty_number(cell.low)} … {pretty_number(cell.high)}"
    else:
        number = " ".join(part for part in (cell.bound, pretty_number(cell.number)) if part)
    if cell.uncertainty is not None:
        number += f" ± {pretty_number(cell.uncertainty)}"
    return f"{number} {unit}".strip()


def _sources(records: Sequence[Record]) -> list[tuple[Dataset, int]]:
    """The data sets behind the page with the number of their values, for licence and citation."""
    counted: dict[int, int] = {}
    datasets = {record.dataset_id: record.dataset for record in records}
    for record in records:
        counted[record.dataset_id] = counted.get(record.dataset_id, 0) + len(record.values)
    return sorted(((datasets[pk], number) for pk, number in counted.items()), key=lambda pair: pair[0].title)


def _changed(records: Sequence[Record]) -> list[tuple[Record, int, Any, str]]:
    """Records that said something else before: (record, versions before, when last replaced, address), newest first."""
    by_key = {record.pk: record for record in records if record.version > 1}
    found: dict[str, tuple[int, Any]] = {}
    for key, replaced in RecordVersion.objects.filter(record__in=by_key).values_list("record", "replaced"):
        count, last = found.get(key, (0, replaced))
        found[key] = (count + 1, max(last, replaced))
    listed = [
        (by_key[key], count, last, reverse("knowledge:record", args=[key])) for key, (count, last) in found.items()
    ]
    return sorted(listed, key=lambda item: item[2], reverse=True)[:20]
