"""Writing, finding and reading entries; rights at every door."""

import pytest
from django.test import Client
from django.urls import reverse

from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry, Revision
from eln.entries.selectors import entry_list
from eln.entries.services import attachment_assign, entry_create, entry_edit
from eln.errors import EditConflict, NotAllowed
from eln.filing.services import file_parsed
from eln.models import User
from tests.builders.eln import START, a_parsed_file, a_person, a_project, a_receipt, an_entry, an_instrument

pytestmark = pytest.mark.django_db


def logged_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_an_edit_keeps_what_stood_there_before() -> None:
    ada = a_person("ada")
    entry = entry_create(scope=Scope.of(ada), author=ada, title="Anneal")
    entry = entry_edit(scope=Scope.of(ada), author=ada, entry=entry, version=1, field="text", value="first")
    entry_edit(scope=Scope.of(ada), author=ada, entry=entry, version=2, field="text", value="second")
    assert list(Revision.objects.order_by("version").values_list("field", "before", "after")) == [
        ("text", "", "first"), ("text", "first", "second"),
    ]  # fmt: skip


def test_an_edit_of_an_outdated_page_is_refused_and_shown_beside_what_is_stored() -> None:
    ada, bob = a_person("ada"), a_person("bob")
    entry = entry_create(scope=Scope.of(ada), author=ada, title="Anneal")
    entry_edit(scope=Scope.of(bob), author=bob, entry=entry, version=1, field="text", value="by bob")
    with pytest.raises(EditConflict):
        entry_edit(scope=Scope.of(ada), author=ada, entry=entry, version=1, field="text", value="by ada")
    answer = logged_in(ada).post(
        reverse("eln:entry-change", args=[entry.pk]), {"field": "text", "version": "1", "value": "by ada"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409 and "by bob" in page and "by ada" in page
    retitled = {"field": "title", "version": "1", "value": "Other title"}
    page = logged_in(ada).post(reverse("eln:entry-change", args=[entry.pk]), retitled).content.decode()
    assert 'value="Other title"' in page and ">Other title</textarea>" not in page
    assert Entry.objects.get(pk=entry.pk).text == "by bob"


def test_a_reader_of_a_project_cannot_write_in_it() -> None:
    bob = a_person("bob")
    entry = an_entry(instrument=an_instrument(project=a_project(bob="reader")))
    with pytest.raises(NotAllowed):
        entry_edit(scope=Scope.of(bob), author=bob, entry=entry, version=1, field="text", value="x")
    change = {"field": "text", "version": "1", "value": "x"}
    assert logged_in(bob).post(reverse("eln:entry-change", args=[entry.pk]), change).status_code == 403


def test_a_stranger_finds_nothing_of_a_project() -> None:
    eve = a_person("eve")
    entry = an_entry(instrument=an_instrument(project=a_project()), uid="run-9")
    attachment = file_parsed(a_parsed_file(a_receipt(b"secret", run="run-9")))
    waiting = file_parsed(a_parsed_file(a_receipt(b"more", instrument="mbe-1")))
    assert attachment is not None and waiting is not None and waiting.entry is None
    client = logged_in(eve)
    pages = [
        reverse("eln:entry", args=[entry.pk]),
        reverse("eln:entry-plot", args=[entry.pk]),
        reverse("eln:attachment-plot", args=[attachment.pk]),
        reverse("eln:attachment-download", args=[attachment.pk]),
        reverse("eln:attachment-download", args=[waiting.pk]),
        reverse("eln:instrument", args=["mbe-1"]),
        reverse("eln:stream", args=["mbe-1"]),
        reverse("eln:sample", args=[entry.sample_id]),
    ]
    assert [client.get(page).status_code for page in pages] == [404] * len(pages)
    assert client.post(reverse("eln:entry-change", args=[entry.pk]), {}).status_code == 404
    for said in ({"accept": f"{waiting.pk}:{entry.pk}"}, {"files": waiting.pk, "do": "file", "entry": entry.pk}):
        assert client.post(reverse("eln:inbox-act"), said).status_code in (400, 404)
    for page in ("eln:home", "eln:entries", "eln:inbox", "eln:samples", "eln:instruments", "eln:upload"):
        content = client.get(reverse(page)).content.decode()
        assert "SrTiO3" not in content and "MBE-1" not in content and "STO-17" not in content


def test_whoever_is_not_logged_in_is_sent_to_the_login(client: Client) -> None:
    for page in ("eln:home", "eln:entries", "eln:inbox", "eln:instruments", "eln:upload", "eln:status"):
        assert client.get(reverse(page)).status_code == 302


def test_a_download_is_saved_never_shown() -> None:
    ada = a_person("ada")
    attachment = file_parsed(a_parsed_file(a_receipt(b"<script>1</script>", name="../evil.html")))
    assert attachment is not None
    answer = logged_in(ada).get(reverse("eln:attachment-download", args=[attachment.pk]))
    assert b"".join(answer) == b"<script>1</script>"  # type: ignore[arg-type]
    assert answer["Content-Disposition"] == 'attachment; filename="evil.html"'
    assert (answer["X-Content-Type-Options"], answer["Content-Type"]) == ("nosniff", "application/octet-stream")


@pytest.mark.parametrize(
    "text", ["srtio3", "LSAT", "sto-17", "衬底", "衬底 温度", "t_pyro", "growth.log", "mwu", "mbe"]
)  # fmt: skip
def test_search_looks_at_everything_a_person_remembers(text: str) -> None:
    ada = a_person("ada")
    entry = an_entry(uid="run-1")
    file_parsed(a_parsed_file(a_receipt(name="growth.log", run="run-1"), document={"channels": [{"name": "T_pyro"}]}))
    entry_edit(scope=Scope.of(ada), author=ada, entry=entry, version=1, field="text", value="衬底温度太高")
    entry_create(scope=Scope.of(ada), author=ada, title="something else")
    assert list(entry_list(scope=Scope.of(ada), text=text)) == [entry]


def test_the_list_filters_by_date_and_tells_a_bad_date() -> None:
    entry = an_entry()
    client = logged_in(a_person("ada"))
    page = client.get(reverse("eln:entries"), {"since": "2026-09-21", "until": "2026-09-21"}).content.decode()
    assert entry.title in page
    assert entry.title not in client.get(reverse("eln:entries"), {"since": "2026-09-22"}).content.decode()
    assert client.get(reverse("eln:entries"), {"since": "yesterday", "page": "x"}).status_code == 200


@pytest.mark.parametrize("odd", ["²", "9" * 30, "9" * 5000, "-1", "x" * 5000, "a\0b", "' OR 1=1 --", "100%_"])
def test_odd_input_gets_a_page_not_a_fault(odd: str) -> None:
    client = logged_in(a_person("ada"))
    shown = 400 if "\0" in odd else 200  # no database keeps a zero character: it is refused at the door
    entry = an_entry()
    file = file_parsed(a_parsed_file())
    assert file is not None
    for name in ("text", "sample", "instrument", "since", "page"):
        assert client.get(reverse("eln:entries"), {name: odd}).status_code == shown
    for field in ("text", "title", "sample", odd):
        change = {"field": field, "value": odd, "version": "1" if field == "text" else odd}
        assert client.post(reverse("eln:entry-change", args=[entry.pk]), change).status_code in (302, 400, 409)
    said = {"files": file.pk, "do": "file", "entry": odd}
    assert client.post(reverse("eln:inbox-act"), said).status_code in (302, 400, 404)
    assert client.get(reverse("eln:inbox"), {"kind": odd}).status_code == shown
    assert client.post(reverse("eln:samples"), {"name": odd}).status_code in (302, 400)
    assert client.get(reverse("eln:attachment-plot", args=[file.pk]), {"points": odd, "axis": odd}).status_code in (
        shown,
        404,
    )


def test_a_search_that_a_file_name_answers_shows_the_name() -> None:
    an_entry(uid="run-1")
    file_parsed(a_parsed_file(a_receipt(name="rheed-0042.tif", run="run-1")))
    client = logged_in(a_person("ada"))
    assert "rheed-0042.tif" in client.get(reverse("eln:entries"), {"text": "0042"}).content.decode()
    assert "rheed-0042.tif" not in client.get(reverse("eln:entries"), {"text": "srtio3"}).content.decode()


def test_a_file_of_the_inbox_is_put_into_an_entry_or_becomes_one() -> None:
    ada = a_person("ada")
    entry = an_entry()
    first = file_parsed(a_parsed_file(a_receipt(b"1")))
    second = file_parsed(a_parsed_file(a_receipt(b"2"), start=START, technique="XRD"))
    assert first is not None and second is not None
    client = logged_in(ada)
    client.post(reverse("eln:inbox-act"), {"files": first.pk, "do": "file", "entry": str(entry.pk)})
    assert Attachment.objects.get(pk=first.pk).entry == entry
    said = {"files": second.pk, "do": "new", "title": "Scan of STO-17", "sample": "STO-17"}
    client.post(reverse("eln:inbox-act"), said)
    made = Entry.objects.get(title="Scan of STO-17")
    assert (made.technique, made.started, made.attachments.count()) == ("XRD", START, 1)


def test_a_file_cannot_be_pulled_out_of_a_project_one_may_only_read() -> None:
    bob = a_person("bob")
    project = a_project(bob="reader")
    attachment = file_parsed(a_parsed_file(a_receipt(metadata={"project": project.slug})))
    target = an_entry()
    assert attachment is not None
    with pytest.raises(NotAllowed):
        attachment_assign(scope=Scope.of(bob), attachment=attachment, entry=target)
