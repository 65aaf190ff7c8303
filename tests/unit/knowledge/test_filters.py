"""Filter text: what it means, and what a person is told when it does not read."""

import pytest

from knowledge.errors import FilterError
from knowledge.query.codec import from_json, to_json
from knowledge.query.filters import parse_filter
from knowledge.query.types import Aggregate, And, Compare, HasElements, Not, Or, Query, Sort, Words


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('elements HAS "Bi"', HasElements(("Bi",))),
        ('elements HAS ANY "Bi","Se"', HasElements(("Bi", "Se"), "any")),
        ("elements LENGTH >= 3", Compare("nelements", ">=", 3)),
        ('chemical_formula_reduced="Bi2Se3"', Compare("formula", "=", "Bi2Se3")),
        ("0.5 < band_gap", Compare("band_gap", ">", 0.5)),
        ("band_gap >= 500 meV", Compare("band_gap", ">=", 500, "meV")),
        ("nsites IS UNKNOWN", Compare("nsites", "unknown")),
        ('mp_id STARTS "mp-"', Compare("mp_id", "starts", "mp-")),
        ("nontrivial_soc = TRUE", Compare("nontrivial_soc", "=", True)),
        ('WORDS "a \\"b\\""', Words('a "b"')),
        ("NOT nsites = 1 AND nsites < 3", And((Not(Compare("nsites", "=", 1)), Compare("nsites", "<", 3)))),
        (
            "nsites = 1 OR nsites = 2 AND nsites = 3",
            Or((Compare("nsites", "=", 1), And((Compare("nsites", "=", 2), Compare("nsites", "=", 3))))),
        ),
    ],
)
def test_text_means(text: str, meaning: object) -> None:
    assert parse_filter(text) == meaning


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("elements HAS", 12),
        ("nsites = ", 9),
        ("nsites 3", 7),
        ('elements HAS "Xx"', 0),
        ("(nsites = 1", 11),
        ("((((" * 20 + "nsites = 1", 40),
    ],
)
def test_text_that_does_not_read_tells_where_and_what_to_do(text: str, position: int) -> None:
    with pytest.raises(FilterError) as told:
        parse_filter(text)
    assert told.value.details["position"] == position
    assert len(told.value.message) > 30


@pytest.mark.timeout(30)
def test_text_without_end_is_refused() -> None:
    with pytest.raises(FilterError, match="longer than"):
        parse_filter("nsites = 1 OR " * 100_000)
    with pytest.raises(FilterError, match="simplify"):
        parse_filter("NOT " * 1900 + "nsites = 1")


def test_a_query_survives_json() -> None:
    query = Query(
        topic="topological_materials",
        where=And((Or(()), Not(Words("a")), HasElements(("O",), "only"), Compare("nsites", "in", (1, 2.5), None))),
        select=("nsites",),
        sort=(Sort("nsites", True),),
        limit=3,
        offset=4,
        aggregate=Aggregate("max", "nsites", "topic"),
        kinds=("prediction",),
        facets=("elements",),
    )
    assert from_json(to_json(query)) == query
