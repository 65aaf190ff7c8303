"""What files and people write is data: no page takes it for markup, no download is shown, no address leads away."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from eln.models import User
from ingest.gateway.models import Receipt
from ingest.parsing.models import ParsedFile
from knowledge.models import Dataset, Record
from tests.builders.eln import a_person
from tests.builders.site import HIDDEN, Everything, addresses, filled

pytestmark = pytest.mark.django_db(transaction=True)

EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def admin() -> User:
    return a_person("root", staff=True)


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def test_text_of_files_and_people_is_escaped_on_every_page(client: Client) -> None:
    made = Everything(EVIL)
    User.objects.filter(pk=made.owner.pk).update(is_staff=True, is_superuser=True)
    client.force_login(made.owner)
    Record.objects.filter(pk=made.record.pk).update(
        formula_source=EVIL, file_name=EVIL, locator=EVIL, external_id=EVIL,
        values=[{"property": EVIL, "value": EVIL, "unit": EVIL, "method": EVIL, "conditions": {EVIL: EVIL}, "raw": EVIL}],
    )  # fmt: skip
    Dataset.objects.update(citation=EVIL, licence=EVIL, url="javascript:alert(1)")
    channel = {"name": EVIL, "unit": EVIL, "quantity": EVIL, "rows": 3, "min": 1, "max": 2, "axis": EVIL}
    for file in ParsedFile.objects.all():
        file.document |= {
            "channels": [channel, {**channel, "name": "y"}],
            "warnings": [EVIL],
            "steps": [{"name": EVIL}],
        }
        file.save()
    ParsedFile.objects.update(parser=EVIL, reason=EVIL, technique=EVIL[:20])
    made.entry.run.steps = [{"name": EVIL, "values": {EVIL: EVIL}}]  # type: ignore[union-attr]  # the run that was made
    made.entry.run.save()  # type: ignore[union-attr]
    shown = set()
    for route, name in addresses():
        answer = client.get(filled(route, name, made))
        if answer.streaming:
            answer.close()
            continue
        if not answer["Content-Type"].startswith("text/html"):
            continue
        page = answer.content.decode()
        assert "<img src=x" not in page and 'href="javascript:' not in page, route
        if "&lt;img src=x" in page:
            shown.add(name)
    assert {"eln:entry", "eln:inbox", "eln:sample", "eln:instrument", "knowledge:record", "chat:conversation"} <= shown


def test_a_question_and_a_search_are_escaped(browser: Client) -> None:
    Everything("plain")
    pages = [
        browser.post("/chat/ask/", {"question": f"{EVIL} {HIDDEN}?"}, follow=True),
        browser.get("/chat/", {"question": EVIL}),
        browser.get(reverse("knowledge:search"), {"q": EVIL, "sort": EVIL, "f": EVIL}),
        browser.get(reverse("knowledge:search"), {"filter": f"nsites = {EVIL}"}),
        browser.get(reverse("eln:entries"), {"text": EVIL, "since": EVIL, "project": EVIL}),
        browser.get(reverse("eln:upload"), {"entry": EVIL}),
        browser.get(reverse("knowledge:material", args=["<img src=x>"])),
    ]
    for page in pages:
        assert page.status_code < 500
        assert "<img src=x" not in page.content.decode()


def test_a_download_of_any_name_is_saved_as_a_file(browser: Client) -> None:
    made = Everything("plain")
    file = made.filed
    for name in ("page.html", "../../etc/passwd", 'a"; filename="b.html', "温度\r\nSet-Cookie: x=1.svg", EVIL):
        file.file_name = name
        file.save()
        answer = browser.get(reverse("eln:attachment-download", args=[file.pk]))
        assert b"".join(answer.streaming_content) == b"plain"  # type: ignore[arg-type]
        answer.close()
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer and "Content-Security-Policy" in answer


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_no_address_leads_away_from_the_site(client: Client, place: str) -> None:
    User.objects.create_user("ada", password="a long password")
    sent = {"username": "ada", "password": "a long password", "next": place}
    assert client.post(f"/login/?next={place}", sent)["Location"] == "/"
    for path in ("/language/", "/i18n/setlang/"):
        answer = client.post(path, {"language": "en", "next": place}, headers={"referer": place})
        assert "evil" not in answer.get("Location", "") and "javascript" not in answer.get("Location", "")


def test_an_uploaded_name_cannot_leave_its_folder(browser: Client, tmp_path: Path) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    for name in ("../../../tmp/evil.csv", "x" * 600 + ".csv", EVIL + ".csv"):
        file = SimpleUploadedFile("plain.csv", b"t,T\n1,2\n")
        file._name = name  # type: ignore[attr-defined]  # as a hostile client sends it, past Django's own cleaning
        assert browser.post("/upload/", {"files": file}).status_code == 302
    names = list(Receipt.objects.values_list("file_name", flat=True))
    assert len(names) == 3 and all(len(name) <= 400 and ".." not in name for name in names)


@pytest.mark.parametrize("path", ["chat/99999999999999999999999/", "entries/99999999999999999999999/"])
def test_a_number_beyond_the_database_is_not_there(browser: Client, path: str) -> None:
    assert browser.get(f"/{path}").status_code == 404


@pytest.mark.parametrize("number", ["²", "9" * 40, "-1", "x", "\0"])
def test_an_odd_conversation_number_begins_a_new_one(browser: Client, number: str) -> None:
    answer = browser.post("/chat/ask/", {"question": "How many materials?", "conversation": number})
    assert answer.status_code in (302, 404)


def test_a_zero_character_is_refused_before_it_meets_a_database(browser: Client) -> None:
    assert browser.get("/entries/", {"text": "a\0b"}).status_code == 400
    answer = browser.post("/chat/ask/", "question=a%00b", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400 and "zero character" in answer.content.decode()
