"""The search page: how the box is read, the address as the whole state, what narrows down, what is kept and compared."""

import re

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from eln.accounts.models import Membership, Project, User
from eln.accounts.scope import Scope
from knowledge.chemistry.elements import elements
from knowledge.errors import QueryError
from knowledge.index.services import index_rebuild
from knowledge.materials.box import box_read, near_words
from knowledge.materials.facets import place
from knowledge.materials.form import state_of
from knowledge.materials.results import results
from knowledge.materials.search import Also, Range, SearchState
from knowledge.models import SavedSearch
from knowledge.query.types import And, Compare, HasElements, Or, Words
from tests.builders.knowledge import a_dataset, a_record

STRUCTURES = "crystal_structures"


@pytest.fixture
def reader(db: None) -> User:
    return User.objects.create_user("reader")


@pytest.fixture
def browser(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def crystal(formula: str, key: str, **values: object) -> None:
    a_record(formula, id=key, dataset=a_dataset(slug="cs", topic=STRUCTURES), values=values)


def shown(client: Client, params: str) -> set[str]:
    answer = client.get(f"/knowledge/?{params}")
    assert answer.status_code == 200, params
    return set(re.findall(r'/knowledge/records/([^/"]+)/', answer.content.decode()))


@pytest.mark.parametrize(
    ("text", "way", "where"),
    [
        ("Bi-Se", "system", HasElements(("Bi", "Se"), "exactly")),
        ("Bi-*-Se", "system", And((HasElements(("Bi", "Se")), Compare("nelements", "=", 3)))),
        ("Bi, Se Te", "elements", HasElements(("Bi", "Se", "Te"))),
        ("铋", "elements", HasElements(("Bi",))),
        ("bismuth", "elements", HasElements(("Bi",))),
        ("Fm-3m", "spacegroup", Compare("spacegroup_number", "=", 225)),
        ("topological insulator", "words", Words("topological insulator")),
        ("spacegroup_number > 200", "filter", Compare("spacegroup_number", ">", 200)),
        ("space group = 166", "filter", Compare("spacegroup_number", "=", 166)),
        ("空间群 = 166", "filter", Compare("spacegroup_number", "=", 166)),
    ],
)
def test_the_box_says_how_it_understood(text: str, way: str, where: object) -> None:
    read = box_read(text, None)
    assert (read.way, read.where) == (way, where)
    assert read.told


def test_a_formula_is_found_by_its_chinese_name() -> None:
    with override("zh-hans"):
        read = box_read("硒化铋", None)
    assert read.way == "formula"
    assert "Bi₂Se₃" in read.told
    assert isinstance(read.where, Or)
    assert Compare("formula", "=", "Bi2Se3") in read.where.parts


def test_a_name_with_several_meanings_finds_them_all() -> None:
    read = box_read("氧化铁", None)
    assert read.way == "formula"
    assert isinstance(read.where, Compare)
    assert {"Fe2O3", "Fe3O4"} <= set(read.where.value)  # type: ignore[arg-type]  # a tuple


def test_a_property_may_be_called_by_its_label_outside_of_quotes() -> None:
    read = box_read('NOT 带隙 > 1 eV OR formula_source CONTAINS "band gap > 2"', STRUCTURES)
    assert "band_gap" in str(read.where)
    assert "band gap > 2" in str(read.where)


def test_ids_are_sought_where_ids_stand() -> None:
    read = box_read("ICSD 12345", "topological_materials")
    assert read.way == "ids"
    assert Compare("icsd_id", "contains", "12345") in read.where.parts  # type: ignore[union-attr]
    assert box_read("Bi2 Se3", None).way == "formula", "what is a formula is no list of ids"


def test_another_reading_can_be_forced_and_a_wrong_one_says_so() -> None:
    assert box_read("Bi2Se3", None, "words").where == Words("Bi2Se3")
    with pytest.raises(QueryError):
        box_read("topological", None, "formula")


def test_a_misspelt_word_gets_near_ones() -> None:
    assert "topological insulator" in near_words("topologcal insulater")
    assert near_words("qqqqqq") == []


def test_every_element_has_a_place_of_its_own() -> None:
    places = [place(facts.number) for facts in elements().values()]
    assert len(set(places)) == len(places) == 118
    assert (place(1), place(2), place(26), place(57), place(72), place(118)) == (
        (1, 1), (1, 18), (4, 8), (9, 3), (6, 4), (7, 18),
    )  # fmt: skip


SYMBOLS = st.lists(st.sampled_from(["Bi", "Se", "O", "H"]), max_size=3, unique=True).map(tuple)
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.9g}")))

RANGES = st.builds(Range, st.sampled_from(["density", "a"]), NUMBERS, NUMBERS)
TEXTS = st.sampled_from(["", "a:b > 1"])
ALSO = st.builds(Also, st.sampled_from(["", STRUCTURES]), st.just("composition"), TEXTS, st.booleans())


@given(
    state=st.builds(
        SearchState,
        topic=st.sampled_from([None, STRUCTURES]),
        box=st.text(alphabet="Bi2Se3 -硒&=%+", max_size=8).map(str.strip),
        must=SYMBOLS,
        without=SYMBOLS,
        only=st.booleans(),
        chosen=st.lists(st.sampled_from(["kind:literature", "crystal_system:cubic"]), max_size=2, unique=True).map(tuple),
        ranges=st.lists(RANGES, max_size=2, unique_by=lambda one: one.property).map(tuple),
        also=st.lists(ALSO, max_size=1).map(tuple),
        predicted=st.booleans(),
        materials=st.booleans(),
        compared=st.lists(st.sampled_from(["r1", "=NaCl"]), max_size=2, unique=True).map(tuple),
        trail=st.lists(st.sampled_from(["c1", "c2"]), max_size=2).map(tuple),
        page=st.integers(1, 9),
    )
)  # fmt: skip
def test_the_address_holds_the_whole_state(state: SearchState) -> None:
    address = state.address(trail=state.trail, page=state.page)
    again = SearchState.of(QueryDict(address))
    assert again.address(trail=again.trail, page=again.page) == address
    for name in ("topic", "box", "must", "without", "only", "chosen", "also", "predicted", "materials", "compared"):
        assert getattr(again, name) == getattr(state, name), name
    assert {(r.property, r.low, r.high) for r in again.ranges} == {(r.property, r.low, r.high) for r in state.ranges}


def test_a_click_in_the_table_goes_from_must_to_any_to_not_to_nothing() -> None:
    params = QueryDict("toggle=Bi:must")
    seen = []
    for _click in range(4):
        state = state_of(params)
        seen.append((state.must, state.any_of, state.without))
        now = {"": "must", "must": "any", "any": "not", "not": "none"}[state.element_state("Bi")]
        params = QueryDict(f"{state.address()}&toggle=Bi:{now}")
    assert seen == [(("Bi",), (), ()), ((), ("Bi",), ()), ((), (), ("Bi",)), ((), (), ())]


def test_without_scripts_the_form_leads_to_its_address(browser: Client) -> None:
    answer = browser.get("/knowledge/?q=&el=Se&elany=&elnot=&toggle=Bi%3Amust&add=&lo.density=&n=density")
    assert answer.status_code == 302
    assert answer["Location"] == "/knowledge/?el=Se%2CBi&n=density"
    part = browser.get("/knowledge/?q=&toggle=Bi:must", headers={"HX-Request": "true", "HX-Target": "search-body"})
    assert part["HX-Push-Url"] == "/knowledge/?el=Bi"


def test_a_number_property_is_added_by_a_part_of_its_label_in_either_language(browser: Client) -> None:
    for text in ("band gap (eV)", "带隙", "band_gap"):
        state = state_of(QueryDict(f"topic={STRUCTURES}&add={text}"))
        assert state.ranges == (Range("band_gap"),)
    answer = browser.get(f"/knowledge/?topic={STRUCTURES}&add=band+gip")
    assert answer.status_code == 400
    assert "band gap" in answer.content.decode()


def test_elements_ranges_facets_and_presets_hold_together(browser: Client) -> None:
    crystal("Bi2Se3", "bise", density=7.5, crystal_system="trigonal", band_gap=0.3)
    crystal("Bi2O3", "bio", density=8.9, crystal_system="monoclinic", band_gap=2.5)
    crystal("NaCl", "salt", density=2.2, crystal_system="cubic", band_gap=8.5)
    index_rebuild()
    page = f"topic={STRUCTURES}"
    assert shown(browser, page) == {"bise", "bio", "salt"}
    assert shown(browser, f"{page}&el=Bi") == {"bise", "bio"}
    assert shown(browser, f"{page}&el=Bi&elnot=O") == {"bise"}
    assert shown(browser, f"{page}&elany=O,Cl") == {"bio", "salt"}
    assert shown(browser, f"{page}&el=Bi,O&elonly=1") == {"bio"}
    assert shown(browser, f"{page}&lo.density=2.2&hi.density=8") == {"bise", "salt"}
    assert shown(browser, f"{page}&f=crystal_system:cubic&f=crystal_system:trigonal") == {"bise", "salt"}, (
        "alternatives"
    )
    assert shown(browser, f"{page}&f=crystal_system:cubic&el=Bi") == set()


@pytest.mark.django_db
def test_counts_of_a_facet_leave_out_the_choice_made_in_it() -> None:
    for at, system in enumerate(["cubic", "cubic", "trigonal"]):
        crystal("NaCl" if at else "Bi2Se3", f"r{at}", crystal_system=system)
    index_rebuild()
    state = SearchState.of(QueryDict(f"topic={STRUCTURES}&f=crystal_system:trigonal"))
    shown_now = results(state, Scope.system())
    facet = next(one for one in shown_now["facets"] if one.name == "crystal_system")
    assert {choice.label: (choice.count, choice.chosen) for choice in facet.choices} == {
        "cubic": (2, False),
        "trigonal": (1, True),
    }
    cells = {cell.symbol: cell.count for cell in shown_now["elements"]}
    assert (cells["Na"], cells["Bi"]) == (1, 0)


@pytest.mark.django_db
def test_an_empty_answer_says_which_condition_to_loosen() -> None:
    crystal("Bi2Se3", "one", density=7.5)
    index_rebuild()
    state = SearchState.of(QueryDict(f"topic={STRUCTURES}&el=Bi&lo.density=9"))
    found = results(state, Scope.system())
    assert found["evidence"].count == 0
    assert [(label, count) for label, count, _address in found["loosen"]] == [("density ≥ 9 g/cm³", 1)]


def test_limits_ranges_and_uncertainties_are_written_out(browser: Client) -> None:
    a_record("Bi2Se3", id="r", dataset=a_dataset(slug="cs", topic=STRUCTURES), values={
        "band_gap": {"value": 0.35, "unit": "eV", "uncertainty": 0.05},
        "density": {"value": 7.0, "unit": "g/cm^3", "bound": ">="},
        "a": {"value": 4.0, "unit": "angstrom", "low": 3.9, "high": 4.1},
    })  # fmt: skip
    index_rebuild()
    html = browser.get(f"/knowledge/?topic={STRUCTURES}&col=band_gap&col=density&col=a").content.decode()
    text = re.sub(r"<[^>]+>|\s+", "", html)
    for told in ("0.35±0.05eV", "≥7g/cm³", "3.9…4.1Å"):
        assert told in text


def test_picked_rows_are_compared_side_by_side(browser: Client) -> None:
    crystal("Bi2Se3", "one", density=7.5, crystal_system="trigonal")
    crystal("Bi2Te3", "other", density=7.7, crystal_system="trigonal")
    index_rebuild()
    sent = browser.get("/knowledge/?q=&cmp=one&cmp=other&show=compare")
    assert sent.status_code == 302
    html = browser.get(sent["Location"]).content.decode()
    rows = {re.sub(r"<[^>]+>|\s+", " ", row).split()[0]: row for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL)}
    assert 'class="differs"' in rows["density"]
    assert 'class="differs"' not in rows["crystal"]
    only = browser.get(f"{sent['Location']}&differences=1").content.decode()
    assert "crystal system" not in only
    assert "density" in only
    materials = browser.get("/knowledge/compare/?with=%3DBi2Se3&with=nothing").content.decode()
    assert "/knowledge/materials/Bi2Se3/" in materials
    assert "not there" in materials


def test_a_saved_search_is_its_owners_or_its_projects(browser: Client, reader: User) -> None:
    project = Project.objects.create(slug="films", title="Films")
    other = User.objects.create_user("other")
    Membership.objects.create(user=other, project=project, role=Membership.Role.READER)
    Membership.objects.create(user=reader, project=project, role=Membership.Role.OWNER)
    kept = {"name": "Dense  ones", "address": "topic=crystal_structures&lo.density=7&cmp=r1"}
    assert browser.post("/knowledge/searches/", kept).status_code == 302
    browser.post("/knowledge/searches/", {"name": "For all", "address": "q=NaCl", "project": "films"})
    mine = SavedSearch.objects.get(name="Dense ones")
    assert mine.address == "topic=crystal_structures&n=density&lo.density=7"
    stranger = Client()
    stranger.force_login(other)
    html = stranger.get("/knowledge/").content.decode()
    assert "For all" in html
    assert "Dense ones" not in html
    for saved in SavedSearch.objects.all():
        stranger.post(f"/knowledge/searches/{saved.pk}/forget/", {})
    assert SavedSearch.objects.count() == 2, "a reader takes nothing away"
    refused = stranger.post("/knowledge/searches/", {"name": "x", "address": "", "project": "films"})
    assert refused.status_code == 400
    browser.post(f"/knowledge/searches/{mine.pk}/forget/", {})
    assert not SavedSearch.objects.filter(pk=mine.pk).exists()


@pytest.mark.django_db
def test_a_scatter_plot_says_what_it_draws_by_group_and_in_one_unit() -> None:
    crystal("Bi2Se3", "one", density=7.5, a={"value": 0.414, "unit": "nm"}, crystal_system="trigonal")
    crystal("NaCl", "salt", density=2.2, a=5.64, crystal_system="cubic")
    crystal("KCl", "bare", density=2.0)
    index_rebuild()
    state = SearchState.of(QueryDict(f"topic={STRUCTURES}&view=scatter&x=a&y=density&by=crystal_system"))
    plot = results(state, Scope.system())["plot"]
    assert (plot["shown"], plot["count"]) == (2, 2)
    drawn = {group["label"]: (group["x"], group["y"], group["records"]) for group in plot["document"]["groups"]}
    assert drawn["cubic"] == ([5.64], [2.2], ["salt"])
    assert drawn["trigonal"][0] == pytest.approx([4.14])


def test_the_plot_leaves_as_csv(browser: Client) -> None:
    crystal("NaCl", "salt", density=2.2, a=5.64, crystal_system="cubic")
    index_rebuild()
    text = browser.get(f"/knowledge/plot.csv?topic={STRUCTURES}&view=scatter&x=a&y=density&by=kind").content.decode()
    assert text.splitlines() == [
        "record,formula,dataset,kind,a (Å),density (g/cm³),kind",
        "salt,NaCl,cs,computation,5.64,2.2,computation",
    ]
