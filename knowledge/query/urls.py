"""Query to the parameters of a URL and back, so that every search can be shared as an address."""

from typing import Literal, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from knowledge.errors import QueryError
from knowledge.query.filters import filter_text, parse_filter
from knowledge.query.types import Aggregate, Function, Histogram, Query, Sort

MOST_ROWS = 1000


def query_to_params(query: Query) -> str:
    """The query as URL parameters: topic, filter, sort, limit, offset, kind, select, facet, aggregate, histogram,
    entities, top, after; defaults left out."""
    pairs: list[tuple[str, str]] = []
    if query.topic:
        pairs.append(("topic", query.topic))
    if query.where is not None:
        pairs.append(("filter", filter_text(query.where)))
    if query.sort:
        pairs.append(("sort", ",".join(("-" if item.descending else "") + item.property for item in query.sort)))
    pairs += [("limit", str(query.limit))] if query.limit != Query().limit else []
    pairs += [("offset", str(query.offset))] if query.offset else []
    pairs += [("kind", kind) for kind in query.kinds]
    pairs += [("select", name) for name in query.select]
    pairs += [("facet", name) for name in query.facets]
    if query.aggregate is not None:
        asked = query.aggregate
        pairs.append(("aggregate", ":".join((asked.function, asked.property or "", asked.by or "")).rstrip(":")))
    pairs += [("histogram", _histogram_text(asked)) for asked in query.histograms]
    pairs += [("entities", query.entities)] if query.entities != Query().entities else []
    pairs += [("top", f"{query.top[0]}:{query.top[1]}")] if query.top else []
    pairs += [("after", query.after)] if query.after else []
    return urlencode(pairs)


def query_from_params(params: QueryDict) -> Query:
    """The query of URL parameters. Raises QueryError saying which parameter does not read."""
    where = params.get("filter", "").strip()
    return Query(
        topic=params.get("topic") or None,
        where=parse_filter(where) if where else None,
        select=tuple(params.getlist("select")),
        sort=sort_of(params.get("sort", "")),
        limit=_whole(params, "limit", Query().limit, MOST_ROWS),
        offset=_whole(params, "offset", 0, 10**9),
        aggregate=_aggregate(params.get("aggregate", "")),
        kinds=tuple(params.getlist("kind")),
        facets=tuple(params.getlist("facet")),
        histograms=tuple(map(_histogram, params.getlist("histogram"))),
        entities=_entities(params.get("entities", "records")),
        top=_top(params.get("top", "")),
        after=params.get("after") or None,
    )


def sort_of(text: str) -> tuple[Sort, ...]:
    """`a,-b` = ascending by a, then descending by b."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return tuple(Sort(name.lstrip("-"), name.startswith("-")) for name in names)


def _whole(params: QueryDict, name: str, default: int, most: int) -> int:
    text = params.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text[:12]) > most:
        raise QueryError(f"{name} must be a whole number from 0 to {most}.", parameter=name)
    return int(text)


def _aggregate(text: str) -> Aggregate | None:
    if not text:
        return None
    function, name, by = [*text.split(":"), "", ""][:3]
    if function not in get_args(Function):
        raise QueryError(f"aggregate must begin with one of {', '.join(get_args(Function))}.", parameter="aggregate")
    return Aggregate(function, name or None, by or None)  # type: ignore[arg-type]  # checked above


def _histogram_text(asked: Histogram) -> str:
    ends = ("" if end is None else repr(float(end)) for end in (asked.low, asked.high))
    said = (asked.property, str(asked.bins), *ends, "log" if asked.log else "", asked.by or "")
    return ":".join(said).rstrip(":")


def _histogram(text: str) -> Histogram:
    """`property:bins:low:high:log:by`; what is left away has its default."""
    name, bins, low, high, log, by = [*text.split(":"), *[""] * 6][:6]
    try:
        ends = [float(end) if end else None for end in (low, high)]
        number = int(bins) if bins else Histogram(name).bins
    except ValueError as error:
        raise QueryError("histogram is property:bins:low:high:log:by with numbers.", parameter="histogram") from error
    return Histogram(name, number, ends[0], ends[1], log == "log", by or None)


def _entities(text: str) -> Literal["records", "materials"]:
    if text not in ("records", "materials"):
        raise QueryError("entities must be records or materials.", parameter="entities")
    return "materials" if text == "materials" else "records"


def _top(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    name, _colon, most = text.rpartition(":")
    if not name or not most.isascii() or not most.isdigit():
        raise QueryError("top is property:number, such as spacegroup_number:3.", parameter="top")
    return name, int(most[:9])
