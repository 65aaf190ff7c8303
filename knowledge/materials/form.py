"""What the search page's form sends besides an address: a click in the periodic table, a property to add."""

from dataclasses import replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from knowledge.errors import QueryError
from knowledge.materials.box import labels_to_ids
from knowledge.materials.facets import number_choices
from knowledge.materials.search import MOST_NUMBERS, Range, SearchState, known_property

OF_THE_FORM = ("toggle", "add", "also.topic", "also.same", "also.q", "show")


def from_form(params: QueryDict) -> bool:
    """Whether these parameters were sent by the form and are no address yet."""
    return any(name in params for name in OF_THE_FORM)


def state_of(params: QueryDict) -> SearchState:
    """The state that an address or the form says. Raises QueryError for one that does not read."""
    state = SearchState.of(params)
    symbol, _colon, now = params.get("toggle", "").partition(":")
    if symbol:
        state = replace(state, **state.with_element(symbol, now))  # type: ignore[arg-type]  # names of fields
    if wanted := params.get("add", "").strip():
        state = replace(state, ranges=_with_number(state, wanted))
    return state.restarted() if from_form(params) else state


def _with_number(state: SearchState, wanted: str) -> tuple[Range, ...]:
    labels = {label.casefold(): name for name, label in number_choices(state.topic)}
    name = labels.get(wanted.casefold()) or known_property(wanted, state.topic, labels_to_ids(state.topic))
    if any(one.property == name for one in state.ranges):
        return state.ranges
    if len(state.ranges) >= MOST_NUMBERS:
        raise QueryError(
            _("At most %(most)s number properties stand on the page: take one off first.") % {"most": MOST_NUMBERS}
        )
    return (*state.ranges, Range(name))
