"""The JSON API: same answers and same rights as the pages, problems as problem documents."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from eln.accounts.models import Project, User
from knowledge.index.services import index_rebuild
from knowledge.query.codec import to_json
from knowledge.query.types import Aggregate, Compare, Query
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db
API = "/knowledge/api/v1/"


@pytest.fixture
def token(capsys: pytest.CaptureFixture[str]) -> str:
    User.objects.create_user("program")
    call_command("api_token", "program", "tests", "--json")
    return str(json.loads(capsys.readouterr().out)["token"])


def ask(token: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
    client, headers = Client(), {"Authorization": f"Bearer {token}"}
    if body is None:
        answer = client.get(API + path, params, headers=headers)
    else:
        answer = client.post(API + path, json.dumps(body), content_type="application/json", headers=headers)
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()


def test_filter_text_and_a_query_find_the_same(token: str) -> None:
    for at, formula in enumerate(["Bi2Se3", "Bi2Te3", "NaCl"]):
        a_record(formula, id=f"r{at}", values={"nsites": at})
    index_rebuild()
    _, by_text = ask(token, "search", filter='elements HAS "Bi" AND nsites >= 1')
    query = Query(where=Compare("nsites", ">=", 1), aggregate=Aggregate("max", "nsites"), facets=("formula",))
    _, by_query = ask(token, "search", {"query": to_json(query)})
    assert [item["id"] for item in by_text["items"]] == ["r1"]
    assert by_query["count"] == 2
    assert by_query["aggregate"] == 2
    assert by_query["facets"] == {"formula": {"Bi2Te3": 1, "NaCl": 1}}
    assert ask(token, "search", {"query": by_query["query"]})[1]["items"] == by_query["items"]


def test_records_materials_and_topics_are_told(token: str) -> None:
    a_record("Bi2Se3", id="one", values={"topological_class_soc": {"value": "TI", "raw": "TI", "column": "class_soc"}})
    index_rebuild()
    assert ask(token, "records/one")[1]["values"][0]["column"] == "class_soc"
    assert [record["id"] for record in ask(token, "materials/Se3Bi2")[1]["records"]] == ["one"]
    topic = next(item for item in ask(token, "topics")[1] if item["id"] == "topological_materials")
    assert topic["records"] == 1
    assert "TI" in next(item for item in topic["properties"] if item["id"] == "topological_class_soc")["classes"]


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("search", {"filter": "elements HAS"}, 400, "bad_filter"),
        ("search", {"filter": "nonsense = 1"}, 400, "bad_query"),
        ("search", {"limit": "-1"}, 400, "bad_query"),
        ("search", {"limit": "100000"}, 400, "bad_query"),
        ("search", {"topic": "astrology"}, 400, "bad_query"),
        ("records/none", {}, 404, "not_found"),
        ("materials/Xx9", {}, 400, "bad_query"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    token: str, path: str, params: dict[str, str], status: int, code: str
) -> None:
    index_rebuild()
    got, problem = ask(token, path, **params)
    assert (got, problem["code"]) == (status, code)
    assert problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"where": {"compare": {"property": "nsites", "op": "~", "value": 1}}}},
        {"query": {"where": []}},
        {"query": {}, "filter": "nsites = 1"},
        {"surprise": 1},
    ],
)
def test_a_body_that_does_not_read_is_refused(token: str, body: dict[str, Any]) -> None:
    assert ask(token, "search", body)[0] == 400


def test_only_a_valid_token_or_a_session_may_ask(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("wrong", "topics")[0] == 401
    assert Client().get(API + "topics").status_code == 401
    call_command("api_token", "program", "tests", "--revoke")
    assert ask(token, "topics")[0] == 401


def test_a_token_reads_what_its_owner_may_read(token: str) -> None:
    closed = a_dataset(slug="closed", project=Project.objects.create(slug="secret", title="Secret"))
    a_record("Bi2Te3", id="hidden", dataset=closed)
    index_rebuild()
    assert ask(token, "records/hidden")[0] == 404
    assert ask(token, "search")[1]["count"] == 0
    assert next(item for item in ask(token, "topics")[1] if item["id"] == "topological_materials")["records"] == 0


def test_the_api_describes_itself(token: str) -> None:
    _, described = ask(token, "openapi.json")
    assert set(described["paths"]) >= {
        API + "search",
        API + "records/{record}",
        API + "materials/{formula}",
        API + "topics",
    }
