"""Tables nobody described: which column is what, in which topic, how sure that is and why; no header, no claim."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.text import slugify

from ingest.contract.envelope import name_clean
from knowledge.imports import reasons
from knowledge.imports.assigning import assigned
from knowledge.imports.headers import Reading, header_read, heading_split
from knowledge.imports.long_tables import long_rules
from knowledge.imports.mappings import ColumnMapping, Rule
from knowledge.imports.materials import Identified, identified
from knowledge.imports.names import compact, words
from knowledge.imports.options import Column, Option
from knowledge.imports.reasons import Reason, why
from knowledge.imports.rows import column_style, fingerprint, table_style
from knowledge.imports.tables import Refused, Source, Table
from knowledge.topics.schema import TopicSchema, topics

SAMPLE = 400
CERTAIN = 0.9  # what a topic for everything must be sure of
MARGIN = 0.06  # two topics closer than this explain a table equally well


@dataclass(frozen=True)
class ColumnProposal:
    """What one column was understood as, why, and what else it could be."""

    column: str
    rule: Rule
    reason: Reason
    alternatives: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """The mapping proposed for a table, column by column, and how well each topic explains it."""

    mapping: ColumnMapping
    columns: tuple[ColumnProposal, ...]
    topics: Mapping[str, float] = field(default_factory=dict)


def _sampled(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Rows from all over the table: files are often sorted."""
    if len(rows) <= SAMPLE:
        return list(rows)
    step = len(rows) / SAMPLE
    return [rows[int(i * step)] for i in range(SAMPLE)]


def _described(text: str) -> tuple[Reading, ...]:
    """What the words of a legend say about a column: its first clause as a header."""
    clause = text.split(";")[0].split(". ")[0].strip()
    if not clause or len(clause) > 90:
        return ()
    return tuple(reading for reading in header_read(clause).readings if 0 < len(reading.name) <= 8)


def columns_of(table: Table) -> list[Column]:
    """The columns of a table with a sample of their cells."""
    rows, otherwise = _sampled(table.rows), table_style(table)
    found = []
    for at, name in enumerate(table.columns):
        base, _, count = name.rpartition(" (")
        repeated = base in table.columns and count.rstrip(")").isdigit()
        group, own = heading_split(base if repeated else name)
        description = table.descriptions.get(name, "")
        found.append(
            Column(
                name,
                header_read(own),
                [row[at] for row in rows],
                table.units.get(name) or None,
                _described(description) if description else (),
                column_style(table, at, otherwise),
                words(group),
                header_read(group).at if group else (),
            )
        )
    return found


def place_words(source: Source, table: Table) -> tuple[str, ...]:
    """The words of the file name, sheet and title: they may name a property or topic that the header leaves out."""
    stem = source.files[0].name.split(".")[0] if source.files else source.name
    return words(f"{stem} {table.title} {table.place}")


@dataclass(frozen=True)
class _Explained:
    """One topic's understanding of a table."""

    schema: TopicSchema
    proposals: Mapping[str, ColumnProposal]
    score: float

    @property
    def claimed(self) -> list[Rule]:
        return [p.rule for p in self.proposals.values() if p.rule.property and p.rule.role == "value"]


def _named_topic(schema: TopicSchema, place: tuple[str, ...]) -> bool:
    """Whether the file or sheet is named like the topic."""
    said = compact(place)
    names = (schema.id, *schema.label.values(), *schema.synonyms)
    return any(len(key) >= 5 and key in said for key in (compact(words(name)) for name in names))


def _explain(schema: TopicSchema, found: list[Column], known: Identified, place: tuple[str, ...]) -> _Explained:
    free = [column for column in found if column.name not in known.rules]
    named = _named_topic(schema, place)
    chosen = assigned(schema, free, place, named=named)
    proposals = {
        column.name: ColumnProposal(column.name, known.rules[column.name], known.reasons[column.name])
        if column.name in known.rules
        else ColumnProposal(column.name, *chosen[column.name])
        for column in found
    }
    _reference(schema, proposals)
    best: dict[str, float] = {}
    for proposal in proposals.values():
        rule = proposal.rule
        if rule.property and rule.role == "value" and proposal.column not in known.rules:
            best[rule.property] = max(best.get(rule.property, 0.0), rule.confidence)
    score = sum(sure * (1.0 if name in schema.claims else 0.3) for name, sure in best.items())
    return _Explained(schema, proposals, score + (0.3 if named and best else 0.0))


def _reference(schema: TopicSchema, proposals: dict[str, ColumnProposal]) -> None:
    """The first column that says where a row comes from is the topic's own `reference`, where it has one."""
    item = schema.property("reference")
    if item is None or any(p.rule.property == item.id for p in proposals.values()):
        return
    for name, one in proposals.items():
        if one.rule.role == "source":
            proposals[name] = replace(one, rule=replace(one.rule, property=item.id, role="value"))
            return


def _refuse(table: Table, topic: str | None) -> None:
    if topic is not None and topic not in topics():
        raise Refused(f"there is no topic {topic!r}: choose one of {', '.join(topics())}")
    if not table.header:
        raise Refused(
            "names no columns, and is none of the known data sets: add a header line with column names and units"
        )
    if not table.rows:
        lost = f": row {table.broken[0][0]} {table.broken[0][1]}" if table.broken else ""
        raise Refused(f"has a header line but no rows that fit it{lost}")


def _understood(explained: Iterable[_Explained]) -> str:
    """What was understood of a table that no topic claims."""
    found: dict[str, str] = {}
    for one in explained:
        for name, proposal in one.proposals.items():
            if proposal.rule.property and proposal.rule.role == "value":
                found.setdefault(name, proposal.rule.property)
            elif proposal.alternatives and name not in found:
                found.setdefault(name, "")
    said = [f"{name} as {what}" for name, what in found.items() if what]
    return f"; understood were {', '.join(said[:6])}" if said else ""


def _chosen(ranked: list[_Explained], table: Table, topic: str | None) -> _Explained:
    """The topic that explains a table best. Raises Refused for none, or for two alike."""
    columns = ", ".join(table.columns[:12])
    own = [
        one for one in ranked if one.claimed and (topic or {r.property for r in one.claimed} & set(one.schema.claims))
    ]
    own = [one for one in own if one.score > 0]
    own = own or [one for one in ranked if one.schema.general and any(_certain(rule) for rule in one.claimed)]
    if not own:
        if topic:
            raise Refused(f"topic {topic} finds none of its properties (columns: {columns}){_hints(ranked)}")
        fitting = [one.schema.id for one in ranked if one.claimed][:3]
        advice = f"; if it belongs to one of {', '.join(fitting)}, say so with --topic" if fitting else ""
        raise Refused(f"no topic claims it (columns: {columns}){_understood(ranked)}{advice}{_hints(ranked)}")
    if len(own) > 1 and own[0].score - own[1].score < MARGIN:
        alike = [one.schema.id for one in own if own[0].score - one.score < MARGIN]
        raise Refused(
            f"{' and '.join(alike)} explain its columns equally well{_understood(own[:1])}: choose with --topic {alike[0]}"
        )
    return own[0]


def _certain(rule: Rule) -> bool:
    """Whether name and unit say it together."""
    return rule.unit is not None and rule.confidence >= CERTAIN


def _hints(explained: list[_Explained]) -> str:
    """The nearest misses, with what was missing."""
    said: dict[str, str] = {}
    for one in explained:
        for name, proposal in one.proposals.items():
            if proposal.alternatives and not proposal.rule.property and proposal.rule.role == "value":
                said.setdefault(name, f"{name}: {proposal.alternatives[0].reason}")
    return "".join(f" {text}" for text in list(said.values())[:2]) and ". " + " ".join(list(said.values())[:2])


def proposal(table: Table, source: Source, topic: str | None = None) -> Proposal:
    """What the columns of a table mean, with reasons and alternatives. Raises Refused: no header, no claim."""
    _refuse(table, topic)
    found, place = columns_of(table), place_words(source, table)
    known = identified(found, table, place)
    if known.refusal:
        raise Refused(known.refusal)
    candidates = [topics()[topic]] if topic else [t for t in topics().values() if t.claims or t.general]
    if long := long_rules(candidates, found, known):
        return _long(source, table, *long, known=known)
    ranked = sorted((_explain(schema, found, known, place) for schema in candidates), key=lambda one: -one.score)
    best = _chosen(ranked, table, topic)
    mapping = _mapping(source, best.schema.id, {n: p.rule for n, p in best.proposals.items()}, known)
    return Proposal(mapping, tuple(best.proposals.values()), {one.schema.id: round(one.score, 3) for one in ranked})


def _long(
    source: Source, table: Table, schema: TopicSchema, rules: Mapping[str, Rule], *, known: Identified
) -> Proposal:
    every = {name: rules.get(name) or known.rules.get(name) or Rule() for name in table.columns}
    mapping = replace(_mapping(source, schema.id, every, known), layout="long")
    shown = tuple(
        ColumnProposal(name, rule, known.reasons.get(name) or why(reasons.NOT_NAMED)) for name, rule in every.items()
    )
    return Proposal(mapping, shown, {schema.id: 1.0})


def _mapping(source: Source, topic: str, rules: Mapping[str, Rule], known: Identified) -> ColumnMapping:
    name = dataset_name(source)
    return ColumnMapping(
        topic=topic,
        slug=slug_of(name),
        title=name.replace("_", " "),
        kind="literature",
        rules=rules,
        external_id=known.external_id,
        rest=known.rest,
    )


def dataset_name(source: Source) -> str:
    """The name of the data set that a file nobody described becomes."""
    if len(source.files) == 1:
        return name_clean(source.files[0].name).split(".")[0]
    return source.files[0].parent.name


def guessed_mapping(source: Source, table: Table, topic: str | None) -> ColumnMapping:
    """The mapping of a table by its column names and values. Raises Refused: no header, no claim."""
    return proposal(table, source, topic).mapping


def slug_of(name: str) -> str:
    """A slug for any name; one without Latin letters gets a stable code."""
    return slugify(name)[:80] or f"table-{fingerprint(name)[:8]}"
