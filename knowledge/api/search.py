"""Searching: one page of records, one figure, the values of a property with their counts, a distribution."""

from typing import Literal
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from ninja import Query as Parameters
from ninja import Router
from pydantic import Field

from knowledge.access.callers import Caller
from knowledge.api.application import reading, reading_index
from knowledge.api.documents import BinnedOut, PageParameters, SearchIn, SearchOut, SearchParameters, search_out
from knowledge.errors import QueryError
from knowledge.query.codec import from_json, to_json
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Aggregate, Filter, Histogram, Query
from knowledge.query.urls import MOST_ROWS, sort_of

router = Router(tags=["search"])


class AggregateParameters(SearchParameters):
    """One figure over the matches, or one per value of `by`."""

    function: Literal["count", "count_distinct", "min", "max", "mean", "median", "sum"] = "count"
    property: str | None = Field(None, max_length=60, examples=["band_gap"])
    by: str | None = Field(None, max_length=60, examples=["spacegroup_number"])


class AggregateOut(SearchParameters):
    """`value`, or with `by` one figure per value in `groups`; in the property's unit."""

    count: int
    value: float | None
    groups: dict[str, float]


class FacetParameters(SearchParameters):
    """Values of properties with the number of matches that state them."""

    property: list[str] = Field(min_length=1, max_length=20, examples=[["topic", "dataset"]])


class HistogramParameters(SearchParameters):
    """How a number property is distributed over the matches."""

    property: str = Field(max_length=60, examples=["nsites"])
    bins: int = Field(40, ge=1, le=1000)
    low: float | None = Field(None, allow_inf_nan=False, description="in the property's unit; without: the least value")
    high: float | None = Field(None, allow_inf_nan=False)
    log: bool = Field(False, description="bins of equal ratio instead of equal width")
    by: str | None = Field(None, max_length=60, description="one line of counts per value of this")


def where_of(asked: SearchParameters) -> Filter | None:
    """The filter of parameters."""
    return parse_filter(asked.filter) if asked.filter and asked.filter.strip() else None


def page_query(asked: PageParameters) -> Query:
    """The Query of parameters."""
    return Query(
        asked.topic or None, where_of(asked), select=tuple(asked.select), sort=sort_of(asked.sort), limit=asked.limit,
        offset=asked.offset, kinds=tuple(asked.kind), facets=tuple(asked.facet), entities=asked.entities,
        after=asked.after,
    )  # fmt: skip


def _answer(query: Query, caller: Caller) -> SearchOut:
    if query.limit > MOST_ROWS:
        raise QueryError(f"limit is at most {MOST_ROWS}; page with `after`, or make an export.", parameter="limit")
    return search_out(run(query, scope=caller.scope), to_json(query))


def _figures(asked: SearchParameters, caller: Caller, **more: object) -> SearchOut:
    query = Query(asked.topic or None, where_of(asked), kinds=tuple(asked.kind), limit=0, **more)  # type: ignore[arg-type]
    return _answer(query, caller)


@router.get("/search", response=SearchOut, operation_id="search", summary="Find records by filter text")
def search(request: HttpRequest, response: HttpResponse, asked: Parameters[PageParameters]) -> SearchOut:
    """Records that match a filter in OPTIMADE's grammar; without one, all. The next page is also told as a Link header."""
    found = _answer(page_query(asked), reading_index(request))
    if found.next:
        params = [(name, value) for name, value in request.GET.lists() if name not in ("after", "offset")]
        address = request.build_absolute_uri(
            f"{request.path}?{urlencode([*params, ('after', found.next)], doseq=True)}"
        )
        response.headers["Link"] = f'<{address}>; rel="next"'
    return found


@router.post(
    "/search", response=SearchOut, operation_id="search_query", summary="Find records by filter text or a Query"
)
def search_post(request: HttpRequest, asked: SearchIn) -> SearchOut:
    """The same with a body: `filter`, or `query` with everything that a Query can ask."""
    caller = reading(request)
    return _answer(query_of(asked), caller)


def query_of(asked: SearchIn) -> Query:
    """The Query of a body. Raises QueryError where it says both or neither reads."""
    if asked.query is None:
        return page_query(asked)
    if asked.filter is not None:
        raise QueryError("Send either filter or query, not both.")
    return from_json(asked.query)


@router.get("/aggregate", response=AggregateOut, operation_id="aggregate", summary="One figure over the matches")
def aggregate(request: HttpRequest, asked: Parameters[AggregateParameters]) -> AggregateOut:
    """Count, extremes, mean, median or sum, of all matches or for each value of another property."""
    figure = Aggregate(asked.function, asked.property or None, asked.by or None)
    found = _figures(asked, reading_index(request), aggregate=figure)
    said = asked.model_dump(include=set(SearchParameters.model_fields))
    return AggregateOut(count=found.count, value=found.aggregate, groups=found.groups, **said)


@router.get("/facets", response=dict[str, dict[str, int]], operation_id="facets", summary="Values with their counts")
def facets(request: HttpRequest, asked: Parameters[FacetParameters]) -> dict[str, dict[str, int]]:
    """For each property its values and how many matches state them, the commonest first, 500 at most."""
    return _figures(asked, reading_index(request), facets=tuple(asked.property)).facets


@router.get("/histogram", response=BinnedOut, operation_id="histogram", summary="A distribution")
def histogram(request: HttpRequest, asked: Parameters[HistogramParameters]) -> BinnedOut:
    """Counts of a number property in bins over the matches that state it."""
    wanted = Histogram(asked.property, asked.bins, asked.low, asked.high, asked.log, asked.by or None)
    return _figures(asked, reading_index(request), histograms=(wanted,)).histograms[0]
