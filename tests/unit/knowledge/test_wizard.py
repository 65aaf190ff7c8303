"""A table handed over on the page is read, shown, put right, imported, and taken back; the browser story runs its process."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from eln.accounts.models import Membership, Project, User
from knowledge.imports.models import Import
from knowledge.records.models import Dataset, Record
from knowledge.wizard import process, runner
from knowledge.wizard.models import TableImport
from tests.builders.eln import a_person

TABLE = "Compound,Tc (K),Remark\nNb3Sn,18.3,wire\nMgB2,39,powder\nV3Si,17.1,crystal\nsample x,2.0,?\n"
ODD = "stuff,weird\nSi,1.12\nGaAs,1.42\nGaN,3.4\n"


def logged_in(client: Client, *, staff: bool = True) -> User:
    user = a_person("lin", staff=staff)
    client.force_login(user)
    return user


def handed_over(client: Client, text: str = TABLE, name: str = "critical.csv") -> TableImport:
    answer = client.post("/knowledge/imports/", {"files": SimpleUploadedFile(name, text.encode())})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    return worked(TableImport.objects.get(pk=answer["Location"].split("/")[-2]))


def worked(made: TableImport) -> TableImport:
    """What the process of its step does, here."""
    waiting = TableImport.objects.filter(pk=made.pk, state="queued")
    assert waiting.update(state="running") == 1
    runner.import_end(made.pk, process.work(made.pk))
    made.refresh_from_db()
    return made


def form_of(made: TableImport, **changes: Any) -> dict[str, Any]:
    """What the page would send, with changes."""
    said: dict[str, Any] = {
        "title": made.about.get("title", ""),
        "kind": "literature",
        "project": "",
        "action": "import",
    }
    for number, table in enumerate(made.preview):
        said[f"t{number}-topic"] = table["topic"]
        for at, column in enumerate(table["columns"]):
            said[f"t{number}-c{at}-property"] = column["property"] or ""
            said[f"t{number}-c{at}-unit"] = column["unit"] or ""
    return said | changes


def decide(client: Client, made: TableImport, **changes: Any) -> TableImport:
    answer = client.post(f"/knowledge/imports/{made.pk}/", form_of(made, **changes))
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return worked(made)


@pytest.mark.django_db
def test_a_table_is_shown_before_it_is_stored_and_can_be_taken_back(client: Client) -> None:
    logged_in(client)
    made = handed_over(client)
    assert made.state == "ready", made.reason
    (table,) = made.preview
    assert (table["rows"], table["records"], table["rejected"]) == (4, 3, 1)
    assert not Record.objects.exists() and not Dataset.objects.exists()
    page = client.get(f"/knowledge/imports/{made.pk}/").content.decode()
    assert "Tc (K)" in page and "sample x" in page and "Import 3 records" in page

    made = decide(client, made)
    assert made.state == "done", made.reason
    assert {record.formula for record in Record.objects.filter(withdrawn=False)} == {"Nb3Sn", "MgB2", "V3Si"}
    assert made.reports[0]["records"] == 3 and made.reports[0]["lost"] == 1

    assert client.post(f"/knowledge/imports/{made.pk}/undo/").status_code == 302
    made = worked(made)
    assert not Record.objects.filter(withdrawn=False).exists() and not Import.objects.exists()
    assert Record.objects.filter(withdrawn=True).count() == 3, "history stays"
    assert made.state == "undone"
    assert decide(client, handed_over(client)).state == "done"
    assert Record.objects.filter(withdrawn=False).count() == 3


@pytest.mark.django_db
def test_what_nobody_claims_is_said_by_the_person(client: Client) -> None:
    logged_in(client)
    made = handed_over(client, ODD, "odd.csv")
    assert made.state == "ready" and made.preview[0]["error"] and not made.preview[0]["topic"]
    made = decide(client, made, **{"t0-topic": "material_facts", "action": "again"})
    assert made.state == "ready" and made.preview[0]["topic"] == "material_facts"
    columns = {column["name"]: number for number, column in enumerate(made.preview[0]["columns"])}
    right = {
        f"t0-c{columns['stuff']}-property": "formula",
        f"t0-c{columns['weird']}-property": "band_gap",
        f"t0-c{columns['weird']}-unit": "meV",
    }
    made = decide(client, made, **right, title="My gaps")
    assert made.state == "ready", "what changed is shown once more before it is stored"
    assert made.preview[0]["records"] == 3
    made = decide(client, made)
    assert made.state == "done", made.reason
    record = Record.objects.get(formula="Si")
    assert record.values[0]["value"] == pytest.approx(1.12e-3) and record.values[0]["unit"] == "eV"
    assert Dataset.objects.get().title == "My gaps"


@pytest.mark.django_db
def test_a_wrong_unit_is_refused_with_its_column(client: Client) -> None:
    logged_in(client)
    made = handed_over(client)
    gap = next(at for at, column in enumerate(made.preview[0]["columns"]) if column["name"] == "Tc (K)")
    made = decide(client, made, **{f"t0-c{gap}-unit": "kg", "action": "again"})
    assert "kg" in made.preview[0]["error"] and "Tc (K)" in made.preview[0]["error"]


@pytest.mark.django_db
def test_rights_decide_where_data_go(client: Client) -> None:
    user = logged_in(client, staff=False)
    made = handed_over(client)
    refused = client.post(f"/knowledge/imports/{made.pk}/", form_of(made))
    assert refused.status_code == 400 and "project" in refused.content.decode()
    project = Project.objects.create(slug="mbe", title="MBE")
    Membership.objects.create(project=project, user=user, role=Membership.Role.WRITER)
    made = decide(client, made, project="mbe")
    assert made.state == "done", made.reason
    assert set(Record.objects.values_list("project__slug", flat=True)) == {"mbe"}
    stranger = a_person("wu")
    client.force_login(stranger)
    assert client.get(f"/knowledge/imports/{made.pk}/").status_code == 404
    assert client.post(f"/knowledge/imports/{made.pk}/undo/").status_code == 404


@pytest.mark.django_db
def test_another_projects_data_set_is_not_written_over(client: Client) -> None:
    logged_in(client)
    made = handed_over(client)
    Dataset.objects.create(
        slug=made.preview[0]["dataset"], topic="superconductors", title="theirs", kind="literature", version="1",
        project=Project.objects.create(slug="theirs", title="Theirs"),
    )  # fmt: skip
    refused = client.post(f"/knowledge/imports/{made.pk}/", form_of(made))
    assert refused.status_code == 400 and "another title" in refused.content.decode()


@pytest.mark.django_db
def test_a_file_that_is_no_table_says_why_and_an_import_can_be_cancelled(client: Client) -> None:
    logged_in(client)
    made = handed_over(client, "\x00\x01\x02binary", "noise.bin")
    assert made.state == "ready" and made.preview[0]["error"]
    waiting = client.post("/knowledge/imports/", {"files": SimpleUploadedFile("t.csv", TABLE.encode())})
    uid = waiting["Location"].split("/")[-2]
    client.post(f"/knowledge/imports/{uid}/cancel/")
    assert TableImport.objects.get(pk=uid).state == "cancelled"
    assert not runner.import_run(uid)
    client.post(f"/knowledge/imports/{uid}/retry/")
    assert worked(TableImport.objects.get(pk=uid)).state == "ready"
    assert client.post(f"/knowledge/imports/{uid}/remove/").status_code == 302
    assert not TableImport.objects.filter(pk=uid).exists()
    assert client.post("/knowledge/imports/", {}).status_code == 400
