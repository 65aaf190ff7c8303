"""What a schema calls a property is understood without the qualifier in its brackets; praise is no property."""

import pytest

from chat.planner.grammar import plan_question
from chat.planner.lexicon import build


@pytest.mark.parametrize(
    "question", ["strongest diffraction peak of NaCl", "What is the strongest reflection of NaCl?"]
)
def test_a_label_is_understood_without_its_brackets(question: str) -> None:
    plan = plan_question(question, build(sources=[], main_topic="topological_materials"))
    assert (plan.intent, plan.asked) == ("lookup", ("strongest_peak_two_theta",))


def test_praise_of_one_material_is_refused() -> None:
    lexicon = build(sources=[], main_topic="topological_materials")
    assert plan_question("What is the best NaCl?", lexicon).intent == "refuse"
