"""The page's form of a topic on top of its YAML: what the form does not show stays as it was."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from django.http import QueryDict

TYPES = ("number", "integer", "string", "class", "boolean", "list")
Json = Any  # what YAML holds
EMPTY_ROWS = 2


def _words(text: str) -> list[str]:
    """Words between commas (English or Chinese) or line ends."""
    for sign in ("，", "、", "\n", "；"):
        text = text.replace(sign, ",")
    return [word.strip() for word in text.split(",") if word.strip()]


def _number(text: str) -> Json:
    try:
        return float(text)
    except ValueError:
        return text.strip()  # the schema's own check says what is wrong with it


def property_row(item: Mapping[str, Json]) -> dict[str, str | bool]:
    """One property as the form shows it."""
    label = item.get("label") or {}
    classes = [
        " | ".join(
            [str(one.get("id", "")), (one.get("label") or {}).get("en", ""), (one.get("label") or {}).get("zh", "")]
        )
        for one in item.get("classes") or ()
        if isinstance(one, dict)
    ]
    return {
        "id": str(item.get("id") or ""), "type": str(item.get("type") or "number"), "unit": str(item.get("unit") or ""),
        "en": str(label.get("en") or ""), "zh": str(label.get("zh") or ""),
        "synonyms": ", ".join(map(str, item.get("synonyms") or ())), "columns": ", ".join(map(str, item.get("columns") or ())),
        "low": _shown(item.get("low")), "high": _shown(item.get("high")), "classes": "\n".join(classes),
        "condition": bool(item.get("condition")), "claim": False,
    }  # fmt: skip


def _shown(value: Json) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def form_of(document: Mapping[str, Json]) -> dict[str, Json]:
    """The whole form's values of a schema document."""
    rows = [property_row(item) for item in document.get("properties") or () if isinstance(item, dict)]
    claims = set(document.get("claims") or ())
    for row in rows:
        row["claim"] = row["id"] in claims
    label, about, limits = (document.get(name) or {} for name in ("label", "description", "limits"))
    return {
        "id": document.get("id") or "", "en": label.get("en", ""), "zh": label.get("zh", ""),
        "synonyms": ", ".join(map(str, document.get("synonyms") or ())),
        "about_en": about.get("en", ""), "about_zh": about.get("zh", ""),
        "limits_en": limits.get("en", ""), "limits_zh": limits.get("zh", ""),
        "rows": [*rows, *(property_row({}) for _ in range(EMPTY_ROWS))],
    }  # fmt: skip


def document_from(post: QueryDict, before: Mapping[str, Json]) -> dict[str, Json]:
    """The schema document that a sent form says, on top of the one `before`."""
    known = {item.get("id"): item for item in before.get("properties") or () if isinstance(item, dict)}
    rows = _rows(post)
    items = [_property(row, known.get(row["was"]) or {}) for row in rows if row["id"].strip() and not row["remove"]]
    document = dict(before) | {
        "id": post.get("id", "").strip(),
        "version": int(before.get("version") or 0) + 1,
        "label": {"en": post.get("en", "").strip(), "zh": post.get("zh", "").strip()},
        "synonyms": _words(post.get("synonyms", "")),
        "claims": [row["id"].strip() for row in rows if row["claim"] and row["id"].strip() and not row["remove"]],
    }
    for name, field in (("description", "about"), ("limits", "limits")):
        document[name] = {lang: text for lang in ("en", "zh") if (text := post.get(f"{field}_{lang}", "").strip())}
    document.pop("properties", None)
    return document | {"properties": items}


def _rows(post: QueryDict) -> list[dict[str, Json]]:
    count = min(int(post.get("rows", "0")) if post.get("rows", "0").isdigit() else 0, 500)
    texts = ("was", "id", "type", "unit", "en", "zh", "synonyms", "columns", "low", "high", "classes")
    marks = ("condition", "claim", "remove")
    return [
        {name: post.get(f"p{at}-{name}", "") for name in texts} | {name: f"p{at}-{name}" in post for name in marks}
        for at in range(count)
    ]


def _property(row: Mapping[str, Json], before: Mapping[str, Json]) -> dict[str, Json]:
    item = dict(before) | {
        "id": row["id"].strip(),
        "type": row["type"],
        "label": {"en": row["en"].strip(), "zh": row["zh"].strip()},
        "synonyms": _words(row["synonyms"]),
        "columns": _words(row["columns"]),
    }
    for name in ("unit", "low", "high", "condition", "classes"):
        item.pop(name, None)
    if row["unit"].strip():
        item["unit"] = row["unit"].strip()
    item |= {name: _number(row[name]) for name in ("low", "high") if row[name].strip()}
    if row["condition"]:
        item["condition"] = True
    if row["classes"].strip():
        item["classes"] = _classes(row["classes"].splitlines(), before.get("classes") or ())
    return item


def _classes(lines: Sequence[str], before: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Classes as 'id | English | Chinese', a line each; synonyms and notes of known ones are kept."""
    known = {one.get("id"): one for one in before if isinstance(one, dict)}
    found = []
    for line in filter(str.strip, lines):
        name, english, chinese, *_ = [*(part.strip() for part in line.split("|")), "", ""]
        found.append(dict(known.get(name) or {}) | {"id": name, "label": {"en": english, "zh": chinese}})
    return found


def yaml_of(document: Mapping[str, Json]) -> str:
    """A document as YAML, in its own order."""
    return yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False, width=140)
