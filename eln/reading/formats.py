"""The gallery of formats, techniques and quantities, made from what is installed; core holds no list of them."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.db.models import Count

from eln.reading.page import language
from ingest.parsers.registry import loaded
from ingest.parsing.models import ParsedFile
from ingest.parsing.signatures import signatures
from ingest.schemas.registry import quantities, techniques


@dataclass(frozen=True)
class Format:
    """An installed parser. `about`: the first paragraph of its README; `read`: files of this notebook that it read."""

    name: str
    title: str
    version: str
    about: str
    cases: int
    read: int


@cache
def _described(name: str, module: str) -> tuple[str, str, int]:
    """(title, first paragraph, number of samples) from the plugin's folder; a plugin of one file has none."""
    try:
        folder = files(module.rsplit(".", 1)[0])
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ModuleNotFoundError, TypeError):
        return name, "", 0
    samples = folder / "samples"
    cases = sum(1 for one in samples.iterdir() if one.is_dir()) if samples.is_dir() else 0
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    title = parts[0].lstrip("# ").split("\n")[0] if parts and parts[0].startswith("#") else name
    about = next((part for part in parts if not part.startswith(("#", "|", "-", "```"))), "")
    return _short(title.removeprefix(f"{name}:"), 90), _short(about, 260), cases


def _short(text: str, most: int) -> str:
    """Plain words without marks of Markdown, ended after the last whole sentence that fits."""
    text = " ".join(text.replace("`", "").split()).strip()
    if len(text) <= most:
        return text[:1].upper() + text[1:]
    end = max(text.rfind(mark, 0, most) for mark in (". ", "; ", ": "))
    cut = text[:end].rstrip(".;: ") + "." if end > most // 3 else text[:most].rsplit(" ", 1)[0] + " …"
    return cut[:1].upper() + cut[1:]


def formats() -> list[Format]:
    """All parsers that load, by title."""
    counts = dict(
        ParsedFile.objects.filter(status=ParsedFile.Status.PARSED)
        .values_list("parser")
        .annotate(Count("pk"))
        .order_by()
    )
    made = []
    for name, parser in loaded().parsers.items():
        title, about, cases = _described(name, type(parser).__module__)
        made.append(Format(name, title, parser.version, about, cases, counts.get(name, 0)))
    return sorted(made, key=lambda one: one.title.lower())


def technique_cards() -> list[dict[str, Any]]:
    """Techniques with their labels, other names and usual quantities, in the reader's language."""
    known, now = quantities(), language()
    other = "en" if now == "zh" else "zh"
    cards = [
        {
            "label": one.label.get(now, one.id),
            "other": one.label.get(other, ""),
            "synonyms": one.synonyms,
            "quantities": [known[name].label.get(now, name) for name in one.quantities if name in known],
        }
        for one in techniques().values()
    ]
    return sorted(cards, key=lambda card: str(card["label"]).lower())


def quantity_rows() -> list[dict[str, Any]]:
    """Quantities with both labels, usual units and the limits beyond which a claim is doubted."""
    now = language()
    made = [
        {
            "label": one.label.get(now, one.id),
            "id": one.id,
            "units": ", ".join(one.units),
            "low": one.low,
            "high": one.high,
        }
        for one in quantities().values()
    ]
    return sorted(made, key=lambda row: str(row["label"]).lower())


def kept_kinds() -> list[str]:
    """Formats that are recognised by their first bytes; those without a parser are kept with this name."""
    return sorted({str(one["what"]) for one in signatures()}, key=str.lower)
