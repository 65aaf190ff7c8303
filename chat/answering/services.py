"""Question in, cited answer out: plan, ask the stores, write. No language model."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from chat.answering import lists, lookup, relations, talk
from chat.answering.domain import Answer, Draft
from chat.answering.shown import plan_document
from chat.answering.stores import Desk
from chat.answering.vocabulary import lexicon, titles
from chat.composer.writer import Writer
from chat.errors import QuestionRefused
from chat.planner.domain import Language, Memory, Plan
from chat.planner.grammar import plan_question
from eln.accounts.scope import Scope
from ingest.errors import LodestoneError

MOST_CHARACTERS = 2000
_ANSWERS: Mapping[str, Callable[[Desk], None]] = {
    "lookup": lookup.look_up, "count": lists.counting, "list": lists.listing, "superlative": lists.superlative, "groups": lists.grouping,
    "exists": lists.existence, "compare": relations.comparing, "similar": relations.similar_to, "graph": relations.graph_of,
    "define": talk.defining, "inventory": talk.inventory, "refuse": talk.refuse, "clarify": talk.clarify,
}  # fmt: skip


def question_check(question: str) -> str:
    """The question without surrounding space. Raises QuestionRefused if it is empty or too long to be one."""
    text = question.replace("\x00", "").strip()
    if not text:
        raise QuestionRefused(
            _("The question is empty: write what you want to know, such as the space group of a material.")
        )
    if len(text) > MOST_CHARACTERS:
        raise QuestionRefused(
            _("The question has %(length)s characters, at most %(most)s are read: ask one thing in a few sentences.")
            % {"length": len(text), "most": MOST_CHARACTERS}
        )
    return text


def question_plan(question: str, *, memory: Memory | None = None, language: Language | None = None) -> Plan:
    """How a question is understood."""
    return plan_question(question_check(question), lexicon(), memory, language)


def question_answer(
    question: str,
    *,
    scope: Scope,
    memory: Memory | None = None,
    language: Language | None = None,
    plan: Plan | None = None,
) -> Answer:
    """The answer to a question from what the scope may read. Raises QuestionRefused if there is no readable question."""
    began = time.perf_counter()
    plan = plan or question_plan(question, memory=memory, language=language)
    desk = Desk(plan, scope, lexicon(), Writer(plan.language, dict(titles())), Draft())
    desk.writer.hold(*(material.label() for material in plan.materials))
    with translation.override("zh-hans" if plan.language == "zh" else "en"):
        if "instruction" in plan.notes and plan.intent != "refuse":
            desk.writer.fixed("ordered")
        try:
            (relations.related if plan.relative else _ANSWERS[plan.intent])(desk)
        except LodestoneError as error:
            desk.draft = Draft(status="clarify")
            desk.writer = Writer(plan.language, desk.writer.titles)
            desk.writer.sentences.append(error.message)
        shown = plan_document(desk.plan)
    return _answer(question, desk, shown, (time.perf_counter() - began) * 1000)


def _answer(question: str, desk: Desk, shown: Mapping[str, Any], elapsed_ms: float) -> Answer:  # Any: the plan as JSON
    draft, writer = desk.draft, desk.writer
    return Answer(
        question=question, status=draft.status, sentences=tuple(writer.sentences), text=writer.answer(), plan=desk.plan, shown=shown,
        value=draft.value, unit=draft.unit, items=tuple(draft.items), classes=tuple(draft.classes), count=draft.count,
        citations=tuple(writer.cited.values()), table=draft.table, graph=draft.graph, notes=tuple(draft.notes), elapsed_ms=elapsed_ms,
    )  # fmt: skip
