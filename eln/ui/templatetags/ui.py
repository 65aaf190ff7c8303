"""Tags of the shell, built into every template: {% nav %}, {% panels %}, {% icon %}, {% quantity %}, {% when %}."""

from datetime import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from eln.instruments.kinds import kind_label
from eln.ui import registry
from eln.ui.durations import duration, grouped, lasting, moment_or_text, seconds, signed_seconds
from eln.ui.labels import instrument_label, quantity_label, technique_label
from eln.ui.quantity import pretty_bytes, pretty_number, pretty_unit
from eln.ui.wording import worded as sentence_worded

register = template.Library()
register.filter("unit", pretty_unit)
register.filter("bytes", pretty_bytes)
register.filter("number", pretty_number)
register.filter("alert_kind", kind_label)
register.filter("lasting", lasting)
register.filter("duration", duration)
register.filter("grouped", grouped)
register.filter("seconds", seconds)
register.filter("signed_seconds", signed_seconds)
register.filter("unlocalised", lambda value: f"{value}")
register.filter("moment_or_text", moment_or_text)
register.filter("measured", lambda value: pretty_number(value) if isinstance(value, (int, float)) else value)
register.filter("instrument_label", instrument_label)
register.filter("quantity_label", quantity_label)
register.filter("technique_label", technique_label)
register.filter("of", lambda mapping, key: mapping.get(key, ()) if mapping else ())


@register.simple_tag(takes_context=True)
def nav(context: template.Context) -> list[dict[str, Any]]:
    """The menu: [{label, url, icon, active}]; items whose page is absent are left out."""
    path = context["request"].path
    items: list[dict[str, Any]] = []
    for item in registry.nav():
        try:
            url = reverse(item.url)
        except NoReverseMatch:
            continue
        items.append({"label": item.label, "url": url, "icon": item.icon})
    here = [
        item["url"] for item in items if path == item["url"] or (item["url"] != "/" and path.startswith(item["url"]))
    ]
    return [{**item, "active": item["url"] == max(here, key=len, default="")} for item in items]


@register.simple_tag(takes_context=True)
def panels(context: template.Context, slot: str, subject: Any = None) -> SafeString:
    """What other packages show in this slot."""
    request = context["request"]
    return mark_safe("".join(panel.render(request, subject) for panel in registry.panels(slot)))  # noqa: S308 - rendered by templates


@register.filter
def worded(sentence: str) -> str:
    """A sentence of ingest in the reader's language."""
    return sentence_worded(sentence)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of icons.svg; decorative, so the text beside it (or aria-label) says what it means."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("ui/icons.svg"), name
    )


@register.simple_tag
def quantity(value: float | int | None, unit: str | None = None, digits: int = 5) -> SafeString:
    """A number with its unit, written alike everywhere."""
    shown = pretty_unit(unit)
    if value is None or not shown:
        return format_html('<span class="quantity">{}</span>', pretty_number(value, digits))
    return format_html(
        '<span class="quantity">{}<span class="quantity__unit">{}</span></span>', pretty_number(value, digits), shown
    )


@register.simple_tag
def when(moment: datetime | None, precision: str = "m") -> SafeString:
    """A time: UTC as sent, in the reader's own zone once the page's script has run. precision: "m" or "s"."""
    if moment is None:
        return mark_safe("–")
    pattern = "%Y-%m-%d %H:%M:%S UTC" if precision == "s" else "%Y-%m-%d %H:%M UTC"
    return format_html(
        '<time datetime="{}" data-local="{}" class="nowrap">{}</time>',
        moment.isoformat(),
        precision,
        moment.strftime(pattern),
    )
