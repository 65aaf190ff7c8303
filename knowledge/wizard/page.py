"""What the page of an import shows, and what its form says back."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy, gettext_noop
from django.utils.translation import gettext as _

from knowledge.imports.reasons import Reason
from knowledge.topics.schema import TopicSchema, topics
from knowledge.wizard.models import TableImport

FIXED = (
    ("formula", gettext_lazy("Formula or composition")), ("spacegroup_number", gettext_lazy("Space group")),
    ("elements", gettext_lazy("Elements")), ("external_id", gettext_lazy("Id in the source")),
)  # fmt: skip
ROLES = {
    "uncertainty": gettext_noop("uncertainty of another column"), "source": gettext_noop("source of the row"),
    "element": gettext_noop("share of an element"), "property": gettext_noop("names the property"),
    "stated": gettext_noop("the value"), "unit": gettext_noop("unit of the value"),
    "conditions": gettext_noop("conditions of the value"),
}  # fmt: skip
Json = dict[str, Any]


def _label(labels: dict[str, str]) -> str:
    return labels.get("zh" if (get_language() or "en").startswith("zh") else "en") or next(iter(labels.values()))


def topic_choices() -> list[tuple[str, str]]:
    """The topics a table can belong to, by their names."""
    return sorted(((one.id, _label(one.label)) for one in topics().values()), key=lambda pair: pair[1])


def property_choices(schema: TopicSchema | None) -> list[tuple[str, str]]:
    """What a column can be in a topic."""
    own = [(item.id, _named(_label(item.label), item.unit)) for item in schema.properties] if schema else []
    return [(key, str(name)) for key, name in FIXED] + sorted(own, key=lambda pair: pair[1])


def _named(label: str, unit: str | None) -> str:
    from eln.ui.quantity import pretty_unit

    return f"{label} ({pretty_unit(unit)})" if unit else label


def tables(made: TableImport) -> list[Json]:
    """The tables of the preview with their choices, in the reader's language."""
    shown = []
    for number, table in enumerate(made.preview):
        schema = topics().get(table.get("topic") or "")
        properties = dict(property_choices(schema))
        columns = [_column(column, at, properties) for at, column in enumerate(table["columns"])]
        decision = made.decisions.get(table.get("key", ""), {})
        shown.append({
            **table, "number": number, "columns": columns, "choices": list(properties.items()),
            "topic_label": _label(schema.label) if schema else "", "skip": bool(decision.get("skip")),
            "chosen_topic": table.get("topic") or decision.get("topic", ""), "sure": _sure(columns),
            "drafts": [_draft(draft, schema) for draft in table.get("drafts", [])],
        })  # fmt: skip
    return shown


def _sure(columns: list[Json]) -> int:
    return sum(bool(column["property"] or column["role_label"]) for column in columns)


def _column(column: Json, at: int, properties: dict[str, str]) -> Json:
    reason = column["reason"]
    told = Reason(reason["sentence"], reason["facts"]).shown() if reason else ""
    role = ROLES.get(column["role"], "")
    percent = round(100 * column["confidence"])
    others = [properties[name] for name in column["others"] if name in properties]
    return {
        **column,
        "at": at,
        "told": told,
        "role_label": _(role) if role else "",
        "percent": percent,
        "others": others,
    }


def _draft(draft: Json, schema: TopicSchema | None) -> Json:
    values = []
    for value in draft["values"]:
        item = schema.property(value["property"]) if schema else None
        values.append({**value, "label": _label(item.label) if item else value["property"]})
    return {**draft, "values": values}


def decisions_of(form: QueryDict, made: TableImport) -> Json:
    """What the form says of each table: {key: {topic, skip, columns}}."""
    said: Json = {}
    for number, table in enumerate(made.preview):
        topic = form.get(f"t{number}-topic", "")
        if not table.get("key") or (table.get("known") and f"t{number}-skip" not in form):
            continue
        if not topic and f"t{number}-skip" not in form:
            continue
        columns = {}
        if topic == table.get("topic"):  # of another topic the columns are read anew
            for at, column in enumerate(table["columns"]):
                place = f"t{number}-c{at}"
                if f"{place}-property" in form:
                    chosen, unit = form[f"{place}-property"] or None, form.get(f"{place}-unit", "").strip() or None
                    columns[column["name"]] = {"property": chosen, "unit": unit[:60] if unit else None}
        said[table["key"]] = {"topic": topic, "skip": f"t{number}-skip" in form, "columns": columns}
    return said
