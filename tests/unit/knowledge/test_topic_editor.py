"""Topics of the laboratory's own: made on the page or from a folder, checked with every fault named, each version kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from knowledge.editor import forms
from knowledge.editor.checks import columns_claimed, schema_checked
from knowledge.editor.services import NotSteward, TopicRefused, topic_restore, topic_save, topic_withdraw
from knowledge.models import TopicDocument
from knowledge.topics.schema import found_topics, topics, topics_forget, topics_refresh, yaml_read
from tests.builders.eln import a_person

pytestmark = pytest.mark.django_db

SCHEMA = """
id: glazes
label: {en: Glazes, zh: 釉料}
claims: [firing_temperature]
properties:
  - {id: firing_temperature, type: number, unit: degC, label: {en: firing temperature, zh: 烧成温度}, columns: [fired at],
     low: 0, high: 2000}
facts: [firing_temperature]
limits: {en: one kiln, zh: 单一窑炉}
"""


@pytest.fixture(autouse=True)
def site(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    settings.HOME = tmp_path
    topics_forget()
    yield tmp_path
    settings.HOME = tmp_path / "gone"
    topics_forget()


def look() -> None:
    topics_refresh(max_age_s=0)


def test_each_save_is_a_version_and_undoing_is_a_newer_one() -> None:
    person = a_person(staff=True)
    topic_save(topic=None, text=SCHEMA, person=person, note="first")
    look()
    topic_save(topic="glazes", text=SCHEMA.replace("en: Glazes", "en: Our glazes"), person=person)
    look()
    assert topics()["glazes"].label["en"] == "Our glazes"
    assert topic_restore(topic="glazes", version=1, person=person).version == 3
    look()
    assert topics()["glazes"].label["en"] == "Glazes"
    topic_withdraw(topic="glazes", person=person)
    look()
    assert "glazes" not in topics() and TopicDocument.objects.count() == 4


def test_an_edited_shipped_topic_becomes_the_shipped_one_again() -> None:
    person, before = a_person(staff=True), topics()["superconductors"]
    text = found_topics()["superconductors"].text
    topic_save(
        topic="superconductors", text=text.replace("en: Superconductors,", "en: Our superconductors,"), person=person
    )
    look()
    assert topics()["superconductors"].label["en"] == "Our superconductors"
    assert found_topics()["superconductors"].datasets
    topic_withdraw(topic="superconductors", person=person)
    look()
    assert topics()["superconductors"] == before


def test_only_stewards_save_and_only_what_can_be_used() -> None:
    with pytest.raises(NotSteward):
        topic_save(topic=None, text=SCHEMA, person=a_person())
    with pytest.raises(TopicRefused) as caught:
        topic_save(
            topic=None,
            text=SCHEMA.replace("degC", "bells").replace("claims: [", "claims: [glow, "),
            person=a_person(staff=True),
        )
    assert len(caught.value.details["faults"]) == 2
    with pytest.raises(TopicRefused, match="already"):
        topic_save(topic=None, text=found_topics()["superconductors"].text, person=a_person(staff=True))
    assert not TopicDocument.objects.exists()


def test_the_form_keeps_what_it_does_not_show(client: Client) -> None:
    client.force_login(a_person(staff=True))
    address = "/knowledge/topics/new/"
    assert client.get(address).status_code == client.get("/knowledge/topics/").status_code == 200
    sent = {
        "view": "form", "action": "save", "id": "glazes", "en": "Glazes", "zh": "釉料", "rows": "1", "about_en": "", "about_zh": "",
        "p0-id": "firing_temperature", "p0-type": "number", "p0-unit": "degC", "p0-en": "firing temperature",
        "p0-zh": "烧成温度", "p0-columns": "fired at，烧成", "p0-low": "0", "p0-claim": "on",
    }  # fmt: skip
    refused = client.post(address, {**sent, "p0-unit": "bells"})
    assert refused.status_code == 400 and "is no unit" in refused.content.decode()
    assert client.post(address, sent).status_code == 302
    look()
    item = topics()["glazes"].property("firing_temperature")
    assert (
        item is not None
        and item.columns == ("fired at", "烧成")
        and topics()["glazes"].claims == ("firing_temperature",)
    )
    tried = client.post(
        address.replace("new", "glazes/edit"),
        {
            **sent,
            "p0-was": "firing_temperature",
            "action": "check",
            "sample": "formula,fired at (K)\nSiO2,1500\nAl2O3,1600\n",
        },
    )
    assert "firing_temperature" in tried.content.decode() and tried.status_code == 200
    assert client.get(address.replace("new", "glazes/versions")).status_code == 200
    client.force_login(a_person())
    assert client.get(address).status_code == 403


def test_a_document_survives_the_form_unchanged() -> None:
    for name in ("superconductors", "topological_materials"):
        document = yaml_read(found_topics()[name].text)
        schema, faults = schema_checked(forms.yaml_of(document), name)
        assert faults == [] and schema == topics()[name]


def test_the_preview_reads_a_table_as_the_schema_on_trial_would() -> None:
    schema, _ = schema_checked(SCHEMA)
    assert schema is not None
    claimed, refused = columns_claimed(schema, "formula,fired at (K),kiln\nSiO2,1500,A\nAl2O3,1600,B\n")
    assert refused == "" and {one.column: one.property for one in claimed}["fired at (K)"] == "firing_temperature"
    assert "glazes" not in topics()


def test_a_folder_is_checked_and_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "elsewhere" / "glazes"
    (folder / "datasets").mkdir(parents=True)
    (folder / "schema.yaml").write_text(SCHEMA)
    (folder / "datasets" / "one.yaml").write_text(
        "slug: one\ntitle: One\nkind: measurement\nmatch: {columns: [a]}\ncolumns: {a: {property: glow}}\n"
    )
    with pytest.raises(SystemExit):
        call_command("topic_check", str(folder))
    assert "there is no property 'glow'" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        call_command("topic_add", str(folder))
    (folder / "datasets" / "one.yaml").unlink()
    call_command("topic_add", str(folder), json=True)
    assert "glazes" in topics() and found_topics()["glazes"].origin == "folder"
