"""No figure is printed that is in no evidence."""

import logging

import pytest

from chat.composer.figures import numbers_in, unsupported
from chat.composer.phrases import _phrases
from chat.composer.writer import Writer


def test_a_figure_without_evidence_is_found() -> None:
    assert unsupported("Bi2Se3 has 5 atoms [1]", {"2", "3", "5"}) == set()
    assert unsupported("Bi2Se3 has 6 atoms [1]", {"2", "3", "5"}) == {"6"}
    assert numbers_in("3.250 eV at 1e3 K [12]") == {"3.25", "1000"}


def test_a_sentence_with_such_a_figure_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer("en", {})
    writer.hold("Bi2Se3")
    with caplog.at_level(logging.CRITICAL, logger="chat.composer.writer"):
        writer.say("groups_top", key="Bi2Se3", count="7")
    assert (writer.sentences, len(writer.dropped)) == ([], 1)
    writer.hold("7")
    writer.say("groups_top", key="Bi2Se3", count="7")
    assert writer.answer() == "Most frequent: Bi2Se3, with 7 records."


def test_phrases_hold_no_figures_of_their_own_and_both_languages() -> None:
    for key, texts in _phrases().items():
        assert set(texts) == {"en", "zh"}, key
        assert not any(numbers_in(text) for text in texts.values()), key
