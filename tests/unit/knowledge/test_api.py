"""The JSON API: same answers and same rights as the pages, problems as problem documents."""

import gzip
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from eln.accounts.models import Project, User
from knowledge.index.services import index_rebuild
from knowledge.query.codec import to_json
from knowledge.query.types import Aggregate, Compare, Query
from knowledge.records.drafts import Draft
from knowledge.records.models import Record
from knowledge.records.services import records_write
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db
API = "/knowledge/api/v1/"


@pytest.fixture(autouse=True)
def _counts_from_nought() -> None:
    cache.clear()


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


def test_every_refusal_inside_the_api_is_a_problem_document(token: str) -> None:
    client, headers = Client(), {"Authorization": f"Bearer {token}"}
    body = json.dumps({"filter": "nsites = 1"})
    answers = {
        404: client.get(API + "nowhere/at/all", headers=headers),
        405: client.delete(API + "search", headers=headers),
        406: client.get(API + "search", headers={**headers, "Accept": "text/html"}),
        411: client.post(API + "search", body, "application/json", headers={**headers, "Transfer-Encoding": "chunked"}),
        413: client.post(API + "search", "x" * (8 * 2**20 + 1), "application/json", headers=headers),
        415: client.post(API + "search", {"filter": "nsites = 1"}, headers=headers),
        401: client.get(API + "search"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status
        assert answer.headers["Cache-Control"] == "private, no-cache"
    assert set(answers[405].headers["Allow"].replace(" ", "").split(",")) == {"GET", "POST"}
    assert answers[401].headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "body", [b"{", b"[" * 100_000, b'{"filter": NaN}', b'{"filter": "\xff"}', b'{"filter": "\\u0000"}', b'{"filter": "\\ud800"}', b"null"]
)  # fmt: skip
def test_a_body_that_is_no_json_is_told(token: str, body: bytes) -> None:
    answer = Client().post(API + "search", body, "application/json", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_an_unchanged_answer_is_not_sent_again_and_a_changed_one_is(token: str) -> None:
    a_record("Bi2Se3", id="one")
    index_rebuild()
    client, headers = Client(), {"Authorization": f"Bearer {token}"}
    for path in ("search", "records/one", "topics", "materials/Bi2Se3", "datasets"):
        first = client.get(API + path, headers=headers)
        assert first.status_code == 200
        again = client.get(API + path, headers={**headers, "If-None-Match": f'"other", {first.headers["ETag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert {"Authorization", "Cookie", "Accept"} <= {part.strip() for part in first.headers["Vary"].split(",")}
    etag = client.get(API + "search", headers=headers).headers["ETag"]
    a_record("Bi2Te3", id="two")
    index_rebuild()
    assert client.get(API + "search", headers={**headers, "If-None-Match": etag}).json()["count"] == 2


def test_an_answer_is_not_taken_for_another_readers(token: str) -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    a_record("Bi2Te3", id="hidden", dataset=a_dataset(slug="closed", project=project))
    index_rebuild()
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    seen = root.get(API + "search")
    answer = Client().get(
        API + "search", headers={"Authorization": f"Bearer {token}", "If-None-Match": seen.headers["ETag"]}
    )
    assert (seen.json()["count"], answer.status_code, answer.json()["count"]) == (1, 200, 0)


def test_many_ids_are_looked_up_in_order_and_the_absent_named(token: str) -> None:
    hidden = a_dataset(slug="closed", project=Project.objects.create(slug="secret", title="Secret"))
    for at in range(3):
        a_record("Bi2Se3", id=f"r{at}", external_id=f"mp-{at}")
    a_record("Bi2Se3", id="r9", external_id="mp-9", dataset=hidden)
    ids = ["mp-2", "r0", "mp-9", "r9", "", "mp-2"] + [f"none-{at}" for at in range(9994)]
    status, found = ask(token, "records/lookup", {"ids": ids})
    assert status == 200
    assert [(item["asked"], item["records"][0]["id"]) for item in found["items"]] == [
        ("mp-2", "r2"), ("r0", "r0"), ("mp-2", "r2")
    ]  # fmt: skip
    assert len(found["missing"]) == 9997
    assert ask(token, "records/lookup", {"ids": [*ids, "one more"]})[0] == 400
    _, materials = ask(token, "materials/lookup", {"ids": ["Se3Bi2", "Bi₂Se₃", "NaCl", "no formula!"]})
    assert [(item["asked"], len(item["records"])) for item in materials["items"]] == [("Se3Bi2", 3), ("Bi₂Se₃", 3)]
    assert materials["missing"] == ["NaCl", "no formula!"]


def test_a_lookup_comes_as_lines_for_who_wants_lines(token: str) -> None:
    a_record("Bi2Se3", id="r1")
    answer = Client().post(
        API + "records/lookup",
        {"ids": ["r1", "none"]},
        "application/json",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/jsonl"},
    )
    assert answer.headers["Content-Type"] == "application/jsonl"
    told = [json.loads(line) for line in b"".join(answer).splitlines()]  # type: ignore[call-overload]
    assert [(line["asked"], len(line["records"])) for line in told] == [("r1", 1), ("none", 0)]


def test_a_record_tells_its_source_and_what_it_said_before(token: str) -> None:
    dataset = a_dataset(slug="mine", licence="CC-BY-4.0", citation="Somebody, 2020")
    draft = {"key": "1", "formula": "Bi2Se3", "formula_source": "Bi2Se3", "elements": ("Bi", "Se")}
    records_write(dataset, [Draft(**draft, title="first")])
    records_write(dataset, [Draft(**draft, title="second", structure="data_x\n")])
    record = Record.objects.get()
    _, told = ask(token, f"records/{record.pk}")
    assert (told["title"], told["licence"], told["version"], told["structure"]) == ("second", "CC-BY-4.0", 2, True)
    _, versions = ask(token, f"records/{record.pk}/versions")
    assert [(item["version"], item["record"]["title"]) for item in versions] == [(2, "second"), (1, "first")]
    records_write(dataset, [], complete=True)
    assert ask(token, f"records/{record.pk}")[1]["withdrawn"] is True
    cif = Client().get(f"{API}records/{record.pk}/structure", headers={"Authorization": f"Bearer {token}"})
    assert (cif.status_code, cif.content) == (200, b"data_x\n")


def test_properties_data_sets_and_facets_are_told(token: str) -> None:
    for at in range(3):
        a_record("Bi2Se3", id=f"r{at}", dataset=a_dataset(slug="mine", title="Mine"), values={"nsites": at})
    index_rebuild()
    nsites = next(item for item in ask(token, "properties", topic="topological_materials")[1] if item["id"] == "nsites")
    assert nsites["type"] == "number"
    assert ask(token, "properties", topic="astrology")[0] == 404
    assert ask(token, "datasets/mine")[1]["records"] == 3
    assert ask(token, "datasets/none")[0] == 404
    assert ask(token, "facets", property=["formula", "dataset"], filter="nsites > 0")[1] == {
        "formula": {"Bi2Se3": 2}, "dataset": {"mine": 2}
    }  # fmt: skip
    _, figure = ask(token, "aggregate", function="max", property="nsites")
    assert (figure["count"], figure["value"]) == (3, 2)
    assert ask(token, "topics/topological_materials")[1]["classes"]


def test_head_is_answered_as_get_without_a_body(token: str) -> None:
    answer = Client().head(API + "topics", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_long_answer_is_packed_for_who_can_unpack(token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    answer = Client().get(API + "topics", headers=headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.content))[0]["id"]


def test_a_request_from_another_site_changes_nothing() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_user("ada"))
    refused = browser.post(API + "me/keys", {"name": "x"}, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert browser.get(API + "me").status_code == 200


def test_a_page_names_the_next_until_there_is_none(token: str) -> None:
    for at in range(5):
        a_record("Bi2Se3", id=f"r{at}", values={"nsites": at})
    index_rebuild()
    seen, after = [], None
    for _ in range(4):
        params = {"limit": 2, "sort": "-nsites"} | ({"after": after} if after else {})
        _, page = ask(token, "search", **params)
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["r4", "r3", "r2", "r1", "r0"]
