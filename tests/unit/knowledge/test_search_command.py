"""The commands `search` and `rebuild` on a data folder."""

import json
from typing import Any

import pytest
from django.core.management import call_command

from ingest.feeds.services import feed_append
from tests.builders.knowledge import a_record

# real transactions: PostgreSQL hides a feed's events from its followers until they are committed
pytestmark = pytest.mark.django_db(transaction=True)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    call_command(*arguments, "--json")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_search_files_what_is_new_before_it_answers(capsys: pytest.CaptureFixture[str]) -> None:
    feed_append("records", [a_record("Bi2Se3", id="a", values={"nsites": 5}).pk, a_record("NaCl", id="b").pk])
    (document,) = told(capsys, "search", 'elements HAS "Bi"', "--sort", "-nsites", "--limit", "5")
    assert document["count"] == 1
    assert document["items"][0]["formula"] == "Bi2Se3"
    assert document["items"][0]["values"][0]["value"] == 5
    assert document["elapsed_ms"] > 0


def test_search_turns_the_page_by_its_mark(capsys: pytest.CaptureFixture[str]) -> None:
    feed_append("records", [a_record("NaCl", id=f"page{at}", values={"nsites": at}).pk for at in range(3)])
    found, mark = [], []
    for _page in range(2):
        (document,) = told(capsys, "search", 'formula = "NaCl"', "--sort", "-nsites,record", "--limit", "2", *mark)
        found += [item["id"] for item in document["items"]]
        mark = ["--after", document["next"] or ""]
    assert (found, document["next"]) == (["page2", "page1", "page0"], None)


def test_a_bad_filter_ends_with_exit_2_and_the_position(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("search", "elements HAS", "--json")
    assert ended.value.code == 2
    assert "position 12" in capsys.readouterr().err


def test_rebuilding_index_and_graph_gives_the_same_answers(capsys: pytest.CaptureFixture[str]) -> None:
    for at, formula in enumerate(["Bi2Se3", "Bi2Te3", "NaCl"]):
        feed_append("records", a_record(formula, id=f"r{at}", spacegroup_number=166).pk)
    before = told(capsys, "search", "spacegroup_number = 166")[0]["items"]
    index, graph = told(capsys, "rebuild", "index", "graph")
    assert (index["records"], graph["edges"]) == (3, 9)
    assert told(capsys, "search", "spacegroup_number = 166")[0]["items"] == before
