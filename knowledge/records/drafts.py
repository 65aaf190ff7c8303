"""What a record shall say, before it is stored: a frozen value, no Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = str | float | int | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class Value:
    """One stated value; `value` in the canonical `unit`, `raw` as the source spells it.

    `bound` ("<", "<=", ">", ">=") where the source states only a limit of it; `low` and `high` where it states a range,
    `value` then its middle; all in `unit`. `conditions` are numbers in the canonical units of the topic's properties of
    these names (temperature in K, ...), or texts. `reference` is what the source itself names for this value: a DOI, words.
    """

    property: str
    value: Json
    unit: str | None = None
    column: str | None = None
    raw: str | None = None
    uncertainty: float | None = None
    method: str | None = None
    conditions: Mapping[str, Json] = field(default_factory=dict)
    bound: str | None = None
    low: float | None = None
    high: float | None = None
    reference: str | None = None

    def document(self) -> dict[str, Any]:
        """As stored in Record.values; what is not stated is left out, except unit, column and raw."""
        said: dict[str, Any] = {
            "property": self.property,
            "value": self.value,
            "unit": self.unit,
            "column": self.column,
            "raw": self.raw,
        }
        if self.uncertainty is not None:
            said["uncertainty"] = self.uncertainty
        if self.method:
            said["method"] = self.method
        if self.reference:
            said["reference"] = self.reference
        if self.conditions:
            said["conditions"] = dict(self.conditions)
        said |= {name: end for name in ("bound", "low", "high") if (end := getattr(self, name)) is not None}
        return said


@dataclass(frozen=True, slots=True)
class Draft:
    """One record to be. `key` tells it from the others of its data set, and stays when the source is reordered."""

    key: str
    formula: str = ""
    formula_source: str = ""
    elements: tuple[str, ...] = ()
    spacegroup_number: int | None = None
    external_id: str = ""
    title: str = ""
    values: tuple[Value, ...] = ()
    structure: str = ""
    receipt: str = ""
    file_name: str = ""
    locator: str = ""
    entry_id: int | None = None
    project_id: int | None = None
