"""The pages show what the records say, in both languages, and nothing to strangers."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from eln.accounts.models import Membership, Project, User
from knowledge.graph.services import graph_rebuild
from knowledge.index.services import index_rebuild
from knowledge.models import RecordVersion
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return User.objects.create_user("reader")


@pytest.fixture
def browser(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def filed() -> None:
    index_rebuild()  # not by its stage: the files of the index outlive the transaction of a test
    graph_rebuild()


def page(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers or None)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_the_box_takes_a_formula_words_a_system_and_a_filter(browser: Client) -> None:
    a_record("Bi2Se3", id="a", spacegroup_number=166, values={"topological_class_soc": "TI"})
    a_record("Bi4Se3", id="b", spacegroup_number=166, values={"topological_class_soc": "HSP_SM"})
    a_record("NaCl", id="c", spacegroup_number=225)
    filed()
    found = {
        "Bi₂Se₃": ["a"],
        "topological insulator": ["a"],
        "Bi-Se": ["a", "b"],
        "spacegroup_number > 200": ["c"],
    }
    for text, records in found.items():
        html = browser.get(reverse("knowledge:search"), {"q": text}).content.decode()
        assert [key for key in "abc" if f"/knowledge/records/{key}/" in html] == records, text


def test_a_facet_address_narrows_down_and_is_shareable(browser: Client) -> None:
    for at in range(3):
        a_record("Bi2Se3", id=f"ti{at}", values={"topological_class_soc": "TI", "nsites": at + 1})
    a_record("NaCl", id="trivial", values={"topological_class_soc": "Triv_Ins"})
    filed()
    html = page(browser, "/knowledge/?topic=topological_materials")
    address = next(found for found in re.findall(r'href="(\?[^"]*f=topological_class_soc%3ATI[^"]*)"', html))
    narrowed = page(browser, "/knowledge/" + address.replace("&amp;", "&"))
    assert "<strong>3</strong>" in narrowed
    assert "/knowledge/records/trivial/" not in narrowed
    falling = page(browser, "/knowledge/?topic=topological_materials&sort=-nsites")
    assert [falling.index(f"records/ti{at}/") for at in (2, 1, 0)] == sorted(
        falling.index(f"records/ti{at}/") for at in range(3)
    )


def test_htmx_gets_the_results_alone_and_a_bad_filter_its_reason(browser: Client) -> None:
    filed()
    part = browser.get(
        "/knowledge/?q=Bi2Se3", headers={"HX-Request": "true", "HX-Target": "search-body"}
    ).content.decode()
    assert "<html" not in part
    assert "No record matches" in part
    wrong = browser.get("/knowledge/?q=elements+HAS")
    assert wrong.status_code == 400
    assert "position 12" in wrong.content.decode()
    assert 'value="elements HAS"' in wrong.content.decode()


def test_the_material_page_shows_every_source_and_marks_where_they_differ(browser: Client) -> None:
    one, other = a_dataset(slug="one"), a_dataset(slug="other")
    a_record("Bi2Se3", id="a", dataset=one, spacegroup_number=166, values={"topological_class_soc": "TI"})
    a_record("Bi2Se3", id="b", dataset=other, spacegroup_number=166, values={"topological_class_soc": "TCI"})
    a_record("Bi2Te3", id="c", spacegroup_number=166, values={"topological_class_soc": "TI"})
    filed()
    html = page(browser, "/knowledge/materials/Bi2Se3/")
    for told in (
        "topological insulator",
        "topological crystalline insulator",
        "sources differ",
        "/records/a/",
        "/records/b/",
    ):
        assert told in html
    assert "/knowledge/materials/Bi2Te3/" in html
    assert browser.get("/knowledge/materials/Se3Bi2/").headers["Location"] == "/knowledge/materials/Bi2Se3/"
    chinese = page(browser, "/knowledge/materials/Bi2Se3/", **{"Accept-Language": "zh-hans"})
    for told in ("拓扑绝缘体", "来源不一致", "相似材料"):
        assert told in chinese


def test_the_graph_of_the_page_names_the_record_of_each_edge(browser: Client) -> None:
    a_record("Bi2Se3", id="a", spacegroup_number=166)
    filed()
    graph = json.loads(page(browser, "/knowledge/materials/Bi2Se3/graph.json"))
    assert {edge["records"][0]["url"] for edge in graph["edges"]} == {"/knowledge/records/a/"}
    assert "space group 166" in {node["label"] for node in graph["nodes"]}


def test_a_prediction_is_shown_on_request_only_and_marked(browser: Client) -> None:
    a_record("GaAs", id="known", values={"nsites": 2})
    a_record("GaAs", id="told", kind="prediction", values={"topogivity": 1.5})
    filed()
    for url in ("/knowledge/?q=GaAs", "/knowledge/materials/GaAs/"):
        assert "/records/told/" not in page(browser, url)
        shown = page(browser, url + ("&" if "?" in url else "?") + "predicted=1")
        assert "/records/told/" in shown
        assert "badge--predicted" in shown


def test_the_record_page_shows_its_source_and_what_it_said_before(browser: Client) -> None:
    raw = {"value": "TI", "column": "class_soc", "raw": "TI "}
    one = a_record("Bi2Se3", id="a", version=2, values={"topological_class_soc": raw}, locator="line 77")
    before = {"values": [{"property": "topological_class_soc", "value": "TCI"}]}
    RecordVersion.objects.create(record=one, version=1, document=before)
    html = page(browser, "/knowledge/records/a/")
    for told in ("line 77", "class_soc", "Version 1, replaced", "<del>TCI</del>", "table.txt"):
        assert told in html


def test_diffraction_peaks_become_sticks(browser: Client) -> None:
    structures = a_dataset(slug="s", topic="crystal_structures")
    a_record("NaCl", id="s", dataset=structures, values={"diffraction_peaks": ["31.7 100 (2 0 0)", "27.4 9.5 (1 1 1)"]})
    filed()
    document = json.loads(page(browser, "/knowledge/records/s/peaks.json"))
    assert document["series"][0]["values"] == [0, 9.5, 0, 0, 100, 0]
    assert document["x"]["values"][1] == 27.4
    assert "records/s/peaks.json" in page(browser, "/knowledge/materials/NaCl/")


def test_a_stranger_meets_no_page_that_shows_a_projects_record(browser: Client, reader: User) -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    a_record("Bi2Te3", id="concealed", dataset=a_dataset(slug="shut-away", project=project), spacegroup_number=166)
    a_record("Bi2Se3", id="open", spacegroup_number=166)
    filed()
    secret = [
        "/knowledge/records/concealed/",
        "/knowledge/records/concealed/peaks.json",
        "/knowledge/materials/Bi2Te3/",
    ]
    assert [browser.get(url).status_code for url in secret] == [404, 404, 404]
    for url in (
        "/knowledge/",
        "/knowledge/?q=Bi2Te3",
        "/knowledge/materials/Bi2Se3/",
        "/knowledge/materials/Bi2Se3/graph.json",
    ):
        text = browser.get(url).content.decode()
        assert "concealed" not in text, url
        assert "shut-away" not in text, url
    assert browser.get("/knowledge/api/v1/records/concealed").status_code == 404
    Membership.objects.create(user=reader, project=project, role=Membership.Role.READER)
    assert browser.get(secret[0]).status_code == 200
    assert "concealed" in page(browser, "/knowledge/?q=Bi2Te3")


def test_who_is_not_logged_in_is_sent_to_the_log_in() -> None:
    a_record("Bi2Se3", id="a")
    for url in (
        "/knowledge/",
        "/knowledge/records/a/",
        "/knowledge/materials/Bi2Se3/",
        "/knowledge/topics/topological_materials/",
    ):
        assert Client().get(url).status_code == 302


def test_the_topic_page_says_what_the_data_cannot_and_whom_to_cite(browser: Client) -> None:
    dataset = a_dataset(slug="cited", licence="CC BY 4.0", citation="A. Author, Journal 1 (2020)")
    a_record("Bi2Se3", dataset=dataset, values={"topological_class_soc": "TI"})
    filed()
    html = page(browser, "/knowledge/topics/topological_materials/")
    for told in ("CC BY 4.0", "A. Author", "What it cannot say", "topological insulator"):
        assert told in html
    assert browser.get("/knowledge/topics/astrology/").status_code == 404


def test_what_is_our_own_in_a_record_is_shown_in_chinese_too(browser: Client) -> None:
    ours = a_dataset(slug="aflow", title="AFLOW library of crystallographic prototypes, as bundled with pymatgen")
    a_record("Bi2Se3", id="ours", dataset=ours, spacegroup_number=166, values={"nsites": 5}, locator="line 8117")
    a_record("Bi2Te3", id="other", dataset=a_dataset(slug="theirs", title="Their table"), spacegroup_number=166)
    filed()
    html = page(browser, "/knowledge/records/ours/", **{"accept-language": "zh-hans"})
    assert "AFLOW 晶体结构原型库" in html
    assert "第 8117 行" in html
    assert "AFLOW library" not in html
    assert "line 8117" in page(browser, "/knowledge/records/ours/")
    assert "Their table" in page(browser, "/knowledge/records/other/", **{"accept-language": "zh-hans"})
    similar = page(browser, "/knowledge/materials/Bi2Se3/", **{"accept-language": "zh-hans"})
    assert "以 Te 代替 Se" in similar
    assert "空间群相同：166" in similar
