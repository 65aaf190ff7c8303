"""The JSON API: the same executor and the same rights as the pages; errors are problem documents."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja import Query as Parameters
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.ui.middleware import problem
from ingest.errors import LodestoneError, NotAuthorised
from knowledge.api.documents import (
    MaterialOut,
    PropertyOut,
    RecordOut,
    SearchIn,
    SearchOut,
    SearchParameters,
    TopicOut,
    record_out,
)
from knowledge.api.services import token_owner
from knowledge.errors import QueryError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.query.codec import from_json, to_json
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Compare, Query
from knowledge.query.urls import MOST_ROWS, sort_of
from knowledge.records.models import Kind
from knowledge.topics.schema import topics


class NotFound(QueryError):
    """There is no such thing, or it is not the reader's to see."""

    code = "not_found"
    status = 404


class Token(HttpBearer):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The person the token stands for."""
        owner = token_owner(token)
        if owner is not None:
            request.user = owner
        return owner


api = NinjaAPI(
    title="Lodestone knowledge",
    version="1",
    urls_namespace="knowledge:knowledge-api",
    docs_url=None,
    auth=[Token(), SessionAuth()],
)


@api.exception_handler(LodestoneError)
def _told(request: HttpRequest, error: LodestoneError) -> HttpResponse:
    return problem(error)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        NotAuthorised("Log in, or send the header Authorization: Bearer TOKEN (manage.py api_token makes one).")
    )


@api.exception_handler(ValidationError)
def _wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = [f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors]
    return problem(QueryError("; ".join(places)[:1000] or "The request does not read.", faults=places))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    refused = QueryError(str(error))
    refused.status = error.status_code
    return problem(refused)


def _scope(request: HttpRequest) -> Scope:
    return Scope.of(cast(User, request.user))


def _answer(query: Query, request: HttpRequest) -> SearchOut:
    if query.limit > MOST_ROWS:
        raise QueryError(f"limit is at most {MOST_ROWS}; page with offset.", parameter="limit")
    found = run(query, scope=_scope(request))
    return SearchOut(
        count=found.count, items=[record_out(row) for row in found.rows], aggregate=found.aggregate,
        groups=dict(found.groups), facets={name: dict(counts) for name, counts in found.facets.items()},
        query=to_json(query), elapsed_ms=round(found.elapsed_ms, 3),
    )  # fmt: skip


@api.get("/search", response=SearchOut, summary="Find records by filter text")
def search(request: HttpRequest, asked: Parameters[SearchParameters]) -> SearchOut:
    """Records that match a filter in OPTIMADE's grammar; without one, all."""
    return _answer(_query(asked), request)


@api.post("/search", response=SearchOut, summary="Find records by filter text or by a Query")
def search_post(request: HttpRequest, asked: SearchIn) -> SearchOut:
    """The same with a body: `filter`, or `query` with everything that a Query can ask."""
    if asked.query is not None and asked.filter is not None:
        raise QueryError("Send either filter or query, not both.")
    return _answer(_query(asked) if asked.query is None else from_json(asked.query), request)


def _query(asked: SearchParameters) -> Query:
    where = parse_filter(asked.filter) if asked.filter else None
    return Query(asked.topic, where, sort=sort_of(asked.sort), limit=asked.limit, offset=asked.offset)


@api.get("/records/{record}", response=RecordOut, summary="One record")
def record(request: HttpRequest, record: str) -> RecordOut:
    """Everything one record states, with its place in its source."""
    found = run(Query(where=Compare("record", "=", record), kinds=tuple(Kind.values), limit=1), scope=_scope(request))
    if not found.rows:
        raise NotFound(f"There is no record '{record[:80]}' that you may read.")
    return record_out(found.rows[0])


@api.get("/materials/{formula}", response=MaterialOut, summary="All records of a material")
def material(request: HttpRequest, formula: str, predictions: bool = False) -> MaterialOut:
    """The records of one reduced formula; predictions only when asked for."""
    try:
        reduced = parse_formula(formula).reduced
    except NotAFormula as error:
        raise QueryError(f"'{formula[:80]}' is no formula: {error}.") from error
    kinds = tuple(Kind.values) if predictions else ()
    found = run(Query(where=Compare("formula", "=", reduced), kinds=kinds, limit=MOST_ROWS), scope=_scope(request))
    if not found.rows:
        raise NotFound(f"No record of {reduced} that you may read.")
    rows = [record_out(row) for row in found.rows]
    return MaterialOut(formula=reduced, elements=rows[0].elements, records=rows)


@api.get("/topics", response=list[TopicOut], summary="Topics and what they can be asked")
def topic_list(request: HttpRequest) -> list[TopicOut]:
    """Every topic with its properties, units and classes."""
    counts = run(Query(limit=0, facets=("topic",)), scope=_scope(request)).facets["topic"]
    return [
        TopicOut(
            id=schema.id,
            label=schema.label,
            description=schema.description,
            limits=schema.limits,
            records=counts.get(schema.id, 0),
            properties=[
                PropertyOut(
                    id=item.id, type=item.type, unit=item.unit, label=item.label, searchable=item.searchable,
                    classes=[one.id for one in item.classes],
                )
                for item in schema.properties
            ],
        )
        for schema in topics().values()
    ]  # fmt: skip
