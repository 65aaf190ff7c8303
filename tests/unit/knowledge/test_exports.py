"""Results of a search as files: complete, with units, sources and rights, cancelled and resumed."""

import csv
import hashlib
import io
import json
import time
import zipfile
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone

from eln.accounts.models import Membership, Project, User
from eln.accounts.scope import Scope
from ingest.feeds.services import stages_drain
from knowledge.access.services import key_create
from knowledge.exports import reading, runner
from knowledge.exports.columns import Seen, wide_row
from knowledge.exports.errors import ExportState
from knowledge.exports.models import Export
from knowledge.exports.runner import export_run, orphans_fail
from knowledge.exports.selectors import export_file, export_manifest
from knowledge.exports.services import export_create, export_folder, exports_expire
from knowledge.index.services import index_rebuild
from knowledge.query.filters import parse_filter
from knowledge.query.types import Query, Sort
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db
API = "/knowledge/api/v1/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def some_records() -> None:
    """Three records: a range, a limit, two values of one property, a list and a class, and one structure."""
    source = a_dataset(slug="mine", title="Mine", licence="CC-BY-4.0", citation="Somebody (2020)")
    gap = {"property": "band_gap", "unit": "eV"}
    a_record("Bi2Se3", id="r1", dataset=source, structure="data_Bi2Se3\n_cell_length_a 4.1\n", values={"nsites": 5})
    a_record("Bi2Te3", id="r2", dataset=source)
    a_record("NaCl", id="r3", dataset=source, formula_source="=NaCl")
    store = reading.Record.objects
    store.filter(pk="r2").update(
        values=[
            {**gap, "value": 0.15, "uncertainty": 0.01, "conditions": {"temperature": 300}},
            {**gap, "value": 0.2, "bound": "<"},
            {"property": "peaks", "value": ["a", "b"]},
        ]
    )
    store.filter(pk="r3").update(values=[{**gap, "value": 8.5, "low": 8.0, "high": 9.0}])
    index_rebuild()


def made(owner: User, query: Query | None = None, kind: str = "csv", **options: str) -> Export:
    """An export that was written."""
    scope = Scope.of(owner)
    sorted_ = Query(sort=(Sort("record"),))
    export = export_create(owner=owner, scope=scope, query=query or sorted_, kind=kind, options=options)
    assert export_run(export.pk)
    export.refresh_from_db()
    assert export.state == Export.State.DONE, export.reason
    return export


def content(export: Export) -> bytes:
    return export_file(export, scope=Scope.of(export.owner)).read_bytes()


def manifest_of(export: Export) -> dict[str, Any]:
    return export_manifest(export, scope=Scope.of(export.owner))


def table(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(export).decode())))


def test_a_csv_table_has_units_limits_ranges_and_every_value(ada: User) -> None:
    some_records()
    rows = table(made(ada))
    assert [row["record"] for row in rows] == ["r1", "r2", "r3"]
    assert (rows[1]["band_gap [eV]"], rows[1]["band_gap uncertainty [eV]"]) == ("0.15", "0.01")
    assert rows[1]["band_gap conditions"] == "temperature=300"
    assert (rows[1]["band_gap #2 [eV]"], rows[1]["band_gap #2 bound"]) == ("0.2", "<")
    assert (rows[2]["band_gap low [eV]"], rows[2]["band_gap high [eV]"]) == ("8.0", "9.0")
    assert (rows[0]["nsites"], rows[0]["band_gap [eV]"], rows[1]["peaks"]) == ("5", "", "a; b")
    assert rows[2]["formula_source"] == "'=NaCl"  # no spreadsheet runs it


def test_units_stand_in_a_row_of_their_own_or_nowhere(ada: User) -> None:
    some_records()
    first, *rest = table(made(ada, units="row"))
    assert (first["band_gap"], first["band_gap bound" if "band_gap bound" in first else "record"]) == ("eV", "")
    assert len(rest) == 3
    assert len(table(made(ada, units="none"))) == 3


def test_the_long_layout_has_a_row_for_each_value(ada: User) -> None:
    some_records()
    rows = table(made(ada, layout="long"))
    assert [(row["record"], row["property"], row["number"]) for row in rows] == [
        ("r1", "nsites", "5"), ("r2", "band_gap", "0.15"), ("r2", "band_gap", "0.2"), ("r2", "peaks", ""), ("r3", "band_gap", "8.5")
    ]  # fmt: skip


def test_json_lines_hold_records_whole_and_selected_properties_only_those(ada: User) -> None:
    some_records()
    lines = [json.loads(line) for line in content(made(ada, kind="jsonl")).splitlines()]
    assert lines[0]["structure"].startswith("data_")
    assert lines[1]["values"][0]["conditions"] == {"temperature": 300}
    assert {"version", "file_name", "locator", "receipt", "dataset"} <= set(lines[0])
    chosen = made(ada, Query(select=("nsites",)), kind="jsonl")
    assert {v["property"] for line in content(chosen).splitlines() for v in json.loads(line)["values"]} == {"nsites"}


def test_a_parquet_table_has_types_units_and_its_manifest(ada: User) -> None:
    some_records()
    export = made(ada, kind="parquet")
    found = pq.read_table(io.BytesIO(content(export)))
    assert found.column("band_gap").to_pylist() == [None, 0.15, 8.5]
    assert found.column("elements").to_pylist()[2] == ["Cl", "Na"]
    assert found.schema.field("band_gap").metadata[b"unit"] == b"eV"
    assert json.loads(found.schema.metadata[b"lodestone"])["records"] == 3
    assert str(found.schema.field("version").type) == "int64"


def test_structures_come_one_file_each_with_the_manifest_beside(ada: User) -> None:
    some_records()
    with zipfile.ZipFile(io.BytesIO(content(made(ada, kind="cif-zip")))) as packed:
        assert packed.namelist() == ["Bi2Se3_r1.cif", "manifest.json"]
        assert packed.read("Bi2Se3_r1.cif").startswith(b"data_Bi2Se3")
        assert json.loads(packed.read("manifest.json"))["structures"] == 1


def test_an_export_of_structures_without_any_says_so(ada: User) -> None:
    some_records()
    query = Query(where=parse_filter('formula = "NaCl"'))
    export = export_create(owner=ada, scope=Scope.of(ada), query=query, kind="cif-zip")
    export_run(export.pk)
    export.refresh_from_db()
    assert export.state == Export.State.FAILED
    assert "structure" in export.reason
    assert not export_folder(export.pk).exists()


def test_the_manifest_says_what_was_asked_where_it_is_from_and_the_checksum(ada: User) -> None:
    some_records()
    export = made(ada, Query(where=parse_filter("nsites IS UNKNOWN"), limit=1))
    found = manifest_of(export)
    assert found["records"] == 2  # all matches, not one page
    assert found["filter"] == "nsites IS UNKNOWN"
    assert found["datasets"][0]["licence"] == "CC-BY-4.0"
    assert found["datasets"][0]["records"] == 2
    assert found["sha256"] == hashlib.sha256(content(export)).hexdigest() == export.sha256
    assert found["bytes"] == len(content(export))
    assert {"name": "band_gap", "property": "band_gap", "unit": "eV", "part": None, "type": "number"} in found[
        "columns"
    ]


def test_more_records_than_a_page_come_each_once(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 7)
    source = a_dataset(slug="many")
    for at in range(23):
        a_record("Bi2Se3", id=f"r{at:02}", dataset=source, values={"nsites": at % 3})
    index_rebuild()
    rows = table(made(ada, Query(sort=(Sort("nsites", descending=True),))))
    assert sorted(row["record"] for row in rows) == [f"r{at:02}" for at in range(23)]
    assert [row["nsites"] for row in rows] == sorted((row["nsites"] for row in rows), reverse=True)


def test_rights_hold_when_it_runs_and_when_it_is_fetched(ada: User) -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    a_record("Bi2Te3", id="closed", dataset=a_dataset(slug="closed", project=project))
    a_record("Bi2Se3", id="open")
    index_rebuild()
    assert [row["record"] for row in table(made(ada))] == ["open"]
    membership = Membership.objects.create(user=ada, project=project)
    export = made(ada)
    assert {row["record"] for row in table(export)} == {"open", "closed"}
    membership.delete()
    with pytest.raises(ExportState, match="no longer"):
        content(export)
    assert content(made(ada))  # made again, without what is closed
    Membership.objects.create(user=ada, project=project)
    waiting = export_create(owner=ada, scope=Scope.of(ada), query=Query(), kind="csv")
    Membership.objects.all().delete()
    export_run(waiting.pk)
    waiting.refresh_from_db()
    assert [row["record"] for row in table(waiting)] == ["open"]


def test_a_cancelled_export_leaves_nothing(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    some_records()
    export = export_create(owner=ada, scope=Scope.of(ada), query=Query(), kind="csv")
    step = runner._step

    def asked(*args: Any) -> None:
        Export.objects.filter(pk=export.pk).update(cancel_asked=True)
        step(*args)

    monkeypatch.setattr(runner, "_step", asked)
    export_run(export.pk)
    export.refresh_from_db()
    assert export.state == Export.State.CANCELLED
    assert not export_folder(export.pk).exists()


def test_the_file_of_an_export_goes_when_its_time_is_over_and_can_be_made_again(ada: User) -> None:
    some_records()
    export = made(ada)
    assert exports_expire(now=timezone.now() + timedelta(days=1)) == 0
    assert exports_expire(now=timezone.now() + timedelta(days=8)) == 1
    export.refresh_from_db()
    assert export.state == Export.State.EXPIRED
    assert not export_folder(export.pk).exists()


def test_an_export_whose_process_is_gone_has_failed_and_says_so(ada: User) -> None:
    some_records()
    export = export_create(owner=ada, scope=Scope.of(ada), query=Query(), kind="csv")
    Export.objects.update(state=Export.State.RUNNING, follower="here:1:1")
    assert orphans_fail() == 0  # of another machine it cannot be told
    Export.objects.update(follower="")
    assert orphans_fail() == 1
    export.refresh_from_db()
    assert (export.state, "gone" in export.reason) == (Export.State.FAILED, True)


def test_columns_of_one_property_in_two_units_stay_apart() -> None:
    seen = Seen()
    documents = [
        {"values": [{"property": "t", "value": 1, "unit": "K"}]},
        {"values": [{"property": "t", "value": 2.5, "unit": "meV"}, {"property": "c", "value": True}]},
        {"values": [{"property": "c", "value": "perhaps"}, {"property": "n", "value": None}]},
    ]
    for document in documents:
        seen.add(document)
    columns = [column for column in seen.columns() if column.property]
    assert [(c.name, c.unit, c.kind) for c in columns] == [
        ("c", None, "text"), ("n", None, "text"), ("t in K", "K", "number"), ("t in meV", "meV", "number")
    ]  # fmt: skip
    assert [wide_row(document, columns) for document in documents] == [
        [None, None, 1, None], ["true", None, None, 2.5], ["perhaps", None, None, None]
    ]  # fmt: skip


def api(token: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    headers["Authorization"] = f"Bearer {token}"
    return getattr(Client(), method)(API + path, body, content_type="application/json", headers=headers)


def test_a_program_asks_follows_fetches_and_removes(ada: User) -> None:
    some_records()
    _, token = key_create(user=ada, name="k")
    asked = api(token, "post", "exports", {"filter": "nsites = 5", "format": "csv"}, **{"Idempotency-Key": "x"})
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert (
        api(token, "post", "exports", {"filter": "nsites = 5", "format": "csv"}, **{"Idempotency-Key": "x"}).json()
        == asked.json()
    )
    uid = asked.json()["id"]
    assert api(token, "get", f"exports/{uid}/file").status_code == 409
    export_run(uid)
    told = api(token, "get", f"exports/{uid}").json()
    assert (told["state"], told["records"], told["progress"]) == ("done", 1, 1)
    whole = b"".join(api(token, "get", f"exports/{uid}/file"))
    assert hashlib.sha256(whole).hexdigest() == told["sha256"]
    assert api(token, "get", f"exports/{uid}/manifest").json()["records"] == 1
    assert api(token, "post", f"exports/{uid}/cancel").status_code == 409
    assert api(token, "post", f"exports/{uid}/retry").json()["state"] == "queued"
    assert api(token, "post", f"exports/{uid}/cancel").json()["state"] == "cancelled"
    assert api(token, "delete", f"exports/{uid}").status_code == 204
    assert api(token, "get", f"exports/{uid}").status_code == 404
    _, reader = key_create(user=ada, name="r", rights=["read"])
    assert api(reader, "post", "exports", {}).status_code == 403
    bad = api(token, "post", "exports", {"filter": "nonsense = 1"})
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_query")


def test_a_download_is_resumed_where_it_broke_off(ada: User) -> None:
    some_records()
    export = made(ada)
    _, token = key_create(user=ada, name="k")
    path, whole = f"exports/{export.pk}/file", content(export)

    def part(**headers: str) -> Any:
        return api(token, "get", path, **headers)

    etag = part().headers["ETag"]
    rest = part(Range="bytes=10-", **{"If-Range": etag})
    assert (rest.status_code, b"".join(rest)) == (206, whole[10:])
    assert rest.headers["Content-Range"] == f"bytes 10-{len(whole) - 1}/{len(whole)}"
    assert b"".join(part(Range="bytes=0-4")) == whole[:5]
    assert b"".join(part(Range="bytes=-4")) == whole[-4:]
    assert part(Range="bytes=10-", **{"If-Range": '"other"'}).status_code == 200
    assert part(Range=f"bytes={len(whole)}-").status_code == 416
    assert part(Range="lines=1-2").status_code == 200
    assert part(**{"If-None-Match": etag}).status_code == 304
    assert int(part().headers["Content-Length"]) == len(whole)


def test_exports_of_others_and_of_other_projects_do_not_exist(ada: User) -> None:
    some_records()
    export = made(ada)
    _, token = key_create(user=User.objects.create_user("bob"), name="k")
    project = Project.objects.create(slug="p", title="P")
    Membership.objects.create(user=ada, project=project)
    _, bound = key_create(user=ada, name="bound", project=project)
    for stranger in (token, bound):
        assert api(stranger, "get", f"exports/{export.pk}").status_code == 404
        assert api(stranger, "get", "exports").json() == []
    uid = api(bound, "post", "exports", {}).json()["id"]
    assert api(bound, "get", f"exports/{uid}").status_code == 200


def test_the_pages_lead_from_the_search_to_the_file(ada: User) -> None:
    some_records()
    client = Client()
    client.force_login(ada)
    assert "/knowledge/exports/new/?" in client.get("/knowledge/?filter=nsites=5").content.decode()
    assert "<strong>1</strong>" in client.get("/knowledge/exports/new/?filter=nsites=5").content.decode()
    assert client.get("/knowledge/exports/new/?filter=nonsense=5").status_code == 400
    asked = client.post("/knowledge/exports/", {"query": "filter=nsites=5", "format": "csv"})
    uid = Export.objects.get().pk
    assert asked.headers["Location"] == f"/knowledge/exports/{uid}/"
    assert "hx-trigger" in client.get(asked.headers["Location"]).content.decode()
    export_run(uid)
    page = client.get(asked.headers["Location"]).content.decode()
    assert "Somebody (2020)" in page
    assert b"Bi2Se3" in b"".join(client.get(f"/knowledge/exports/{uid}/file"))
    assert client.get(f"/knowledge/exports/{uid}/manifest.json").json()["records"] == 1
    assert "nsites" in client.get("/knowledge/exports/").content.decode()
    other = Client()
    other.force_login(User.objects.create_user("bob"))
    assert other.get(f"/knowledge/exports/{uid}/").status_code == 404
    client.post(f"/knowledge/exports/{uid}/remove/")
    assert not Export.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_waiting_export_is_written_when_the_stages_run(ada: User) -> None:
    some_records()
    export = export_create(owner=ada, scope=Scope.of(ada), query=Query(), kind="csv")
    stages_drain(only=["knowledge.exports"])
    for _ in range(400):
        export.refresh_from_db()
        if not export.is_active:
            break
        time.sleep(0.05)
    assert export.state == Export.State.DONE, export.reason
