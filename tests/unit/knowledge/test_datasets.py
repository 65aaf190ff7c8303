"""Pages of data sets, and the same for machines."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rdflib import DCAT, DCTERMS, RDF, Graph, URIRef

from eln.accounts.models import Project, User
from knowledge.datasets.catalogue import doi_of, licence_address
from knowledge.imports.models import Import
from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, DatasetVersion
from knowledge.records.services import dataset_version_note, records_write
from tests.builders.knowledge import a_dataset, a_record

# rdflib's own JSON-LD parser uses its old class
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")


@pytest.fixture
def reader(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_user("reader", password="x"))
    return client


def a_described_dataset() -> Dataset:
    dataset = a_dataset(
        slug="densities", topic="crystal_structures", title='Densities "by hand"\nof salts', licence="CC BY 4.0",
        citation="A. Nobody, Journal of Nothing 1, 2 (2020), doi 10.1000/none.1", url="https://example.org/a b",
    )  # fmt: skip
    a_record("NaCl", dataset=dataset, values={"density": {"value": 2.17, "unit": "g/cm^3"}})
    Import.objects.create(
        dataset=dataset, file_name="salts.csv", rows=3, records=1, merged=1,
        rejected=[{"row": 2, "reason": "names no formula"}],
        mapping={"rho": {"property": "density", "unit": "g/cm^3", "confidence": 0.9}, "note": {"property": None}},
    )  # fmt: skip
    return dataset


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
        ("MIT (file of the repository)", "https://spdx.org/licenses/MIT"),
        ("not stated by the source", None),
        ("permitted", None),
    ],
)
def test_only_known_licences_have_an_address(text: str, address: str | None) -> None:
    assert licence_address(text) == address


def test_a_citation_gives_its_doi() -> None:
    assert (
        doi_of("Nature 566, 475 (2019), doi:10.1038/s41586-019-0944-6.") == "https://doi.org/10.1038/s41586-019-0944-6"
    )
    assert doi_of("Nature 566, 475 (2019)") is None


def test_the_page_says_where_it_comes_from_and_how_it_was_read(reader: Client) -> None:
    a_described_dataset()
    text = reader.get(reverse("knowledge:dataset", args=["densities"])).content.decode()
    for words in (
        "CC BY 4.0",
        "Journal of Nothing",
        "salts.csv",
        "rho",
        "left out",
        "names no formula",
        "3 rows: 1 records",
    ):
        assert words in text
    assert reader.get(reverse("knowledge:datasets")).status_code == 200


def test_schema_org_names_licence_variables_and_version(reader: Client) -> None:
    a_described_dataset()
    answer = reader.get(reverse("knowledge:dataset", args=["densities"]), headers={"accept": "application/ld+json"})
    said: dict[str, Any] = answer.json()
    assert answer["content-type"] == "application/ld+json"
    assert (said["@type"], said["license"]) == ("Dataset", "https://creativecommons.org/licenses/by/4.0/")
    assert said["variableMeasured"] == [
        {"@type": "PropertyValue", "propertyID": "density", "name": "density", "unitText": "g/cm^3"}
    ]
    assert len(said["description"]) >= 50
    assert said["isBasedOn"] == "https://doi.org/10.1000/none.1"


@pytest.mark.parametrize("form", ["ttl", "jsonld"])
def test_the_catalogue_is_dcat_that_other_programs_read(reader: Client, form: str) -> None:
    a_described_dataset()
    a_dataset(slug="bare", topic="material_facts")
    answer = reader.get(reverse("knowledge:datasets-form", args=[form]))
    graph = Graph().parse(data=answer.content, format={"ttl": "turtle", "jsonld": "json-ld"}[form])
    (catalogue,) = graph.subjects(RDF.type, DCAT.Catalog)
    listed = set(graph.objects(catalogue, DCAT.dataset))
    assert listed == set(graph.subjects(RDF.type, DCAT.Dataset))
    assert len(listed) == 2
    me = URIRef("http://testserver" + reverse("knowledge:dataset", args=["densities"]))
    assert str(graph.value(me, DCTERMS.title)) == 'Densities "by hand"\nof salts'
    assert graph.value(me, DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    file = graph.value(me, DCAT.distribution)
    assert str(graph.value(file, DCAT.accessURL)).startswith("http://testserver/")


def test_one_data_set_is_negotiated_and_the_feed_lists_all(reader: Client) -> None:
    a_described_dataset()
    address = reverse("knowledge:dataset", args=["densities"])
    for accept, form in (("text/turtle", "turtle"), ("application/ld+json", "json-ld")):
        answer = reader.get(address, headers={"accept": accept})
        assert answer["content-type"].startswith(accept)
        assert "Accept" in answer["vary"]
        if form == "turtle":
            assert len(Graph().parse(data=answer.content, format=form)) > 10
    dcat = reader.get(reverse("knowledge:dataset-form", args=["densities", "dcat"]))
    assert len(Graph().parse(data=dcat.content, format="json-ld")) > 10
    assert "text/html" in reader.get(address)["content-type"]
    assert reader.get(reverse("knowledge:dataset-form", args=["densities", "exe"])).status_code == 404
    assert "densities" in reader.get(reverse("knowledge:datasets-form", args=["atom"])).content.decode()


def test_a_closed_data_set_is_hidden(reader: Client) -> None:
    project = Project.objects.create(title="Closed", slug="closed")
    a_dataset(slug="hidden", project=project)
    assert reader.get(reverse("knowledge:dataset", args=["hidden"])).status_code == 404
    assert b"hidden" not in reader.get(reverse("knowledge:datasets-form", args=["ttl"])).content


@pytest.mark.django_db
def test_each_import_says_what_it_changed() -> None:
    dataset = a_dataset(slug="densities", topic="crystal_structures")

    def write(*pairs: tuple[str, float]) -> None:
        drafts = [Draft(key=f, formula=f, values=(Value("density", v, "g/cm^3"),), file_name="a.csv") for f, v in pairs]
        dataset_version_note(dataset, records_write(dataset, drafts, complete=True), part="a.csv")

    write(("NaCl", 2.17), ("KCl", 1.98))
    write(("NaCl", 2.17), ("KCl", 1.98))
    write(("NaCl", 2.16), ("LiF", 2.64))
    noted = DatasetVersion.objects.order_by("pk").values_list("added", "changed", "withdrawn", "records")
    assert list(noted) == [(2, 0, 0, 2), (1, 1, 1, 2)]
