"""Columns of tables nobody described: claimed by name, unit and the look of their values, each with a confidence."""

import re
from collections.abc import Sequence

from django.utils.text import slugify

from ingest.contract.envelope import name_clean
from ingest.schemas.units import convert, parse_unit
from knowledge.chemistry.spacegroups import spacegroup_number
from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.mappings import ColumnMapping, Rule, normal
from knowledge.imports.numbers import number_read
from knowledge.imports.rows import fingerprint
from knowledge.imports.tables import Refused, Source, Table
from knowledge.topics.schema import Property, TopicSchema, per_topics, topics

_FORMULA = {
    "formula",
    "composition",
    "material",
    "compound",
    "pretty_formula",
    "reduced_formula",
    "chemical_formula",
} | {
    "formula_pretty",
    "name",
    "element",
    "化学式",
    "材料",
}
_SPACEGROUP = {
    "spacegroup",
    "space_group",
    "sg",
    "spacegroup_number",
    "space_group_number",
    "sg_number",
    "空间群",
    "spg",
}
_ID = {"id", "entry_id", "material_id", "mp_id", "mpid", "jid", "jarvis_id", "icsd", "cod_id", "mat_id"}
_UNIT = re.compile(r"^(?P<name>.*?)\s*[\[(（/]\s*(?P<unit>[^\])）]+?)\s*[\])）]?\s*$")


def split_unit(column: str) -> tuple[str, str | None]:
    """A column name and the unit written behind it in brackets, after a slash, or as its last word: 'a [Å]', 'gap_eV'."""
    if (found := _UNIT.match(column)) and (unit := parse_unit(found["unit"])):
        return found["name"], unit
    head, _, tail = column.rpartition("_")
    if head and len(tail) > 1 and (unit := parse_unit(tail)):
        return head, unit
    return column, None


def _convertible(unit: str, wanted: str) -> bool:
    try:
        convert(1.0, unit, wanted)
    except Exception:  # any registry's own error means: no
        return False
    return True


def _values_fit(item: Property, cells: Sequence[str]) -> float:
    """The share of filled cells that are values of the property."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return 0.0
    if item.type in ("number", "integer"):
        return sum(number_read(cell) is not None for cell in filled) / len(filled)
    if item.type == "class":
        ids = {name.lower() for c in item.classes for name in (c.id, *c.label.values(), *c.synonyms)}
        return sum(cell.lower() in ids for cell in filled) / len(filled)
    return 1.0


@per_topics
def _spellings(topic: str, name: str) -> frozenset[str]:
    item = topics()[topic].property(name)
    if item is None:
        return frozenset()
    return frozenset(map(normal, (item.id, *item.columns, *item.label.values(), *item.synonyms)))


def _claim(topic: TopicSchema, column: str, cells: Sequence[str]) -> Rule:
    for name, unit in ((column, None), split_unit(column)):
        for item in topic.properties:
            if normal(name) not in _spellings(topic.id, item.id):
                continue
            fit = _values_fit(item, cells)
            if fit < 0.5:
                continue
            if unit and item.unit:
                if _convertible(unit, item.unit):
                    return Rule(item.id, unit, 0.95 * fit)
                continue
            return Rule(item.id, item.unit, (0.7 if item.unit else 0.9) * fit)
    return Rule()


def _identity(column: str, cells: Sequence[str]) -> Rule | None:
    filled = [cell for cell in cells if cell]
    name = normal(column)
    if not filled:
        return None
    if name in _SPACEGROUP:
        share = sum(spacegroup_number(cell) is not None for cell in filled) / len(filled)
        return Rule("spacegroup_number", None, share) if share > 0.5 else None
    if name in _FORMULA:
        share = sum(map(_is_formula, filled)) / len(filled)
        return Rule("formula", None, share) if share >= 0.5 else None
    return None


def _is_formula(text: str) -> bool:
    try:
        parse_formula(text)
    except NotAFormula:
        return False
    return True


def guessed_mapping(source: Source, table: Table, topic: str | None) -> ColumnMapping:
    """The mapping of a table by its column names and values. Raises Refused: no header, no claim."""
    if topic is not None and topic not in topics():
        raise Refused(f"there is no topic {topic!r}: choose one of {', '.join(topics())}")
    if not table.header:
        raise Refused(
            "names no columns, and is none of the known data sets: add a header line with column names and units"
        )
    if not table.rows:
        lost = f": row {table.broken[0][0]} {table.broken[0][1]}" if table.broken else ""
        raise Refused(f"has a header line but no rows that fit it{lost}")
    sample = table.rows[:300]
    cells = {column: [row[i] for row in sample] for i, column in enumerate(table.columns)}
    identity = {column: rule for column in table.columns if (rule := _identity(column, cells[column]))}
    formulas = [column for column, rule in identity.items() if rule.property == "formula"]
    if not formulas:
        raise Refused(f"no column holds formulae (columns: {', '.join(table.columns[:12])}): name one 'formula'")
    candidates = [topics()[topic]] if topic else [t for t in topics().values() if t.claims]
    best, rules, score = None, {}, 0.0
    for schema in candidates:
        claimed = {c: identity.get(c) or _claim(schema, c, cells[c]) for c in table.columns}
        own = {rule.property: rule.confidence for c, rule in claimed.items() if rule.property and c not in identity}
        if own and (topic or set(own) & set(schema.claims)) and sum(own.values()) > score:
            best, rules, score = schema, _once(claimed), sum(own.values())
    if best is None:
        wanted = f"topic {topic}" if topic else "no topic"
        raise Refused(
            f"{wanted} {'finds none of its properties' if topic else 'claims it'} (columns: {', '.join(table.columns[:12])})"
        )
    ids = next((c for c in table.columns if normal(c) in _ID and len(set(cells[c])) == len(cells[c])), None)
    name = name_clean(source.files[0].name).split(".")[0] if len(source.files) == 1 else source.files[0].parent.name
    return ColumnMapping(
        topic=best.id,
        slug=slug_of(name),
        title=name.replace("_", " "),
        kind="literature",
        rules=rules,
        external_id=ids,
    )


def _once(rules: dict[str, Rule]) -> dict[str, Rule]:
    """Each property from its surest column only; the others stay unclaimed."""
    best: dict[str, float] = {}
    for rule in rules.values():
        if rule.property:
            best[rule.property] = max(best.get(rule.property, 0.0), rule.confidence)
    taken: set[str] = set()
    kept = {}
    for column, rule in rules.items():
        keep = rule.property is not None and rule.property not in taken and rule.confidence == best[rule.property]
        if keep and rule.property:
            taken.add(rule.property)
        kept[column] = rule if keep else Rule()
    return kept


def slug_of(name: str) -> str:
    """A slug for any name; one without Latin letters gets a stable code."""
    return slugify(name)[:80] or f"table-{fingerprint(name)[:8]}"
