"""What Lodestone knows of quantities and techniques, read from definitions/; which quantity a channel measures."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from ingest.schemas.units import kinds_of

CLAIM = 0.5  # below this confidence nothing is claimed: a wrong quantity is worse than none


class Quantity(BaseModel):
    """Something that can be measured. `units` are canonical spellings; limits are in the first of them."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str
    label: dict[str, str] = Field(description="en, zh")
    units: tuple[str, ...] = ()
    names: tuple[str, ...] = Field(default=(), description="patterns of channel names")
    with_unit: tuple[str, ...] = Field(default=(), description="patterns that say it only beside a unit, such as Wave")
    excluded: tuple[str, ...] = Field(default=(), alias="not", description="patterns that forbid the claim")
    low: float | None = None
    high: float | None = None
    bare: bool = Field(default=False, description="the unit alone allows a guess")
    unitless: bool = Field(default=False, description="often written without a unit")
    needs_unit: bool = Field(default=False, description="its names mean other things where no unit stands beside them")
    state: bool = False


class Technique(BaseModel):
    """A way of measuring or growing. `label["en"]` is the field's usual name of it."""

    model_config = ConfigDict(frozen=True)

    id: str
    label: dict[str, str]
    synonyms: tuple[str, ...] = ()
    topic: str | None = None
    quantities: tuple[str, ...] = Field(
        default=(), description="quantities usual in it, preferred when names are vague"
    )
    says: tuple[str, ...] = Field(default=(), description="patterns in a file's preamble that name the technique")
    columns: tuple[tuple[str, ...], ...] = Field(
        default=(), description="sets of quantities found in no other technique"
    )


def _yaml(text: str) -> Any:  # Any: YAML
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe loader)


@cache
def quantities() -> dict[str, Quantity]:
    """All quantities by id."""
    text = (files("ingest.schemas") / "definitions" / "quantities.yaml").read_text(encoding="utf-8")
    return {item["id"]: Quantity.model_validate(item) for item in _yaml(text)["quantities"]}


@cache
def techniques() -> dict[str, Technique]:
    """All techniques by id."""
    folder = files("ingest.schemas") / "definitions" / "techniques"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    made = [Technique.model_validate(_yaml(item.read_text(encoding="utf-8"))) for item in found]
    return {technique.id: technique for technique in made}


@cache
def _patterns(quantity: str) -> tuple[tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...]]:
    wanted = quantities()[quantity]
    return (
        tuple(re.compile(pattern, re.IGNORECASE) for pattern in wanted.names),
        tuple(re.compile(pattern, re.IGNORECASE) for pattern in wanted.excluded),
    )


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[_.>:\t]+", " ", name)).strip()


def _words(quantity: Quantity) -> Iterable[str]:
    yield quantity.id.replace("_", " ")
    yield from quantity.label.values()


def _by_name(name: str, quantity: Quantity) -> float:
    """How well the name fits, 0..1: the label itself, a pattern (longer match = better), or great similarity."""
    wanted, forbidden = _patterns(quantity.id)
    if any(pattern.search(name) for pattern in forbidden):
        return 0.0
    lowered = name.lower()
    if lowered in (word.lower() for word in _words(quantity)):
        return 1.0
    hits = [match for pattern in wanted if (match := pattern.search(name))]
    if hits:
        covered = max(len(match[0]) for match in hits) / max(len(name), 1)
        return 0.75 + 0.2 * min(covered, 1.0)
    nearest = max(SequenceMatcher(None, lowered, word.lower()).ratio() for word in _words(quantity))
    return 0.7 if nearest > 0.87 and len(lowered) > 4 else 0.0


def _fits(unit: str, quantity: Quantity) -> bool:
    kinds = kinds_of(unit)
    return kinds is not None and any(kinds == kinds_of(allowed) for allowed in quantity.units)


def _score(name: str, unit: str | None, quantity: Quantity, technique: Technique | None) -> float:
    usual = 0.05 if technique is not None and quantity.id in technique.quantities else 0.0
    by_name = _by_name(name, quantity)
    if unit is None:
        if quantity.needs_unit or (len(name) < 3 and name.isascii()):
            return 0.0  # one letter, or a word such as mass, means anything without a unit
        unneeded = quantity.unitless or quantity.state
        return by_name * (0.8 if unneeded else 0.6 + usual) if by_name else 0.0
    if not by_name and any(re.search(pattern, name, re.IGNORECASE) for pattern in quantity.with_unit):
        by_name = 0.85
    if not _fits(unit, quantity):
        return 0.0  # the name may suggest it, the declared unit contradicts
    if by_name:
        return min(by_name + 0.05 + usual, 1.0)
    return 0.55 + usual if quantity.bare else 0.0


@cache
def quantity_of(channel_name: str, unit: str | None, technique: str | None = None) -> tuple[str | None, float]:
    """The quantity a channel measures and the confidence 0..1 of that, or (None, 0.0): without evidence no claim.

    `unit` is canonical (see `units.parse_unit`); a unit that measures something else forbids the claim.
    `technique` is a technique's id, where known.
    """
    name = _plain(channel_name)
    known = techniques().get(technique) if technique else None
    if not name and unit is None:
        return None, 0.0
    scores = [(_score(name, unit, quantity, known), quantity.id) for quantity in quantities().values()]
    best, chosen = max(scores, key=lambda item: item[0])
    return (chosen, round(best, 3)) if best >= CLAIM else (None, 0.0)


def technique_of(preamble: str, channel_quantities: Iterable[str | None]) -> str | None:
    """The technique a file names itself or shows by quantities that no other technique has together, or none."""
    have = {quantity for quantity in channel_quantities if quantity}
    said = [t.id for t in techniques().values() if any(re.search(p, preamble, re.IGNORECASE) for p in t.says)]
    shown = [t.id for t in techniques().values() if any(set(columns) <= have for columns in t.columns)]
    if len(shown) == 1:
        return shown[0]
    both = [technique for technique in said if technique in shown]
    if len(both) == 1:
        return both[0]
    return said[0] if len(said) == 1 and not shown else None
