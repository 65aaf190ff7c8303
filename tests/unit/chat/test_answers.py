"""Questions answered from a few records, through the index and the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from chat.answering.services import question_answer
from eln.accounts.scope import Scope
from eln.models import Project, User
from knowledge.index.services import index_rebuild
from tests.builders.knowledge import a_dataset, a_record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table() -> None:
    """A few classes of a few materials, two sources that differ, and a secret project."""
    main = a_dataset(slug="materiae-2019", title="Materiae")
    other = a_dataset(slug="nju-arsenal", title="Arsenal")

    def one(formula: str, group: int, soc: str, nsoc: str, **more: Any) -> None:
        values = {"topological_class_soc": soc, "topological_class_nsoc": nsoc, "nsites": more.pop("nsites", 5)}
        a_record(formula, dataset=more.pop("dataset", main), spacegroup_number=group, values=values, **more)

    one("Bi2Se3", 166, "TI", "Triv_Ins", external_id="mp-541837")
    one("Bi2Se3", 62, "Triv_Ins", "Triv_Ins", nsites=20)
    one("ZrSiS", 129, "TCI", "HSL_SM", nsites=6)
    one("Sb2Te3", 166, "TI", "HSL_SM")
    one("BaCd2", 74, "TI", "HSL_SM", nsites=6)
    a_record("BaCd2", dataset=other, spacegroup_number=74, values={"topological_class_soc": "TCI"})
    hidden = Project.objects.create(slug="secret", title="Secret")
    one(
        "HgTe",
        216,
        "HSP_SM",
        "HSP_SM",
        nsites=2,
        dataset=a_dataset(slug="secret", title="Secret", project=hidden),
        project=hidden,
    )
    index_rebuild()


def ask(question: str) -> dict[str, Any]:
    return question_answer(question, scope=Scope.system()).document()


def test_a_class_is_given_with_and_without_spin_orbit_coupling_and_cited(table: None) -> None:
    answer = ask("What is the topological class of Bi2Se3 in space group 166?")
    assert (answer["status"], answer["classes"]) == ("answered", ["TI"])
    assert "(TI)" in answer["answer"] and "(Triv_Ins)" in answer["answer"] and "computed" in answer["answer"]
    [citation] = answer["citations"]
    assert (
        citation["record"]
        and citation["version"] == 1
        and citation["source"] == "materiae-2019"
        and citation["locator"]
    )


def test_polymorphs_are_all_listed(table: None) -> None:
    answer = ask("Bi2Se3是什么拓扑类型？")
    assert set(answer["classes"]) == {"TI", "Triv_Ins"} and "Pnma" in answer["answer"] and "R-3m" in answer["answer"]


def test_sources_that_differ_stand_side_by_side(table: None) -> None:
    answer = ask("Do both databases agree on BaCd2 (74)?")
    assert answer["answer"].startswith("No") and "Materiae" in answer["answer"] and "Arsenal" in answer["answer"]


def test_a_false_premise_is_corrected(table: None) -> None:
    answer = ask("ZrSiS is a trivial insulator, isn't it?")
    assert answer["answer"].startswith("No") and answer["classes"] == ["TCI"]
    assert (
        "225" in (wrong := ask("What is the class of ZrSiS in space group 225?"))["answer"] and "129" in wrong["answer"]
    )


def test_counts_and_lists_are_exact_and_follow_the_main_source(table: None) -> None:
    assert ask("How many topological insulators are there?")["value"] == 3
    assert ask("列出空间群166的拓扑绝缘体")["items"] == ["Bi2Se3", "Sb2Te3"]
    assert ask("Which topological insulator has the most atoms per cell?")["items"] == ["BaCd2"]


def test_one_record_is_spoken_of_in_the_singular(table: None) -> None:
    assert "1 record matches" in ask("How many TCIs are there?")["answer"]
    assert "3 records match" in ask("How many topological insulators are there?")["answer"]
    assert "1 distinct composition (" in ask("List the TCIs")["answer"]


def test_what_is_not_stored_is_refused_with_what_is_near(table: None) -> None:
    answer = ask("What is the melting point of Bi2Se3?")
    assert (answer["status"], answer["value"], answer["classes"]) == ("refused", None, [])
    assert "space group" in answer["answer"]
    assert ask("NdPPd属于哪个空间群？")["status"] == "refused"


def test_another_projects_records_are_not_seen(table: None) -> None:
    stranger = Scope.of(User.objects.create_user("stranger", password="a long password"))
    assert question_answer("What is the class of HgTe?", scope=stranger).status == "refused"
    assert ask("What is the class of HgTe?")["classes"] == ["HSP_SM"]


def test_the_command_answers_a_file_line_by_line(table: None, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"id": "a", "question": "Space group of ZrSiS?"}\nnonsense\n{"id": "b", "question": ""}\n', encoding="utf-8"
    )
    with pytest.raises(SystemExit) as stopped:
        call_command("ask", file=str(source), out=str(out))
    assert stopped.value.code == 2
    first, second, third = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["value"]) == ("a", 129.0)
    assert "error" in second and (third["id"], "error" in third) == ("b", True)


@pytest.mark.parametrize(
    "arguments", [{"question": ""}, {"question": "a" * 100_000}, {"question": "x", "llm": "gpt"}, {}]
)
def test_bad_input_ends_with_code_2_and_a_message(
    arguments: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command(
            "ask",
            *([arguments["question"]] if "question" in arguments else []),
            llm=arguments.get("llm", "none"),
            stdout=StringIO(),
        )
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("ask: ")
