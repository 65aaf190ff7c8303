"""The pages where a person tests a file, sees why it was read so, and puts it right."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from eln.accounts.models import Membership
from eln.entries.models import Attachment
from eln.filing.services import file_parsed
from eln.reading.trials import trials_sweep
from ingest.gateway.models import Receipt
from ingest.home import home
from ingest.mappings.models import Mapping
from ingest.parsing.models import ParsedFile
from ingest.parsing.stages import ParsingStage
from tests.builders.eln import a_parsed_file, a_person, a_project, a_receipt, an_instrument

pytestmark = pytest.mark.django_db
TABLE = "time (s);zone A;p (mbar)\n" + "".join(f"{i};{20 + i};{1 + i}\n" for i in range(20))


def signed_in(name: str = "lin", *, staff: bool = False) -> Client:
    client = Client()
    client.force_login(a_person(name, staff=staff))
    return client


def a_trial(client: Client, content: str = TABLE, instrument: str = "", name: str = "run.csv") -> str:
    file = io.BytesIO(content.encode())
    file.name = name
    answer = client.post("/test-file/", {"file": file, "instrument": instrument})
    assert answer.status_code == 302
    return str(answer["Location"])


def fields_of(page: str) -> dict[str, str]:
    """Units and quantities as the form shows them."""
    return dict(re.findall(r'<input class="input[^>]*? name="((?:unit|quantity)-\d+)" value="([^"]*)"', page))


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form, unchanged."""
    found = fields_of(page)
    technique = re.search(r'<option value="([^"]+)" selected>', page.split('id="technique"')[1].split("</select>")[0])
    return found | {"technique": technique[1] if technique else ""}


def read(client: Client, address: str) -> str:
    return client.get(f"{address}reading/").content.decode()


def test_a_tested_file_is_explained_and_not_filed() -> None:
    client = signed_in()
    address = a_trial(client)
    assert "hx-get" in client.get(address).content.decode()
    page = read(client, address)
    assert "delimited_text" in page and "zone A" in page and "20, 21, 22, 23 …" in page
    assert client.get(address).content.decode().count('name="unit-') == 3
    assert Receipt.objects.count() == 0


def test_the_first_image_of_a_file_on_trial_is_shown_to_its_owner_alone() -> None:
    client = signed_in()
    stream = io.BytesIO()
    np.save(stream, np.arange(600.0).reshape(20, 30))
    answer = client.post("/test-file/", {"file": SimpleUploadedFile("map.npy", stream.getvalue()), "instrument": ""})
    address = answer["Location"]
    assert client.get(f"{address}preview.png").status_code == 404
    page = read(client, address)
    assert f'href="{address}preview.png"' in page and "an image of 20 rows and 30 columns" in page
    picture = client.get(f"{address}preview.png")
    assert b"".join(picture).startswith(b"\x89PNG")
    assert signed_in("eve").get(f"{address}preview.png").status_code == 404


def test_a_kept_file_says_why() -> None:
    client = signed_in()
    page = read(client, a_trial(client, "Dear all,\nthe pump is broken again.\n", name="note.txt"))
    assert "no table of numbers in this text" in page and "Kept unread" in page


def test_a_correction_is_remembered_for_the_instrument_and_read_again() -> None:
    an_instrument("furnace")
    client = signed_in()
    first = a_trial(client, instrument="furnace")
    form = fields(read(client, first)) | {
        "quantity-1": "Temperature",
        "unit-1": "°C",
        "instrument": "furnace",
        "action": "save",
    }
    assert client.post(first, form).status_code == 302
    mapping = Mapping.objects.get()
    assert mapping.channels == [{"name": "zone A", "stated": None, "unit": "degC", "quantity": "temperature"}]
    assert "corrected" in client.get(first).content.decode()
    next_one = read(client, a_trial(client, TABLE.replace("20;", "21;"), instrument="furnace"))
    assert fields(next_one)["quantity-1"] == "temperature" and fields(next_one)["unit-1"] == "degC"
    elsewhere = read(client, a_trial(client))
    assert fields(elsewhere)["quantity-1"] == ""


def test_a_file_of_the_notebook_is_read_again_after_its_correction() -> None:
    from eln.filing.files import FileFiles
    from eln.upload.services import stream_accept

    an_instrument("furnace")
    client = signed_in()
    receipt = stream_accept(
        stream=io.BytesIO(TABLE.encode()), name="run.csv", source="upload page", instrument="furnace"
    )
    ParsingStage().process([receipt.pk])
    parsed = ParsedFile.objects.get()
    FileFiles().process([str(parsed.pk)])
    address = client.post(f"/files/{Attachment.objects.get().pk}/reading/")["Location"]
    form = fields(read(client, address)) | {
        "quantity-1": "温度",
        "unit-1": "K",
        "instrument": "furnace",
        "action": "save",
    }
    assert client.post(address, form, follow=True).content.decode().count("1 file is read again") == 1
    ParsingStage().process([receipt.pk])
    parsed.refresh_from_db()
    assert parsed.document["channels"][1]["quantity"] == "temperature"
    client.post(f"/mappings/{Mapping.objects.get().pk}/withdraw/")
    ParsingStage().process([receipt.pk])
    parsed.refresh_from_db()
    assert parsed.document["channels"][1]["quantity"] is None


def test_what_is_wrong_is_said_and_what_was_typed_stays() -> None:
    an_instrument("furnace")
    client = signed_in()
    address = a_trial(client, instrument="furnace")
    form = fields(read(client, address)) | {
        "quantity-1": "temperature",
        "unit-1": "mbar",
        "action": "save",
        "instrument": "furnace",
    }
    answer = client.post(address, form)
    assert answer.status_code == 400
    assert "mbar is no unit of temperature" in answer.content.decode()
    assert fields(answer.content.decode())["quantity-1"] == "temperature"
    assert Mapping.objects.count() == 0
    nothing = fields(read(client, address)) | {"action": "save", "instrument": "furnace"}
    assert "Nothing was changed" in client.post(address, nothing).content.decode()
    assert "for which instrument" in client.post(address, nothing | {"instrument": ""}).content.decode()


def test_a_trial_is_its_owners_and_corrections_follow_the_instruments_rights() -> None:
    an_instrument("secret-mbe", a_project("secret", owner=a_person("owner")))
    mine, stranger = signed_in("owner2"), signed_in("eve")
    address = a_trial(mine)
    assert stranger.get(address).status_code == 404
    assert stranger.post("/test-file/", {"file": io.BytesIO(b"x"), "instrument": "secret-mbe"}).status_code == 404
    form = fields(read(mine, address)) | {"quantity-1": "temperature", "unit-1": "K", "action": "save"}
    assert mine.post(address, form | {"instrument": "secret-mbe"}).status_code == 404
    assert mine.post(address, form | {"instrument": "*"}).status_code == 403
    assert Mapping.objects.count() == 0


def test_a_trial_can_be_filed_or_forgotten_and_old_ones_go() -> None:
    an_instrument("furnace")
    client = signed_in()
    trials_sweep(now=2e10)
    assert client.post(a_trial(client), {"action": "keep", "instrument": "furnace"})["Location"] == "/upload/"
    assert Receipt.objects.get().file_name == "run.csv"
    assert client.post(a_trial(client), {"action": "drop"}).status_code == 302
    a_trial(client)
    assert trials_sweep(now=2e10) == 1
    assert not list(Path(home() / "trials").iterdir())


def test_the_gallery_shows_every_parser_that_loads() -> None:
    from ingest.parsers.registry import loaded

    page = signed_in().get("/formats/").content.decode()
    assert all(f'<span class="mono">{name}</span>' in page for name in loaded().parsers)
    assert "X-ray diffraction" in page and "substrate temperature" in page


def test_what_live_channels_measure_is_corrected_once_for_live_and_files() -> None:
    from ingest.contract import Descriptor
    from ingest.telemetry.selectors import channel_list
    from ingest.telemetry.services import batch_store
    from tests.builders.ingest import a_batch, an_agent, batch_bytes

    described = (Descriptor(name="ch00", unit="degC"), Descriptor(name="ch01"))
    batch_store(
        agent=an_agent(),
        batch=a_batch(channels=2, descriptors=described),
        data=batch_bytes(channels=2, descriptors=described),
    )
    client = signed_in()
    address = "/instruments/oxide-mbe/channels/"
    page = client.get(address).content.decode()
    names = dict(re.findall(r'name="(name-\d+)" value="([^"]*)"', page))
    assert names == {"name-0": "ch00", "name-1": "ch01"} and fields_of(page)["quantity-0"] == "temperature"
    answer = client.post(address, fields_of(page) | names | {"quantity-1": "pressure", "unit-1": "torr"}, follow=True)
    assert "Remembered for 1 channel." in answer.content.decode() and "corrected" in answer.content.decode()
    assert [(one.unit, one.quantity) for one in channel_list(instrument="oxide-mbe")] == [
        ("degC", "temperature"),
        ("torr", "pressure"),
    ]
    wrong = client.post(address, fields_of(page) | names | {"quantity-1": "temperature", "unit-1": "torr"})
    assert wrong.status_code == 400 and "torr is no unit of temperature" in wrong.content.decode()
    file = read(
        client,
        a_trial(client, "time (s);ch01;x (V)\n" + "".join(f"{i};{i};{i}\n" for i in range(12)), instrument="oxide-mbe"),
    )
    assert (fields_of(file)["quantity-1"], fields_of(file)["unit-1"]) == ("pressure", "torr")


def test_a_file_read_again_with_a_persons_choices_is_remembered_with_them() -> None:
    an_instrument("furnace")
    client = signed_in()
    dated = "Started: 03/04/2026 10:00:00\n\ntime (s)\tT (°C)\n" + "".join(f"{i}\t{20 + i}\n" for i in range(12))
    first = a_trial(client, dated, instrument="furnace")
    form = fields(read(client, first)) | {"day_first": "true"}
    again = client.post(first, form | {"action": "again"}, follow=True).content.decode()
    assert "2026-04-03T10:00:00" in again and Mapping.objects.count() == 0
    client.post(first, form | {"action": "save", "instrument": "furnace", "time_zone": "Asia/Shanghai"})
    assert "2026-05-06T10:00:00+08:00" in read(
        client, a_trial(client, dated.replace("03/04", "06/05"), instrument="furnace")
    )
    wrong = client.post(first, form | {"action": "again", "header_line": "three"})
    assert wrong.status_code == 400 and "is a number" in wrong.content.decode()


def test_who_may_only_watch_an_instrument_cannot_file_for_it_from_a_trial() -> None:
    bob = signed_in("bob")
    an_instrument("theirs", a_project("theirs", owner=a_person("owner"), bob="reader"))
    answer = bob.post(a_trial(bob), {"action": "keep", "instrument": "theirs"})
    assert answer.status_code == 403 and Receipt.objects.count() == 0


def test_a_trial_of_a_file_ends_with_the_right_to_read_it_and_names_of_files_stay_with_their_people() -> None:
    bob = signed_in("bob")
    project = a_project("closed", owner=a_person("owner"), bob="writer")
    an_instrument("closed-mbe", project)
    file = file_parsed(a_parsed_file(receipt=a_receipt(instrument="closed-mbe")))
    assert file is not None and file.project == project
    address = bob.post(f"/files/{file.pk}/reading/")["Location"]
    assert bob.get(address).status_code == 200
    Membership.objects.filter(user__username="bob").delete()
    for part in ("", "reading/", "plot.json", "preview.png"):
        assert bob.get(address + part).status_code == 404
    Mapping.objects.create(parser="delimited_text", names=["T"], file_name="secret-sample.csv", person="root")
    assert "secret-sample" not in bob.get("/mappings/").content.decode()
    assert "secret-sample" in signed_in("root", staff=True).get("/mappings/").content.decode()
