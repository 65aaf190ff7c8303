"""What a person said a table means: a mapping made of the proposal and what was changed in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge.imports.columns import Proposal, dataset_name, proposal, slug_of
from knowledge.imports.combining import Part
from knowledge.imports.long_tables import long_drafts
from knowledge.imports.mappings import ColumnMapping, ColumnRule, Rule, known_mapping
from knowledge.imports.readers.shapes import long_as_wide
from knowledge.imports.rows import RowReader, fingerprint
from knowledge.imports.stated import stated_rule
from knowledge.imports.tables import Refused, Source, Table
from knowledge.topics.schema import TopicSchema, topics

FIXED = ("formula", "spacegroup_number", "elements", "external_id")  # what a column can be in every topic


@dataclass(frozen=True)
class Chosen:
    """What a person said one column is: a property of the topic, one of FIXED, or none; `unit` as the source writes it."""

    property: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Decision:
    """What a person said of one table. `skip`: it is not to be imported; `columns` only those that were shown."""

    topic: str
    columns: Mapping[str, Chosen] = field(default_factory=dict)
    skip: bool = False


@dataclass(frozen=True)
class About:
    """What a person said of the data set as a whole; empty texts leave what the file or the known data set says."""

    title: str = ""
    kind: str = "literature"
    licence: str = ""
    citation: str = ""
    url: str = ""
    project_id: int | None = None


@dataclass(frozen=True)
class Suggested:
    """One table with what it is taken for; `proposal` none for a known data set, `error` set where nobody claims it."""

    table: Table
    mapping: ColumnMapping | None = None
    proposal: Proposal | None = None
    error: str = ""


def suggested(source: Source, table: Table, topic: str | None) -> Suggested:
    """What the program itself takes a table for."""
    try:
        if (known := known_mapping(source, table, topic)) is not None:
            return Suggested(*known)
        table = long_as_wide(table)
        found = proposal(table, source, topic)
    except Refused as error:
        return Suggested(table, error=str(error))
    return Suggested(table, found.mapping, found)


def decided(source: Source, found: Suggested, decision: Decision | None, about: About) -> Suggested:
    """The same with what a person said; raises Refused for a property or unit that the topic does not have."""
    if decision is None:
        return replace(found, mapping=_titled(source, found, about))
    if decision.skip:
        return replace(found, mapping=None, error="left out by choice")
    schema = topics().get(decision.topic)
    if schema is None:
        raise Refused(f"there is no topic {decision.topic!r}: choose one of {', '.join(topics())}")
    base = found.mapping if found.mapping is not None and found.mapping.topic == schema.id else None
    rules = {name: _rule(schema, name, decision.columns.get(name), base) for name in found.table.columns}
    ids = [name for name, chosen in decision.columns.items() if chosen.property == "external_id"]
    if base is None:
        base = ColumnMapping(schema.id, "", "", about.kind, rules)
    external = ids[0] if ids else base.external_id
    mapping = replace(base, rules=rules, external_id=external, layout=_layout(base, rules))
    return replace(found, mapping=_titled(source, replace(found, mapping=mapping), about), error="")


def _layout(base: ColumnMapping, rules: Mapping[str, Rule]) -> str:
    """A long table stays one only while the columns that make it one are what they were."""
    return (
        base.layout
        if base.layout == "wide" or {"property", "stated"} <= {rule.role for rule in rules.values()}
        else "wide"
    )


def _rule(schema: TopicSchema, column: str, chosen: Chosen | None, base: ColumnMapping | None) -> Rule:
    before = base.rules.get(column, Rule()) if base else Rule()
    if chosen is None or (chosen.property, chosen.unit or None) == (before.property, before.unit):
        return before
    if chosen.property is None or chosen.property == "external_id":
        return before if chosen.property is None and before.role != "value" else Rule()
    if chosen.property in FIXED:
        return Rule(chosen.property, None, 1.0)
    rule = stated_rule(schema, column, ColumnRule(property=chosen.property, unit=chosen.unit))
    return replace(before, unit=rule.unit, confidence=1.0) if before.property == rule.property else rule


def _titled(source: Source, found: Suggested, about: About) -> ColumnMapping | None:
    """The mapping under the name of its data set; a data set that Lodestone knows keeps its own."""
    mapping = found.mapping
    if mapping is None or (found.proposal is None and mapping.slug):
        return mapping
    name = dataset_name(source)
    title = about.title or name.replace("_", " ")
    slug = slug_of(f"{about.title} {name}" if about.title and about.title != name else name)
    return replace(
        mapping, slug=slug, title=title[:200], kind=about.kind, licence=about.licence[:200], citation=about.citation,
        url=about.url[:400], project_id=about.project_id,
    )  # fmt: skip


def parts_of(found: Sequence[Suggested]) -> list[Part]:
    """The tables as the importer takes them; each topic of a file gets a data set of its own."""
    first = next((one.mapping.topic for one in found if one.mapping), None)
    parts = []
    for one in found:
        mapping = one.mapping
        if mapping is not None and mapping.topic != first and one.proposal is not None:
            mapping = replace(mapping, slug=f"{mapping.slug[:55]}-{mapping.topic}".replace("_", "-"))
        parts.append(Part(one.table, mapping, error=one.error, known=True))
    return parts


def previewed(parts: Sequence[Part], source: Source) -> list[Part]:
    """The tables read row by row as an import would, with nothing stored."""
    for part in parts:
        if part.mapping is not None:
            reader = RowReader(part.table, part.mapping, file_name=source.name, receipt="")
            part.read = long_drafts(part.table, reader) if part.mapping.layout == "long" else reader.run()
    return list(parts)


def key_of(source: Source, table: Table) -> str:
    """Names a table among those of several files, and stays when they are read again."""
    return fingerprint(source.name, table.place)[:16]
