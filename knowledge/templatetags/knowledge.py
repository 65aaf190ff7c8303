"""Tags of knowledge's pages: {% formula %} with subscripts, {% kind %} as a badge, names of data sets, short counts."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from knowledge.chemistry.spacegroups import symbols
from knowledge.materials.presentation import pretty_formula
from knowledge.materials.results import key_of
from knowledge.materials.search import SearchState
from knowledge.materials.texts import KIND_BADGES, KIND_LABELS
from knowledge.materials.wording import dataset_title, place_told
from knowledge.query.types import Row

register = template.Library()
register.filter("dataset_title", dataset_title)
register.filter("place", place_told)


@register.filter
def compact(count: int) -> str:
    """A count in at most four signs: 950, 9.5k, 12k, 1.2M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.0f}{letter}" if count >= 10 * size else f"{count / size:.1f}{letter}"
    return str(count)


@register.filter
def spacegroup(number: int) -> str:
    """A space group as symbol and number: Fm-3m (225)."""
    return f"{symbols().get(number, '')} ({number})".strip()


@register.simple_tag
def formula(text: str) -> str:
    """A formula with subscripts."""
    return pretty_formula(text)


@register.simple_tag
def kind(name: str) -> SafeString:
    """How a value came to be, as a badge; predictions are marked as such everywhere."""
    return format_html('<span class="badge {}">{}</span>', KIND_BADGES.get(name, ""), KIND_LABELS.get(name, name))


@register.simple_tag
def row_key(state: SearchState, row: Row) -> str:
    """What the check box of a row picks."""
    return key_of(state, row.record, row.formula)
