"""Quantities and techniques in the reader's language, as the schema definitions name them."""

from django.utils.translation import get_language

from ingest.gateway.models import Instrument


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def instrument_label(instrument: Instrument | None) -> str:
    """An instrument's title in the reader's language."""
    if instrument is None:
        return ""
    return instrument.title_zh if _language() == "zh" and instrument.title_zh else instrument.title


def quantity_label(quantity: str | None) -> str:
    """The label of a registered quantity; anything else as it is."""
    from ingest.schemas.registry import quantities

    known = quantities().get(quantity or "")
    return known.label.get(_language(), known.id) if known else (quantity or "")


def technique_label(technique: str | None) -> str:
    """The label of a technique given by id, label or synonym; anything else as it is."""
    from ingest.schemas.registry import techniques

    wanted = (technique or "").lower()
    for known in techniques().values():
        if wanted in {known.id.lower(), *(name.lower() for name in (*known.label.values(), *known.synonyms))}:
            return known.label.get(_language(), technique or "")
    return technique or ""
