"""Tags of knowledge's pages: {% formula %} with subscripts, {% kind %} as a badge."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from knowledge.materials.presentation import pretty_formula
from knowledge.materials.texts import KIND_BADGES, KIND_LABELS
from knowledge.materials.wording import dataset_title, place_told

register = template.Library()
register.filter("dataset_title", dataset_title)
register.filter("place", place_told)


@register.simple_tag
def formula(text: str) -> str:
    """A formula with subscripts."""
    return pretty_formula(text)


@register.simple_tag
def kind(name: str) -> SafeString:
    """How a value came to be, as a badge; predictions are marked as such everywhere."""
    return format_html('<span class="badge {}">{}</span>', KIND_BADGES.get(name, ""), KIND_LABELS.get(name, name))
