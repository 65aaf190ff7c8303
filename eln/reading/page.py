"""What the page of a reading shows: facts, why, channels with what may be corrected; no HTML, nothing stored."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy

from eln.ui.labels import quantity_label, technique_label
from ingest.schemas.registry import quantities, techniques

SHOWN = 400
HINTS = {
    "decimal": [(".", "1234.5"), (",", "1234,5")],
    "delimiter": [
        (",", gettext_lazy("comma")),
        (";", gettext_lazy("semicolon")),
        ("\t", gettext_lazy("tab")),
        (" ", gettext_lazy("spaces")),
        ("|", "|"),
    ],
    "day_first": [("true", gettext_lazy("day first (31/12)")), ("false", gettext_lazy("month first (12/31)"))],
    "encoding": [
        ("utf-8", "UTF-8"),
        ("cp1252", "Windows-1252"),
        ("gbk", "GBK"),
        ("shift_jis", "Shift-JIS"),
        ("utf-16", "UTF-16"),
    ],
}
FACTS = (
    ("start", gettext_lazy("Start")), ("start_source", gettext_lazy("Start found in")), ("end", gettext_lazy("End")),
    ("sample", gettext_lazy("Sample")), ("operator", gettext_lazy("Operator")), ("instrument", gettext_lazy("Instrument")),
    ("encoding", gettext_lazy("Encoding")), ("delimiter", gettext_lazy("Delimiter")), ("decimal", gettext_lazy("Decimal sign")),
    ("date_order", gettext_lazy("Order of dates")), ("header_line", gettext_lazy("Line of the column names")),
)  # fmt: skip
SIGNS = {
    "\t": gettext_lazy("tab"),
    " ": gettext_lazy("spaces"),
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
}
PLACES = {
    "header": gettext_lazy("the header"),
    "rows": gettext_lazy("the rows"),
    "file name": gettext_lazy("the name of the file"),
    "date and clock of the first row": gettext_lazy("date and clock of the first row"),
}
WORDS = {"delimiter": SIGNS, "start_source": PLACES}


@dataclass(frozen=True)
class Row:
    """One channel with what a person may put right; `unit` and `quantity` as the form shows them."""

    at: int
    channel: dict[str, Any]  # Any: JSON of the parse document
    first: str
    unit: str
    quantity: str
    sure: str


def rows(reading: dict[str, Any], entered: QueryDict | None = None) -> list[Row]:
    """The channels; what was typed into a refused form is kept."""
    made = []
    for at, channel in enumerate(reading["document"]["channels"][:SHOWN]):
        unit, quantity = channel["unit"] or "", quantity_label(channel["quantity"])
        if entered is not None:
            unit, quantity = entered.get(f"unit-{at}", unit), entered.get(f"quantity-{at}", quantity)
        first = reading["first"][at] if at < len(reading["first"]) else ""
        made.append(Row(at, channel, first, unit, quantity, _sure(channel)))
    return made


def _sure(channel: dict[str, Any]) -> str:
    """How sure the mapping is: `person`, `yes`, `maybe` or `no`."""
    if "stated" in channel:
        return "person"
    if not channel["quantity"]:
        return "no"
    return "yes" if channel["confidence"] >= 0.8 else "maybe"


def facts(document: dict[str, Any]) -> list[tuple[Any, Any]]:
    """(label, value) of what the header told and how the text was read."""
    metadata = document["metadata"]
    return [
        (label, WORDS.get(key, {}).get(str(metadata[key]), metadata[key]))
        for key, label in FACTS
        if metadata.get(key) not in (None, "")
    ]


def header(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """All other metadata, flat."""
    known = {key for key, _ in FACTS}
    lines: list[tuple[str, Any]] = []
    for key, value in document["metadata"].items():
        if key in known or value in (None, "", [], {}):
            continue
        lines += (
            [(f"{key}: {inner}", one) for inner, one in value.items()] if isinstance(value, dict) else [(key, value)]
        )
    return lines[:200]


def quantity_choices() -> list[tuple[str, str]]:
    """(label in the reader's language, usual units), for the list behind the field."""
    found = [(quantity_label(one.id), ", ".join(one.units[:3])) for one in quantities().values()]
    return sorted(found, key=lambda pair: pair[0].lower())


def technique_choices() -> list[tuple[str, str]]:
    """(usual English name, label in the reader's language)."""
    found = [(one.label["en"], technique_label(one.id)) for one in techniques().values()]
    return sorted(found, key=lambda pair: pair[1].lower())


def quantity_named(text: str) -> str | None:
    """The id of a quantity given by id or by its label in either language; the text itself where it is none."""
    wanted = text.strip().lower()
    if not wanted:
        return None
    for one in quantities().values():
        if wanted in {one.id, *(label.lower() for label in one.label.values())}:
            return one.id
    return text.strip()


def language() -> str:
    """`zh` or `en`."""
    return "zh" if (get_language() or "").startswith("zh") else "en"
