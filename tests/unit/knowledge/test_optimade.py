"""The OPTIMADE server: endpoints, errors, and what the official validator does not look at."""

import json
import random
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client
from optimade.models import EntryInfoResponse, InfoResponse, LinksResponse, ReferenceResponseMany, StructureResponseMany

from eln.accounts.scope import Scope
from knowledge.optimade.answers import Answer, answer
from knowledge.optimade.asking import Asked
from knowledge.optimade.filters import read
from knowledge.query.truth import meets
from knowledge.records.models import Record
from tests.builders.eln import a_person, a_project
from tests.builders.knowledge import a_record
from tests.builders.structures import a_small_database

pytestmark = pytest.mark.django_db
BASE = "http://127.0.0.1:8000/optimade"


def ask(path: str, query: str = "", *, scope: Scope | None = None, etag: str = "") -> Answer:
    return answer(Asked(path, query, BASE, scope or Scope.visitor(), etag))


def listed(text: str = "", more: str = "", **how: Any) -> dict[str, Any]:
    query = "&".join(part for part in (f"filter={quote(text)}" if text else "", more) if part)
    found = ask("v1/structures", query, **how)
    assert found.status == 200, found.body
    document: dict[str, Any] = json.loads(found.body)
    return document


def formulas(text: str, more: str = "", **how: Any) -> list[str]:
    return [
        entry["attributes"]["chemical_formula_descriptive"]
        for entry in listed(text, f"page_limit=100&{more}", **how)["data"]
    ]


def refused(path: str, query: str = "") -> tuple[int, str]:
    found = ask(path, query)
    document = json.loads(found.body)
    assert set(document) == {"errors", "meta"}
    assert document["errors"][0]["status"] == str(found.status)
    return found.status, document["errors"][0]["detail"]


@pytest.fixture
def database() -> list[Record]:
    return a_small_database()


@pytest.mark.filterwarnings("ignore:Accessing the 'model_fields'")  # by the specification's own models
def test_the_answers_are_what_the_specification_models(database: list[Record]) -> None:
    StructureResponseMany.model_validate(listed())
    InfoResponse.model_validate(json.loads(ask("v1/info").body))
    for kind in ("structures", "references"):
        EntryInfoResponse.model_validate(json.loads(ask(f"v1/info/{kind}").body))
    LinksResponse.model_validate(json.loads(ask("v1/links").body))
    ReferenceResponseMany.model_validate(json.loads(ask("v1/references").body))


def test_a_structure_says_its_sites(database: list[Record]) -> None:
    (entry,) = listed('chemical_formula_reduced="ClNa"')["data"]
    said = entry["attributes"]
    assert (said["nsites"], said["nelements"], said["elements"]) == (8, 2, ["Cl", "Na"])
    assert said["lattice_vectors"] == [[5.6, 0, 0], [0, 5.6, 0], [0, 0, 5.6]]
    assert said["cartesian_site_positions"][1] == [0, 2.8, 2.8]
    assert (said["chemical_formula_hill"], said["chemical_formula_anonymous"]) == ("Cl4Na4", "AB")
    assert said["space_group_symbol_hermann_mauguin"] == "F m -3 m"
    assert len(said["space_group_symmetry_operations_xyz"]) == 192
    assert said["_lodestone_density"] == 2.0
    assert said["structure_features"] == []
    (mixed,) = listed('chemical_formula_reduced="AuCu"')["data"]
    assert mixed["attributes"]["structure_features"] == ["disorder"]
    assert mixed["attributes"]["species"][0]["concentration"] == [0.5, 0.5]


def test_a_bare_composition_has_unknown_sites(database: list[Record]) -> None:
    (entry,) = listed('chemical_formula_reduced="Bi2Se3"')["data"]
    said = entry["attributes"]
    assert said["nsites"] is said["lattice_vectors"] is said["nperiodic_dimensions"] is None
    assert said["structure_features"] == []
    assert said["_lodestone_topogivity"] == 0.3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("_lodestone_nontrivial_soc=TRUE", {"Bi2Se3", "Bi1.9Sb0.1Te3"}),
        ("_lodestone_nontrivial_soc", {"Bi2Se3", "Bi1.9Sb0.1Te3"}),
        ("NOT _lodestone_nontrivial_soc", {"Bi2Te3"}),
        ("_lodestone_nontrivial_soc != TRUE", {"Bi2Te3"}),
        ('elements HAS CONTAINS "S" AND nelements=2', {"Bi2Se3", "SiO2"}),
        ('elements HAS ALL STARTS "B", ENDS "e"', {"Bi2Se3", "Bi2Te3", "Bi1.9Sb0.1Te3"}),
        ("elements LENGTH >= 3", {"SrTiO3", "Bi1.9Sb0.1Te3", "HfNiSn"}),
        ("elements LENGTH > 3", set()),
        ("elements LENGTH <= 1", {"Fe", "C60"}),
        ("elements LENGTH < 2", {"Fe", "C60"}),
        ("elements LENGTH != 2", {"SrTiO3", "Bi1.9Sb0.1Te3", "HfNiSn", "Fe", "C60"}),
        ("elements LENGTH 1", {"Fe", "C60"}),
        ("structure_features LENGTH 1", {"CuAu"}),
        ("species_at_sites LENGTH 5", {"SrTiO3"}),
        ('elements:elements_ratios HAS "O":>0.65', {"SiO2"}),
        ('elements:elements_ratios HAS ALL "Bi":0.4,"Se":0.6', {"Bi2Se3"}),
        ('elements:elements_ratios HAS ONLY "Na":0.5,"Cl":0.5,"Cs":0.5', {"NaCl", "CsCl"}),
        ("elements_ratios HAS >=1", {"Fe", "C60"}),
        ("elements_ratios HAS ALL <0.45, >0.55", {"Bi2Se3", "Bi2Te3", "SiO2", "SrTiO3", "Bi1.9Sb0.1Te3"}),
        ('elements HAS ONLY "Cs","Cl","Na","Fe"', {"NaCl", "CsCl", "Fe"}),
        ('NOT elements HAS ONLY "Cs","Cl","Na","Fe","Bi","Se","Te","Sb","O","Si"', {"SrTiO3", "CuAu", "C60", "HfNiSn"}),
        ('elements HAS ANY "Xx","Fe"', {"Fe"}),
        ('elements HAS ALL "Xx","Fe"', set()),
        ("dimension_types HAS 1 AND nsites=2", {"CsCl", "Fe", "CuAu"}),
        ("nperiodic_dimensions != 3", set()),
        ("NOT nperiodic_dimensions = 2 AND nelements=1", {"Fe"}),
        ("nsites IS UNKNOWN AND nelements<2", {"C60"}),
        ("lattice_vectors IS KNOWN AND nelements<2", {"Fe"}),
        ("3 <= nelements AND nsites > nelements", {"SrTiO3"}),
        ("nelements < nsites AND nelements = 1", {"Fe"}),
        ('chemical_formula_hill="Cl4Na4"', {"NaCl"}),
        ('chemical_formula_reduced="NaCl"', set()),  # exact text: OPTIMADE's reduced formula is alphabetical
        ('space_group_symbol_hermann_mauguin="P m -3 m"', {"CsCl", "SrTiO3"}),
        ('space_group_symbol_hermann_mauguin STARTS WITH "R"', {"Bi2Se3"}),
        ("NOT space_group_it_number=221 AND nsites IS KNOWN", {"NaCl", "Fe"}),  # CuAu states none: neither true nor false
        ('references.id HAS "cells" AND nelements=1', {"Fe"}),
        ('references.id HAS ANY "cells","none" AND nelements=1', {"Fe"}),
        ('NOT references.id HAS "cells" AND nelements=1', {"C60"}),
        ('_lodestone_title CONTAINS "\\"quoted\\" and 100%"', {"SiO2"}),
        ("_exmpl_gap > 3", set()),
        ("NOT _exmpl_gap > 3", set()),
        ("_exmpl_gap IS UNKNOWN AND nelements=1", {"Fe", "C60"}),
        ('last_modified > "1999-12-31T23:59:59.5Z" AND nelements=1', {"Fe", "C60"}),
        ('type="structures" AND nelements=1', {"Fe", "C60"}),
        ("5 < 7 AND nelements=1", {"Fe", "C60"}),
    ],
)  # fmt: skip
def test_filters_beyond_the_validator(database: list[Record], text: str, found: set[str]) -> None:
    assert set(formulas(text)) == found


def test_what_a_comparison_leaves_unknown_its_negation_does_too(database: list[Record]) -> None:
    assert set(formulas("_lodestone_topogivity > 0.2")) == {"Bi2Se3", "SiO2"}
    assert set(formulas("NOT _lodestone_topogivity > 0.2")) == {"Bi2Te3"}
    assert set(formulas("_lodestone_topogivity != 0.3")) == {"Bi2Te3", "SiO2"}
    assert len(formulas("_lodestone_topogivity IS UNKNOWN")) == len(database) - 3


ATOMS = (
    "nelements {o} {n}", "nsites {o} {n}", "_lodestone_topogivity {o} 0.3", "_lodestone_density {o} 4", 'elements HAS "{e}"',
    'elements HAS ANY "{e}","{f}"', 'elements HAS ALL "{e}","{f}"', 'elements HAS ONLY "{e}","{f}","Cl"', "elements LENGTH {o} {n}",
    'elements:elements_ratios HAS "{e}":{o}0.5', "elements_ratios HAS {o} 0.4", "_lodestone_nontrivial_soc = TRUE",
    'chemical_formula_reduced CONTAINS "{e}"', 'chemical_formula_anonymous = "AB"', "nsites IS KNOWN", "space_group_it_number {o} 221",
    'structure_features HAS "disorder"', "nsites {o} nelements", 'chemical_formula_hill STARTS "C"', "dimension_types LENGTH {o} 3",
)  # fmt: skip


def _random_filter(dice: random.Random, depth: int = 0) -> str:
    if depth < 3 and dice.random() < 0.6:
        parts = [_random_filter(dice, depth + 1) for _ in range(dice.choice((1, 2, 2, 3)))]
        joined = f"({dice.choice((' AND ', ' OR ')).join(parts)})"
        return f"NOT {joined}" if dice.random() < 0.4 else joined
    one, other = dice.sample(["Bi", "Cl", "O", "Te", "Fe", "C", "Na"], 2)
    return dice.choice(ATOMS).format(
        o=dice.choice(["=", "!=", "<", "<=", ">", ">="]), n=dice.randint(1, 8), e=one, f=other
    )


def test_any_filter_finds_what_its_entries_show(database: list[Record]) -> None:
    entries = listed(more="page_limit=100")["data"]
    flat = [entry["attributes"] | {"id": entry["id"]} for entry in entries]
    dice = random.Random(20)  # noqa: S311 - only to choose filters
    for _round in range(150):
        text = _random_filter(dice)
        expected = {values["id"] for values in flat if meets(read(text), values) is True}
        found = listed(text, "page_limit=100&response_fields=nelements")
        assert {entry["id"] for entry in found["data"]} == expected, text
        assert found["meta"]["data_returned"] == len(expected)


@pytest.mark.parametrize(
    "sort", ["", "-nelements", "_lodestone_topogivity", "-_lodestone_topogivity,nsites", "chemical_formula_reduced,-id"]
)
def test_pages_follow_each_other_without_gap_or_repeat(database: list[Record], sort: str) -> None:
    whole = [entry["id"] for entry in listed(more=f"page_limit=100&sort={sort}")["data"]]
    seen, query = [], f"page_limit=3&sort={sort}"
    while query:
        page = json.loads(ask("v1/structures", query).body)
        seen += [entry["id"] for entry in page["data"]]
        query = urlsplit(page["links"]["next"] or "").query
        assert page["meta"]["more_data_available"] == bool(query)
    assert seen == whole
    assert len(set(whole)) == len(database)
    offset = listed(more=f"page_limit=4&page_offset=3&sort={sort}")["data"]
    assert [entry["id"] for entry in offset] == whole[3:7]
    numbered = listed(more=f"page_limit=4&page_number=2&sort={sort}")["data"]
    assert [entry["id"] for entry in numbered] == whole[4:8]
    if not sort:
        above = listed(more=f"page_limit=100&page_above={whole[4]}")["data"]
        assert [entry["id"] for entry in above] == whole[5:]


def test_a_sort_puts_absent_values_last_either_way(database: list[Record]) -> None:
    for sort, first in (("_lodestone_topogivity", 0.15), ("-_lodestone_topogivity", 5.5)):
        said = [
            e["attributes"]["_lodestone_topogivity"]
            for e in listed(more=f"sort={sort}&response_fields=_lodestone_topogivity")["data"]
        ]
        assert said[0] == first
        assert said[3:] == [None] * (len(database) - 3)


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("filter=nosuch=1", 400, "nosuch"),
        ("filter=_lodestone_nosuch=1", 400, "_lodestone_nosuch"),
        ("filter=nelements=", 400, "position"),
        ('filter=nelements IN (1,2)', 400, "IN"),
        ('filter=WORDS "x"', 400, "WORDS"),
        ('filter=elements HAS NONE "O"', 400, "NONE"),
        ('filter=nelements="two"', 501, "nelements"),
        ("filter=chemical_formula_hill=3", 501, "chemical_formula_hill"),
        ("filter=_lodestone_nontrivial_soc > FALSE", 501, "_lodestone_nontrivial_soc"),
        ("filter=elements > 3", 501, "elements"),
        ("filter=nelements HAS 3", 501, "nelements"),
        ('filter=species.name HAS "Na"', 501, "species.name"),
        ("filter=lattice_vectors HAS 3", 501, "lattice_vectors"),
        ('filter="a" < "b"', 501, "plain numbers"),
        ('filter=last_modified > "yesterday"', 400, "RFC 3339"),
        ("page_limit=501", 403, "500"),
        ("page_limit=-1", 400, "page_limit"),
        ("page_below=x", 501, "page_below"),
        ("page_offset=1&page_number=2", 400, "contradict"),
        ("page_cursor=nonsense", 400, "page_cursor"),
        ("sort=nosuch", 400, "nosuch"),
        ("sort=elements", 501, "elements"),
        ("response_fields=nosuch", 400, "nosuch"),
        ("response_format=xml", 400, "xml"),
        ("include=people", 400, "people"),
        ("api_hint=v2", 553, "v2"),
        ("api_hint=1.2", 400, "api_hint"),
        ("nonsense=1", 400, "nonsense"),
        ("filter=a%00b", 400, "zero"),
        ("filter=" + "(" * 60 + "nelements=1" + ")" * 60, 400, "brackets"),
        ("filter=" + " OR ".join(["nelements=1"] * 900), 400, "ask for less"),
    ],
)  # fmt: skip
def test_refusals_name_what_is_wrong(database: list[Record], query: str, status: int, named: str) -> None:
    name, _, value = query.partition("=")
    plain = "%00" in query or "&" in query
    found, detail = refused("v1/structures", query if plain else f"{name}={quote(value)}")
    assert (found, named in detail) == (status, True), detail


def test_places_that_there_are_and_are_not(database: list[Record]) -> None:
    for path in ("v1/structures", "v1.2/structures", "v1.2.0/structures", "structures"):
        assert ask(path).status == 200
    assert ask("versions").body == b"version\n1\n"
    assert ask("versions").content_type == "text/csv; header=present"
    assert refused("v1/versions")[0] == 404
    assert refused("v0/info")[0] == refused("v2/structures")[0] == 553
    assert refused("v1.9/info")[0] == refused("v1/nothing")[0] == refused("v1/structures/nothing")[0] == 404
    assert b"_lodestone_topogivity" in ask("v1/extensions/docs").body
    assert ask("v1/info", "api_hint=v1.1").status == 200


def test_a_single_entry_and_its_reference(database: list[Record]) -> None:
    key = database[0].pk
    document = json.loads(ask(f"v1/structures/{key}", "include=references").body)
    assert document["data"]["id"] == key
    (source,) = document["included"]
    assert (source["id"], source["attributes"]["doi"], source["attributes"]["year"]) == (
        "cells",
        "10.1234/cells.12",
        "2019",
    )
    assert "included" not in json.loads(ask(f"v1/structures/{key}", "include=").body)
    few = json.loads(ask(f"v1/structures/{key}", "response_fields=nsites,_exmpl_x").body)
    assert few["data"]["attributes"] == {"nsites": 8, "_exmpl_x": None}
    assert "_exmpl_x" in few["meta"]["warnings"][0]["detail"]
    assert json.loads(ask("v1/references/bands").body)["data"]["attributes"]["url"] == "https://bands.example/table"
    text = quote('title CONTAINS "ell" OR doi IS UNKNOWN')
    found = json.loads(ask("v1/references", f"filter={text}&sort=-id").body)
    assert [entry["id"] for entry in found["data"]] == ["cells", "bands"]


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING")  # spglib, as pymatgen calls it
def test_files_for_other_programs_hold_the_same_sites(database: list[Record]) -> None:
    from pymatgen.core import Structure

    key = next(record.pk for record in database if record.formula == "SrTiO3")
    for form in ("cif", "poscar", "_lodestone_cif"):
        text = ask(f"v1/structures/{key}", f"response_format={form}").body.decode()
        found = Structure.from_str(text, fmt=form.removeprefix("_lodestone_"))
        assert found.composition.reduced_formula == "SrTiO3"
        assert found.lattice.a == pytest.approx(3.9)
        assert found.get_space_group_info()[1] == 221
    mixed = next(record.pk for record in database if record.formula_source == "CuAu")
    assert refused(f"v1/structures/{mixed}", "response_format=poscar")[0] == 501
    assert b"0.5" in ask(f"v1/structures/{mixed}", "response_format=cif").body
    bare = next(record.pk for record in database if record.formula == "Bi2Se3")
    assert refused(f"v1/structures/{bare}", "response_format=cif")[0] == 404
    page = ask("v1/structures", f"response_format=cif&page_limit=2&filter={quote('nsites IS KNOWN')}")
    assert page.body.count(b"data_") == 2
    assert 'rel="next"' in dict(page.headers)["Link"]
    rows = ask("v1/structures", "response_format=jsonl").body.splitlines()
    assert json.loads(rows[0])["x-optimade"]["meta"]["api_version"] == "1.2.0"
    assert len(rows) == len(database) + 2


def test_only_open_records_are_shown_to_visitors(database: list[Record]) -> None:
    from knowledge.index.services import index_rebuild

    owner = a_person("ada")
    project = a_project(title="hidden", owner=owner)
    secret = a_record("HfRh7", project=project)
    a_record("LiF", kind="prediction")
    index_rebuild()
    assert "HfRh7" not in formulas("nelements>0")
    assert refused(f"v1/structures/{secret.pk}")[0] == 404
    assert listed()["meta"]["data_available"] == len(database)
    assert "HfRh7" in formulas("nelements>0", scope=Scope.of(owner))
    assert "LiF" not in formulas("nelements>0", scope=Scope.of(owner))


def test_an_unchanged_answer_is_not_sent_again(database: list[Record]) -> None:
    from knowledge.index.services import index_rebuild

    mark = dict(ask("v1/structures", "page_limit=2").headers)["ETag"]
    assert ask("v1/structures", "page_limit=2", etag=mark).status == 304
    assert ask("v1/structures", "page_limit=3", etag=mark).status == 200
    index_rebuild()
    assert ask("v1/structures", "page_limit=2", etag=mark).status == 200


def test_keys_and_visitors_at_the_door(database: list[Record], settings: Any, client: Client) -> None:
    from knowledge.access.services import key_create

    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver", "lab.example"]
    strange = client.get("/optimade/v1/structures")
    assert (strange.status_code, strange["WWW-Authenticate"]) == (401, "Bearer")
    _key, token = key_create(user=a_person("ada"), name="validator")
    for header in ({"X-API-Key": token}, {"Authorization": f"Bearer {token}"}):
        assert client.get("/optimade/v1/structures", headers=header).status_code == 200
    assert client.get("/optimade/v1/info", headers={"X-API-Key": "ldk_wrong"}).status_code == 401
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    here = client.get("/optimade/v1/structures", headers={"Host": "127.0.0.1"})
    assert (here.status_code, here["Access-Control-Allow-Origin"]) == (200, "*")
    passed_on = client.get("/optimade/v1/structures", headers={"Host": "127.0.0.1", "X-Forwarded-For": "1.2.3.4"})
    assert passed_on.status_code == 401
    settings.KNOWLEDGE = settings.KNOWLEDGE.model_copy(update={"optimade_anonymous": "yes", "visitor_per_minute": 2})
    codes = [client.get("/optimade/v1/info", headers={"Host": "127.0.0.1"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert client.options("/optimade/v1/info", headers={"Host": "127.0.0.1"}).status_code == 204
    assert client.post("/optimade/v1/info", headers={"Host": "127.0.0.1"}).status_code == 405
