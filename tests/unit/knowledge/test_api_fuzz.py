"""The API described and attacked: the OpenAPI 3.1 document is valid, and whatever it allows to be sent, no answer is a 5xx."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from eln.accounts.models import User
from knowledge.access.models import Right
from knowledge.access.services import key_create
from knowledge.api.urls import api
from knowledge.index.services import index_rebuild
from tests.builders.knowledge import a_dataset, a_record

BASE = "/knowledge/api/v1/"
EXAMPLES = 12  # of each operation, once with a key and once without
described = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix=BASE))
described.app = get_wsgi_application()
OPERATIONS = [result.ok() for result in described.get_all_operations()]
NAMES = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
CHECKS = schemathesis.checks.CHECKS.get_by_names(NAMES)
KNOWN = {  # ids that exist, so that not every call ends with "not found"
    "record": ["r0", "r1", "r2"], "formula": ["Bi2Se3", "NaCl"], "topic": ["topological_materials"], "dataset": ["mine"],
    "property": ["nsites", "formula", "elements", "topological_class_soc"], "filter": ["nsites > 1", 'elements HAS "Bi"'],
    "sort": ["-nsites", "formula"], "by": ["formula", "elements"], "facet": ["topic", "elements"],
}  # fmt: skip


@pytest.fixture
def token(db: None, settings: Any) -> Iterator[str]:
    """A key with every right, and records of several kinds behind it."""
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"api_per_minute": 10**9, "visitor_per_minute": 10**9})
    cache.clear()
    source = a_dataset(slug="mine", title="Mine", licence="CC0", citation="Somebody")
    for at, formula in enumerate(["Bi2Se3", "NaCl", "Bi0.5Sb1.5Te3"]):
        values = {"nsites": at, "topological_class_soc": "TI", "band_gap": {"value": 0.3, "unit": "eV", "bound": "<"}}
        a_record(formula, id=f"r{at}", dataset=source, values=values, structure="data_x\n" if at else "")
    index_rebuild()
    # as Django's own test client does: the end of a request must not end the connection that holds the test's transaction
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield key_create(user=User.objects.create_user("ada"), name="k", rights=list(Right.values))[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_description_is_valid_openapi_3_1_and_says_what_it_must() -> None:
    described.validate()
    raw = described.raw_schema
    assert raw["openapi"].startswith("3.1")
    assert len(OPERATIONS) == sum(len(path) for path in raw["paths"].values()) > 30
    for path in raw["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
            assert {"401", "404", "405", "406", "429"} <= set(operation["responses"])
            problem = operation["responses"]["401"]["content"]
            assert list(problem) == ["application/problem+json"]
    ids = [operation["operationId"] for path in raw["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda found: f"{found.method.upper()} {found.path}")
@pytest.mark.parametrize("known", [True, False], ids=["key", "nobody"])
def test_nothing_that_can_be_sent_breaks_it(operation: Any, known: bool, token: str) -> None:
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if known else {})

    @settings(
        max_examples=EXAMPLES if known else 3, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def attack(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        for places in (case.path_parameters, case.query):
            for name in set(places or {}) & set(KNOWN):
                if data.draw(st.booleans()):
                    chosen = data.draw(st.sampled_from(KNOWN[name]))
                    places[name] = [chosen] if isinstance(places[name], list) else chosen
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS, headers=headers)
        if not known and operation.path != f"{BASE}openapi.json":
            assert response.status_code >= 400

    attack()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["nsites", "elements", "=", "in", "Bi", "eV", "records", "count"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "topic", "where", "select", "sort", "limit", "offset", "after", "aggregate", "facets", "kinds", "histograms", "entities",
        "top", "compare", "elements", "items", "length", "linked", "properties", "property", "op", "value", "unit", "and", "or",
        "not", "words", "mode", "symbols", "function", "by", "bins", "low", "high", "log", "descending", "same", "wants",
        "left", "right",
    ]), inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_no_query_however_odd_breaks_it(query: Any) -> None:
    from knowledge.errors import QueryError
    from knowledge.query.codec import from_json

    if not isinstance(query, dict):
        return
    try:
        from_json(query)
    except QueryError:
        return
