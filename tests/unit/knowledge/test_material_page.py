"""The material page: sentences of the topics, polymorphs, conditions, sources, what the laboratory has of it."""

import re

import pytest
from django.test import Client

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from eln.entries.models import Entry
from eln.samples.models import Sample
from knowledge.index.services import index_rebuild
from knowledge.materials.laboratory import laboratory
from knowledge.materials.material import sentences
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db
STRUCTURES = "crystal_structures"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    return client


def text_of(client: Client, url: str, language: str = "en") -> str:
    answer = client.get(url, headers={"accept-language": language})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_sentence_is_said_only_where_a_record_fills_it() -> None:
    one = a_record("NaCl", dataset=a_dataset(slug="cs", topic=STRUCTURES), values={
        "density": {"value": 2.16, "unit": "g/cm^3", "uncertainty": 0.01},
    })  # fmt: skip
    said = [sentence.text for sentence in sentences([one])]
    assert "Its density is 2.16 ± 0.01 g/cm³." in said
    assert not any("{" in sentence or "bulk modulus" in sentence for sentence in said)


def test_a_polymorph_can_be_looked_at_alone(browser: Client) -> None:
    dataset = a_dataset(slug="cs", topic=STRUCTURES)
    a_record("TiO2", id="rutile", dataset=dataset, spacegroup_number=136, values={"density": 4.23})
    a_record("TiO2", id="anatase", dataset=dataset, spacegroup_number=141, values={"density": 3.89})
    index_rebuild()
    both = text_of(browser, "/knowledge/materials/TiO2/")
    assert "P4_2/mnm" in both and "4.23" in both and "3.89" in both
    alone = text_of(browser, "/knowledge/materials/TiO2/?spacegroup=141")
    assert "3.89" in alone and "4.23" not in alone


def test_conditions_stand_with_their_label_and_unit_in_the_readers_language(browser: Client) -> None:
    stated = {"value": 1.2, "unit": "", "conditions": {"temperature": 300.0}, "method": "laser flash"}
    dataset = a_dataset(slug="te", topic="energy_materials")
    a_record("Bi2Te3", dataset=dataset, values={"figure_of_merit": stated})
    index_rebuild()
    page = text_of(browser, "/knowledge/materials/Bi2Te3/")
    assert re.search(r"temperature\S* \D{0,40}300 K", page)
    assert "laser flash" in page
    assert re.search(r"温度\D{0,10}300 K", text_of(browser, "/knowledge/materials/Bi2Te3/", "zh-hans"))


def test_licence_and_citation_stand_on_the_page(browser: Client) -> None:
    dataset = a_dataset(slug="cited", topic=STRUCTURES, licence="CC BY 4.0", citation="A. Author (2020)")
    a_record("NaCl", dataset=dataset, values={"density": 2.2})
    index_rebuild()
    page = text_of(browser, "/knowledge/materials/NaCl/")
    assert "CC BY 4.0" in page and "A. Author (2020)" in page


def test_the_laboratorys_own_samples_and_entries_are_those_of_this_composition() -> None:
    secret = Project.objects.create(slug="s", title="S")
    fitting = Sample.objects.create(name="crystal 1", formula="Se3Bi2")
    Sample.objects.create(name="other", formula="Bi2Te3")
    hidden = Sample.objects.create(name="hidden", formula="Bi2Se3", project=secret)
    seen = Entry.objects.create(title="scan", sample=fitting)
    Entry.objects.create(title="secret scan", sample=hidden, project=secret)
    named = Entry.objects.create(title="growth")
    record = a_record("Bi2Se3", entry_id=named.pk)
    found = laboratory("Bi2Se3", [record], scope=Scope(user_id=1))
    assert [sample.name for sample in found.samples] == ["crystal 1"]
    assert {entry.pk for entry in found.entries} == {seen.pk, named.pk}
