"""Accuracy on the real Materiae table: examples of the question format, and our own questions with independent truths."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from chat.answering.services import question_answer
from chat.conversations.selectors import memory_from
from eln.accounts.scope import Scope
from tests.builders.materiae import lines
from tests.integration.chat_questions import questions
from tests.integration.chat_wordings import wordings

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def table(shared: Path, db: Any) -> Iterator[Path]:
    """The two topics imported and indexed."""
    from ingest.feeds.services import stages_drain
    from knowledge.imports.demo import facts_load
    from knowledge.index.services import index_ensure

    for topic in ("topological_materials", "crystal_structures"):
        with tempfile.TemporaryFile("w") as out:
            try:
                call_command("import_topics", str(shared / "topics" / topic), json=True, stdout=out)
            except SystemExit:  # some of the public files are broken on purpose
                continue
    facts_load()
    stages_drain()
    index_ensure()
    yield shared


def ask(question: str, before: tuple[str, ...] = ()) -> dict[str, Any]:
    memory = None
    for earlier in before:
        memory = memory_from(question_answer(earlier, scope=Scope.system(), memory=memory).document())
    return question_answer(question, scope=Scope.system(), memory=memory).document()


def mentions(answer: dict[str, Any], spellings: list[str]) -> bool:
    return any(text.casefold() in answer["answer"].casefold() for text in spellings) or bool(
        set(spellings) & set(answer["classes"])
    )


def passes(expect: dict[str, Any], answer: dict[str, Any]) -> bool:
    """The scorer of the example format, for the kinds that these topics use."""
    kind = expect["type"]
    if any(text in answer["answer"] for text in expect.get("must_not_contain", [])):
        return False
    if kind == "refuse":
        return answer["status"] != "answered" and answer["value"] is None and not answer["classes"]
    if answer["status"] != "answered" or not answer["citations"]:
        return False
    found, items = set(answer["items"]), set(expect.get("items", [])) if kind in ("set", "any_of") else set()
    checks = {
        "value": lambda: answer["value"] is not None and abs(answer["value"] - expect["value"]) <= expect["tol"],
        "set": lambda: (
            len(found & items) >= expect["min_recall"] * len(items)
            and len(found & items) >= expect["min_precision"] * len(found)
        ),
        "any_of": lambda: len(found & items) >= expect["min_hits"],
        "class": lambda: (
            any(name in expect["accept"] for name in answer["classes"])
            and not set(answer["classes"]) & set(expect.get("reject", []))
        ),
        "choice": lambda: answer["items"] == [expect["value"]],
        "contains_all": lambda: all(
            mentions(answer, [one] if isinstance(one, str) else one)
            or set([one] if isinstance(one, str) else one) & found
            for one in expect["items"]
        ),
    }
    return bool(checks[kind]())


def test_questions_are_answered_as_the_raw_lines_say(table: Path, record_property: Any) -> None:
    right, asked, wrong = Counter[str](), Counter[str](), []
    topics = table / "topics"
    for one in [*questions(lines(topics)), *wordings(lines(topics), topics)]:
        answer = ask(one.question, one.before)
        fine = bool(one.right(answer))
        asked[one.category] += 1
        right[one.category] += fine
        if not fine:
            wrong.append((one.category, one.question, answer["status"], answer["answer"][:120]))
    record_property("accuracy", {name: f"{right[name]}/{asked[name]}" for name in asked})
    assert sum(right.values()) >= 0.98 * sum(asked.values()), wrong
    assert right["refusal"] >= 0.95 * asked["refusal"], wrong

    text = (table / "qa" / "examples.jsonl").read_text(encoding="utf-8")
    examples = [e for e in map(json.loads, text.splitlines()) if e["topic"] == "topological_materials"]
    failed = [(e["id"], e["question"]) for e in examples if not passes(e["expect"], ask(e["question"]))]
    assert len(failed) <= 0.05 * len(examples), failed
