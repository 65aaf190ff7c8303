"""The rule that no figure is printed that is in no evidence: every number of an answer is looked for in what it came from."""

import re
from collections.abc import Iterable

from chat.planner.lexicon import spacegroups
from knowledge.query.types import Evidence, Row

_NUMBER = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_MARK = re.compile(r"\[(\d+)\]")


def numbers_in(text: str) -> set[str]:
    """The numbers of a text, each in one spelling; citation marks do not count."""
    return {_plain(found) for found in _NUMBER.findall(_MARK.sub(" ", text))}


def _plain(text: str) -> str:
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def row_texts(row: Row) -> list[str]:
    """Everything a row states, as texts in which its figures occur."""
    texts = [
        row.formula,
        row.formula_source,
        row.external_id,
        row.dataset,
        row.locator,
        row.file_name,
        str(len(row.elements)),
    ]
    if row.spacegroup_number:
        texts += [str(row.spacegroup_number), spacegroups().get(row.spacegroup_number, "")]
    for stated in row.values:
        values = stated.value if isinstance(stated.value, tuple) else (stated.value,)
        texts += [f"{value:.6g}" if isinstance(value, float) else str(value) for value in values]
        texts += [stated.unit or "", stated.raw or "", " ".join(f"{k} {v}" for k, v in stated.conditions.items())]
    return texts


def evidence_texts(evidence: Evidence) -> list[str]:
    """Everything the stores answered to one query."""
    texts = [str(evidence.count), str(len({row.formula for row in evidence.rows}))]
    if evidence.aggregate is not None:
        texts.append(f"{evidence.aggregate:.6g}")
        if float(evidence.aggregate).is_integer():
            texts.append(str(int(evidence.aggregate)))
    for key, value in evidence.groups.items():
        texts += [key, str(int(value)), spacegroups().get(int(key), "") if key.isdigit() else ""]
    for row in evidence.rows:
        texts += row_texts(row)
    return texts


def numbers_of(texts: Iterable[str]) -> set[str]:
    """The numbers of many texts."""
    return {number for text in texts for number in numbers_in(text)}


def unsupported(text: str, held: set[str]) -> set[str]:
    """The numbers of a sentence that are not among those held."""
    return numbers_in(text) - held
