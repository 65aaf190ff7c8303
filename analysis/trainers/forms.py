"""A form for a trainer's parameters, made from its pydantic class: meaning, bounds and default are stated once."""

from typing import Any, Literal, get_args, get_origin

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from pydantic import BaseModel
from pydantic.fields import FieldInfo

PREFIX = "p"
translated = lazy(gettext, str)


def bounds(info: FieldInfo) -> dict[str, Any]:  # Any: arguments of Django's fields
    """Smallest and largest value a field allows."""
    found = {}
    for item in info.metadata:
        for name, key in (("ge", "min_value"), ("gt", "min_value"), ("le", "max_value"), ("lt", "max_value")):
            if getattr(item, name, None) is not None:
                found[key] = getattr(item, name)
    return found


def field_of(name: str, info: FieldInfo) -> forms.Field:
    """One form field; the trainer's own class validates again."""
    common: dict[str, Any] = {  # Any: arguments of Django's fields
        "label": translated(info.title or name),
        "help_text": translated(info.description) if info.description else "",
        "initial": info.default,
        "required": False,
    }
    if get_origin(info.annotation) is Literal:
        choices = [(value, value) for value in get_args(info.annotation)]
        return forms.ChoiceField(choices=choices, **common)
    if info.annotation is bool:
        return forms.BooleanField(**common)
    if info.annotation is int:
        return forms.IntegerField(**bounds(info), **common)
    if info.annotation is float:
        return forms.FloatField(**bounds(info), **common)
    return forms.CharField(**common)


def form_of(params: type[BaseModel]) -> type[forms.Form]:
    """The form class of a trainer's parameters."""
    return type("ParamsForm", (forms.Form,), {name: field_of(name, info) for name, info in params.model_fields.items()})
