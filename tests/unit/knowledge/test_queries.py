"""Every store answers a random query on random records as its plain meaning says: filters, order, figures, pages, rights."""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from knowledge.index.services import index_rebuild, index_update
from knowledge.neo4j import executor as neo4j
from knowledge.query import executor
from knowledge.query.codec import from_json, to_json
from knowledge.query.filters import filter_text, parse_filter
from knowledge.query.ports import Store
from knowledge.query.types import (
    Aggregate,
    And,
    Compare,
    CompareProperties,
    Evidence,
    Filter,
    Function,
    HasElements,
    HasItems,
    Histogram,
    Item,
    Length,
    Linked,
    Not,
    Or,
    Query,
    Sort,
    Words,
)
from tests.unit.knowledge import naive
from tests.unit.knowledge.naive import Fact
from tests.unit.knowledge.worlds import CLASSES, NUMBERS, NUMERIC, PROTOTYPES, TEXT, a_world

EXAMPLES = int(os.environ.get("QUERY_EXAMPLES", "30"))
ORDERED = ["=", "!=", "<", "<=", ">", ">="]
TOPICS = [None, *NUMERIC]
Drawn = st.SearchStrategy


def numeric(topic: str | None) -> list[str]:
    own = NUMERIC[topic] if topic else sorted({name for names in NUMERIC.values() for name in names})
    return ["nelements", "spacegroup_number", *own]


def texts(topic: str | None) -> list[str]:
    own = TEXT[topic] if topic else sorted({name for names in TEXT.values() for name in names})
    return ["external_id", "dataset", "kind", *own]


def topological(topic: str | None) -> bool:
    return topic in (None, "topological_materials")


def items(name: str) -> Drawn[Item]:
    number = st.builds(Item, st.sampled_from(ORDERED), st.sampled_from([0.25, 0.4, 0.5, 0.6, 1, 12]))
    words = ["Bi", "Se", "Te"] if name == "elements" else ["1", "12", "x"]
    text = st.builds(Item, st.sampled_from([*ORDERED, "contains", "starts", "ends"]), st.sampled_from(words))
    return {"elements_ratios": number, "elements": text}.get(name, st.one_of(number, text))


@st.composite
def has_items(draw: st.DrawFn, topic: str | None) -> HasItems:
    known = ["elements", "elements_ratios", *(["icsd_id"] if topological(topic) else [])]
    names = tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2)))
    wants = draw(st.lists(st.tuples(*map(items, names)), max_size=2))
    return HasItems(names, tuple(wants), draw(st.sampled_from(["all", "any", "only", "exactly", "none"])))


def leaves(topic: str | None) -> Drawn[Filter]:
    values = st.sampled_from([*NUMBERS, 166, 2])
    names, words = st.sampled_from(numeric(topic)), st.sampled_from(texts(topic))
    symbols = st.lists(st.sampled_from(["Bi", "Se", "Te", "Sb", "O", "Og", "H"]), max_size=3, unique=True).map(tuple)
    pieces = st.sampled_from([*ORDERED, "contains", "starts", "ends"])
    found: list[Drawn[Filter]] = [
        st.builds(Compare, names, st.sampled_from(ORDERED), values),
        st.builds(Compare, names, st.just("in"), st.lists(values, max_size=3).map(tuple)),
        st.builds(Compare, words, pieces, st.sampled_from([*CLASSES, *PROTOTYPES, "mp-1", "T", "measurement"])),
        st.builds(Compare, st.one_of(names, words), st.sampled_from(["known", "unknown"])),
        st.builds(Compare, st.just("record"), st.sampled_from(["=", "!="]), st.sampled_from(["r005", "r0", "r0051"])),
        st.builds(CompareProperties, names, st.sampled_from(ORDERED), names).filter(
            lambda one: convertible(one, topic)
        ),
        st.builds(CompareProperties, words, st.sampled_from(ORDERED), words),
        st.builds(HasElements, symbols, st.sampled_from(["all", "any", "only", "exactly", "none"])),
        has_items(topic),
        st.builds(
            Length, st.sampled_from(["elements", "elements_ratios"]), st.sampled_from(ORDERED), st.integers(-1, 4)
        ),
        st.builds(Words, st.sampled_from(["bi2", "mp-1", "set-topo", "MP-1 se", "zz9", 'b" \\c'])),
    ]
    if topological(topic):
        found += [
            st.builds(Compare, st.just("nontrivial_soc"), st.sampled_from(["=", "!="]), st.booleans()),
            st.builds(Compare, st.just("icsd_id"), st.just("contains"), st.sampled_from(["1", "12"])),
            st.builds(Length, st.just("icsd_id"), st.sampled_from(ORDERED), st.integers(0, 4)),
        ]
    return st.one_of(found)


def convertible(one: CompareProperties, topic: str | None) -> bool:
    lengths, plain = {"a", "b"}, {"nelements", "spacegroup_number", "nsites", "topogivity"}
    pair = {one.left, one.right}
    return len(pair) == 1 or pair <= lengths or pair <= plain


@st.composite
def links(draw: st.DrawFn, topic: str | None) -> Linked:
    there = draw(st.sampled_from(TOPICS))
    known = ["material", "composition", "spacegroup"]
    if topic in (None, "crystal_structures") and there in (None, "crystal_structures"):
        known.append("prototype")
    return Linked(draw(st.sampled_from(known)), draw(conditions(there, links=False)), there)


def conditions(topic: str | None, *, links: bool = True) -> Drawn[Filter]:
    first = st.one_of(leaves(topic), linked(topic)) if links else leaves(topic)
    return st.recursive(
        first,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


linked = links


def histograms(names: Drawn[str], words: Drawn[str], ends: tuple[float | None, float | None]) -> Drawn[Histogram]:
    low, high = map(st.just, ends)
    return st.builds(
        Histogram, names, st.sampled_from([1, 3, 40]), low, high, st.booleans(), st.one_of(st.none(), words)
    )


@st.composite
def queries(draw: st.DrawFn) -> Query:
    topic = draw(st.sampled_from(TOPICS))
    names, words = st.sampled_from(numeric(topic)), st.sampled_from(texts(topic))
    extra = ["nontrivial_soc"] if topological(topic) else []
    keys = st.sampled_from([*numeric(topic), *texts(topic), *extra])
    lists = ["elements", *(["icsd_id"] if topological(topic) else [])]
    function: Function = draw(st.sampled_from(["count", "count_distinct", "min", "max", "mean", "median", "sum"]))
    by = draw(st.one_of(st.none(), st.sampled_from([*texts(topic), *lists])))
    ends = draw(st.sampled_from([(None, None), (0.5, 3.0), (None, 2.0), (1.0, 1.0)]))
    return Query(
        topic=topic,
        where=draw(st.one_of(st.none(), conditions(topic))),
        sort=tuple(draw(st.lists(st.builds(Sort, keys, st.booleans()), max_size=2))),
        limit=draw(st.sampled_from([1, 7, 100])),
        offset=draw(st.sampled_from([0, 0, 3])),
        aggregate=draw(st.one_of(st.none(), st.just(Aggregate(function, draw(names), by)))),
        kinds=draw(st.sampled_from([(), ("prediction",), ("measurement", "computation")])),
        facets=tuple(draw(st.lists(st.one_of(names, words, st.sampled_from([*lists, *extra])), max_size=3, unique=True))),
        histograms=tuple(
            draw(st.lists(histograms(names, words, ends), max_size=1))
        ),
        entities=draw(st.sampled_from(["records", "records", "materials"])),
        top=draw(st.one_of(st.none(), st.none(), st.tuples(st.one_of(names, words), st.integers(1, 3)))),
    )  # fmt: skip


@pytest.fixture(params=[1, 2, 3])
def world(request: pytest.FixtureRequest, db: None) -> list[Fact]:
    """Records in the index as the last changes (1), as a base (2), and as bases of which later changes replaced a part (3)."""
    if request.param == 3:
        a_world(4, size=60)
        index_rebuild(most_fresh=0)
    facts = a_world(request.param)
    keys = [f"r{number:03}" for number in range(70)]
    if request.param < 3:
        index_rebuild(most_fresh=0 if request.param == 2 else 1000)
    else:
        index_update(records=keys[:35], most_fresh=0)
        index_update(records=keys[35:50])
        index_update(records=keys[45:])
    return facts


def scopes() -> list[Scope]:
    one = Project.objects.get(slug="one").pk
    return [Scope.system(), Scope(user_id=1), Scope(user_id=2, readable=frozenset({one}))]


@pytest.mark.timeout(600)
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(query=queries(), reader=st.integers(0, 2))
def test_a_random_query_is_answered_as_it_is_meant(world: list[Fact], query: Query, reader: int) -> None:
    _agrees(executor.run, world, query, scopes()[reader])


@pytest.mark.timeout(600)
@settings(max_examples=EXAMPLES // 3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(query=queries(), reader=st.integers(0, 2))
def test_neo4j_answers_a_random_query_as_it_is_meant(
    world: list[Fact], neo4j_site: None, query: Query, reader: int
) -> None:
    _agrees(neo4j.run, world, query, scopes()[reader])


def _agrees(store: Store, world: list[Fact], query: Query, scope: Scope) -> None:
    expected = naive.selected(query, world, scope)
    answer = store(query, scope=scope)
    assert answer.count == len(expected)
    assert [row.record for row in answer.rows] == [fact.record for fact in expected][query.offset :][: query.limit]
    _figures_agree(answer, query, expected)
    _histograms_agree(answer, query, expected)
    _pages_agree(store, query, scope, expected)


def _figures_agree(answer: Evidence, query: Query, expected: list[Fact]) -> None:
    for name in query.facets:
        groups = naive.grouped(expected, name)
        assert answer.facets[name] == {label(value): len(facts) for value, facts in groups.items()}
    if query.aggregate is None:
        return
    asked = query.aggregate
    if asked.by is None:
        assert answer.aggregate == pytest.approx(naive.figure(asked.function, asked.property, expected))
        return
    figures = {
        label(value): figure
        for value, facts in naive.grouped(expected, asked.by).items()
        if (figure := naive.figure(asked.function, asked.property, facts)) is not None
    }
    assert answer.groups == pytest.approx(figures)


def label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _histograms_agree(answer: Evidence, query: Query, expected: list[Fact]) -> None:
    for asked, drawn in zip(query.histograms, answer.histograms, strict=True):
        facts = [fact for fact in expected if asked.by is None or fact.first.get(asked.by) is not None]
        known = [fact.first[asked.property] for fact in facts if fact.first.get(asked.property) is not None]
        known = [value for value in known if value > 0 or not asked.log]
        assert drawn.counts == naive.counted(asked, facts, drawn.edges)
        if known and asked.low is None and asked.high is None:
            assert (drawn.edges[0], drawn.edges[-1]) == (min(known), max(known))
            assert sum(drawn.counts) == len(known)
        if asked.by is not None:
            groups = {label(k): naive.counted(asked, v, drawn.edges) for k, v in naive.grouped(facts, asked.by).items()}
            assert drawn.groups == {name: counts for name, counts in groups.items() if any(counts)}


def _pages_agree(store: Store, query: Query, scope: Scope, expected: list[Fact]) -> None:
    if query.limit == 1:
        return
    found: list[str] = []
    page = store(replace(query, offset=0, after=None), scope=scope)
    found += [row.record for row in page.rows]
    while page.next:
        page = store(replace(query, offset=0, after=page.next, facets=(), histograms=(), aggregate=None), scope=scope)
        assert page.count == len(expected)
        assert page.rows
        found += [row.record for row in page.rows]
    assert found == [fact.record for fact in expected]


@settings(max_examples=150)
@given(query=queries())
def test_a_query_survives_json(query: Query) -> None:
    assert from_json(to_json(query)) == query


@settings(max_examples=150)
@given(part=conditions(None))
def test_filter_text_settles_after_one_reading(part: Filter) -> None:
    text = filter_text(parse_filter(filter_text(part)))
    assert filter_text(parse_filter(text)) == text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=conditions(None))
def test_filter_text_means_the_same_as_the_filter(world: list[Fact], part: Filter) -> None:
    read = parse_filter(filter_text(part))
    for one in (part, Not(part)):
        other = read if one is part else Not(read)
        answers = [executor.run(Query(where=each, limit=100), scope=Scope.system()).rows for each in (one, other)]
        assert answers[0] == answers[1], filter_text(part)
