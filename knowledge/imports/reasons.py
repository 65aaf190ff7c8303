"""Why a column is claimed or not: whole sentences, in the reader's language when shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext, gettext_noop

NAME_AND_UNIT = gettext_noop("The name says %(property)s, the unit %(unit)s fits, and the values are possible.")
NAME_ALONE = gettext_noop("The name says %(property)s, which has no unit, and the values are possible.")
NAME_AND_CELLS = gettext_noop("The name says %(property)s, and the cells name units that fit.")
NAME_AND_SIZE = gettext_noop(
    "The name says %(property)s. No unit is stated; the size of the values fits %(unit)s only."
)
SYMBOL_CONFIRMED = gettext_noop("The symbol %(name)s means %(property)s: the unit or the other columns confirm it.")
KELVIN = gettext_noop(
    "The name says %(property)s. No unit is stated; with the other temperatures beside it, none below 250, kelvin is assumed."
)
CLASSES = gettext_noop("The name says %(property)s, and the cells are its classes.")
WORDS = gettext_noop("The name says %(property)s, and the cells are words.")
BY_CONTENT = gettext_noop("The cells are values of %(property)s, whatever the name.")
BY_PLACE = gettext_noop("The column is just called %(name)s; the name of the file, sheet or title says %(property)s.")
IS_FORMULA = gettext_noop("The cells are formulae.")
IS_GROUP = gettext_noop("The cells are space groups.")
IS_ELEMENTS = gettext_noop("The cells are lists of elements.")
IS_ID = gettext_noop("The cells are ids of a database.")
IS_SHARE = gettext_noop("The share of %(element)s in the composition, in %(unit)s.")
IS_SPREAD = gettext_noop("The uncertainty of the column %(column)s.")
IS_SOURCE = gettext_noop("Says where the values of a row were taken from.")
STATED = gettext_noop("Stated by a person.")
KNOWN = gettext_noop("Described for this published data set.")

NOT_NAMED = gettext_noop("The name is none of a property of this topic.")
UNKNOWN_WORDS = gettext_noop("The name holds %(property)s, but also '%(words)s', which may make it something else.")
DERIVED = gettext_noop("The word '%(words)s' says that this is not %(property)s itself but something derived from it.")
ABOUT = gettext_noop("The word '%(words)s' says that this is about %(property)s, not its value.")
WRONG_UNIT = gettext_noop("The name says %(property)s, but the unit '%(unit)s' does not measure it.")
NO_UNIT = gettext_noop("The name says %(property)s, but no unit is stated and the values do not tell it.")
LONE_SYMBOL = gettext_noop(
    "The symbol %(name)s can mean %(property)s, but neither a unit nor other columns confirm it."
)
IMPOSSIBLE = gettext_noop("The name says %(property)s, but %(share)s % of the values are impossible for it.")
NO_NUMBERS = gettext_noop("The name says %(property)s, but only %(share)s % of the cells are numbers.")
NO_CLASSES = gettext_noop("The name says %(property)s, but only %(share)s % of the cells are its classes.")
NO_WORDS = gettext_noop("The name says %(property)s, but the cells do not look like it.")
EMPTY = gettext_noop("The column is empty.")
FACTOR = gettext_noop("The name says %(property)s, but the power of ten beside it can be meant in two directions.")
TAKEN = gettext_noop("Another column states %(property)s more surely.")


@dataclass(frozen=True)
class Reason:
    """A sentence with its facts. `str` is English, `shown` the reader's language."""

    sentence: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self._filled(self.sentence)

    def shown(self) -> str:
        """In the active language."""
        return self._filled(gettext(self.sentence))

    def _filled(self, sentence: str) -> str:
        for name, fact in self.facts.items():
            sentence = sentence.replace(f"%({name})s", fact)
        return sentence


def why(sentence: str, **facts: str) -> Reason:
    """A reason of one of the sentences above."""
    return Reason(sentence, facts)
