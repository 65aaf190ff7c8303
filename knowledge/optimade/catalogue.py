"""What is small enough to be listed in Python: references, links, info and a page of documentation."""

from functools import cmp_to_key
from html import escape
from typing import Any

from django.conf import settings

from eln.accounts.scope import Scope
from knowledge.optimade.asking import API_VERSION, FORMATS, VERSIONS, Parameters
from knowledge.optimade.entries import reference
from knowledge.optimade.errors import NotImplementedHere
from knowledge.optimade.fields import fields, info
from knowledge.optimade.filters import foreign, read, unknown_property
from knowledge.query.truth import meets
from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Length,
    Not,
    Or,
)
from knowledge.records.models import Dataset

Json = dict[str, Any]
TYPES = {"string": str, "timestamp": str, "integer": int | float, "float": int | float, "boolean": bool}


def references(scope: Scope) -> list[Json]:
    """The data sets the asker may see, by id."""
    return [reference(dataset) for dataset in Dataset.objects.filter(scope.q()).order_by("slug")]


def links(base: str) -> list[Json]:
    """The one link: to this database itself."""
    said = settings.KNOWLEDGE
    attributes = {
        "name": said.optimade_name,
        "description": said.optimade_description,
        "base_url": base,
        "homepage": said.optimade_homepage or None,
        "link_type": "root",
        "aggregate": "ok",
    }
    return [{"id": "lodestone", "type": "links", "attributes": attributes}]


def names_of(part: Filter) -> set[str]:
    """The properties that a filter names."""
    match part:
        case And(parts) | Or(parts):
            return set().union(*map(names_of, parts)) if parts else set()
        case Not(inner):
            return names_of(inner)
        case Compare(name, _, _, _) | Length(name, _, _):
            return {name}
        case CompareProperties(left, _, right):
            return {left, right}
        case HasItems(names, _, _):
            return set(names)
        case HasElements():
            return {"elements"}
    return set()


def chosen(found: list[Json], asked: Parameters, kind: str) -> tuple[list[Json], tuple[str, ...]]:
    """The entries that meet the filter, sorted as wished; and warnings."""
    warnings: tuple[str, ...] = ()
    if asked.filter:
        part = read(asked.filter)
        known = fields(kind)
        for name in sorted(names_of(part) - set(known)):
            if not foreign(name):
                raise unknown_property(name, kind)
            warnings += (f"The property '{name}' is another provider's: it is unknown for every entry here.",)
        _types_checked(part, kind)
        found = [
            entry
            for entry in found
            if meets(part, entry["attributes"] | {"id": entry["id"], "type": entry["type"]}) is True
        ]
    for name, falls in reversed(asked.sort):
        found = sorted(found, key=cmp_to_key(lambda a, b, name=name, falls=falls: _compared(a, b, name, falls)))  # type: ignore[misc]
    return found, warnings


def _types_checked(part: Filter, kind: str) -> None:
    match part:
        case And(parts) | Or(parts):
            for inner in parts:
                _types_checked(inner, kind)
        case Not(inner):
            _types_checked(inner, kind)
        case Compare(name, op, value, _) if op not in ("known", "unknown") and name in fields(kind):
            said = fields(kind)[name]
            if not said.absent and not isinstance(value, TYPES[said.type]):
                raise NotImplementedHere(f"'{name}' is a {said.type}: types are not converted.", "filter")
        case Length(name, _, _) | HasItems((name, *_), _, _) if name in fields(kind) and not fields(kind)[name].absent:
            raise NotImplementedHere(f"'{name}' is no list: compare it with =, < or >.", "filter")
        case CompareProperties(left, _, right):
            raise NotImplementedHere(f"'{left}' and '{right}' are not compared with each other in {kind}.", "filter")


def _value(entry: Json, name: str) -> Any:
    return entry["id"] if name == "id" else entry["attributes"].get(name)


def _compared(a: Json, b: Json, name: str, falls: bool) -> int:
    one, other = _value(a, name), _value(b, name)
    if one is None or other is None:
        return (one is None) - (other is None)
    order = int(one > other) - int(one < other)
    return -order if falls else order


def page(found: list[Json], asked: Parameters) -> tuple[list[Json], tuple[Any, ...] | None]:
    """One page, and the key behind which the next begins."""
    start = asked.page.offset
    if asked.page.after is not None:
        last = asked.page.after[-1]
        start = next((at + 1 for at, entry in enumerate(found) if entry["id"] == last), len(found))
    rows = found[start : start + asked.page.limit]
    if not rows or start + len(rows) >= len(found):
        return rows, None
    values = tuple(_value(rows[-1], name) for name, _falls in asked.sort)
    return rows, (*(values or (False,)), rows[-1]["id"])


def base_info(base: str) -> Json:
    """What /info says of the server."""
    versions = [{"url": f"{base}/{name}", "version": API_VERSION} for name in VERSIONS]
    attributes = {
        "api_version": API_VERSION,
        "available_api_versions": versions,
        "formats": list(FORMATS),
        "available_endpoints": ["info", "links", "references", "structures", "extensions/docs"],
        "entry_types_by_format": {
            name: ["references", "structures"] if name in ("json", "jsonl") else ["structures"] for name in FORMATS
        },
        "is_index": False,
        "license": None,
        "available_licenses": None,
    }
    return {"id": "/", "type": "info", "attributes": attributes}


def entry_info(kind: str) -> Json:
    """What /info/<kind> says of an entry type."""
    described = {
        "structures": "Records of the topic databases that have a composition; with sites where the source gives a structure.",
        "references": "The data sets that the structures come from.",
    }
    formats = list(FORMATS) if kind == "structures" else list(FORMATS[:2])
    names = list(info(kind))
    return {
        "id": kind,
        "type": "info",
        "description": described[kind],
        "properties": info(kind),
        "formats": formats,
        "output_fields_by_format": dict.fromkeys(formats, names),
    }


def documentation(base: str) -> str:
    """A page for people: what can be asked, property by property."""
    rows = "".join(
        f"<tr><td><code>{escape(one.name)}</code></td><td>{escape(one.type)}</td><td>{escape(one.unit or '')}</td>"
        f"<td>{escape(one.description)}</td></tr>"
        for one in fields("structures").values()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>OPTIMADE at this site</title>'
        f"<h1>OPTIMADE {API_VERSION}</h1><p>Base address: <code>{escape(base)}/v1</code>. "
        f"Try <code>{escape(base)}/v1/structures?filter=elements HAS ALL &quot;Bi&quot;,&quot;Se&quot;</code>.</p>"
        f"<table><tr><th>property</th><th>type</th><th>unit</th><th>meaning</th></tr>{rows}</table></html>"
    )
