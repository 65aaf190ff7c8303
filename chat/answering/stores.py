"""What an answer is made with: the stores under the reader's rights, the writer, and which source is meant."""

from dataclasses import dataclass, field, replace

from chat.answering.domain import Draft
from chat.composer import phrases
from chat.composer.writer import Writer
from chat.planner.domain import Material, Plan
from chat.planner.filters import material_filter
from chat.planner.lexicon import Lexicon
from eln.accounts.scope import Scope
from knowledge.query.executor import run
from knowledge.query.types import Aggregate, And, Compare, Evidence, Filter, Query, Row
from knowledge.topics.schema import topics

MOST_HELD = 400  # rows whose figures an answer may print; no answer names more


@dataclass
class Desk:
    """One question on the desk: plan, rights, writer, draft."""

    plan: Plan
    scope: Scope
    lexicon: Lexicon
    writer: Writer
    draft: Draft
    others: dict[str, int] = field(default_factory=dict)

    @property
    def query(self) -> Query:
        """The plan's query. Raises ValueError for plans without one, which are answered elsewhere."""
        if self.plan.query is None:
            raise ValueError(f"a plan to {self.plan.intent} has no query")
        return self.plan.query

    @property
    def language(self) -> str:
        """The language of the answer."""
        return self.writer.language

    def ask(self, query: Query) -> Evidence:
        """Run a query; its figures may be printed."""
        evidence = run(query, scope=self.scope)
        self.writer.hold(replace(evidence, rows=evidence.rows[:MOST_HELD]))
        return evidence

    def rows_of(self, material: Material, *, placed: bool = False) -> tuple[Row, ...]:
        """The records of a material, those of the main topic and source first; of its space group only when `placed`."""
        parts: list[Filter] = [material_filter(material)]
        if self.plan.sources:
            parts.append(Compare("dataset", "in", self.plan.sources))
        if placed and material.spacegroup:
            parts.append(Compare("spacegroup_number", "=", material.spacegroup))
        where = parts[0] if len(parts) == 1 else And(tuple(parts))
        rows = self.ask(Query(topic=self.plan.topic, where=where, limit=400)).rows
        if not rows and self.plan.topic:
            rows = self.ask(Query(where=where, limit=400)).rows
        if not rows and material.external_id:
            rows = self._by_other_id(material)
        return tuple(sorted(rows, key=self._rank))

    def _by_other_id(self, material: Material) -> tuple[Row, ...]:
        for name in ("mp_id", "materiae_id", "jarvis_id"):
            if any(schema.property(name) for schema in topics().values()):
                rows = self.ask(Query(where=Compare(name, "=", material.external_id), limit=50)).rows
                if rows:
                    return rows
        return ()

    def _rank(self, row: Row) -> tuple[int, int, int, str]:
        schema = topics().get(row.topic)
        main = 0 if schema and schema.main_dataset == row.dataset else 1
        return (0 if row.topic == self.lexicon.main_topic else 1, main, row.spacegroup_number or 0, row.record)

    def narrowed(self, query: Query) -> tuple[Query, str, dict[str, int]]:
        """The query on the source that is meant, what to call that source, and the counts of the others."""
        if self.plan.sources:
            inside = with_filter(query, Compare("dataset", "in", self.plan.sources))
            return inside, self.join(self.writer.title(slug) for slug in self.plan.sources), {}
        found = self.ask(replace(query, limit=0, sort=(), aggregate=Aggregate("count", None, "dataset"))).groups
        schema = topics().get(query.topic or "")
        main = schema.main_dataset if schema else None
        if main is None or main not in self._present(query.topic):
            return (
                query,
                self.join(self.writer.title(slug) for slug in list(found)[:4]) or self._topic_label(query.topic),
                {},
            )
        others = {slug: int(count) for slug, count in found.items() if slug != main}
        return with_filter(query, Compare("dataset", "=", main)), self.writer.title(main), others

    def _present(self, topic: str | None) -> set[str]:
        return {slug for slug, of in self.lexicon.topic_of.items() if of == topic}

    def _topic_label(self, topic: str | None) -> str:
        schema = topics().get(topic or "")
        return schema.label[self.language] if schema else self.writer.text("everything")

    def join(self, parts: object) -> str:
        """A list in the answer's language."""
        return self.writer.text("list_join").join(parts)  # type: ignore[arg-type]  # any iterable of text

    def subject(self, row: Row) -> str:
        """A record's material with its space group."""
        name = row.formula or row.external_id or row.record
        if not row.spacegroup_number:
            return name
        return self.writer.text("entry", material=name, group=phrases.group_text(row.spacegroup_number, self.language))

    def label(self, name: str, topic: str | None = None) -> str:
        """What a property is called; figures in its name may be printed."""
        text = phrases.label(name, topic or self.plan.topic, self.language)
        self.writer.hold(text)
        return text

    def count_distinct(self, query: Query, name: str = "formula") -> int:
        """How many different values of a property the matches have."""
        figure = self.ask(replace(query, limit=0, sort=(), aggregate=Aggregate("count_distinct", name))).aggregate
        return int(figure or 0)

    def where_words(self, query: Query) -> str:
        """The query's condition in words; its figures come from the question."""
        text = phrases.filter_words(query.where, query.topic, self.language)
        self.writer.hold(text)
        return text


def with_filter(query: Query, test: Filter) -> Query:
    """The query with one more condition."""
    if query.where is None:
        return replace(query, where=test)
    parts = query.where.parts if isinstance(query.where, And) else (query.where,)
    return replace(query, where=And((*parts, test)))


def unique(formulas: object) -> list[str]:
    """In order, without repeats."""
    return list(dict.fromkeys(formulas))  # type: ignore[call-overload]  # any iterable of text
